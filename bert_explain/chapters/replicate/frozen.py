"""Features against fine-tuning (Devlin et al. 2019, table 7): names in text, read off frozen layers and by a trained model.

S seeds, N test sentences, W words, H numbers a vector.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from bert_explain.analysis.sentence import Sentence, say
from bert_explain.chapters.replicate import trial
from bert_explain.chapters.replicate.trial import Bench, Column, Outcome, Part, Progress, Row, Trial, measured
from bert_explain.core.spec import ModelSpec
from bert_explain.kernel import probes, scores, tasks
from bert_explain.kernel.readings import many
from bert_explain.kernel.tasks import Task, Tokens

SEEDS = (0, 1, 2, 3, 4)  # as many as in the paper
EXAMPLES = 200  # of the training split, drawn by the seed: for the features and for fine-tuning
RECIPE: dict[str, Any] = {"examples": EXAMPLES, "epochs": 8, "rate": 4e-4}
TUNED = "fine-tuned"
# name -> (the paper's F1, what is taken of the layers (L + 1, W, H), the input first)
ROWS: dict[str, tuple[float, Callable[[np.ndarray], np.ndarray]]] = {
    "embeddings": (91.0, lambda v: v[0]),
    "second-to-last layer": (95.6, lambda v: v[max(0, len(v) - 2)]),
    "last layer": (94.9, lambda v: v[-1]),
    "sum of the last four": (95.9, lambda v: v[1:][-4:].sum(axis=0)),
    "last four side by side": (96.1, lambda v: np.concatenate(list(v[1:][-4:]), axis=-1)),
    "sum of all layers": (95.5, lambda v: v[1:].sum(axis=0)),
}
FINE = 96.4
LEAST = {"second-to-last layer": 2, "sum of the last four": 4, "last four side by side": 4}  # layers that a row needs


@cache
def builtin() -> tuple[Row, ...]:
    """The test sentences of Names in text; the models are trained on its training split."""
    return tuple((" ".join(e.tags), e.text) for e in tasks.load("names").test if isinstance(e, Tokens))


def faults(bench: Bench, rows: Sequence[Row]) -> list[str]:
    labels, found = tasks.load("names").labels, []
    for tags, text in rows:
        try:
            words = tuple(tasks.WORD.findall(text))
            tasks.check_tags(words, tuple(tags.split()), labels)
            found.append("" if words else "the sentence is empty")
        except ValueError as error:
            found.append(str(error)[:160])
    return found


def examples(rows: Sequence[Row]) -> tuple[Tokens, ...]:
    """The rows as the data set has them; each is a pattern of its own."""
    return tuple(Tokens(text, tuple(tags.split()), f"row {i}") for i, (tags, text) in enumerate(rows))


def cut(flat: Sequence[str], some: Sequence[Tokens]) -> list[list[str]]:
    """The tags of all words, sentence by sentence."""
    ends = np.cumsum([len(e.tags) for e in some])
    return [list(flat[end - len(e.tags) : end]) for end, e in zip(ends, some, strict=True)]


def work(bench: Bench, rows: Sequence[Row], progress: Progress) -> Outcome:
    task, test = tasks.load("names"), examples(rows)
    known = [e for e in task.train if isinstance(e, Tokens)]
    progress(0.0, "Reading the sentences")
    both = [np.nan_to_num(bench.words([e.text for e in some], [e.spans for e in some])) for some in (known, test)]
    first = np.concatenate([[0], np.cumsum([len(e.tags) for e in known])])
    tags = np.array([tag for e in known for tag in e.tags])
    here = {name: take for name, (_, take) in ROWS.items() if len(both[0]) > LEAST.get(name, 1)}  # the input is the first
    found = {name: np.zeros((len(test), len(SEEDS), 2)) for name in (*here, TUNED)}
    said: list[list[str]] = []
    for s, seed in enumerate(SEEDS):
        order = task.order(seed)[:EXAMPLES]
        words = np.concatenate([np.arange(first[i], first[i + 1]) for i in order])
        for r, (name, take) in enumerate(here.items()):
            progress((s + r / len(here)) / (3 * len(SEEDS)), f"Features, draw {s + 1} of {len(SEEDS)}: {name}")
            says = probes.regression(take(both[0])[words], tags[words])
            answers = cut(says(take(both[1]))[0].tolist(), test)
            found[name][:, s] = scores.parts(task, test, answers)
            if name == "last layer" and s == 0:
                said = answers
    left_out = []
    if fewer := [name for name in ROWS if name not in here]:
        layers = len(both[0]) - 1
        left_out.append(f"{many(layers, 'layer')} {'is' if layers == 1 else 'are'} too few for: {', '.join(fewer)}.")
    if why_not := bench.unfit("token"):
        del found[TUNED]
        left_out.append(f"Fine-tuning is left out: {why_not}")
    else:
        own = Task(task.name, task.title, task.kind, task.labels, task.train, test, task.card)
        for s, seed in enumerate(SEEDS):

            def told(share: float, _: str = "", at: int = s) -> None:
                progress((1 + 2 * (at + share) / len(SEEDS)) / 3, f"Fine-tuning, draw {at + 1} of {len(SEEDS)}")

            tuned = bench.trained(own, {**RECIPE, "seed": seed}, told)
            found[TUNED][:, s] = scores.parts(task, test, tuned.said)
    table = pd.DataFrame(rows, columns=["tags", "sentence"]).assign(last_layer=[" ".join(line) for line in said])
    return outcome(found, table, tuple(left_out))


def f1(means: np.ndarray) -> np.ndarray:
    """(B, ..., 2) sums above and below the line, as means over sentences -> (B,): F1, the mean over what stands between."""
    above, below = means[..., 0], means[..., 1]
    each = np.divide(above, below, out=np.zeros_like(above), where=below > 0)
    return each.reshape(len(each), -1).mean(axis=1)


def gap(means: np.ndarray) -> np.ndarray:
    """(B, S, 2, 2), two scores in the second place from the end -> (B,): the first minus the second."""
    return f1(means[..., 0, :]) - f1(means[..., 1, :])


def outcome(found: dict[str, np.ndarray], rows: pd.DataFrame, left_out: tuple[str, ...] = ()) -> Outcome:
    """The numbers, from (N, S, 2) parts of F1 for each way of reading."""
    paper = {**{name: score for name, (score, _) in ROWS.items()}, TUNED: FINE}
    measures = [measured(f"F1, {name}", values, of=f1, paper=f"{paper[name]} (dev)") for name, values in found.items()]

    def against(one: str, two: str) -> trial.Measure:
        return measured(f"{one} minus {two}", np.stack([found[one], found[two]], axis=2), of=gap)

    lowest = against("last layer", "embeddings")
    parts = [Part("the last layer is ahead of the embeddings", trial.above(lowest, 0.0))]
    measures.append(lowest)
    four, said = "last four side by side", "the last four layers side by side"
    if four in found:
        last = against(four, "last layer")
        measures.append(last)
        parts.append(Part(f"{said} are ahead of the last one", trial.above(last, 0.0)))
    if TUNED in found:
        best, said = (four, said) if four in found else ("last layer", "the last layer")
        fine = against(TUNED, best)
        measures.append(fine)
        parts.append(Part(f"fine-tuning is ahead of {said}", trial.above(fine, 0.0)))
    return Outcome(tuple(measures), tuple(parts), rows, left_out=left_out)


def why(found: Outcome, spec: ModelSpec) -> list[Sentence]:
    return [
        say(
            "Task: {n} training sentences with three kinds of names, written for this app; the paper's CoNLL-2003 has 14,987 "
            "sentences of newspaper text with four kinds.",
            n=EXAMPLES,
        ),
        say(
            "Steps: a fine-tuning takes {steps} steps of 16 sentences here, over a thousand in the paper; whether more would "
            "help can be tried on this very task on the page Fine-tuning.",
            steps=-(-EXAMPLES // 16) * RECIPE["epochs"],
        ),
        say(
            "Reader: on the frozen vectors a logistic regression here, a two-layer BiLSTM of 768 numbers in the paper, which can "
            "make up for what one vector lacks. A word's vector is the mean of its pieces; the paper takes the first piece. The "
            "page Features has the same table of the first piece, with a penalty chosen in each draw: its numbers are others."
        ),
        say(
            "Capital letters: the paper's models for names keep them. Where {title} writes everything small, a name must be "
            "known by its place.",
            title=spec.title,
        ),
    ]


TRIAL = Trial(
    "frozen",
    (
        Column("tags", "Tags", "one a word: O, B-person, I-person, B-place ...; marks are words too", 260),
        Column("sentence", "Sentence", "", 520),
    ),
    builtin,
    faults,
    work,
    lambda spec, rows: 2_000,
    why,
    code=(f1, probes.regression, outcome, trial.interval),
)
