"""One table of numbers as a heat map with its labels, drawn in SVG."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bert_explain.figures import payload
from bert_explain.tokenize import Token
from bert_explain.ui.components.mount import define, mount

_matrix = define("matrix", "cells")


def matrix(
    values: np.ndarray,
    rows: Sequence[Token | str],
    columns: Sequence[Token | str],
    *,
    key: str,
    label: str,
    on_pick: Callable[[int, int], None] | None = None,
    **look: Any,
) -> None:
    """Show a table (R, C); `look` is what `figures.payload.matrix` takes: scale, role, limit, chosen, sentence, digits, empty.

    A click, or Enter on a cell, calls `on_pick(row, column)`.
    """
    data = payload.matrix(values, rows, columns, label=label, pick=on_pick is not None, **look)
    mount(_matrix, data, key=key, sizes=values.shape, on_pick=on_pick)
