"""What numbers are called in a sentence: who leads and whether by enough, percentages, counts. No other place formats them.

A superlative (most, best, strongest) is written only where a number leads by a margin: `best` says so, and a sentence
that uses it carries the result along as its evidence (see `analysis.sentence.Sentence.because`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

PART = 0.05  # the leader must be ahead of the next by at least this share of its own size
MOSTLY = 0.55  # a share from which on something is "mostly", or decided by one part


@dataclass(frozen=True)
class Best:
    """Which of several values leads, and by how much. NaN never leads."""

    index: int  # of the leader, the first of equals
    value: float
    second: float  # the best of the others; NaN when there is no other
    margin: float  # what it takes to lead, in the values' own unit
    many: int  # how many values took part
    level: int  # how many are no further from the leader than the margin, itself included

    @property
    def ahead(self) -> float:
        """How far the leader is from the next, 0 or more; NaN when it is alone."""
        return abs(self.value - self.second)

    @property
    def leads(self) -> bool:
        """True when the leader may be called the most: there is another, and it is behind by the margin or more."""
        return self.many > 1 and self.ahead > 0 and self.ahead >= self.margin


def best(values: Sequence[float] | np.ndarray, least: float = 0.0, part: float = PART, lowest: bool = False) -> Best:
    """The largest of `values` (N,), or with `lowest` the smallest.

    least : by how much it must lead at the very least, in the values' unit: one step of the digits that are shown.
    part : and by which share of the larger of the two magnitudes.
    Raises ValueError where there is no value that is a number.
    """
    found = np.asarray(values, dtype=np.float64).ravel()
    known = np.flatnonzero(~np.isnan(found))
    if not known.size:
        raise ValueError("There is no number to compare.")
    ranked = found if lowest else -found
    order = known[np.argsort(ranked[known], kind="stable")]
    first = int(order[0])
    if len(order) == 1:
        return Best(first, float(found[first]), float("nan"), least, 1, 1)
    second = float(found[order[1]])
    margin = max(least, part * max(abs(float(found[first])), abs(second)))
    near = np.abs(found[known] - found[first])
    level = max(1, int((near < margin).sum()))
    return Best(first, float(found[first]), second, float(margin), len(order), level)


def percent(p: float) -> str:
    """A probability or share for reading: three figures, and never a rounded 0 or 100. NaN is a dash."""
    if p != p:
        return "–"
    if p < 0:
        return f"\u2212{percent(-p)}"
    if p < 1e-5:
        return "under 0.001 %"
    if 0.9995 <= p < 1:
        return "over 99.9 %"
    return f"{float(f'{100 * p:.3g}'):g} %"


def share(part: float) -> str:
    """A share in whole percent: "78 %". What is not nothing is not "0 %", what is not all not "100 %". It may be negative."""
    if part != part:
        return "–"
    if part < 0:
        return "0 %" if part > -0.0005 else f"\u2212{share(-part)}"
    if 0 < part < 0.01:
        return "under 1 %"
    if 0.99 < part < 1 - 1e-6:  # nearer than that is the rounding of float32
        return "over 99 %"
    return f"{100 * part:.0f} %"


def tenths(part: float) -> str:
    """A share with one decimal, for bars that stand under each other: "83.1 %", "< 0.1 %", "> 99.9 %"; NaN is a dash."""
    if part != part:
        return "–"
    if 0 < part < 0.0005:
        return "< 0.1 %"
    if 0.9995 <= part < 1:
        return "> 99.9 %"
    return f"{100 * part:.1f} %"


def many(n: int, one: str, more: str = "") -> str:
    """ "1 token", "12 tokens"."""
    return f"{int(n):,} {one if n == 1 else more or one + 's'}"


def signed(value: float, digits: int = 2) -> str:
    """A number with a true minus sign; never a minus before nothing but zeros."""
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if not text.strip("-0.") else text.replace("-", "\u2212")


def listed(names: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def called(found: Best, superlative: str) -> str:
    """ "the longest" where one leads, else "one of the longest": true of the leader in either case."""
    return f"the {superlative}" if found.leads else f"one of the {superlative}"


@dataclass(frozen=True)
class Leader:
    """Who is best, if anybody is: the answer of `leader`."""

    kind: str  # "one": one leads; "level": several do, and none by the margin; "none": nobody does anything; "few": too few cases
    best: Best | None  # None where no value is a number
    level: tuple[int, ...] = ()  # places of the leader and of all who are no further behind than the margin

    @property
    def index(self) -> int | None:
        """The place of the one who leads; None where none does."""
        return self.best.index if self.kind == "one" and self.best is not None else None


def leader(
    values: Sequence[float] | np.ndarray, *, nothing: float = 0.0, effect: float, margin: float, cases: int, least_cases: int
) -> Leader:
    """The one criterion for "who is best", for whatever is compared; larger values (N,) are better.

    nothing : what one gets who does nothing (chance). effect : by how much one has to be above it to have done anything.
    margin : by how much the first has to be ahead of the second. cases : how many questions, sentences or pairs the values
    rest on, and least_cases how many they must be. Who is alone leads where the effect is there.
    """
    found = np.asarray(values, dtype=np.float64).ravel()
    if not (~np.isnan(found)).any():
        return Leader("none", None)
    first = best(found, least=margin, part=0.0)
    if cases < least_cases:
        return Leader("few", first)
    if not first.value - nothing >= effect:
        return Leader("none", first)
    level = tuple(int(i) for i in np.flatnonzero(found > first.value - margin))
    return Leader("one" if first.many == 1 or first.leads else "level", first, level)
