"""Strips of all H numbers of some vectors, one under the other: what adds up is seen to add up."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bert_explain.figures import payload
from bert_explain.figures.payload import Band
from bert_explain.ui.components.mount import define, mount

_bands = define("bands", "cells")


def bands(
    rows: Sequence[Band],
    *,
    key: str,
    label: str,
    chosen: int | None = None,
    on_pick: Callable[[int], None] | None = None,
) -> None:
    """Show vectors of one length H; pointing at a dimension reads it in all of them as an equation.

    Dimensions count from 0. A click, or Enter, calls `on_pick(dimension)`.
    """
    data = payload.bands(rows, label=label, chosen=chosen, pick=on_pick is not None)
    mount(_bands, data, key=key, sizes=(data["count"],), on_pick=on_pick)
