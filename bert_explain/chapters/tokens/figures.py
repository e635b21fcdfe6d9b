"""Pictures of the Tokens page: the look-ups of one word as a staircase, characters before and after, ways to cut."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import accumulate, groupby
from typing import Any

import pandas as pd

from bert_explain.analysis.normalisation import KEPT, SPECIAL, Character, code, name, telling, visible
from bert_explain.analysis.wordpiece import Lookup, Run
from bert_explain.figures.payload import Bar

FULL = 36  # look-ups that are all drawn
KEEP = 3  # beyond that: look-ups drawn at the beginning and at the end of each search for a piece
ROWS = 60  # rows of the staircase at most
SHOWN = 600  # characters drawn of a text


def right_to_left(text: str) -> bool:
    """True when the first letter with a direction is written from right to left (Unicode bidirectional classes)."""
    strong = (unicodedata.bidirectional(c) for c in text)
    return next((c in ("R", "AL") for c in strong if c in ("L", "R", "AL")), False)


def _latest(last: bool | None, now: bool | None) -> bool | None:
    return last if now is None else now


def directions(text: str, rtl: bool) -> list[tuple[int, bool]]:
    """The text as runs of one direction: [(number of characters, right to left?)].

    A character without a direction of its own, such as a space, goes with its neighbours where both agree, else with
    the text as a whole (rules N1 and N2 of the Unicode bidirectional algorithm; numbers run from left to right).
    """
    known = {"L": False, "EN": False, "AN": False, "R": True, "AL": True}
    own = [known.get(unicodedata.bidirectional(c)) for c in text]
    before = list(accumulate(own, _latest))
    after = list(accumulate(reversed(own), _latest))[::-1]
    settled = [
        now if now is not None else left if left == right and left is not None else rtl
        for now, left, right in zip(own, before, after, strict=True)
    ]
    return [(len(list(group)), way) for way, group in groupby(settled)]


def staircase(run: Run, step: int, *, label: str, mark: str = "##") -> dict[str, Any]:
    """The word on top, and under it one row a look-up, as far as `step` (0 = none yet), each under its own characters.

    Rows that would make the picture too tall are left out, and counted where they are missing. Those that are still to
    come keep their place, so that nothing jumps. Every row: n (its number, from 1), start, end, taken, state
    ("past", "now", "ahead"), mark ("##" or ""), id.
    """
    rows: list[dict[str, Any]] = []
    last = 0
    for n in sorted(_drawn(run, step)):
        if n > last + 1:
            rows.append({"gap": n - last - 1})
        rows.append(_row(run.lookups[n - 1], n, step, mark))
        last = n
    if last < len(run.lookups):
        rows.append({"gap": len(run.lookups) - last})
    taken = [look for look in run.lookups[:step] if look.found]
    return {
        "label": label,
        "word": [visible(c) for c in run.word],
        "rtl": right_to_left(run.word),
        "owner": [next((look.turn for look in taken if look.start <= i < look.end), None) for i in range(len(run.word))],
        "failed": run.failed_at if step == len(run.lookups) else None,
        "rows": rows,
    }


def _drawn(run: Run, step: int) -> set[int]:
    """Numbers of the look-ups to draw: both ends of each search, and where the reader stands, with its neighbours."""
    if len(run.lookups) <= FULL:
        return set(range(1, len(run.lookups) + 1))
    turns: dict[int, list[int]] = {}
    for n, look in enumerate(run.lookups, 1):
        turns.setdefault(look.turn, []).append(n)
    ends = [n for numbers in turns.values() for n in sorted({*numbers[:KEEP], *numbers[-KEEP:]})]
    near = {n for n in (step - 1, step, step + 1) if 1 <= n <= len(run.lookups)}
    return {*ends[: ROWS - KEEP], *near, *ends[-1:]} if len(ends) > ROWS else {*ends, *near}


def _row(look: Lookup, n: int, step: int, mark: str) -> dict[str, Any]:
    return {
        "n": n,
        "start": look.start,
        "end": look.end,
        "turn": look.turn,
        "taken": look.found,
        "id": None if look.id is None else f"{look.id:,}",
        "state": "now" if n == step else "past" if n < step else "ahead",
        "mark": mark if look.start else "",
        "piece": visible(look.piece),
    }


def strip_of_characters(found: Sequence[Character], text: str, *, label: str) -> dict[str, Any]:
    """Every character above what it becomes. At most SHOWN are drawn: the first, or those around the most telling one.

    Each cell: [before, after, changed (0, 1), what to read about it]; "at" is the cell to read first.
    """
    told = telling(list(found))
    first = told.place if told else 0
    start = 0 if first < SHOWN else first - SHOWN // 2
    shown = found[start : start + SHOWN]
    return {
        "label": label,
        "rtl": right_to_left(text),
        "runs": directions(text[start : start + len(shown)], right_to_left(text)),
        "cells": [[visible(c.before), visible(c.after) or "×", int(c.changed), _reading(c)] for c in shown],
        "at": first - start,
        "before": start,
        "after": len(found) - start - len(shown),
    }


def _reading(c: Character) -> str:
    seen = visible(c.before)
    said = f"{'' if seen == code(c.before) else seen + '  '}{code(c.before)} {name(c.before)}. "
    return said + ({KEPT: "Kept.", SPECIAL: "Kept: part of a special token."}.get(c.kind) or c.why)


def bars_of_ways(ways: pd.DataFrame) -> list[Bar]:
    """The ways to cut this text, longest bar = most tokens."""
    most = max(1, int(ways["tokens"].max()))
    return [
        Bar(
            row.way,
            row.tokens / most,
            role="token",
            shown=f"{row.tokens:,} token{'s' * (row.tokens != 1)}",
            note=f"{row.unknown:,} unknown",
        )
        for row in ways.itertuples()
    ]
