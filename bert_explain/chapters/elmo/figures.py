"""Pictures of ELMo: guesses and neighbours as bars, the true word's rank at each place, layers as bands, drift as lines.

Words come from the reader or the vocabulary; plotly reads some HTML in its texts, so each is escaped here.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from bert_explain.figures.chart import chart, title
from bert_explain.figures.payload import Band, Bar
from bert_explain.figures.theme import Palette
from bert_explain.kernel.readings import percent

LABELLED = 40  # places with a name under them; in longer texts every n-th
LONGEST = 12
LEGEND = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"}


def short(word: str) -> str:
    """A word as a chart can hold it: cut, escaped; the whole word is in the table."""
    return escape(word if len(word) <= LONGEST else word[: LONGEST - 1] + "…", quote=False)


def neighbour_bars(table: pd.DataFrame) -> list[Bar]:
    """One bar a row of `elmo.nearest`, as long as the cosine; below 0 there is no bar."""
    return [Bar(row.word, row.cosine, role="token", shown=f"{row.cosine:.2f}") for row in table.itertuples()]


def guess_bars(table: pd.DataFrame) -> list[Bar]:
    """One bar a row of `elmo.guesses_at`; the true word has a mark, and its rank where it is none of the first."""
    return [
        Bar(
            row.word,
            row.probability,
            role="true_word" if row.true else "probability",
            shown=percent(row.probability),
            mark="true word" if row.true else "",
            note=f"number {row.rank:,}" if row.true else "",
        )
        for row in table.itertuples()
    ]


def filter_names(table: pd.DataFrame) -> list[str]:
    """Row labels of `elmo.filter_map`: the filter's number and width, short enough for a phone."""
    return [f"{row.filter} {row.width}-wide" for row in table.itertuples()]


def ranks(table: pd.DataFrame, position: int, size: int, palette: Palette) -> go.Figure:
    """The true word's rank at each place in both directions, of a table from `elmo.guess_table`; 1 is on top.

    position : the chosen word, which a band marks. size : words in the vocabulary, the lowest rank there is.
    """
    count = len(table)
    x = np.arange(count)
    every = max(1, -(-count // LABELLED))
    traces = []
    for name, symbol, colour in (("forward", "triangle-right", palette.query), ("backward", "triangle-left", palette.key)):
        rows = zip(table["word"], table[f"{name} rank"], table[f"{name} probability"], table[f"{name} guess"], strict=True)
        hover = [f"{short(w)}: {name} number {r:,}, {percent(p)}; first guess {short(g)}" for w, r, p, g in rows]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": name,
                "x": x,
                "y": table[f"{name} rank"].to_numpy(),
                "hovertext": np.array(hover),
                "marker": {"symbol": symbol, "size": 13, "color": colour},
                "hovertemplate": "%{hovertext}<extra></extra>",
            }
        )
    band = {
        "type": "rect",
        "x0": position - 0.5,
        "x1": position + 0.5,
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "layer": "below",
        "fillcolor": palette.line,
        "line": {"width": 0},
    }
    names = np.array([short(word) for word in table["word"][::every]])
    ticks = [10**n for n in range(6) if 10**n <= size]
    low = np.log10(max(size, 10))
    return chart(
        traces,
        palette,
        320,
        {
            "tickvals": x[::every],
            "ticktext": names,
            "tickangle": -60,
            "range": [-0.6, count - 0.4],
            "showgrid": False,
            "zeroline": False,
        },
        {
            "title": title("rank of the true word"),
            "type": "log",
            "range": [low, -0.15],
            "tickvals": np.array(ticks),
            "ticktext": np.array([f"{tick:,}" for tick in ticks]),
        },
        shapes=[band],
        legend=LEGEND,
    )


def layer_bands(layers: np.ndarray, mixed: np.ndarray, shares: Sequence[float] | np.ndarray) -> list[Band]:
    """One word's layers (L + 1, 2 P) as strips and their mix (2 P,) below, on one scale."""
    names = ["Layer 0: characters", *(f"Layer {n}: LSTM" for n in range(1, len(layers)))]
    rows = [
        Band(f"{name} (s = {share:.2f})", values, "token" if n == 0 else "hidden", sign="+" if n else "")
        for n, (name, values, share) in enumerate(zip(names, layers, shares, strict=True))
    ]
    return [*rows, Band("Mix", mixed, "value", sign="→")]


def drift_lines(table: pd.DataFrame, palette: Palette) -> go.Figure:
    """Cosine between the two places by layer, of a table from `elmo_layers.drift`."""
    looks = (
        ("different words", "cross-thin-open", "dot", palette.soft),
        ("both", "circle", "solid", palette.hidden),
        ("forward", "triangle-right", "dot", palette.query),
        ("backward", "triangle-left", "dash", palette.key),
    )
    layers = table["layer"].to_numpy()
    traces = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": name,
            "x": layers,
            "y": table[name].to_numpy(),
            "marker": {"symbol": symbol, "size": 11, "color": colour},
            "line": {"color": colour, "dash": dash, "width": 2},
            "hovertemplate": f"{name}, layer %{{x}}: cosine %{{y:.3f}}<extra></extra>",
        }
        for name, symbol, dash, colour in looks
    ]
    low = min(0.0, float(np.nanmin(table.drop(columns="layer").to_numpy())) - 0.05)
    names = ["0: characters", *(f"{n}: LSTM" for n in layers[1:])]
    return chart(
        traces,
        palette,
        300,
        {
            "tickvals": layers,
            "ticktext": np.array(names),
            "range": [-0.2, len(layers) - 0.8],
            "showgrid": False,
            "zeroline": False,
        },
        {"title": title("cosine"), "range": [low, 1.05]},
        legend=LEGEND,
    )
