"""What a text is cut into for an attribution, sums along a path, and which words come first. Pure numbers.

An attribution gives each token a number: how much of an answer's log-odds (core.target) it is held accountable for. Words
are ranked; punctuation, special tokens and hidden places keep their numbers and stand apart.

T tokens, E numbers of a row of the token table, U units.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby

import numpy as np

from bert_explain.core.tokens import Token, characters

WORD, PUNCTUATION, SPECIAL, HIDDEN = KINDS = ("word", "punctuation", "special token", "hidden")
ENOUGH = 0.01  # share of the whole that a sum along a path may be off by
STEPS = (8, 16, 32, 64, 128, 256)  # points of a path, tried in this order
LONGEST = 24  # characters of a word in a sentence or under a picture


@dataclass(frozen=True)
class Unit:
    """A word with all its pieces, a punctuation mark, a special token, or a hidden place."""

    text: str  # as it stands in the text; a special token's own text
    kind: str  # one of KINDS
    positions: tuple[int, ...]
    sentence: int | None

    @property
    def short(self) -> str:
        """Its text, cut to a length that fits under a picture."""
        return self.text if len(self.text) <= LONGEST else f"{self.text[: LONGEST - 1]}…"


def units(tokens: Sequence[Token], texts: tuple[str, str]) -> tuple[Unit, ...]:
    """The text's units in their order. texts : sentence A and sentence B as they were typed."""

    def belongs(token: Token) -> tuple[object, ...]:
        return (token.position,) if token.word is None or token.special else (token.sentence, token.word)

    return tuple(_unit(list(group), texts) for _, group in groupby(tokens, key=belongs))


def _unit(pieces: list[Token], texts: tuple[str, str]) -> Unit:
    first, places = pieces[0], tuple(t.position for t in pieces)
    if first.special or first.span is None or first.sentence is None:
        return Unit(first.original, SPECIAL, places, first.sentence)
    text = texts[first.sentence][slice(*characters(pieces))].strip() or first.original
    if any(t.masked for t in pieces):
        return Unit(text, HIDDEN, places, first.sentence)
    return Unit(text, PUNCTUATION if _is_punctuation(text) else WORD, places, first.sentence)


def _is_punctuation(text: str) -> bool:
    """Only marks and signs; an emoji is a word."""
    kinds = {unicodedata.category(c) for c in text}
    return bool(kinds) and all(kind[0] == "P" or kind in ("Sk", "Sm", "Sc") for kind in kinds)


def summed(values: np.ndarray, parts: Sequence[Unit]) -> np.ndarray:
    """(T,) -> (U,): the sum over each unit's tokens."""
    return np.array([float(np.sum(values[list(unit.positions)])) for unit in parts])


def words(parts: Sequence[Unit], without: Sequence[int] = ()) -> list[int]:
    """Places in (U,) of the words that may be taken away; `without`: positions of which none may go."""
    kept = set(without)
    return [i for i, unit in enumerate(parts) if unit.kind == WORD and not kept & set(unit.positions)]


def leading(values: np.ndarray, among: Sequence[int], k: int) -> list[int]:
    """The k of `among` with the largest values (U,), the first of equals first."""
    return sorted(among, key=lambda i: (-values[i], i))[:k]


def random_sets(among: Sequence[int], k: int, most: int, seed: int = 0) -> list[tuple[int, ...]]:
    """Different sets of k out of N: all of them where there are no more than `most`, else `most` drawn by the seed."""
    many = 1
    for i in range(k):
        many = many * (len(among) - i) // (i + 1)
        if many > 100_000:
            break
    if many <= most:
        return list(combinations(sorted(among), k))
    rng, found = np.random.default_rng(seed), dict[tuple[int, ...], None]()
    while len(found) < most:
        found[tuple(sorted(int(i) for i in rng.choice(list(among), size=k, replace=False)))] = None
    return list(found)


@dataclass(frozen=True)
class Path:
    """Integrated gradients (Sundararajan, Taly & Yan 2017, eq. 1) and how far they are from complete."""

    values: np.ndarray  # (T,) a number a token
    start: float  # the log-odds of the baseline
    end: float  # of the text
    steps: int  # points at which the gradient was taken

    @property
    def total(self) -> float:
        """What the attributions add up to."""
        return float(self.values.sum())

    @property
    def error(self) -> float:
        """How far the sum is from end - start: a share of that difference, or of all magnitudes where these cancel out."""
        apart = abs(self.total - (self.end - self.start))
        return apart / self.scale if self.scale else 0.0

    @property
    def scale(self) -> float:
        """What the error is a share of."""
        difference, magnitudes = abs(self.end - self.start), float(np.abs(self.values).sum())
        return magnitudes if difference < 0.05 * magnitudes else difference

    @property
    def complete(self) -> bool:
        """Whether it is within ENOUGH."""
        return self.error <= ENOUGH


def points(n: int) -> tuple[np.ndarray, np.ndarray]:
    """n places on the way from 0 to 1 and their weights, which add up to 1 (Gauss-Legendre: exact for smooth functions)."""
    x, w = np.polynomial.legendre.leggauss(n)
    return (x + 1) / 2, w / 2


Slope = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def integrate(slope: Slope, baseline: np.ndarray, rows: np.ndarray, steps: Sequence[int] = STEPS) -> Path:
    """Gradients summed along the straight way from `baseline` to `rows`, (T, E) each, with more points until it is complete.

    slope : inputs (N, T, E) -> (log-odds (N,), gradients (N, T, E)). A token's number is (row - baseline) . mean gradient.
    """
    ends, _ = slope(np.stack([baseline, rows]))
    for n in steps:
        at, weights = points(n)
        _, gradients = slope(baseline + at[:, None, None] * (rows - baseline))
        mean = np.tensordot(weights, gradients, axes=1)
        found = Path(((rows - baseline) * mean).sum(axis=-1), float(ends[0]), float(ends[1]), n)
        if found.complete:
            break
    return found
