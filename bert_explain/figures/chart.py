"""One plotly chart with the look that all share."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from bert_explain.figures import theme
from bert_explain.figures.theme import Palette

# How st.plotly_chart is told to leave such a figure as it is.
CHART: dict[str, Any] = {"theme": None, "config": {"displayModeBar": False}}


def chart(traces: list, palette: Palette, height: int, x: dict, y: dict, **layout: Any) -> go.Figure:
    """A figure with the shared look. The layout goes in at once: plotly takes six times as long to change one later."""
    shared = theme.layout(palette, height)
    axes = {
        "xaxis": {**shared["xaxis"], **x, "fixedrange": True},
        "yaxis": {**shared["yaxis"], **y, "fixedrange": True},
    }
    return go.Figure(traces, layout={**shared, **axes, **layout})


def title(text: str) -> dict:
    """An axis title no larger than the text around it."""
    return {"text": text, "font": {"size": 14}}
