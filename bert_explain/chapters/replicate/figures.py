"""Pictures of the trials. Payloads are plotly figures in the shared look; pure."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from bert_explain.chapters.replicate.trial import Measure
from bert_explain.figures.chart import chart, title
from bert_explain.figures.theme import Palette
from bert_explain.kernel.text import plotly

KINDS = (("attention", "solid"), ("special", "dash"), ("position", "dot"), ("token", "dashdot"))  # in the order of the table
LIKENESS = {
    "random": ("two random words", "attention", "solid"),
    "itself": ("a word with itself", "token", "dash"),
    "inside": ("a word with its sentence", "position", "dot"),
}


def shares(measures: Sequence[Measure], palette: Palette) -> go.Figure | None:
    """Each share as a dot with its interval, and the paper's number as a ring, below each other; None where there is none."""
    drawn = [m for m in measures if m.kind == "share" and m.value == m.value and m.value >= 0]
    if not drawn:
        return None
    names = [wrapped(m.name) for m in drawn]
    here = go.Scatter(
        x=[m.value for m in drawn],
        y=names,
        mode="markers",
        name="this model",
        marker={"size": 11, "color": palette.attention},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [max(0.0, m.high - m.value) if m.high == m.high else 0.0 for m in drawn],
            "arrayminus": [max(0.0, m.value - m.low) if m.low == m.low else 0.0 for m in drawn],
            "color": palette.attention,
            "thickness": 2,
            "width": 6,
        },
        hovertemplate="%{y}<br>%{x:.1%}<extra></extra>",
        cliponaxis=False,
    )
    told = [(m.mark, name) for m, name in zip(drawn, names, strict=True) if m.mark is not None]
    paper = go.Scatter(
        x=[x for x, _ in told],
        y=[name for _, name in told],
        mode="markers",
        name="the paper",
        marker={"size": 14, "symbol": "diamond-open", "color": palette.query, "line": {"width": 2.5}},
        hovertemplate="the paper: %{x:.1%}<extra></extra>",
        cliponaxis=False,
    )
    return chart(
        [here, paper] if told else [here],
        palette,
        70 + 52 * len(drawn),
        {"range": [-0.02, 1.02], "tickformat": ".0%"},
        {"autorange": "reversed", "tickfont": {"size": 13}, "showgrid": False},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
    )


def wrapped(text: str, width: int = 26) -> str:
    """A label in lines of at most about this many characters, as plotly breaks them."""
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + word
    return "<br>".join(lines)


def _lines(by: pd.DataFrame, column: str, looks: dict, palette: Palette, x: str, y: str, wide: dict, high: dict) -> go.Figure:
    traces = [
        go.Scatter(
            x=rows[x],
            y=rows[y],
            name=name,
            mode="lines+markers",
            line={"color": getattr(palette, role), "width": 2.5, "dash": dash},
            marker={"size": 8, "color": getattr(palette, role)},
            cliponaxis=False,
        )
        for key, (name, role, dash) in looks.items()
        if len(rows := by[by[column] == key])
    ]
    return chart(traces, palette, 290, wide, high, legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0})


def by_kind(by: pd.DataFrame, palette: Palette) -> go.Figure:
    """What each kind of token gets, layer by layer."""
    looks = {kind: (plotly(kind), *look) for kind, look in zip(dict.fromkeys(by["kind"]), KINDS, strict=True)}
    high = {"range": [0, 1], "tickformat": ".0%", "title": title("share of attention")}
    return _lines(by, "kind", looks, palette, "layer", "share", {"title": title("layer"), "dtick": 1}, high)


def fewer_heads(by: pd.DataFrame, palette: Palette) -> go.Figure:
    """Right first guesses with more and more heads off, the least needed first and in random order."""
    looks = {
        "the least needed first": ("the least needed first", "attention", "solid"),
        "in random order": ("in random order", "special", "dash"),
    }
    wide = {"title": title("heads switched off"), "tickformat": ".0%", "range": [-0.02, 1.02]}
    high = {"title": title("right first guesses"), "tickformat": ".0%", "rangemode": "tozero"}
    return _lines(by, "order", looks, palette, "off", "right", wide, high)


def up_to(by: pd.DataFrame, palette: Palette) -> go.Figure:
    """Right answers of each task with the layers up to k."""
    looks = {
        "part of speech": ("part of speech", "hidden", "solid"),
        "dependency": ("dependency", "attention", "dash"),
        "name": ("name", "query", "dot"),
        "coreference": ("coreference", "special", "dashdot"),
    }
    wide = {"title": title("with the layers from the input up to"), "dtick": 1}
    return _lines(
        by, "task", looks, palette, "layer", "right", wide, {"title": title("right"), "tickformat": ".0%", "range": [0, 1]}
    )


def likeness(by: pd.DataFrame, palette: Palette, model: str) -> go.Figure:
    """Of one model, layer by layer: random words, a word with itself, a word with its sentence."""
    wide = {"title": title("after layer (0: the input)"), "dtick": 1}
    high = {"title": title("mean cosine"), "range": [min(0.0, float(by["value"].min())), 1]}
    return _lines(by[by["key"] == model], "what", LIKENESS, palette, "layer", "value", wide, high)
