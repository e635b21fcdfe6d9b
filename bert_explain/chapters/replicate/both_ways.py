"""What both directions are worth (Devlin et al. 2019, table 5): BERT and a decoder of its size, fine-tuned on the same tasks.

S seeds, N test rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import pandas as pd

from bert_explain.analysis.sentence import Sentence, say
from bert_explain.chapters.replicate import trial
from bert_explain.chapters.replicate.frozen import f1, gap
from bert_explain.chapters.replicate.trial import Bench, Column, Outcome, Part, Progress, Row, Trial, measured
from bert_explain.core.errors import BadQuery
from bert_explain.core.spec import ModelSpec
from bert_explain.kernel import scores, tasks
from bert_explain.kernel.tasks import Example, Pair, Task, Tokens
from bert_explain.kernel.tasks import Sequence as Text

# folder -> (the task's name in a row, what the paper's nearest task gave: BERT, left to right)
TASKS = {
    "sentiment": ("sentiment", "SST-2 92.7, 92.1"),
    "same-sense": ("same sense", "MRPC 86.7, 77.5"),
    "names": ("names", "SQuAD F1 88.5, 77.8"),
}
NAMES = {shown: folder for folder, (shown, _) in TASKS.items()}
SEEDS = (0, 1)
ROOM = 130  # test rows of a task, at most
RECIPE = {"examples": 200, "epochs": 4, "rate": 2e-4}
LITTLE = 0.05  # a difference that lies within this, interval and all, is a small one


@cache
def builtin() -> tuple[Row, ...]:
    """Test rows of three bundled tasks; the models are trained on their training splits."""
    found: list[Row] = []
    for folder, (shown, _) in TASKS.items():
        test = tasks.load(folder).test
        for example in test[:: max(1, len(test) // ROOM)][:ROOM]:
            first, second = (*example.inputs, "")[:2]
            answer = " ".join(example.tags) if isinstance(example, Tokens) else str(getattr(example, "label", ""))
            found.append((shown, first, second, answer))
    return tuple(found)


def faults(bench: Bench, rows: Sequence[Row]) -> list[str]:
    found = []
    for task, first, second, answer in rows:
        try:
            _example(task, first, second, answer, "")
            found.append("")
        except ValueError as error:
            found.append(str(error)[:160])
    return found


def _example(name: str, first: str, second: str, answer: str, pattern: str) -> Example:
    """A row as its task has it. Raises ValueError with what is wrong."""
    folder = NAMES.get(name.strip())
    if folder is None:
        raise ValueError(f"its task is none of {', '.join(NAMES)}")
    task = tasks.load(folder)
    if not first.strip() or (task.kind == "pair" and not second.strip()):
        raise ValueError("a sentence is missing")
    if task.kind == "token":
        tags = tuple(answer.split())
        tasks.check_tags(tuple(tasks.WORD.findall(first)), tags, task.labels)
        return Tokens(first, tags, pattern)
    if answer.strip() not in task.labels:
        raise ValueError(f"its answer is none of {', '.join(task.labels)}")
    if task.kind == "pair":
        return Pair(first, second, answer.strip(), pattern)
    return Text(first, answer.strip(), pattern)


def work(bench: Bench, rows: Sequence[Row], progress: Progress) -> Outcome:
    found: dict[str, np.ndarray] = {}
    left_out, kept, said = [], [], []
    parts = [(folder, shown) for folder, (shown, _) in TASKS.items()]
    runs = len(parts) * len(SEEDS) * 2
    for number, (folder, shown) in enumerate(parts):
        mine = [row for row in rows if row[0].strip() == shown]
        task = tasks.load(folder)
        why_not = next((w for decoder in (False, True) if (w := bench.unfit(task.kind, decoder))), "")
        if why_not or len(mine) < trial.LEAST:
            short = f"{shown.capitalize()} is left out: {why_not or f'it needs {trial.LEAST} rows.'}"
            left_out.append(short)
            continue
        test = tuple(_example(name, first, second, answer, f"row {i}") for i, (name, first, second, answer) in enumerate(mine))
        own = Task(task.name, task.title, task.kind, task.labels, task.train, test, task.card)
        values = np.zeros((len(test), len(SEEDS), 2, 2))
        for s, seed in enumerate(SEEDS):
            for decoder in (False, True):
                run = (number * len(SEEDS) + s) * 2 + decoder

                def told(share: float, _: str = "", at: int = run, name: str = shown, back: bool = decoder) -> None:
                    who = "the decoder" if back else "BERT"
                    progress((at + share) / runs, f"{name.capitalize()}: training {at + 1} of {runs}, {who}")

                tuned = bench.trained(own, {**RECIPE, "seed": seed}, told, decoder)
                values[:, s, int(decoder)] = scores.parts(own, test, tuned.said)
                if not s:
                    said.append([" ".join(a) if isinstance(a, list | tuple) else str(a) for a in tuned.said])
        found[shown] = values
        table = pd.DataFrame(mine, columns=[c.name for c in COLUMNS])
        kept.append(table.assign(bert=said[-2], decoder=said[-1]))
    if not found:
        raise BadQuery(" ".join(left_out) or "There is no row to test with.")
    return outcome(found, pd.concat(kept, ignore_index=True), tuple(left_out))


def little(found: trial.Measure, within: float = LITTLE) -> str:
    """Whether a difference is a small one: all of its interval lies within the bounds."""
    if found.n < trial.LEAST or found.low != found.low:
        return trial.OPEN
    if -within < found.low and found.high < within:
        return trial.HOLDS
    return trial.FAILS if found.low > within or found.high < -within else trial.OPEN


def outcome(found: dict[str, np.ndarray], rows: pd.DataFrame, left_out: tuple[str, ...] = ()) -> Outcome:
    """The numbers, from (N, S, 2, 2) of each task: parts of the score, BERT's and the decoder's."""
    measures, parts = [], []
    for folder, (shown, paper) in TASKS.items():
        if shown not in found:
            continue
        values = found[shown]
        what = "F1" if folder == "names" else "right"
        measures.append(measured(f"{shown}: {what}, BERT", values[:, :, 0], of=f1, units="rows"))
        measures.append(measured(f"{shown}: {what}, decoder", values[:, :, 1], of=f1, units="rows"))
        more = measured(f"{shown}: BERT minus decoder", values, of=gap, units="rows", paper=paper)
        measures.append(more)
        if folder == "sentiment":
            parts.append(Part("on sentiment the two are less than five points apart", little(more)))
        else:
            parts.append(Part(f"BERT is ahead on {shown}", trial.above(more, 0.0)))
    return Outcome(tuple(measures), tuple(parts), rows, left_out=left_out)


def why(found: Outcome, spec: ModelSpec) -> list[Sentence]:
    said = [
        say(
            "Two models: beside {title} stands the bundled decoder, read at its last token, which has looked back only; the "
            "paper trains BERT-base anew, once left to right, so that nothing else differs.",
            title=spec.title,
        ),
        say(
            "Tasks: {n} training examples of each here, thousands in the paper; its pairs are paraphrases (MRPC), its spans "
            "answers (SQuAD), and there is no name task in the table.",
            n=RECIPE["examples"],
        ),
    ]
    pairs = next((m for m in found.measures if m.name == "same sense: right, BERT"), None)
    if pairs is not None and trial.above(pairs, 0.5) != trial.HOLDS:
        said.append(
            say(
                "The pairs are hard: to say one answer always is right in half of them, and from {n} examples BERT does not get "
                "clearly further, so no difference can show.",
                n=RECIPE["examples"],
            )
        )
    return said


COLUMNS = (
    Column("task", "Task", "one of " + ", ".join(NAMES), 110),
    Column("first", "Sentence", "", 290),
    Column("second", "Second sentence", "for same sense; the word in question stands in quotation marks in both", 220),
    Column("answer", "Answer", "a label, or for names one tag a word", 160),
)
TRIAL = Trial("both_ways", COLUMNS, builtin, faults, work, lambda spec, rows: 2_000, why, code=(f1, gap, outcome, trial.interval))
