"""The opening picture: the reader's own pair going through the stages, drawn once, quietly."""

from __future__ import annotations

from typing import Any

from bert_explain.ui.components.mount import define, mount

_opening = define("opening")


def opening(data: dict[str, Any], *, key: str, label: str) -> None:
    """See chapters/home/numbers.py for the data."""
    mount(_opening, {**data, "label": label}, key=key)
