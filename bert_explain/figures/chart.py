"""One plotly chart with the look that all share."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from bert_explain.analysis.remember import Memory
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


def kept(draw: Callable[..., go.Figure]) -> Callable[..., go.Figure]:
    """Draw a figure once for each table: what does not depend on the reader's text is not drawn anew at every edit."""
    memory = Memory()

    @wraps(draw)
    def kept_or_drawn(table: pd.DataFrame, *choices: Hashable, **named: Hashable) -> go.Figure:
        key = *choices, *sorted(named.items())
        figure = memory.get(table, *key)
        if figure is None:
            figure = draw(table, *choices, **named)
            memory.put(table, figure, *key)
        return figure

    return kept_or_drawn
