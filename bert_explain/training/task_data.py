"""Two tasks made from WordNet's example sentences: `python -m bert_explain.training task_data`.

Same sense or not: two sentences with one word. Topic of the marked word: which of the lexicographers' files its sense was
filed under. Both are split by word: no word is in both splits. Nothing is drawn at random: the order is that of a hash of
the text, so every run on the same tables gives the same rows.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterable
from hashlib import blake2b
from itertools import combinations
from pathlib import Path
from typing import Protocol

import pandas as pd

from bert_explain.content import wordnet
from bert_explain.kernel import tasks
from bert_explain.kernel.overlap import words
from bert_explain.kernel.tasks import Pair, Sequence, Span

TEST = 0.25  # of the words
LEAST = {"topic": 4, "same-sense": 3}  # words of a sentence: shorter ones say too little
EACH = {"topic": 3, "same-sense": 5}  # at most so many sentences of a word in a topic; pairs of each label of a word

# A topic joins what WordNet files apart by part of speech. Those with too few sentences (animal: 51, plant: 23) or with too
# vague a meaning (noun.state, verb.stative, all adjectives) are left out.
TOPICS = {
    "body": ("noun.body", "verb.body"),
    "communication": ("noun.communication", "verb.communication"),
    "feeling": ("noun.feeling", "verb.emotion"),
    "food": ("noun.food", "verb.consumption"),
    "group": ("noun.group",),
    "movement": ("verb.motion",),
    "ownership": ("noun.possession", "verb.possession"),
    "person": ("noun.person",),
    "place": ("noun.location", "noun.object"),
    "thing": ("noun.artifact",),
    "thought": ("noun.cognition", "verb.cognition"),
    "time": ("noun.time",),
}
SAME = ("different", "same")


def main(arguments: list[str] | None = None) -> None:
    """Write both tasks' tables beside their cards."""
    parser = argparse.ArgumentParser(prog="bert_explain.training task_data", description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=tasks.FOLDER, help="where to write (assets/tasks)")
    out = parser.parse_args(arguments).out
    tables = wordnet.load()
    for name, labels, splits in (("topic", tuple(TOPICS), topic(tables)), ("same-sense", SAME, same_sense(tables))):
        home = out / name
        home.mkdir(parents=True, exist_ok=True)
        (home / "labels.txt").write_text("".join(f"{label}\n" for label in labels), encoding="utf-8")
        for split, rows in splits.items():
            (home / f"{split}.tsv").write_text(table(rows), encoding="utf-8")
            print(f"{name}, {split}: {len(rows)}")
        shutil.copyfile(wordnet.FOLDER / "LICENSE", home / "LICENSE")


def topic(tables: wordnet.WordNet) -> dict[str, list[Sequence]]:
    """{"train": ..., "test": ...}: as many sentences of each topic, each with its marked word."""
    rows = sentences(tables, LEAST["topic"])
    of = {file: label for label, files in TOPICS.items() for file in files}
    rows = rows.assign(label=rows["topic"].map(of)).dropna(subset="label")
    several = rows.groupby("text")["label"].transform("nunique")  # one sentence, marked twice, would have two labels
    rows = rows[several == 1].drop_duplicates("text")
    rows = rows[rows.groupby(["label", "word"]).cumcount() < EACH["topic"]]
    found = {}
    for split in tasks.SPLITS:
        part = rows[rows["split"] == split]
        size = part["label"].value_counts().min()
        part = part[part.groupby("label").cumcount() < size]
        found[split] = [Sequence(r.text, r.label, r.word, (r.start, r.end)) for r in part.itertuples()]
    return found


def same_sense(tables: wordnet.WordNet) -> dict[str, list[Pair]]:
    """{"train": ..., "test": ...}: of each word as many pairs of one sense as of two.

    Each pair of one sense shares its first sentence with one of two senses, so no sentence by itself tells the label. The
    two senses of a pair were filed under different topics: those that are hard to tell apart are mostly left out.
    """
    rows = sentences(tables, LEAST["same-sense"])
    rows = rows[rows["pos"].isin(["n", "v"])].drop_duplicates(["text", "word"])
    found: dict[str, list[Pair]] = {split: [] for split in tasks.SPLITS}
    used: set[frozenset[str]] = set()  # a pair of sentences may hold two such words: it is asked about one
    for (word, _, split), group in rows.groupby(["word", "pos", "split"], sort=True):
        kept = 0
        for same, other in _twins(list(group.itertuples())):
            pairs = [(*same, "same"), (same[0], other, "different")]
            keys = [frozenset((one.text, two.text)) for one, two, _ in pairs]
            if kept == EACH["same-sense"] or any(key in used for key in keys):
                continue
            kept += 1
            for (one, two, label), key in zip(pairs, keys, strict=True):
                used.add(key)
                if number(f"{one.text}|{two.text}") % 2:
                    one, two = two, one
                spans = ((one.start, one.end), (two.start, two.end))
                found[split].append(Pair(one.text, two.text, label, word, spans))
    return found


class Row(Protocol):
    """A row of `sentences`."""

    text: str
    start: int
    end: int
    sense: str
    topic: str


def _twins(rows: list[Row]) -> Iterable[tuple[tuple[Row, Row], Row]]:
    """((a, b), c) of one word: a and b have one sense, c one of another topic; no two sentences twice.

    Where a and b have the word in one form ("bank", "bank"), a and c have too; where not ("ran", "run"), neither: else
    "same form" would be right on six pairs of ten.
    """
    taken: set[frozenset[str]] = set()
    for a, b in combinations(rows, 2):
        if a.sense != b.sense:
            continue
        for first, second in ((a, b), (b, a)):
            alike = form(first) == form(second)
            fits = (c for c in rows if c.topic != a.topic and (form(first) == form(c)) == alike)
            other = next((c for c in fits if frozenset((first.text, c.text)) not in taken), None)
            if other is not None:
                taken.add(frozenset((first.text, other.text)))
                yield (first, second), other
                break


def form(row: Row) -> str:
    """The word as it stands in its sentence."""
    return row.text[row.start : row.end].lower()


def sentences(tables: wordnet.WordNet, least: int) -> pd.DataFrame:
    """text, word, start, end, sense, pos, topic, split: the sentences of `least` words or more, in the order of their hash.

    A text in which words of both splits are marked is in neither.
    """
    rows = tables.sentences.join(tables.senses[["pos", "topic"]], on="sense")
    rows = rows[(rows["text"].str.split().str.len() >= least) & (rows["text"].str.strip() == rows["text"])]
    rows = rows.astype({"start": int, "end": int})
    rows["split"] = [split_of(word) for word in rows["word"]]
    plain = rows["text"].map(lambda text: " ".join(words(text)))  # without case and marks
    rows = rows[rows.groupby(plain)["split"].transform("nunique") == 1]
    order = [number(f"{text}|{word}") for text, word in zip(rows["text"], rows["word"], strict=True)]
    return rows.assign(order=order).sort_values("order", kind="stable").drop(columns="order")


def split_of(word: str) -> str:
    """The split that a word belongs to, in whatever case and part of speech."""
    return "test" if number(word.lower()) / 2**64 < TEST else "train"


def number(text: str) -> int:
    """A number below 2**64 that only the text decides."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest())


def table(rows: list[Sequence] | list[Pair]) -> str:
    """The rows as `tasks` reads them."""
    if isinstance(rows[0], Pair):
        lines = ["label\tpattern\tmarked_first\tmarked_second\tfirst\tsecond"]
        lines += ["\t".join((r.label, r.pattern, *map(_said, r.marked or (None, None)), r.first, r.second)) for r in rows]
    else:
        lines = ["label\tpattern\tmarked\ttext"]
        lines += ["\t".join((r.label, r.pattern, _said(r.marked), r.text)) for r in rows]
    return "".join(f"{line}\n" for line in lines)


def _said(span: Span | None) -> str:
    return "" if span is None else f"{span[0]}-{span[1]}"
