"""Sentences in which four grammatical relations are marked by hand: for the question which attention head does what.

The names are those of Clark et al. 2019 (What Does BERT Look At?, table 1), from Stanford Dependencies. Each relation goes
from a dependent to its head: det the -> dog, dobj cat -> chased, pobj park -> in, poss her -> car.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bert_explain.errors import Missing
from bert_explain.kernel.tasks import FOLDER, WORD, Worded, read_rows

RELATIONS = {
    "det": "an article or a word in its place, to its noun: the -> dog",
    "dobj": "a direct object, to its verb: cat -> chased",
    "pobj": "the noun of a preposition, to the preposition: park -> in",
    "poss": "a possessor, to what is possessed: her -> car",
}
HALVES = ("choose", "score")


@dataclass(frozen=True)
class Relation:
    """One marked relation: positions in the sentence's words."""

    name: str
    dependent: int
    head: int


@dataclass(frozen=True)
class Sentence(Worded):
    """A sentence and all its relations of the four kinds."""

    relations: tuple[Relation, ...]
    half: str  # "choose": on which the best head is chosen; "score": on which it is scored


@cache
def load(path: Path = FOLDER / "relations" / "sentences.tsv") -> tuple[Sentence, ...]:
    """Read the sentences, once per server. Raises Missing without the file, ValueError with its line for a wrong row."""
    if not path.is_file():
        raise Missing(f"The sentences with marked relations are not there: {path.name} is not in {path.parent}.")
    return read_rows(path, _sentence)


def _sentence(row: dict[str, str]) -> Sentence:
    """`det:0>1 dobj:4>2` with a text and a half."""
    marked = read_marks(row["relations"], row["text"])
    if row["half"] not in HALVES:
        raise ValueError(f"{row['half']} is none of the halves {', '.join(HALVES)}")
    return Sentence(row["text"], marked, row["half"])


def read_marks(marks: str, text: str) -> tuple[Relation, ...]:
    """The relations in "det:0>1 dobj:4>2", of a text. Raises ValueError, with what is wrong, for anything else."""
    length = len(WORD.findall(text))
    marked = []
    for said in marks.split():
        name, _, places = said.partition(":")
        if not re.fullmatch(r"[0-9]{1,4}>[0-9]{1,4}", places):
            raise ValueError(f"{said} is not written as det:0>1")
        dependent, head = (int(place) for place in places.split(">"))
        if name not in RELATIONS:
            raise ValueError(f"{name} is none of the relations {', '.join(RELATIONS)}")
        if not (0 <= dependent < length and 0 <= head < length and dependent != head):
            raise ValueError(f"{said} does not go from one of {length} words to another")
        marked.append(Relation(name, dependent, head))
    return tuple(marked)


def commonest_offset(offsets: Iterable[int]) -> int:
    """The commonest distance; among equals the nearest word, then the one behind."""
    counts = Counter(offsets)
    return min(counts, key=lambda o: (-counts[o], abs(o), -o))


def best_offset(name: str, sentences: tuple[Sentence, ...]) -> tuple[int, float, int]:
    """(offset, share, relations): the fixed distance that finds most heads in the half "choose", scored on "score".

    +1 means the next word. The share, 0 to 1, is what a head must beat to be worth naming.
    Raises ValueError where a half has no such relation.
    """
    halves: dict[str, list[int]] = {half: [] for half in HALVES}
    for sentence in sentences:
        halves[sentence.half] += [r.head - r.dependent for r in sentence.relations if r.name == name]
    if not all(halves.values()):
        raise ValueError(f"Both halves need at least one {name}.")
    offset = commonest_offset(halves["choose"])
    return offset, halves["score"].count(offset) / len(halves["score"]), len(halves["score"])
