"""Every head of every layer at a glance, on one canvas."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from bert_explain.figures import payload
from bert_explain.tokenize import Token
from bert_explain.ui.components.mount import define, mount

_heads_grid = define("heads_grid", "cells")


def heads_grid(
    attention: np.ndarray,
    tokens: Sequence[Token | str],
    *,
    key: str,
    label: str,
    chosen: tuple[int, int] | None = None,
    off: Iterable[tuple[int, int]] = (),
    on_pick: Callable[[int, int], None] | None = None,
) -> None:
    """Show (L, A, T, T) weights. `chosen` is outlined, heads in `off` are crossed out; both count from 0.

    Weights are rounded to two digits (the words on the picture say "about"); more than `payload.MOST` tokens are pooled,
    which it says too. A click, or Enter on a head, calls `on_pick(layer, head)`.
    """
    data = payload.heads_grid(attention, tokens, label=label, chosen=chosen, off=off, pick=on_pick is not None)
    mount(_heads_grid, data, key=key, sizes=attention.shape[:2], on_pick=on_pick)
