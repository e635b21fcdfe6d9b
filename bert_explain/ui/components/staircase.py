"""One word's look-ups, as a staircase under the word."""

from __future__ import annotations

from typing import Any

from bert_explain.ui.components.mount import define, mount

_staircase = define("staircase")


def staircase(data: dict[str, Any], *, key: str) -> None:
    """Show what `figures.tokens.staircase` made."""
    mount(_staircase, data, key=key)
