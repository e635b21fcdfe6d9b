"""Horizontal bars with their values, as HTML rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bert_explain.figures import payload
from bert_explain.figures.payload import Bar
from bert_explain.ui.components.mount import define, mount

_bars = define("bars", "items")


def bars(items: Sequence[Bar], *, key: str, label: str, on_pick: Callable[[int], None] | None = None) -> None:
    """Show values in 0..1, in the order given. A click, or Enter on a row, calls `on_pick(index)`."""
    data = payload.bars(items, label=label, pick=on_pick is not None)
    mount(_bars, data, key=key, sizes=(len(items),), on_pick=on_pick)
