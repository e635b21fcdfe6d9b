"""A text character by character, before and after normalisation."""

from __future__ import annotations

from typing import Any

from bert_explain.ui.components.mount import define, mount

_characters = define("characters")


def characters(data: dict[str, Any], *, key: str) -> None:
    """Show what `figures.tokens.strip_of_characters` made. Hover, or the arrow keys, read one character."""
    mount(_characters, data, key=key)
