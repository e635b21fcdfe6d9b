"""Measure the bundled encoder, fine-tuned, beside a bag of words on every task: `python -m bert_explain.training tasks`.

Each of five seeds draws nine tenths of the training examples, the same for both; each is scored on the test split. The
intervals are of other draws of training examples and of test patterns (`kernel.scores.redrawn`). A run that was stopped goes
on where it was: what a seed said is kept in --work. The numbers go into assets/tasks/scores.json and into the tasks' cards.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bert_explain.kernel import baseline, scores, tasks
from bert_explain.kernel.readings import many
from bert_explain.kernel.tasks import Task
from bert_explain.models import registry
from bert_explain.training import fine_tuning, options, task_cards
from bert_explain.training.fine_tuning import Recipe

SCORES = "scores.json"
BEGIN = "<!-- fine-tuned: written by `python -m bert_explain.training tasks` -->"
END = "<!-- end of fine-tuned -->"
PART = baseline.PART  # of the training examples that each seed draws
# Chosen on held-out patterns of the training splits alone: at 1e-4 and 3e-4 question type had 0.76 and 0.96 right (0.86 at
# 6e-4), sentiment 0.64 twice, 0.72 and 0.76 by another seed (0.51 at 6e-4).
RATE = 2e-4
STEPS = 110  # about so many at least, and two epochs at least: small tasks are shown more often


def recipe(model: str, task: Task, seed: int) -> Recipe:
    """How a task is fine-tuned here; nothing of it was chosen by the test split."""
    examples = round(PART * len(task.train))
    epochs = max(2, round(STEPS * fine_tuning.BATCH / examples))
    return Recipe(model, task.name, examples, "all", epochs, RATE, seed)


def measured(model: Any, task: Task, seed: int, strength: float, progress: Callable[..., None]) -> np.ndarray:
    """(2, examples, 2): points of each test example, fine-tuned and of a bag of words, trained on the same examples."""
    wanted = recipe(model.name, task, seed)
    tuned = fine_tuning.train(model, task, wanted, progress)
    bag = baseline.answers(task, fine_tuning.drawn(task, wanted), strength)
    return np.stack([scores.parts(task, task.test, tuned.said), scores.parts(task, task.test, bag)])


def summary(task: Task, parts: list[np.ndarray]) -> dict[str, Any]:
    """Mean scores over the seeds, 0 to 1, and their 95 % intervals; of the difference too, and who is better by it."""
    groups = [example.pattern for example in task.test]
    ways = np.stack(parts, axis=1)  # (2, S, examples, 2)
    each = [[scores.score(one) for one in way] for way in ways]
    drawn = scores.redrawn(list(ways), groups)
    low, high = scores.middle(drawn[0] - drawn[1])
    return {
        "score": _rounded(np.mean(each[0])),
        "interval": _rounded(scores.middle(drawn[0])),
        "seeds": _rounded(each[0]),
        "bag": _rounded(np.mean(each[1])),
        "bag_interval": _rounded(scores.middle(drawn[1])),
        "bag_seeds": _rounded(each[1]),
        "difference": _rounded((low, high)),
        "better": "fine-tuned" if low > 0 else "bag of words" if high < 0 else "neither",
    }


def _rounded(values: Any) -> Any:
    return [round(float(v), 6) for v in values] if np.ndim(values) else round(float(values), 6)


def said(found: dict[str, Any]) -> str:
    """What was measured of one task, as Markdown for its card."""
    rows = [("fine-tuned", "score", "interval", "seeds"), ("bag of words", "bag", "bag_interval", "bag_seeds")]
    count = len(found["seeds"])
    mean = f"mean of {many(count, 'seed')}"
    lines = [f"| {found['model']} | {mean} | 95 % interval | lowest to highest seed |", "|---|---|---|---|"]
    for name, score, interval, seeds in rows:
        low, high = found[interval]
        lines.append(
            f"| {name} | {found[score]:.1%} | {low:.1%} to {high:.1%} | {min(found[seeds]):.1%} to {max(found[seeds]):.1%} |"
        )
    low, high = found["difference"]
    sure = {
        "fine-tuned": "Fine-tuning is better than a bag of words here",
        "bag of words": "A bag of words is better than fine-tuning here",
        "neither": "Neither is better by more than other draws would make it",
    }[found["better"]]
    more = "" if count > 2 else f" With {count} seed{'s' * (count > 1)} the draws of training examples hardly count in it."
    note = f"{sure}: the difference lies between {low:+.1%} and {high:+.1%} in 95 % of the draws.{more}"
    how = (
        f"Each seed draws {PART:.0%} of the training examples for both; fine-tuned: {found['recipe']['epochs']} epochs, learning "
        f"rate {found['recipe']['rate']:g}, the whole model."
    )
    return "\n".join([*lines, "", f"{note} {how}", ""])


def with_scores(card: str, block: str) -> str:
    """The card with `block` between its marks; these go before the licence's end, at the card's end, where it has none."""
    before, begin, rest = card.partition(BEGIN)
    if not begin:
        return f"{card.rstrip()}\n\n{BEGIN}\n\n{block}\n{END}\n"
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{block}\n{END}{after}"


def load(folder: Path = tasks.FOLDER) -> dict[str, Any]:
    """What was measured of each task, by its name; empty where nothing was."""
    path = folder / SCORES
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def main(arguments: list[str] | None = None) -> int:
    """Measure what is not measured yet, and write the numbers after each seed."""
    parser = argparse.ArgumentParser(prog="python -m bert_explain.training tasks", description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", type=Path, default=tasks.FOLDER, help="the folder of the data sets; default: %(default)s")
    parser.add_argument("--model", default="mini-bert", help="default: %(default)s")
    parser.add_argument("--only", nargs="*", default=None, help="these tasks only")
    parser.add_argument("--seeds", type=int, default=len(baseline.SEEDS), help="default: %(default)s")
    parser.add_argument("--work", type=Path, default=options.RUNS / "tasks", help="what each seed said; default: %(default)s")
    parser.add_argument("--minutes", type=float, default=None, help="begin no seed after so many; no limit unless given")
    parser.add_argument("--threads", type=int, default=1, help="of the processor; default: %(default)s")
    chosen = parser.parse_args(arguments)
    torch.set_num_threads(chosen.threads)
    model, begun = registry.load(chosen.model), time.monotonic()
    names = [name for name in tasks.names(chosen.tasks) if chosen.only is None or name in chosen.only]
    known = task_cards.baselines(chosen.tasks)
    for seed in range(chosen.seeds):  # all tasks by one seed, then by the next: what is stopped early has something of each
        for name in names:
            task = tasks.load(name, chosen.tasks)
            data = task_cards.fingerprint(task)
            kept = chosen.work / f"{name}-{data}-{model.spec.fingerprint[:12]}-{seed}.npy"
            if not kept.is_file():
                if chosen.minutes is not None and time.monotonic() - begun > 60 * chosen.minutes:
                    print("The time is over; begun again, it goes on from here.")
                    return 0
                strength = float(known.get(name, {}).get("strength", 1.0))
                write(kept, partial(np.save, arr=measured(model, task, seed, strength, lambda *_: None)))
            parts = [np.load(kept.with_name(f"{kept.stem.rpartition('-')[0]}-{s}.npy")) for s in range(seed + 1)]
            one = recipe(model.name, task, seed)
            found = {
                "data": data,
                "model": model.name,
                "weights": model.spec.fingerprint,
                "recipe": {"examples": one.examples, "trained": one.trained, "epochs": one.epochs, "rate": one.rate},
                **summary(task, parts),
            }
            _put(chosen.tasks, name, found)
            card = task_cards.card_of(task)
            card.write_text(with_scores(card.read_text(encoding="utf-8"), said(found)), encoding="utf-8")
            print(
                f"{name}, seed {seed}: fine-tuned {found['seeds'][-1]:.1%}, bag of words {found['bag_seeds'][-1]:.1%}; over "
                f"{seed + 1}: {found['score']:.1%} and {found['bag']:.1%}, better: {found['better']}",
                flush=True,
            )
    return 0


def _put(folder: Path, name: str, found: dict[str, Any]) -> None:
    every = {**load(folder), name: found}
    ordered = {one: every[one] for one in tasks.TASKS if one in every}
    text = json.dumps(ordered, indent=2) + "\n"
    write(folder / SCORES, lambda path: path.write_text(text, encoding="utf-8"))


def write(path: Path, put: Callable[[Path], Any]) -> None:
    """A file beside its place, then in its place at once: a kill leaves the old one or the new one whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        put(part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
