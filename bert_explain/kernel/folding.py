"""Which tokens of a long text are drawn: both ends, and what must be seen; the middle is folded away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from bert_explain.kernel.readings import many


@dataclass(frozen=True)
class Fold:
    """Places of a text of `count` that are drawn, ascending; the others are left out."""

    places: tuple[int, ...]
    count: int

    @property
    def left_out(self) -> int:
        """How many are not drawn."""
        return self.count - len(self.places)

    @property
    def gaps(self) -> tuple[tuple[int, int], ...]:
        """The first and the last place of each stretch that is left out."""
        edges = (-1, *self.places, self.count)
        return tuple((a + 1, b - 1) for a, b in pairwise(edges) if b > a + 1)

    @property
    def row(self) -> tuple[int | str, ...]:
        """The places in order, and "… 25 …" where 25 are left out."""
        found: list[int | str] = []
        for before, place in zip((-1, *self.places), (*self.places, self.count), strict=True):
            found += [f"… {place - before - 1} …"] if place > before + 1 else []
            found += [place] if place < self.count else []
        return tuple(found)

    def said(self, what: str = "token") -> str:
        """ "Drawn: 48 of 73 tokens, both ends; 24 to 48 are left out."; nothing where all are drawn."""
        if not self.left_out:
            return ""
        spans = [f"{a}" if a == b else f"{a} to {b}" for a, b in self.gaps]
        verb = "is" if self.left_out == 1 else "are"
        return f"Drawn: {len(self.places):,} of {many(self.count, what)}, both ends; {', '.join(spans)} {verb} left out."


def fold(count: int, most: int, keep: Iterable[int] = ()) -> Fold:
    """At most `most` of `count` places: all of them, else both ends, as many from the front as from the back.

    keep : places that must be among them, each with its neighbours while there is room; places that do not exist are
    ignored. At least one place at each end stays, so of more than most - 2 of them only the first are kept.
    Raises ValueError for `most` below 2.
    """
    if most < 2:
        raise ValueError("A fold keeps both ends: at least two places.")
    if count <= most:
        return Fold(tuple(range(count)), count)
    wanted = [place for place in dict.fromkeys(keep) if 0 <= place < count][: most - 2]
    kept = {0, count - 1, *wanted}
    # Half of the room is for what lies around the wanted places, the rest for the ends.
    around = (most - len(kept)) // 2 if wanted else 0
    step = 1
    while around > 0 and step < count:
        for place in (p + side for p in wanted for side in (step, -step)):
            if around > 0 and 0 <= place < count and place not in kept:
                kept.add(place)
                around -= 1
        step += 1
    front, back = 0, count - 1
    while len(kept) < most:
        kept.add(front)
        front += 1
        if len(kept) < most:
            kept.add(back)
            back -= 1
    return Fold(tuple(sorted(kept)), count)


def drawn(tokens: Sequence[Any], found: Fold) -> list[Any]:
    """The tokens of a fold, and a text in each gap: what a row of tokens draws."""
    return [place if isinstance(place, str) else tokens[place] for place in found.row]
