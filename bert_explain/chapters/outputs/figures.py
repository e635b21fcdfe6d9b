"""Pictures of the output vectors: strips of all tokens, lines through the layers, the map, the neighbours' bars.

Pieces come from the reader or the vocabulary: they are escaped here for plotly.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from bert_explain.analysis.outputs import TokenMap, signed
from bert_explain.figures import theme
from bert_explain.figures.chart import chart
from bert_explain.figures.payload import Band, Bar
from bert_explain.figures.theme import Palette
from bert_explain.kernel.text import plotly
from bert_explain.trace import Token, Trace

SYMBOLS = {"segment_a": "circle", "segment_b": "diamond", "special": "x-thin", "masked": "square"}
NAMES = {"segment_a": "sentence A", "segment_b": "sentence B", "special": "special tokens", "masked": "masked"}
LINKS = 3  # lines from the chosen token to its nearest neighbours
CROWD = 80  # tokens above which the points are drawn small and thin
ROOM = (0.075, 0.05)  # what a name needs on the map, as shares of its width and height


def strips(tokens: Sequence[Token], values: np.ndarray) -> list[Band]:
    """One strip of H numbers for each token, in the colour of its segment."""
    return [Band(t.text, row, role(t)) for t, row in zip(tokens, values, strict=True)]


def pooler_bands(trace: Trace) -> list[Band]:
    """[CLS] after the last layer and, where there is a pooler, tanh(W h + b): two scales, for tanh ends at 1."""
    bands = [Band(f"h of {trace.spec.special.start.text}", trace.hidden[-1][0], "hidden", scale="h")]
    return bands if trace.pooled is None else [*bands, Band("pooled", trace.pooled, "probability", "→", scale="pooled")]


def role(token: Token) -> str:
    """The colour of a token: masked, special, or its segment."""
    return "masked" if token.masked else theme.segment_role(token.special, token.segment)


def neighbour_bars(table: pd.DataFrame, top: int, on_map: bool = True) -> list[Bar]:
    """The nearest tokens by cosine; with `on_map` beside each its place on the map, where that is another one."""
    shown = table.head(top)
    twice = shown["token"].duplicated(keep=False).to_numpy()
    return [
        Bar(
            row["token"],
            max(row["cosine"], 0.0),
            "hidden",
            shown=signed(row["cosine"]),
            note=", ".join(filter(None, [f"position {row['position']}" if again else "", _place(row) if on_map else ""])),
        )
        for (_, row), again in zip(shown.iterrows(), twice, strict=True)
    ]


def _place(row: pd.Series) -> str:
    return "" if row["rank"] == row["on the map"] else f"number {row['on the map']} on the map"


def pair_lines(table: pd.DataFrame, measure: str, names: tuple[str, str], layer: int, palette: Palette) -> go.Figure:
    """Two tokens from layer to layer: their cosine beside the mean of all pairs, or their lengths beside the mean."""
    one, other = (plotly(name) for name in names)
    if measure == "cosine":
        lines = [
            ("cosine", f"{one} and {other}", "accent", "solid", "circle"),
            ("mean cosine", "all pairs, mean", "soft", "dot", "line-ew"),
        ]
    else:
        lines = [
            ("length", one, "accent", "solid", "circle"),
            ("other length", other, "position", "dash", "diamond"),
            ("mean length", "all tokens, mean", "soft", "dot", "line-ew"),
        ]
    traces = [
        {
            "type": "scatter",
            "x": table["layer"].to_numpy(),
            "y": table[column].to_numpy(),
            "name": name,
            "mode": "lines+markers",
            "line": {"color": getattr(palette, colour), "width": 1.5 if colour == "soft" else 2.5, "dash": dash},
            "marker": {"symbol": symbol, "size": 9 if colour != "soft" else 6},
            "hovertemplate": f"{name}<br>layer %{{x}}: %{{y:.3f}}<extra></extra>",
        }
        for column, name, colour, dash, symbol in lines
    ]
    shared = theme.layout(palette, height=300)
    lowest = min(0.0, float(table["cosine"].min())) - 0.05
    here = {
        "type": "rect",
        "x0": layer - 0.5,
        "x1": layer + 0.5,
        "y0": 0,
        "y1": 1,
        "yref": "y domain",
        "fillcolor": palette.accent,
        "opacity": 0.08,
        "line": {"width": 0},
    }
    step = 1 if len(table) <= 13 else 2
    return chart(
        traces,
        palette,
        300,
        {"title": {"text": "layer (0 = input)"}, "dtick": step, "showgrid": False, "zeroline": False},
        {"range": [lowest, 1.05]} if measure == "cosine" else {"rangemode": "tozero"},
        margin=shared["margin"] | {"t": 40},
        legend=shared["legend"] | {"y": 1.03, "yanchor": "bottom"},
        shapes=[here],
    )


def token_map(
    found: TokenMap, layer: int, tokens: Sequence[Token], position: int, nearest: Sequence[int], palette: Palette
) -> go.Figure:
    """One layer's tokens on the plane; lines run from the chosen token to its nearest by cosine.

    The axes are the same for all layers, so moving the layer moves only the points.
    """
    points = found.points[layer]
    roles, names = [role(t) for t in tokens], _names(found, layer, position, nearest)
    traces: list[dict] = [
        {
            "type": "scatter",
            "x": points[[position, other], 0],
            "y": points[[position, other], 1],
            "mode": "lines",
            "hoverinfo": "skip",
            "line": {"color": palette.accent, "width": 1.5, "dash": "dot"},
            "name": "nearest by cosine",
            "showlegend": number == 0,
        }
        for number, other in enumerate(nearest[:LINKS])
    ]
    for kind in (k for k in SYMBOLS if k in roles):
        at = np.array([i for i, r in enumerate(roles) if r == kind and i != position], dtype=int)
        if at.size:
            traces.append(_points(points, at, kind, tokens, names, palette))
    traces.append(
        {
            "type": "scatter",
            "x": points[[position], 0],
            "y": points[[position], 1],
            "mode": "markers+text",
            "showlegend": False,
            "text": np.array([escape(tokens[position].text)]),
            "textposition": "top center",
            "textfont": {"family": theme.MONO_FONT, "size": 14, "color": palette.accent},
            "marker": {"size": 14, "color": palette.accent, "symbol": SYMBOLS[roles[position]].replace("x-thin", "x")},
            "hovertemplate": f"{plotly(tokens[position].text)}, the chosen token<extra></extra>",
        }
    )
    axes = []
    for which in (0, 1):
        low, high = found.points[..., which].min(), found.points[..., which].max()
        room = 0.12 * (high - low) or 1.0
        axes.append({"range": [low - room, high + room], "showticklabels": False, "showgrid": False, "zeroline": False})
    return chart(traces, palette, 460, *axes)


def _points(
    points: np.ndarray,
    at: np.ndarray,
    kind: str,
    tokens: Sequence[Token],
    names: dict[int, str],
    palette: Palette,
) -> dict:
    colour = getattr(palette, kind)
    marker = {"color": colour, "size": 9 if len(tokens) <= CROWD else 5, "symbol": SYMBOLS[kind]}
    marker |= {} if len(tokens) <= CROWD else {"opacity": 0.5}
    if kind == "special":
        marker["line"] = {"color": colour, "width": 2}
    return {
        "type": "scatter",
        "x": points[at, 0],
        "y": points[at, 1],
        "mode": "markers+text",
        "name": NAMES[kind],
        "marker": marker,
        "text": np.array([escape(tokens[i].text) if i in names else "" for i in at], dtype=str),
        "textposition": [names.get(int(i), "top center") for i in at],
        "textfont": {"family": theme.MONO_FONT, "size": 12, "color": colour},
        "customdata": np.array([f"{escape(tokens[i].text)}, position {i}" for i in at], dtype=str),
        "hovertemplate": "%{customdata}<extra></extra>",
    }


def _names(found: TokenMap, layer: int, position: int, nearest: Sequence[int]) -> dict[int, str]:
    """The tokens that carry their name, and where: the nearest, on the side away from the chosen one; then, from left
    to right, those whose name covers no other."""
    points = found.points[layer]
    size = np.ptp(found.points.reshape(-1, 2), axis=0).clip(1e-9)
    shown = {i: "bottom center" if points[i, 1] < points[position, 1] else "top center" for i in nearest[:LINKS]}
    taken = [points[i] / size for i in (position, *shown)]
    for i in np.argsort(points[:, 0], kind="stable"):
        place = points[i] / size
        if all(abs(place[0] - x) > ROOM[0] or abs(place[1] - y) > ROOM[1] for x, y in taken):
            taken.append(place)
            shown[int(i)] = "top center"
    return shown
