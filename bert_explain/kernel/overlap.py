"""How much of a test split was seen in training: shared word triples, and how near the nearest training text is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

WORDS = 3  # word triples: two texts that share many of them share a wording
LETTERS = 4  # sequences of four characters: also short texts have some, and small changes leave most of them
SMALL = 3  # letters of a word that many texts share
NEAR = 0.5  # from here on two texts are called near-duplicates


def longer_words(text: str) -> set[str]:
    """Its words of more than SMALL letters or digits, in small letters, whatever pieces a model makes of them."""
    return {word for word in re.findall(r"[^\W_]+", text.casefold()) if len(word) > SMALL}


@dataclass(frozen=True)
class Overlap:
    """Of the texts of a test split."""

    texts: int
    triples: float  # share of their word triples that stand in a training text too, 0 to 1
    nearest: float  # likeness to the nearest training text (Jaccard index of four-character sequences), mean over texts
    highest: float  # the likeness of the most alike pair
    pair: tuple[str, str]  # (test text, training text): that pair
    near: int  # how many test texts have a near-duplicate in training
    starts: int  # how many begin with the same three words as a training text


def overlap(train: Sequence[str], test: Sequence[str]) -> Overlap:
    """Measure `test` against `train`. Raises ValueError where one of them is empty."""
    if not train or not test:
        raise ValueError("Both splits need at least one text.")
    seen = {triple for text in train for triple in grams(words(text), WORDS)}
    asked = [triple for text in test for triple in grams(words(text), WORDS)]
    begins = {tuple(words(text)[:WORDS]) for text in train}
    shingles = [letters(text) for text in train]
    best: list[tuple[float, int]] = []
    for text in test:
        own = letters(text)
        best.append(max((jaccard(own, other), -i) for i, other in enumerate(shingles)))
    top = max(range(len(test)), key=lambda i: best[i][0])
    return Overlap(
        texts=len(test),
        triples=sum(triple in seen for triple in asked) / max(len(asked), 1),
        nearest=sum(score for score, _ in best) / len(test),
        highest=best[top][0],
        pair=(test[top], train[-best[top][1]]),
        near=sum(score >= NEAR for score, _ in best),
        starts=sum(tuple(words(text)[:WORDS]) in begins for text in test),
    )


def words(text: str) -> list[str]:
    """Lower-case words, without marks."""
    return re.findall(r"\w+(?:['’]\w+)*", text.lower())


def letters(text: str) -> frozenset[tuple[str, ...]]:
    """The sequences of four characters of the words of a text, blanks between and around them."""
    return frozenset(grams(f" {' '.join(words(text))} ", LETTERS))


def grams(items: Sequence[str], n: int) -> list[tuple[str, ...]]:
    """Every n that follow one another; none where there are fewer."""
    return [tuple(items[i : i + n]) for i in range(len(items) - n + 1)]


def jaccard(one: frozenset[tuple[str, ...]], two: frozenset[tuple[str, ...]]) -> float:
    """What two sets share, as a part of all they hold: 0 to 1; 0 for two empty ones."""
    both = len(one & two)
    return both / max(len(one) + len(two) - both, 1)


def majority(labels: Iterable[str], asked: Sequence[str]) -> tuple[str, float]:
    """The most frequent of `labels` (the first in the alphabet among equals), and its share of `asked`, 0 to 1."""
    counts: dict[str, int] = {}
    for label in labels:
        counts[label] = counts.get(label, 0) + 1
    name = min(counts, key=lambda label: (-counts[label], label))
    return name, sum(label == name for label in asked) / len(asked)
