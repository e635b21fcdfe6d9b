"""The picture of the Transformer of 2017 (Vaswani et al., figure 1), drawn by us; and the bars of the models' sizes."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from bert_explain.content import transformer as content
from bert_explain.figures.chart import chart, kept
from bert_explain.figures.theme import Palette
from bert_explain.kernel.readings import tenths

WIDTH, HEIGHT = 380, 556  # of the picture, in its own units
PITCH, HIGH, WIDE = 40, 28, 136
ENCODER, DECODER = 28, 216  # left edges of the two columns
OUTER = {ENCODER: 16, DECODER: 363}  # where the way around a box runs
STACK = 14  # room for the frame around a layer

# Each box: its name, the kind of which the content speaks, its words, its colour, its column, its row from the bottom.
BOXES = (
    ("input", "input", "Input", "segment_a", ENCODER, 0),
    ("embedding", "embedding", "Token embedding", "token", ENCODER, 1),
    ("positions", "positions", "+ Positions", "position", ENCODER, 2),
    ("self_attention", "attention", "Self-attention", "attention", ENCODER, 3),
    ("norm_1", "norm", "Add, LayerNorm", "soft", ENCODER, 4),
    ("feed_forward", "feed_forward", "Feed-forward", "value", ENCODER, 5),
    ("norm_2", "norm", "Add, LayerNorm", "soft", ENCODER, 6),
    ("decoder_input", "decoder_input", "Output so far", "segment_b", DECODER, 0),
    ("decoder_embedding", "embedding", "Token embedding", "token", DECODER, 1),
    ("decoder_positions", "positions", "+ Positions", "position", DECODER, 2),
    ("masked_attention", "masked_attention", "Masked self-attn.", "attention", DECODER, 3),
    ("norm_3", "norm", "Add, LayerNorm", "soft", DECODER, 4),
    ("cross_attention", "cross_attention", "Cross-attention", "query", DECODER, 5),
    ("norm_4", "norm", "Add, LayerNorm", "soft", DECODER, 6),
    ("decoder_feed_forward", "feed_forward", "Feed-forward", "value", DECODER, 7),
    ("norm_5", "norm", "Add, LayerNorm", "soft", DECODER, 8),
    ("linear", "linear", "Linear", "hidden", DECODER, 9),
    ("softmax", "softmax", "Softmax", "probability", DECODER, 10),
)
NAMES = tuple(box[0] for box in BOXES)
KINDS = tuple(box[1] for box in BOXES)
ACROSS = {"cross_attention", "norm_4"}
COLOURS = {
    "embeddings": "token",
    "attention": "attention",
    "feed-forward": "value",
    "LayerNorm": "soft",
    "pooler": "hidden",
    "heads": "probability",
}
PATTERNS = {"embeddings": "", "attention": "/", "feed-forward": "", "LayerNorm": "", "pooler": "", "heads": "\\"}


def state(name: str, column: int, half: str) -> str:
    """How a box is shown: "lit", "dim" (of the other half), or "out" (GPT has no cross-attention)."""
    if half == "gpt" and name in ACROSS:
        return "out"
    return "lit" if half == "whole" or column == {"gpt": DECODER, "bert": ENCODER}[half] else "dim"


def drawing(half: str) -> dict[str, Any]:
    """The payload of the diagram component: boxes, ways between them, frames around the layers, words."""
    told = content.boxes()
    boxes = [
        {
            "name": name,
            "text": words,
            "role": role.replace("_", "-"),
            "x": x,
            "y": _top(row),
            "w": WIDE,
            "h": HIGH,
            "state": state(name, x, half),
            "title": told[kind].title,
            "says": told[kind].says,
        }
        for name, kind, words, role, x, row in BOXES
    ]
    frames = [
        {"x": 6, "y": _top(6) - 9, "w": 168, "h": _top(3) + HIGH + 22 - _top(6) + 9, "state": state("", ENCODER, half)},
        {"x": 206, "y": _top(8) - 9, "w": 168, "h": _top(3) + HIGH + 22 - _top(8) + 9, "state": state("", DECODER, half)},
    ]
    left, right = content.halves()[half].layers
    words = [
        {"x": 92, "y": _top(7) + 2, "text": left, "anchor": "middle", "state": frames[0]["state"]},
        {"x": 293, "y": _top(8) - 14, "text": right, "anchor": "start", "state": frames[1]["state"]},
        {"x": 284, "y": 24, "text": "the next word", "anchor": "middle", "state": frames[1]["state"]},
    ]
    return {"width": WIDTH, "height": HEIGHT, "boxes": boxes, "frames": frames, "words": words, "ways": _ways(half)}


def _top(row: int) -> float:
    """The upper edge of a row; the layers' frames stand a little apart from what is below and above them."""
    return HEIGHT - 8 - HIGH - row * PITCH - STACK * (row > 2) - STACK * (row > 8)


def _ways(half: str) -> list[dict[str, Any]]:
    """The arrows: up each column, around each box that is added to, and from the encoder across to the decoder."""
    ways = []
    for column, last in ((ENCODER, 6), (DECODER, 10)):
        middle, lit = column + WIDE / 2, state("", column, half)
        for row in range(last):
            ways.append({"d": f"M{middle} {_top(row)}V{_top(row + 1) + HIGH}", "state": lit})
        adds = (3, 5) if column == ENCODER else (3, 5, 7)
        for row in adds:  # around the box at `row`, into the one above it
            edge = column if column == ENCODER else column + WIDE
            below, name = _top(row) + HIGH + 6, BOXES[row + (0 if column == ENCODER else 7)][0]
            at = _top(row + 1) + HIGH / 2
            ways.append({"d": f"M{middle} {below}H{OUTER[column]}V{at}H{edge}", "state": state(name, column, half)})
    ways.append({"d": f"M{DECODER + WIDE / 2} {_top(10)}V32", "state": state("", DECODER, half)})
    over = f"M{ENCODER + WIDE / 2} {_top(6)}V{_top(7) + 10}H190V{_top(5) + HIGH / 2}H{DECODER}"
    ways.append({"d": over, "state": {"whole": "lit", "gpt": "out", "bert": "dim"}[half]})
    return ways


def table() -> pd.DataFrame:
    """The boxes in words: half, box, what it does, which model kept it."""
    told = content.boxes()
    kept = {True: "BERT", False: "GPT"}
    rows = [
        (
            "encoder" if x == ENCODER else "decoder",
            told[kind].title,
            told[kind].says,
            "neither" if name in ACROSS else kept[x == ENCODER],
        )
        for name, kind, _, _, x, _ in BOXES
    ]
    return pd.DataFrame(rows, columns=["half", "box", "what it does", "kept by"])


@kept
def bars(shares: pd.DataFrame, palette: Palette, by: str) -> go.Figure:
    """One stacked bar a model, of `transformer.by_group`: by "share" or by "parameters"."""
    names = list(dict.fromkeys(shares["model"]))
    data = []
    for group, rows in shares.groupby("group", sort=False):
        rows = rows.set_index("model").reindex(names)
        colour = getattr(palette, COLOURS[group])
        data.append(
            {
                "type": "bar",
                "orientation": "h",
                "name": group,
                "y": np.array([escape(name, quote=False) for name in names]),
                "x": rows[by].to_numpy(dtype=float),
                "marker": {
                    "color": colour,
                    "line": {"color": palette.card, "width": 1},
                    "pattern": {
                        "shape": PATTERNS[group],
                        "fgcolor": palette.card,
                        "bgcolor": colour,
                        "size": 7,
                        "solidity": 0.12,
                    },
                },
                "customdata": [[f"{int(row.parameters):,}", tenths(row.share)] for row in rows.itertuples()],
                "hovertemplate": "%{y}<br>" + group + ": %{customdata[0]} numbers, %{customdata[1]}<extra></extra>",
            }
        )
    x = {"tickformat": ".0%", "range": [0, 1]} if by == "share" else {"tickformat": "~s", "rangemode": "tozero"}
    return chart(
        data,
        palette,
        44 * len(names) + 96,
        x,
        {"autorange": "reversed", "showgrid": False},
        barmode="stack",
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "traceorder": "normal"},
    )
