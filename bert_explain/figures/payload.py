"""What the components of `bert_explain.ui.components` are given: arrays as compact bytes, labels, roles.

Pure functions, no Streamlit, and no number is born here: weights are rounded to the two digits that the all-heads map says,
tables of more than 128 rows or columns are pooled (each cell shows the strongest of the few it stands for), the rest is float32.
`packed` makes of a payload what travels: there many numbers are whole numbers of a step that is fine enough for every digit
and shade that is shown.
"""

from __future__ import annotations

import base64
import json
import math
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np

from bert_explain.analysis.remember import Memory
from bert_explain.figures import theme
from bert_explain.kernel.readings import tenths
from bert_explain.tokenize import Token

MOST = 128  # rows, columns or tokens a picture draws one by one; above it cells are pooled
MANY = 200  # numbers of a picture: from here on bytes are saved
_WHOLE = 32_767  # the largest number of two bytes; -32,768 stands for no number
_SHADES = 255  # of a colour, that can be told apart on a screen
LEVELS = 100  # steps between a weight of 0 and of 1: as the map says them, with two digits
_SMALL = 400  # characters of a payload that is not worth packing
SATURATED = 99.5  # percentile of |value| at which a strip of numbers is fully coloured

_ROLES = frozenset(f.name for f in fields(theme.Palette))


@dataclass(frozen=True)
class Band:
    """One strip of H numbers in `bands`: `sign` ("+", "=", "→") is how it joins the strips above it."""

    name: str
    values: np.ndarray  # (H,)
    role: str
    sign: str = ""
    digits: int = 3  # decimals of a value that is read
    scale: str = ""  # strips of the same scale share one magnitude of full colour; its name stands in the legend


@dataclass(frozen=True)
class Bar:
    """One bar in `bars`: `note` is small text after the value, `mark` a short word such as "true word"."""

    text: str
    value: float  # 0..1, the length
    role: str = "probability"
    note: str = ""
    mark: str = ""
    shown: str | None = None  # the value as text; None for a percentage
    signal: bool = False  # what the sentence beside it speaks of: outlined


def encode(values: np.ndarray) -> str:
    """An array's bytes, little-endian, as base64: what the components decode."""
    return base64.b64encode(np.ascontiguousarray(values, values.dtype.newbyteorder("<")).tobytes()).decode("ascii")


def quantise(weights: np.ndarray) -> np.ndarray:
    """Weights in 0..1 as uint8, off by at most 1/200; same shape."""
    return np.rint(np.clip(weights, 0, 1) * LEVELS).astype(np.uint8)


def block(size: int) -> int:
    """How many neighbours one drawn row or column stands for: 1 up to MOST."""
    return max(1, math.ceil(size / MOST))


def pool(values: np.ndarray, rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """The strongest (largest magnitude) value of each `rows` x `columns` block of a table, and where it stood.

    values : (R, C); NaN is never the strongest, unless there is nothing else in the block.
    Returns (ceil(R / rows), ceil(C / columns)) values, and each one's index within its block, row by row, int.
    """
    short = (-values.shape[0] % rows, -values.shape[1] % columns)
    padded = np.pad(values.astype(float), ((0, short[0]), (0, short[1])), constant_values=np.nan)
    r, c = padded.shape[0] // rows, padded.shape[1] // columns
    blocks = padded.reshape(r, rows, c, columns).swapaxes(1, 2).reshape(r, c, rows * columns)
    where = np.where(np.isnan(blocks), -1.0, np.abs(blocks)).argmax(axis=2)
    return np.take_along_axis(blocks, where[..., None], axis=2)[..., 0], where


def labels(items: Sequence[Token | str]) -> dict[str, Any]:
    """Texts, and one letter each for the colour: s special, m masked, a or b segment, n none of these."""
    return {"text": [_text(item) for item in items], "role": "".join(_letter(item) for item in items)}


def token_row(
    tokens: Sequence[Token | str],
    *,
    label: str,
    chosen: Iterable[int] = (),
    colour: Literal["segment", "word"] = "segment",
    shade: Sequence[float] | np.ndarray | None = None,
    notes: Sequence[str] | None = None,
    pick: bool = False,
) -> dict[str, Any]:
    """T pieces in a row.

    shade : (T,) in 0..1, how strongly each is coloured. notes : T strings under the pieces.
    Raises ValueError for other lengths.
    """
    for name, extra in (("shade", shade), ("notes", notes)):
        if extra is not None and len(extra) != len(tokens):
            raise ValueError(f"{len(tokens)} tokens, but {len(extra)} {name}")
    joined = [_continues(t) and i > 0 and not _special(tokens[i - 1]) for i, t in enumerate(tokens)]
    return {
        **labels(tokens),
        "label": label,
        "joined": "".join("01"[j] for j in joined),
        "sentence": "".join(map(_sentence, tokens)),
        "chosen": sorted({int(i) for i in chosen}),
        "colour": colour,
        "shade": None if shade is None else [round(float(v), 4) for v in np.clip(np.nan_to_num(shade), 0, 1)],
        "notes": None if notes is None else [str(n) for n in notes],
        "pick": pick,
    }


def heads_grid(
    attention: np.ndarray,
    tokens: Sequence[Token | str],
    *,
    label: str,
    chosen: tuple[int, int] | None = None,
    off: Iterable[tuple[int, int]] = (),
    pick: bool = False,
) -> bytes:
    """Every head's map, (L, A, T, T), as few bytes as can be: length of a JSON header (uint32, little-endian), the
    header, then the uint8 weights, deflated, key by key (L, A, key, query).

    Most weights are near 0 and a much looked-at token is a whole column, so columns laid out as runs deflate best,
    and zlib's run-length strategy is as small as its slowest level at a tenth of the time.
    """
    n_layers, n_heads, n_tokens, _ = attention.shape
    made = _GRIDS.get(attention)
    if made is None:
        made = _grid(attention)
        _GRIDS.put(attention, made)
    body, cells, strongest = made
    header = {
        "label": label,
        "layers": n_layers,
        "heads": n_heads,
        "cells": cells,
        "tokens": n_tokens,
        "block": block(n_tokens),
        "text": [_text(t) for t in tokens],
        "chosen": None if chosen is None else [int(c) for c in chosen],
        "off": [[int(layer), int(head)] for layer, head in off],
        # before anything is rounded: key * cells + query, head by head
        "strongest": strongest,
        "pick": pick,
    }
    head = json.dumps(header, separators=(",", ":")).encode("ascii")
    return len(head).to_bytes(4, "little") + head + body


_GRIDS = Memory()  # of an attention array: the same for every head that is picked


def _grid(attention: np.ndarray) -> tuple[bytes, int, list[int]]:
    """The deflated weights, the cells of a side, and each head's strongest."""
    n_layers, n_heads, n_tokens, _ = attention.shape
    size, weights = block(n_tokens), attention
    if size > 1:
        starts = np.arange(0, n_tokens, size)
        weights = np.maximum.reduceat(np.maximum.reduceat(weights, starts, axis=2), starts, axis=3)
    weights = weights.swapaxes(2, 3)
    strongest = weights.reshape(n_layers * n_heads, -1).argmax(axis=1).tolist() if n_tokens else []
    deflate = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS, 9, zlib.Z_RLE)
    body = deflate.compress(np.ascontiguousarray(quantise(weights)).tobytes()) + deflate.flush()
    return body, weights.shape[-1], strongest


def matrix(
    values: np.ndarray,
    rows: Sequence[Token | str],
    columns: Sequence[Token | str],
    *,
    label: str,
    scale: Literal["magnitude", "signed"] = "magnitude",
    role: str = "attention",
    limit: float | None = None,
    floor: float = 0.0,
    chosen: tuple[int, int | None] | None = None,
    sentence: str = "{row} looks at {column} with weight {value}",
    digits: int = 2,
    empty: str = "",
    pick: bool = False,
) -> dict[str, Any]:
    """A table (R, C) of numbers; NaN is an empty cell.

    empty : what an empty cell says, like `sentence`; such cells are then hatched: they are ruled out, not just blank.
    limit : the magnitude that is fully coloured; None for the largest. floor : the magnitude that has no colour yet,
    for tables whose values all lie far from 0. role : the hue, unless the scale is signed.
    chosen : a cell, or a row when its second part is None; it is framed, and its value printed.
    sentence : what a cell says; {row}, {column} and {value} stand for the cell's own.
    Raises ValueError for labels that do not fit the table, KeyError for a role that does not exist.
    """
    values = np.asarray(values)
    if values.shape != (len(rows), len(columns)):
        raise ValueError(f"a table of {values.shape} with {len(rows)} row and {len(columns)} column labels")
    size = (block(values.shape[0]), block(values.shape[1]))
    data = {
        "rows": labels(rows),
        "columns": labels(columns),
        "label": label,
        "block": list(size),
        "signed": scale == "signed",
        "role": _role(role),
        "limit": _limit(values, 100) if limit is None else float(limit),
        "floor": float(floor),
        "chosen": None if chosen is None else [None if c is None else int(c) for c in chosen],
        "sentence": sentence,
        "digits": digits,
        "empty": empty,
        "pick": pick,
    }
    shown, where = (values, None) if size == (1, 1) else pool(values, *size)
    data["values"] = encode(shown.astype(np.float32))
    return data if where is None else {**data, "where": encode(where.astype(np.uint16))}


def bands(rows: Sequence[Band], *, label: str, chosen: int | None = None, pick: bool = False) -> dict[str, Any]:
    """Strips of H numbers, on one signed scale or, where `Band.scale` differs, on a few.

    Raises ValueError for strips of different lengths.
    """
    values = np.array([np.asarray(row.values, np.float32) for row in rows])  # (B, H); ValueError when ragged
    scales = [row.scale for row in rows]
    limits = [_limit(values[[other == s for other in scales]], SATURATED) for s in scales]
    return {
        "label": label,
        "names": [row.name for row in rows],
        "roles": [_role(row.role) for row in rows],
        "signs": [row.sign for row in rows],
        "digits": [row.digits for row in rows],
        "values": encode(values),
        "count": int(values.shape[1]) if values.ndim == 2 else 0,
        "scales": scales,
        "limits": limits,
        "chosen": None if chosen is None else int(chosen),
        "pick": pick,
    }


def bars(items: Sequence[Bar], *, label: str, pick: bool = False) -> dict[str, Any]:
    """Horizontal bars, in the order given."""
    return {
        "label": label,
        "pick": pick,
        "bars": [
            {
                "text": str(item.text),
                "value": round(min(1.0, max(0.0, float(item.value))), 6) if item.value == item.value else 0,
                "shown": tenths(item.value) if item.shown is None else item.shown,
                "role": _role(item.role),
                "note": item.note,
                "mark": item.mark,
                "signal": item.signal,
            }
            for item in items
        ],
    }


def packed(data: Mapping[str, Any]) -> Mapping[str, Any] | bytes:
    """A payload as few bytes as it needs: four zeros, then, deflated, the length of a JSON header (uint32, little-endian), the
    header, and the bytes of its "values", all first bytes of the numbers first. A small one stays as it is.
    """
    if "values" not in data:
        head, body = json.dumps(data, separators=(",", ":")), b""
        if len(head) < _SMALL:
            return data
    else:
        digits, limits = data["digits"], data.get("limits")
        if limits is None:  # a table: one row of numbers to this
            digits, limits = [digits], [data["limit"] - data["floor"]]
        steps, sent = _short(np.frombuffer(base64.b64decode(data["values"]), "<f4"), digits, limits)
        body = sent.view(np.uint8).reshape(-1, sent.itemsize).T.tobytes()
        head = json.dumps({**data, "values": "", "steps": steps, "width": sent.itemsize}, separators=(",", ":"))
    told = head.encode("ascii")
    return bytes(4) + zlib.compress(len(told).to_bytes(4, "little") + told + body)


def _short(values: np.ndarray, digits: Sequence[int], limits: Sequence[float]) -> tuple[list[float] | None, np.ndarray]:
    """Numbers (N,) of B rows, as whole numbers of two bytes, and the step of each row, so fine that every digit that is shown is
    the number's own, and no shade is lost. None, and the float32 as they are, where they are few, too large, or infinite.

    digits : decimals that are shown, of each row. limits : how far it is from no colour to the full one.
    """
    if values.size < MANY or np.isinf(values).any():
        return None, values
    fine = [max(n, math.ceil(-math.log10(max(limit, 1e-12) / _SHADES))) for n, limit in zip(digits, limits, strict=True)]
    shown, exact = (10.0 ** np.array(places)[:, None] for places in (digits, fine))
    rows = values.astype(float).reshape(len(fine), -1)
    # Rounded twice, first here and then where it is read, a number could get another last digit than rounded once.
    near, half = np.rint(rows * shown) * (exact / shown), np.maximum(exact / shown / 2 - 1, 0)
    whole = np.clip(np.rint(rows * exact), near - half, near + half)
    if np.nanmax(np.abs(whole), initial=0) > _WHOLE:
        return None, values
    return [10.0**-n for n in fine], np.where(np.isnan(whole), -_WHOLE - 1, whole).astype("<i2")


def _limit(values: np.ndarray, percentile: float) -> float:
    """The magnitude that gets the full colour: this percentile of the finite ones, or 1 where there is none above 0."""
    finite = np.abs(values[np.isfinite(values)])
    return float(np.percentile(finite, percentile)) or 1.0 if finite.size else 1.0


def _role(name: str) -> str:
    if name not in _ROLES:
        raise KeyError(f"no colour role {name!r}: {', '.join(sorted(_ROLES))}")
    return name.replace("_", "-")


def _text(item: Token | str) -> str:
    return item if isinstance(item, str) else item.text


def _special(item: Token | str) -> bool:
    return item.startswith("[") and item.endswith("]") if isinstance(item, str) else item.special


def _continues(item: Token | str) -> bool:
    return item.startswith("##") if isinstance(item, str) else item.continues


def _sentence(item: Token | str) -> str:
    """Which sentence's letter stands in front of it: also of a word that is masked, or a special token that was typed."""
    return " " if isinstance(item, str) or item.sentence is None else "AB"[item.segment]


def _letter(item: Token | str) -> str:
    if isinstance(item, str):
        return "n"
    if item.masked:
        return "m"
    return {"special": "s", "segment_a": "a", "segment_b": "b"}[theme.segment_role(item.special, item.segment)]
