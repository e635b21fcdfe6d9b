"""Pictures of all layers: what each adds, how each token's vector changes, and the map of all paths.

Pieces come from the reader or the vocabulary: they are escaped here for plotly.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from bert_explain.chapters.layer.journey import PathMap
from bert_explain.figures import theme
from bert_explain.figures.chart import chart, title
from bert_explain.figures.theme import Palette
from bert_explain.kernel import readings

LABELLED = 40  # paths of the map whose ends can carry their token without hiding each other
NAME = (0.07, 0.045)  # room for a name in the map, as shares of its width and height


def shares(table: pd.DataFrame, chosen: int, palette: Palette) -> go.Figure:
    """Two lines: how long what attention and the feed-forward network add is, beside what they are added to."""
    lines = []
    for name, role, symbol, dash in (
        ("attention", "attention", "circle", "solid"),
        ("feed-forward", "hidden", "square", "dash"),
    ):
        share = table[name].to_numpy()
        lines.append(
            go.Scatter(
                x=table["layer"].to_numpy(),
                y=np.where(share > 0, share, np.nan),
                name=name,
                mode="lines+markers",
                line={"color": getattr(palette, role), "width": 2, "dash": dash},
                marker={"symbol": symbol, "size": 9},
                customdata=np.array([readings.share(part) for part in share]),
                hovertemplate=f"layer %{{x}}: {name} adds %{{customdata}} of the length<extra></extra>",
            )
        )
    as_long = {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": 1,
        "y1": 1,
        "line": {"color": palette.soft, "width": 1, "dash": "dot"},
    }
    here = {
        "type": "rect",
        "yref": "paper",
        "x0": chosen + 0.5,
        "x1": chosen + 1.5,
        "y0": 0,
        "y1": 1,
        "fillcolor": palette.accent,
        "opacity": 0.08,
        "line": {"width": 0},
    }
    ticks = np.array([0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50])  # a ratio: equal steps are equal factors
    return chart(
        lines,
        palette,
        280,
        {"title": title("layer"), "dtick": 1, "showgrid": False, "range": [0.5, len(table) + 0.5]},
        {"type": "log", "tickvals": ticks, "tickformat": ".0%"},
        shapes=[as_long, here],
    )


def journey(values: np.ndarray, pieces: Sequence[str], position: int, palette: Palette) -> go.Figure:
    """One measure (L + 1, T) of every token from layer to layer: the chosen token in colour, all others behind it."""
    layers, count = values.shape
    others = [i for i in range(count) if i != position]
    name, across = escape(pieces[position]), np.arange(layers)
    lines = _lines(np.tile(across[:, None].astype(float), (1, count)), values, others, pieces)
    behind = _behind(lines, palette, 0.5 if count <= LABELLED else 0.15, "%{text}: %{y:.2f}")
    chosen = go.Scatter(
        x=across,
        y=values[:, position],
        text=np.full(layers, name),
        mode="lines+markers",
        name=name,
        marker={"size": 8},
        line={"color": palette.accent, "width": 3},
        hovertemplate="%{text}, layer %{x}: %{y:.3f}<extra></extra>",
    )
    return chart([behind, chosen], palette, 320, {"title": title("layer (0 = input)"), "dtick": 1, "showgrid": False}, {})


def path_map(found: PathMap, pieces: Sequence[str], position: int, palette: Palette) -> go.Figure:
    """The map of all hidden states: thin paths of all tokens, the chosen token's path with its layers numbered."""
    layers, count = found.points.shape[:2]
    others = [i for i in range(count) if i != position]
    lines = _lines(found.points[..., 0], found.points[..., 1], others, pieces)
    drawn = [_behind(lines, palette, 0.3 if count <= LABELLED else 0.12, "%{text}")]
    if count <= LABELLED:
        ends, shown = found.points[-1, others], _apart(found.points, position)
        names = np.array([escape(pieces[i]) for i in others], dtype=str)
        drawn.append(
            go.Scatter(
                x=ends[:, 0],
                y=ends[:, 1],
                customdata=names,
                text=np.where([i in shown for i in others], names, ""),
                mode="markers+text",
                textposition="top center",
                name="where they end",
                showlegend=False,
                textfont={"family": theme.MONO_FONT, "size": 12, "color": palette.soft},
                marker={"color": palette.soft, "size": 5},
                hovertemplate="%{customdata}, last layer<extra></extra>",
            )
        )
    name = escape(pieces[position])
    drawn.append(
        go.Scatter(
            x=found.points[:, position, 0],
            y=found.points[:, position, 1],
            mode="lines+markers+text",
            name=name,
            text=np.arange(layers).astype(str),
            textposition="top center",
            textfont={"color": palette.accent, "size": 14},
            line={"color": palette.accent, "width": 3},
            marker={"size": 9},
            customdata=np.full(layers, name),
            hovertemplate="%{customdata}, layer %{text}<extra></extra>",
        )
    )
    axes = ({"title": title(f"{readings.share(share)} of the variance"), "showticklabels": False} for share in found.variance)
    return chart(drawn, palette, 460, *axes)


def _apart(points: np.ndarray, position: int) -> set[int]:
    """The tokens whose end can carry its name without covering another name, or the chosen token's path."""
    size = np.ptp(points.reshape(-1, 2), axis=0).clip(1e-9)
    taken, shown = [*points[:, position] / size], set()
    for i, end in enumerate(points[-1] / size):
        if i != position and all(abs(end[0] - x) > NAME[0] or abs(end[1] - y) > NAME[1] for x, y in taken):
            taken.append(end)
            shown.add(i)
    return shown


def _behind(lines: tuple[np.ndarray, ...], palette: Palette, opacity: float, told: str) -> go.Scatter:
    """The paths of the tokens that are not chosen. lines : as `_lines` gives them."""
    x, y, text = lines
    return go.Scatter(
        x=x,
        y=y,
        text=text,
        mode="lines",
        line={"color": palette.soft, "width": 1},
        name="the other tokens",
        opacity=opacity,
        hovertemplate=f"{told}<extra></extra>",
    )


def _lines(x: np.ndarray, y: np.ndarray, which: Sequence[int], pieces: Sequence[str]) -> tuple[np.ndarray, ...]:
    """(L + 1, T) coordinates -> one long line with a gap after each token's path, and its text at every point."""
    gap = np.full((1, len(which)), np.nan)
    flat = [np.concatenate([part[:, which], gap]).T.ravel().astype(np.float32) for part in (x, y)]
    layers = len(x)
    names = [f"{escape(pieces[i])}, layer {layer}" for i in which for layer in range(layers + 1)]
    return flat[0], flat[1], np.array(names, dtype=str)
