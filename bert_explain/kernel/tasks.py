"""The data sets that a BERT is fine-tuned on here: folders in assets/tasks/, read and checked at first use.

Four kinds of task: `sequence` (one text, one label), `pair` (two texts, one label), `token` (a BIO tag for every word)
and `span` (a question, a passage, and where in it the answer stands). A folder holds train.tsv and test.tsv (train.jsonl
and test.jsonl for spans), labels.txt where there are labels, and README.md, its card.

Every row says which `pattern` it is of, and no pattern is in both splits: a model is tested on ways of saying something
that it was not trained on.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

import numpy as np

from bert_explain.core.places import ASSETS
from bert_explain.errors import Missing

FOLDER = ASSETS / "tasks"
SPLITS = ("train", "test")

# What each folder of FOLDER holds: its kind and its name for readers.
TASKS = {
    "sentiment": ("sequence", "Sentiment"),
    "question-type": ("sequence", "Question type"),
    "topic": ("sequence", "Topic of the marked word"),
    "same-sense": ("pair", "Same sense or not"),
    "names": ("token", "Names in text"),
    "answers": ("span", "Answer in a passage"),
}

# A word with its hyphens and inner full stops ("re-open", "3.5"), an ending behind an apostrophe ("'s"), or one mark.
WORD = re.compile(r"\w+(?:[-.&]\w+)*|['’]\w+|\S")

Span = tuple[int, int]  # characters of a text: text[start:end]


@dataclass(frozen=True)
class Sequence:
    """One text and its label."""

    text: str
    label: str
    pattern: str
    marked: Span | None = None  # the word that the label is about, where it is about one
    notes: frozenset[str] = frozenset()  # what is said of the row: "irony", "negation" ...

    @property
    def inputs(self) -> tuple[str]:
        """The one text that a model reads: the marked word stands in quotation marks."""
        return (quoted(self.text, self.marked),)


@dataclass(frozen=True)
class Pair:
    """Two texts and the label of the two together."""

    first: str
    second: str
    label: str
    pattern: str
    marked: tuple[Span, Span] | None = None  # the word that is asked about, in each text
    notes: frozenset[str] = frozenset()

    @property
    def inputs(self) -> tuple[str, str]:
        """The two texts that a model reads: the marked words stand in quotation marks."""
        one, two = self.marked or (None, None)
        return quoted(self.first, one), quoted(self.second, two)


@dataclass(frozen=True)
class Worded:
    """A text that is marked word by word: what counts as a word is WORD's to say."""

    text: str

    @property
    def spans(self) -> tuple[Span, ...]:
        """The characters of each word."""
        return tuple(found.span() for found in WORD.finditer(self.text))

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(WORD.findall(self.text))


@dataclass(frozen=True)
class Tokens(Worded):
    """A text whose every word has a BIO tag: B-person begins a name, I-person goes on with it, O is outside of names."""

    tags: tuple[str, ...]  # one for each of `spans`
    pattern: str
    notes: frozenset[str] = frozenset()

    @property
    def inputs(self) -> tuple[str]:
        return (self.text,)


@dataclass(frozen=True)
class Answer:
    """A question about a passage, and the characters of the passage that answer it; None where it holds no answer."""

    question: str
    passage: str
    title: str
    span: Span | None
    pattern: str
    notes: frozenset[str] = frozenset()

    @property
    def inputs(self) -> tuple[str, str]:
        """BERT's order: the question, then the passage."""
        return self.question, self.passage

    @property
    def answer(self) -> str | None:
        return None if self.span is None else self.passage[slice(*self.span)]


Example = Sequence | Pair | Tokens | Answer


@dataclass(frozen=True)
class Task:
    """A data set. Shared by all readers and never changed."""

    name: str  # its folder
    title: str
    kind: str  # sequence, pair, token, span
    labels: tuple[str, ...]  # in the order of the output units; empty for spans; tags for tokens, "O" first
    train: tuple[Example, ...]
    test: tuple[Example, ...]
    card: Path | None = None  # where its numbers stand; a reader's own table has none

    def split(self, name: str) -> tuple[Example, ...]:
        """The examples of "train" or of "test"."""
        return {"train": self.train, "test": self.test}[name]

    def order(self, seed: int) -> np.ndarray:
        """The training examples' numbers in the order in which a seed draws them: who draws fewer draws the first of these."""
        return np.random.default_rng(seed).permutation(len(self.train))


def quoted(text: str, span: Span | None) -> str:
    """`text` with the characters of `span` between quotation marks; as it is without a span."""
    if span is None:
        return text
    start, end = span
    return f'{text[:start]}"{text[start:end]}"{text[end:]}'


def names(folder: Path = FOLDER) -> tuple[str, ...]:
    """The tasks whose folder is there, in the order of TASKS."""
    return tuple(name for name in TASKS if (folder / name).is_dir())


@cache
def load(name: str, folder: Path = FOLDER) -> Task:
    """Read a task, once per server.

    Raises Missing where its folder or a file is not there, ValueError with file and line where a row is wrong.
    """
    if name not in TASKS:
        raise Missing(f"There is no task called {name}. There are: {', '.join(names(folder))}.")
    kind, title = TASKS[name]
    home = folder / name
    ending = "jsonl" if kind == "span" else "tsv"
    needed = [home / "README.md", *(home / f"{split}.{ending}" for split in SPLITS)]
    needed += [] if kind == "span" else [home / "labels.txt"]
    for path in needed:
        if not path.is_file():
            raise Missing(f"The task {name} is not whole: {path.name} is not in {home}.")
    labels = () if kind == "span" else tuple((home / "labels.txt").read_text(encoding="utf-8").splitlines())
    read = READ[kind]
    train, test = (read(home / f"{split}.{ending}", labels) for split in SPLITS)
    return Task(name, title, kind, labels, train, test, home / "README.md")


Row = TypeVar("Row")


def read_rows(path: Path, make: Callable[[dict[str, str]], Row]) -> tuple[Row, ...]:
    """One value a line of a table with a head; nothing is quoted, so no text may hold a tab.

    Raises ValueError with the line where `make` does, or where a line has not as many columns as the head.
    """
    found = []
    with path.open(encoding="utf-8", newline="") as lines:
        for number, row in enumerate(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE), start=2):
            try:
                if None in row or None in row.values():
                    raise ValueError("it has not as many columns as the head")
                found.append(make(row))
            except (ValueError, KeyError) as error:
                raise ValueError(f"{path.name}, line {number}: {error}") from error
    return tuple(found)


def _notes(row: dict[str, str]) -> frozenset[str]:
    return frozenset((row.get("notes") or "").split())


def _label(row: dict[str, str], labels: tuple[str, ...]) -> str:
    if row["label"] not in labels:
        raise ValueError(f"{row['label']} is none of the labels {', '.join(labels)}")
    return row["label"]


def _span(row: dict[str, str], name: str, text: str) -> Span | None:
    """The characters "start-end" of a column, inside the text; None where it is empty or not there."""
    said = row.get(name)
    if not said:
        return None
    start, end = (int(number) for number in said.split("-"))
    if not 0 <= start < end <= len(text):
        raise ValueError(f"characters {said} are not in a text of {len(text)}")
    return start, end


def _read_sequences(path: Path, labels: tuple[str, ...]) -> tuple[Sequence, ...]:
    def make(row: dict[str, str]) -> Sequence:
        text = row["text"]
        return Sequence(text, _label(row, labels), row["pattern"], _span(row, "marked", text), _notes(row))

    return read_rows(path, make)


def _read_pairs(path: Path, labels: tuple[str, ...]) -> tuple[Pair, ...]:
    def make(row: dict[str, str]) -> Pair:
        first, second = row["first"], row["second"]
        one, two = _span(row, "marked_first", first), _span(row, "marked_second", second)
        marked = (one, two) if one and two else None
        return Pair(first, second, _label(row, labels), row["pattern"], marked, _notes(row))

    return read_rows(path, make)


def _read_tokens(path: Path, labels: tuple[str, ...]) -> tuple[Tokens, ...]:
    def make(row: dict[str, str]) -> Tokens:
        example = Tokens(row["text"], tuple(row["tags"].split()), row["pattern"], _notes(row))
        check_tags(example.words, example.tags, labels)
        return example

    return read_rows(path, make)


def check_tags(words: tuple[str, ...], tags: tuple[str, ...], labels: tuple[str, ...]) -> None:
    """Raises ValueError where the tags are not one a word, none of the labels, or go on with a name that has not begun."""
    if len(words) != len(tags):
        raise ValueError(f"{len(words)} words and {len(tags)} tags")
    for i, tag in enumerate(tags):
        if tag not in labels:
            raise ValueError(f"{tag} is none of the labels {', '.join(labels)}")
        if tag.startswith("I-") and (i == 0 or tags[i - 1][2:] != tag[2:]):
            raise ValueError(f"{tag} at {words[i]} goes on with a name that has not begun")


def _read_answers(path: Path, labels: tuple[str, ...]) -> tuple[Answer, ...]:
    """A line is a passage with its questions; `labels` is not used: a span has none."""
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        passage = json.loads(line)
        text = passage["text"]
        for asked in passage["questions"]:
            span = None if asked["answer"] is None else (asked["start"], asked["start"] + len(asked["answer"]))
            example = Answer(asked["question"], text, passage["title"], span, asked["pattern"])
            if example.answer != asked["answer"]:
                raise ValueError(f"{path.name}, line {number}: the passage says {example.answer!r}, not {asked['answer']!r}")
            found.append(example)
    return tuple(found)


_Read = Callable[[Path, tuple[str, ...]], tuple[Example, ...]]
READ: dict[str, _Read] = {
    "sequence": _read_sequences,
    "pair": _read_pairs,
    "token": _read_tokens,
    "span": _read_answers,
}
