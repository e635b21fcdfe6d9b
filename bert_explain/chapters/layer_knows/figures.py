"""The chapter's charts: pure functions, plotly."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from bert_explain.figures.chart import chart, title
from bert_explain.figures.theme import Palette

# column -> (name, role, dash, symbol)
LINES = {
    "right": ("right, on new sentences", "hidden", "solid", "circle"),
    "lot": ("labels drawn by lot", "query", "dash", "diamond"),
}


def probe_chart(table: pd.DataFrame, palette: Palette, lines: tuple[str, ...] = ("right",), height: int = 300) -> go.Figure:
    """Shares by layer with their 95 % intervals; a dotted line for the list of words. table : `numbers.Layers.table`."""
    layers = np.arange(len(table))
    traces = []
    for column in lines:
        name, role, dash, symbol = LINES[column]
        low, high = ("low", "high") if column == "right" else (f"{column}_low", f"{column}_high")
        value, colour = table[column].to_numpy(), getattr(palette, role)
        traces.append(
            go.Scatter(
                x=layers,
                y=value,
                mode="lines+markers",
                name=name,
                line={"color": colour, "width": 2.5, "dash": dash},
                marker={"color": colour, "size": 9, "symbol": symbol},
                error_y={
                    "type": "data",
                    "symmetric": False,
                    "array": np.maximum(table[high].to_numpy() - value, 0),
                    "arrayminus": np.maximum(value - table[low].to_numpy(), 0),
                    "color": colour,
                    "thickness": 1.5,
                    "width": 5,
                },
                hovertemplate=f"{name}, layer %{{x}}: %{{y:.1%}}<extra></extra>",
                cliponaxis=False,
            )
        )
    plain = float(table["commonest"].iloc[0])
    traces.append(
        go.Scatter(
            x=np.array([0, len(table) - 1]),
            y=np.array([plain, plain]),
            mode="lines",
            name="a list of words",
            line={"color": palette.soft, "width": 1.5, "dash": "2px,4px"},
            hovertemplate="a list of words: %{y:.1%}<extra></extra>",
            cliponaxis=False,
        )
    )
    shown = [plain, *(float(table[column].min()) for column in lines)]
    floor = max(0.0, np.floor(10 * min(shown) - 0.5) / 10)
    names = ["input", *(str(layer) for layer in layers[1:])]
    return chart(
        traces,
        palette,
        height,
        {"title": title("after layer"), "tickvals": layers, "ticktext": names, "range": [-0.25, len(table) - 0.75]},
        {"range": [floor, 1.005], "tickformat": ".0%", "title": title("of the words")},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    )


def heads_chart(table: pd.DataFrame, palette: Palette) -> go.Figure:
    """Of each relation the best head with its interval, and the best fixed rule. table : `numbers.heads_table`."""
    names = [f"{row.relation}<br>{row.what}" for row in table.itertuples()]
    right = table["right"].to_numpy()
    head = go.Scatter(
        x=right,
        y=names,
        mode="markers",
        name="its best head",
        marker={"size": 11, "color": palette.attention},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": np.maximum(table["high"].to_numpy() - right, 0),
            "arrayminus": np.maximum(right - table["low"].to_numpy(), 0),
            "color": palette.attention,
            "thickness": 2,
            "width": 6,
        },
        customdata=[f"head {row.head} of layer {row.layer}" for row in table.itertuples()],
        hovertemplate="%{customdata}: %{x:.1%}<extra></extra>",
        cliponaxis=False,
    )
    plain = go.Scatter(
        x=table["by_rule"].to_numpy(),
        y=names,
        mode="markers",
        name="the best fixed rule",
        marker={"size": 13, "symbol": "diamond-open", "color": palette.query, "line": {"width": 2.5}},
        customdata=table["rule"].to_numpy(),
        hovertemplate="“%{customdata}”: %{x:.1%}<extra></extra>",
        cliponaxis=False,
    )
    return chart(
        [head, plain],
        palette,
        72 + 50 * len(table),
        {"range": [-0.02, 1.02], "tickformat": ".0%"},
        {"autorange": "reversed", "tickfont": {"size": 13}, "showgrid": False},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
    )
