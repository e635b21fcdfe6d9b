"""The numbers in the cards of the data sets: `python -m bert_explain.training task_cards` measures and writes them.

They stand between two marks in assets/tasks/NAME/README.md; what is outside is written by hand. What a bag of words reaches
is measured anew where a data set has changed (a minute for all), and kept in assets/tasks/baselines.json.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path

from bert_explain.errors import Missing
from bert_explain.kernel import baseline, relations, tasks
from bert_explain.kernel.overlap import NEAR, majority, overlap
from bert_explain.kernel.tasks import Answer, Example, Pair, Sequence, Task, Tokens

BEGIN = "<!-- numbers: written by `python -m bert_explain.training task_cards` -->"
BASELINES = "baselines.json"
END = "<!-- end of the numbers -->"


def main(arguments: list[str] | None = None) -> None:
    """Write the numbers of every task's card."""
    parser = argparse.ArgumentParser(prog="bert_explain.training task_cards", description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", type=Path, default=tasks.FOLDER, help="the folder of the data sets (assets/tasks)")
    folder = parser.parse_args(arguments).tasks
    known = baselines(folder)
    for name in tasks.names(folder):
        task = tasks.load(name, folder)
        if known.get(name, {}).get("data") != fingerprint(task):
            known[name] = measured(task)
            text = json.dumps(known, indent=2) + "\n"
            (folder / BASELINES).write_text(text, encoding="utf-8")
        put(card_of(task), numbers(task, known[name]))
        print(f"{name}: {len(task.train)} + {len(task.test)}, bag of words {known[name]['score']:.1%}", flush=True)

    card = folder / "relations" / "README.md"
    if card.is_file():
        put(card, relation_numbers(relations.load(card.with_name("sentences.tsv"))))


def put(card: Path, block: str) -> None:
    """Write the numbers into a card. Raises ValueError where it has no marks for them."""
    card.write_text(with_numbers(card.read_text(encoding="utf-8"), block), encoding="utf-8")


def relation_numbers(sentences: tuple[relations.Sentence, ...]) -> str:
    """Sizes of the halves, and what the best fixed offset reaches, as Markdown."""
    lines = ["| | choose | score | best fixed offset | it finds in `score` |", "|---|---|---|---|---|"]
    halves = [[s for s in sentences if s.half == half] for half in relations.HALVES]
    lines.append(f"| sentences | {len(halves[0])} | {len(halves[1])} | | |")
    for name in relations.RELATIONS:
        sizes = (sum(r.name == name for s in half for r in s.relations) for half in halves)
        offset, share, _ = relations.best_offset(name, sentences)
        lines.append(f"| {name} | {' | '.join(map(str, sizes))} | {offset:+d} | {share:.1%} |")
    return "\n".join([*lines, ""])


def baselines(folder: Path = tasks.FOLDER) -> dict[str, dict]:
    """What was measured of each task, by its name."""
    path = folder / BASELINES
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def card_of(task: Task) -> Path:
    """Where a task's numbers are written. Raises Missing for one that has no folder, as a reader's own table."""
    if task.card is None:
        raise Missing(f"The task {task.name} has no card.")
    return task.card


def fingerprint(task: Task) -> str:
    """A short name of these very examples: of all files of the folder but its card and licence."""
    files = sorted(path for path in card_of(task).parent.iterdir() if path.suffix in (".tsv", ".jsonl", ".txt"))
    return blake2b(b"".join(path.read_bytes() for path in files), digest_size=8).hexdigest()


def measured(task: Task) -> dict:
    """A bag of words' scores as they are kept."""
    found = baseline.measure(task)
    return {
        "data": fingerprint(task),
        "score": round(found.score, 6),
        "interval": [round(found.low, 6), round(found.high, 6)],
        "seeds": [round(score, 6) for score in found.seeds],
        "strength": found.strength,
    }


def with_numbers(card: str, block: str) -> str:
    """The card with `block` between its marks. Raises ValueError where it has none."""
    before, begin, rest = card.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("The card has no marks for the numbers.")
    return f"{before}{BEGIN}\n\n{block}\n{END}{after}"


def numbers(task: Task, reached: dict) -> str:
    """Sizes, labels, what the majority and a bag of words reach, and the overlap of the splits, as Markdown."""
    lines = ["| | train | test |", "|---|---|---|"]
    lines += [f"| {name} | {one} | {two} |" for name, one, two in _sizes(task)]
    says = [majority_says(task), "", baseline_says(task, reached), "", *overlap_says(task)]
    return "\n".join([*lines, "", *says, ""])


def _sizes(task: Task) -> list[tuple[str, int, int]]:
    splits = (task.train, task.test)
    rows = [_row("examples", map(len, splits)), _row("patterns", (len(patterns(split)) for split in splits))]
    said = [gold(split) for split in splits]
    if task.kind == "span":
        asked = [[example for example in split if isinstance(example, Answer)] for split in splits]
        rows.append(_row("passages", (len({example.passage for example in split}) for split in asked)))
        rows.append(_row("without an answer", (sum(example.span is None for example in split) for split in asked)))
    elif task.kind == "token":
        rows.append(_row("words", map(len, said)))
        names = [label for label in task.labels if label.startswith("B-")]
        rows += [_row(f"names: {label[2:]}", (tags.count(label) for tags in said)) for label in names]
    else:
        rows += [_row(label, (labels.count(label) for labels in said)) for label in task.labels]
    notes = sorted({note for split in splits for example in split for note in example.notes})
    return rows + [_row(f"marked *{note}*", (sum(note in e.notes for e in split) for split in splits)) for note in notes]


def _row(name: str, counts: Iterable[int]) -> tuple[str, int, int]:
    train, test = counts
    return name, train, test


def patterns(split: tuple[Example, ...]) -> set[str]:
    return {example.pattern for example in split}


def gold(split: tuple[Example, ...]) -> list[str]:
    """What a model should say: a label an example; a tag a word for tokens; "answer" or "no answer" for spans."""
    found: list[str] = []
    for example in split:
        match example:
            case Sequence() | Pair():
                found.append(example.label)
            case Tokens():
                found += example.tags
            case Answer():
                found.append("answer" if example.span else "no answer")
    return found


def majority_says(task: Task) -> str:
    """What is reached by always saying what is most frequent in training."""
    name, score = majority_of(task)
    each = {"token": "word", "span": "question"}.get(task.kind, "example")
    tail = " F1 over names is then 0: none is found." if task.kind == "token" else ""
    tail = ' "No answer" to every question' if task.kind == "span" else tail
    if task.kind == "span":
        return f"**Majority:**{tail} is right on {score:.1%} of the test questions."
    return f"**Majority:** to say *{name}* for every {each} is right on {score:.1%} of the test split.{tail}"


def majority_of(task: Task) -> tuple[str, float]:
    """(label, share of the test split); of spans, "no answer", the one thing that can be said to all."""
    if task.kind == "span":
        return "no answer", gold(task.test).count("no answer") / len(task.test)
    return majority(gold(task.train), gold(task.test))


def baseline_says(task: Task, reached: dict) -> str:
    """What a bag of words reaches, how sure that is, and whether it is more than the majority's score."""
    what = {"token": "F1 of whole names", "span": "F1 of the answer's words"}.get(task.kind, "of the test split right")
    low, high = reached["interval"]
    seeds = sorted(reached["seeds"])
    said = (
        f"**A bag of words** (counts and a logistic regression, `bert_explain.kernel.baseline`): {reached['score']:.1%} "
        f"{what}; 95 % interval, with the test patterns drawn anew: {low:.1%} to {high:.1%}. Trained on nine tenths of the "
        f"training examples, drawn by {len(seeds)} seeds: {seeds[0]:.1%} to {seeds[-1]:.1%}."
    )
    chance = 0.0 if task.kind == "token" else majority_of(task)[1]
    if low <= chance <= high:
        said += " The majority's score lies inside the interval: it may have learned nothing."
    return said


def overlap_says(task: Task) -> list[str]:
    """The overlap of each text that a model reads."""
    what = {"pair": ("first text", "second text"), "span": ("question", "passage")}.get(task.kind, ("text",))
    lines = ["**Overlap of the test split with the training split**", ""]
    for i, name in enumerate(what):
        train, test = (list(dict.fromkeys(texts(split, i))) for split in (task.train, task.test))
        found = overlap(train, test)
        lines.append(
            f"- {name.capitalize()}s: {found.triples:.1%} of the word triples stand in training too; "
            f"{found.starts} of {found.texts} begin with the same three words as a training {name}; the nearest training "
            f"{name} shares {found.nearest:.0%} of its four-character sequences on average (Jaccard index), "
            f"{found.highest:.0%} at most; near-duplicates ({NEAR:.0%} or more): {found.near}."
        )
    return lines


def texts(split: tuple[Example, ...], part: int) -> list[str]:
    """The first or second text of each example, as written."""
    found = []
    for example in split:
        match example:
            case Pair():
                found.append((example.first, example.second)[part])
            case Answer():
                found.append((example.question, example.passage)[part])
            case Sequence() | Tokens():
                found.append(example.text)
    return found
