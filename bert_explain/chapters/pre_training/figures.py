"""The chapter's charts: pure functions, plotly; and the holes as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import pandas as pd
import plotly.graph_objects as go

from bert_explain.chapters.pre_training import numbers
from bert_explain.figures.chart import chart, title
from bert_explain.figures.theme import Palette
from bert_explain.kernel.readings import percent
from bert_explain.training.pre_training import Lesson, Look

SMOOTHED = 20  # steps
LEGEND = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}
DASHES = ("solid", "dash", "dot", "dashdot")
MARKS = ("circle", "square", "diamond", "triangle-up")


def course_chart(course: pd.DataFrame, palette: Palette, kept_back: bool) -> go.Figure:
    """The loss of the steps (mean of some), and on the measured rows."""
    smooth = course["loss"].rolling(SMOOTHED, min_periods=1).mean()
    looked = course.dropna(subset="measured loss")
    every = max(1, len(course) // 400)  # points that are drawn
    measured = "kept back" if kept_back else "measured"
    traces = [
        go.Scatter(
            x=course["step"][1::every].to_numpy(),
            y=smooth[1::every].to_numpy(),
            mode="lines",
            name=f"read, mean of {SMOOTHED} steps",
            line={"color": palette.hidden, "width": 2},
            hovertemplate="step %{x}: %{y:.2f}<extra></extra>",
        ),
        go.Scatter(
            x=looked["step"].to_numpy(),
            y=looked["measured loss"].to_numpy(),
            mode="lines+markers",
            name=measured,
            line={"color": palette.true_word, "width": 2, "dash": "dot"},
            marker={"color": palette.true_word, "size": 7, "symbol": "diamond"},
            hovertemplate="after step %{x}: %{y:.2f}<extra></extra>",
        ),
    ]
    x = {"title": title("step"), "showgrid": False, "zeroline": False}
    return chart(traces, palette, 260, x, {"title": title("loss"), "rangemode": "tozero"}, legend=LEGEND)


def groups_chart(course: pd.DataFrame, palette: Palette) -> go.Figure:
    """The share of right guesses by step: frequent pieces and the others."""
    looked = course.dropna(subset="measured loss")
    traces = []
    for name, role, symbol in (
        ("right, frequent pieces", "token", "circle"),
        ("right, other pieces", "query", "square"),
    ):
        traces.append(
            go.Scatter(
                x=looked["step"].to_numpy(),
                y=looked[name].to_numpy(),
                mode="lines+markers",
                name=name.removeprefix("right, "),
                line={"color": getattr(palette, role), "width": 2},
                marker={"color": getattr(palette, role), "size": 8, "symbol": symbol},
                hovertemplate="after step %{x}: %{y:.0%}<extra></extra>",
            )
        )
    x = {"title": title("step"), "showgrid": False, "zeroline": False}
    y = {"title": title("guessed rightly"), "range": [-0.03, 1.03], "tickformat": ".0%", "dtick": 0.2}
    return chart(traces, palette, 300, x, y, legend=LEGEND)


def heads_chart(looks: Sequence[Look], palette: Palette) -> go.Figure:
    """Each head's mean attention to the word before (full lines) and behind (dotted); half of it is marked."""
    table = numbers.heads(looks)
    traces = []
    names = list(dict.fromkeys(table["head"]))
    for which, role, dash in zip(numbers.WORDS, ("attention", "query"), ("solid", "dot"), strict=True):
        for i, name in enumerate(names):
            part = table[(table["head"] == name) & (table["looks at"] == which)]
            traces.append(
                go.Scatter(
                    x=part["step"].to_numpy(),
                    y=part["attention"].to_numpy(),
                    mode="lines+markers",
                    name=which,
                    legendgroup=which,
                    showlegend=i == 0,
                    line={"color": getattr(palette, role), "width": 1.5, "dash": dash},
                    marker={"size": 5, "symbol": MARKS[i % len(MARKS)], "color": getattr(palette, role)},
                    hovertemplate=f"{name}, {which}: %{{y:.2f}} after step %{{x}}<extra></extra>",
                )
            )
    x = {"title": title("step"), "showgrid": False, "zeroline": False}
    figure = chart(traces, palette, 280, x, {"title": title("mean attention"), "range": [0, 1]}, legend=LEGEND)
    figure.add_hline(y=numbers.NEIGHBOUR, line={"color": palette.soft, "width": 1, "dash": "dash"})
    return figure


def holes_html(lesson: Lesson, look: Look) -> str:
    """The fixed places with the first guess standing in each hole, a sign for right or wrong, and what stands there."""
    lines = []
    for place, guess in zip(lesson.places, look.guesses, strict=True):
        said = numbers.name_of(lesson, guess.pieces[0])
        right = guess.pieces[0] == place.right
        before, _, behind = numbers.written(lesson, place.ids, place.at, "\0").partition("\0")
        filled = f'<b class="piece" dir="auto">{escape(said)}</b>'
        told = "✓" if right else f"✗ {numbers.name_of(lesson, place.right)}"
        where = "" if place.read else '<i title="This row is not learned from">kept back</i>'
        chance = percent(guess.chances[0])
        lines.append(
            f'<li class="{"right" if right else ""}"><span dir="auto">{escape(before)}{filled}{escape(behind)}</span>'
            f"<small>{escape(chance)} {escape(told)}{where}</small></li>"
        )
    return f'<ol class="holes" aria-label="Its guesses at {len(lines)} holes after step {look.step:,}">{"".join(lines)}</ol>'
