"""The chapter's charts: scores with their intervals; pure functions, plotly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from bert_explain.chapters.features.numbers import Compared
from bert_explain.figures.chart import chart, title
from bert_explain.figures.theme import Palette
from bert_explain.kernel.text import plotly

POOLINGS = {"mean": ("attention", "circle"), "maximum": ("position", "diamond")}
FIRST = ("special", "square")  # the pooling that takes the first token, whatever the model calls it
LINES = (("attention", "circle", "solid"), ("segment_a", "square", "dash"), ("special", "diamond", "dot"))
APART = 0.16  # of one step: what stands at one place is drawn side by side
LEGEND = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}


def ways_chart(found: Compared, palette: Palette, measure: str) -> go.Figure:
    """Every way to take a token's vector, and each pooling, with intervals; dotted: who always says the same."""
    names = list(dict.fromkeys(found.table["way"]))
    poolings = list(dict.fromkeys(found.table["pooling"]))
    layers = [i for i, name in enumerate(names) if not name.startswith(("last", "all"))]
    traces = [_always(found, palette, (-0.4, len(names) - 0.6))]
    for k, pooling in enumerate(poolings):
        role, symbol = POOLINGS.get(pooling, FIRST)
        rows = found.table[found.table["pooling"] == pooling].reset_index(drop=True)
        aside = APART * (k - (len(poolings) - 1) / 2)
        traces.append(_points(rows, [i + aside for i in range(len(names))], plotly(pooling), getattr(palette, role), symbol))
        traces.append(
            go.Scatter(
                x=[i + aside for i in layers],
                y=rows["score"].iloc[layers],
                mode="lines",
                line={"color": getattr(palette, role), "width": 1.5},
                hoverinfo="skip",
                showlegend=False,
            )
        )
    wide = {
        "tickvals": list(range(len(names))),
        "ticktext": [_short(name) for name in names],
        "tickangle": 0,
        "title": title("layer"),
        "range": [-0.5, len(names) - 0.5],
        "showgrid": False,
        "zeroline": False,
    }
    return chart(traces, palette, 360, wide, _up(found, measure), legend=LEGEND, showlegend=True)


def rows_chart(found: Compared, palette: Palette, measure: str, names: str = "who", outlined: Sequence[str] = ()) -> go.Figure:
    """A row a way, its score with its interval and, where the table has one, the paper's number."""
    table = found.table
    labels = [plotly(str(name)) for name in table[names]]
    colours = [palette.attention if name in outlined or not outlined else palette.special for name in table[names]]
    drawn = [
        go.Scatter(
            x=table["score"],
            y=labels,
            mode="markers+text",
            name="this model",
            text=[f"{score:.2f}" for score in table["score"]],
            textposition="top center",
            textfont={"size": 13, "color": palette.ink},
            marker={"size": 11, "color": colours},
            error_x=_error(table, palette.special, 2),
            hovertemplate="%{y}: %{x:.3f}<extra></extra>",
            cliponaxis=False,
        )
    ]
    if "paper" in table:
        drawn.append(
            go.Scatter(
                x=table["paper"],
                y=labels,
                mode="markers+text",
                text=[f"{f1:.3f}" for f1 in table["paper"]],
                textposition="top center",
                textfont={"size": 13, "color": palette.soft},
                name="the paper: BERT-base, CoNLL-2003",
                marker={"size": 12, "symbol": "diamond-open", "color": palette.query, "line": {"width": 2.5}},
                hovertemplate="the paper: %{x:.3f}<extra></extra>",
                cliponaxis=False,
            )
        )
    return chart(
        drawn,
        palette,
        90 + 46 * len(table),
        {"range": [-0.02, 1.02], "title": title(measure)},
        {"autorange": "reversed", "showgrid": False, "tickfont": {"size": 13}},
        legend=LEGEND,
        showlegend="paper" in table,
    )


def curve_chart(found: Mapping[int, Compared], palette: Palette, measure: str) -> go.Figure:
    """Scores over the number of examples, a line each; each step to the right is about twice as many."""
    every = list(found.values())
    places = list(range(len(every)))
    who = every[0].table["who"].tolist()
    traces = []
    for k, name in enumerate([*who[-1:], *who[:-1]]):
        role, symbol, dash = LINES[min(k, len(LINES) - 1)]
        rows = pd.concat([one.table[one.table["who"] == name] for one in every], ignore_index=True)
        aside = APART * (k - (len(who) - 1) / 2) / 2
        line = {"color": getattr(palette, role), "width": 2.5, "dash": dash}
        traces.append(_points(rows, [x + aside for x in places], name, getattr(palette, role), symbol, line))
    wide = {
        "title": title("examples"),
        "tickvals": places,
        "ticktext": [f"{one.examples:,}" for one in every],
        "showgrid": False,
        "zeroline": False,
    }
    return chart(traces, palette, 340, wide, _up(every[0], measure), legend=LEGEND)


def _points(
    rows: pd.DataFrame, x: Sequence[float], name: str, colour: str, symbol: str, line: dict[str, Any] | None = None
) -> go.Scatter:
    return go.Scatter(
        x=list(x),
        y=rows["score"],
        mode="markers" if line is None else "lines+markers",
        name=plotly(name),
        line=line or {},
        marker={"color": colour, "symbol": symbol, "size": 9},
        error_y=_error(rows, colour, 1.5),
        customdata=rows[["low", "high"]].to_numpy(),
        hovertemplate="%{y:.3f}, between %{customdata[0]:.3f} and %{customdata[1]:.3f}<extra>" + plotly(name) + "</extra>",
    )


def _error(rows: pd.DataFrame, colour: str, thickness: float) -> dict[str, Any]:
    return {
        "type": "data",
        "symmetric": False,
        "array": (rows["high"] - rows["score"]).clip(lower=0),
        "arrayminus": (rows["score"] - rows["low"]).clip(lower=0),
        "color": colour,
        "thickness": thickness,
        "width": 4,
    }


def _always(found: Compared, palette: Palette, between: tuple[float, float]) -> go.Scatter:
    return go.Scatter(
        x=list(between),
        y=[found.always] * 2,
        mode="lines",
        name="always the commonest label",
        line={"color": palette.soft, "width": 1.5, "dash": "dot"},
        hovertemplate=f"{found.always:.3f}<extra>always the commonest label</extra>",
    )


def _up(found: Compared, measure: str) -> dict[str, Any]:
    return {"title": title(measure), "rangemode": "tozero", "zeroline": False}


def _short(name: str) -> str:
    """As it stands under the axis: "4" for "layer 4", "sum / 6" for "all 6 summed"."""
    words = name.split()
    if len(words) < 3:
        return words[-1]
    return f"{'sum' if words[2] == 'summed' else 'join'}<br>{words[1]}"


def legend(found: Compared) -> str:
    """What the short names under the axis mean, where there are such; begins with a space."""
    many = [name for name in dict.fromkeys(found.table["way"]) if len(name.split()) == 3]
    told = [f"“{_short(name).replace('<br>', ' ')}”: {name.replace('last', 'the last')}" for name in many]
    return f" {'; '.join(told)}." if told else ""
