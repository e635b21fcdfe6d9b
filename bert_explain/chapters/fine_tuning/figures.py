"""The chapter's charts: pure functions, plotly."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from bert_explain.chapters.fine_tuning import numbers
from bert_explain.figures.chart import chart, title
from bert_explain.figures.senses import colours
from bert_explain.figures.theme import Palette
from bert_explain.kernel.text import plotly
from bert_explain.training.fine_tuning import Tuned

SMOOTHED = 5  # steps


def course_chart(course: pd.DataFrame, palette: Palette) -> go.Figure:
    """Loss of each step (mean of a few, one dot each), and the test score at the end of each epoch."""
    smooth = course["loss"].rolling(SMOOTHED, min_periods=1).mean()
    tested = course.dropna(subset="test score")
    traces = [
        go.Scatter(
            x=course["step"],
            y=course["loss"],
            mode="markers",
            name="loss of a step",
            marker={"color": palette.soft, "size": 4},
            hovertemplate="step %{x}: %{y:.3f}<extra></extra>",
        ),
        go.Scatter(
            x=course["step"],
            y=smooth,
            mode="lines",
            name=f"mean of {SMOOTHED}",
            line={"color": palette.hidden, "width": 2.5},
            hovertemplate="step %{x}: %{y:.3f}<extra></extra>",
        ),
        go.Scatter(
            x=tested["step"],
            y=tested["test score"],
            mode="lines+markers",
            name="test score (right axis)",
            yaxis="y2",
            line={"color": palette.true_word, "width": 2, "dash": "dot"},
            marker={"color": palette.true_word, "size": 9, "symbol": "diamond"},
            hovertemplate="after step %{x}: %{y:.2f}<extra></extra>",
        ),
    ]
    figure = chart(
        traces,
        palette,
        280,
        {"title": title("step"), "showgrid": False, "zeroline": False},
        {"title": title("loss"), "rangemode": "tozero"},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    )
    right = {"overlaying": "y", "side": "right", "range": [0, 1], "dtick": 0.2, "showgrid": False, "fixedrange": True}
    figure.update_layout(yaxis2={**figure.layout.yaxis.to_plotly_json(), **right, "title": title("test score")})
    return figure


def label_map(tuned: Tuned, when: str, palette: Palette) -> tuple[go.Figure, float]:
    """The test examples on the two directions of largest variance, "before" or "after"; and these directions' share."""
    places, share = numbers.flat_map(getattr(tuned, when))
    labels = np.array(numbers.labels_of(tuned))
    texts = np.array([plotly(" / ".join(e.inputs)[:90]) for e in tuned.task.test])
    traces = []
    for name, (role, symbol) in colours(labels.tolist()).items():
        rows = labels == name
        if not rows.any():
            continue
        traces.append(
            go.Scatter(
                x=places[rows, 0],
                y=places[rows, 1],
                mode="markers",
                name=plotly(name),
                marker={"color": getattr(palette, role), "symbol": symbol, "size": 9, "opacity": 0.85},
                customdata=texts[rows],
                hovertemplate="%{customdata}<extra></extra>",
            )
        )
    axis = {"visible": False}
    legend = {"orientation": "h", "y": -0.02, "yanchor": "top", "x": 0}
    return chart(traces, palette, 340, dict(axis), dict(axis), legend=legend), share
