"""Pictures of the chapter: P against how many heads are off."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from bert_explain.chapters.changed.numbers import Switched
from bert_explain.figures.chart import chart, title
from bert_explain.figures.theme import Palette
from bert_explain.kernel.readings import percent
from bert_explain.kernel.text import plotly


def off_chart(s: Switched, palette: Palette) -> go.Figure:
    """P with more and more heads off: chosen greedily (dots), and in random orders (their mean, and from least to most)."""
    count, random = np.arange(s.units + 1), s.random
    band = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip"}
    shown = {"mode": "lines", "line": {"color": palette.hidden, "width": 2, "dash": "dot"}}
    names = np.array([plotly(text) for text in ("all on", *s.chosen)])
    traces = [
        go.Scatter(x=count, y=random.max(axis=0), showlegend=False, **band),
        go.Scatter(x=count, y=random.min(axis=0), fill="tonexty", fillcolor=_pale(palette.hidden), name="least to most", **band),
        go.Scatter(
            x=count,
            y=random.mean(axis=0),
            name=f"at random, mean of {len(random)} orders",
            customdata=np.array([percent(p) for p in random.mean(axis=0)]),
            hovertemplate=f"%{{x}} {s.what} off at random: %{{customdata}}<extra></extra>",
            **shown,
        ),
        go.Scatter(
            x=count[: len(s.greedy)],
            y=s.greedy,
            mode="lines+markers",
            name="greedily",
            line={"color": palette.probability, "width": 2.5},
            marker={"size": 8, "symbol": np.where(s.greedy_first, "circle", "x")},
            customdata=np.column_stack([names, [percent(p) for p in s.greedy]]),
            hovertemplate="%{x} off, last %{customdata[0]}: %{customdata[1]}<extra></extra>",
        ),
    ]
    top = float(max(s.greedy.max(), random.max(), 1e-6))
    ticks = {"title": title("P of the answer"), "range": [0, 1.05 * top], "tickformat": ".0%" if top > 0.05 else ".2%"}
    across = {"title": title(f"{s.what} switched off"), "showgrid": False, "zeroline": False}
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}
    return chart(traces, palette, 320, across, ticks, legend=legend)


def _pale(colour: str) -> str:
    """A colour of the palette (#rrggbb), nearly transparent."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.18)"
