"""The pieces of a text, one beside the other, those of a word joined."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from bert_explain.figures import payload
from bert_explain.tokenize import Token
from bert_explain.ui.components.mount import define, mount

_token_row = define("token_row", "items")


def token_row(
    tokens: Sequence[Token | str],
    *,
    key: str,
    label: str,
    on_pick: Callable[[int], None] | None = None,
    **look: Any,
) -> None:
    """Show T pieces; `look` is what `figures.payload.token_row` takes: chosen, colour, shade, notes.

    A click, or Enter on a piece, calls `on_pick(position)`.
    """
    data = payload.token_row(tokens, label=label, pick=on_pick is not None, **look)
    mount(_token_row, data, key=key, sizes=(len(tokens),), on_pick=on_pick)
