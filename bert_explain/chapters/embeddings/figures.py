"""The pictures of the input embeddings: strips that add up, the parts over the text, the tables, a removal.

Plotly figures are built in one call from plain dicts: each `update_*` would check the whole figure again, which costs
ten times as much as building it.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from bert_explain.chapters.embeddings.analysis import PAIRS, PARTS
from bert_explain.figures import theme
from bert_explain.figures.payload import Band, Bar
from bert_explain.figures.theme import Palette
from bert_explain.kernel.readings import percent
from bert_explain.trace import Token

LABELLED = 40  # tokens up to which each is named below a chart; of more, every n-th
DASH = {"token": "solid", "segment": "dash", "position": "dot", "sum": "solid"}
SYMBOL = {"token": "circle", "segment": "square", "position": "diamond", "sum": "line-ew-open"}
PATTERN = {"token": "", "segment": "/", "position": "."}
SMALL = {"size": 13}


# one token ----------------------------------------------------------------------------------------------
def sum_bands(table: pd.DataFrame, token: Token, segments: bool = True) -> list[Band]:
    """token + segment + position = sum, four strips of H numbers; `table` from `embeddings.dimensions`.

    segments : False for a model that has none: two rows make its sum.
    """
    letter = "AB"[token.segment]
    which = {"token": token.text, "segment": letter, "position": token.position_id}
    names = {part: f"{part} {one}" if table[part].any() else f"no {part}" for part, one in which.items()}
    if not segments:
        del names["segment"]
    names["sum"] = "sum"
    roles = {"token": "token", "segment": f"segment_{letter.lower()}", "position": "position", "sum": "hidden"}
    signs = {"token": "", "segment": "+", "position": "+", "sum": "="}
    return [Band(names[part], table[part].to_numpy(), roles[part], signs[part]) for part in names]


def norm_bands(table: pd.DataFrame) -> list[Band]:
    """standardised x scale + shift = what layer 1 reads, four strips; `table` from `embeddings.dimensions`."""
    return [
        Band("standardised", table["standardised"].to_numpy(), "hidden"),
        Band("scale", table["scale"].to_numpy(), "value", "×"),
        Band("shift", table["shift"].to_numpy(), "value", "+"),
        Band("into layer 1", table["normalised"].to_numpy(), "hidden", "="),
    ]


def standardised_equation(table: pd.DataFrame, dimension: int, mean: float, deviation: float) -> str:
    """LayerNorm's first step in one dimension with its numbers, as LaTeX."""
    row = table.loc[dimension]
    above = f"{row['sum']:.3f} {'-' if mean >= 0 else '+'} {abs(mean):.4f}"
    strut = r"\rule{0pt}{1.7em}"  # without it the top of the fraction is cut off
    return rf"{strut}\frac{{{above}}}{{{deviation:.4f}}} = {row['standardised']:.3f}"


# the whole text -----------------------------------------------------------------------------------------
def shares(table: pd.DataFrame, tokens: Sequence[Token], chosen: int, palette: Palette, segments: bool = True) -> go.Figure:
    """What each token's sum is made of, stacked bars that add up to 1; `table` from `embeddings.lengths`.

    tokens : the ones to draw, all or some neighbours. segments : False for a model that has none, here and below.
    """
    table, hover = _rows(table, tokens), _hover(tokens)
    bars = [
        {
            "type": "bar",
            "name": part,
            "x": table.index.to_numpy(),
            "width": min(0.75, len(table) / 12),
            "y": table[f"share {part}"].to_numpy(),
            "customdata": np.array([f"{of}: {percent(share)}" for of, share in zip(hover, table[f"share {part}"], strict=True)]),
            "hovertemplate": f"%{{customdata}} of the sum is its {part} row<extra></extra>",
            "marker": {
                "color": _colours(part, tokens, palette),
                "line": {"color": palette.card, "width": 1},
                "pattern": {
                    "shape": PATTERN[part],
                    "fillmode": "overlay",
                    "fgcolor": palette.card,
                    "size": 6,
                    "solidity": 0.2,
                    "fgopacity": 0.6,
                },
            },
        }
        for part in PARTS
        if segments or part != "segment"
    ]
    axis = {"title": {"text": "share of the sum", "font": SMALL}, "tickformat": ".0%"}
    return _over_text(bars, tokens, chosen, palette, axis, {"barmode": "relative"})


def sizes(table: pd.DataFrame, tokens: Sequence[Token], chosen: int, palette: Palette, segments: bool = True) -> go.Figure:
    """The lengths of the three rows and of their sum, at every token; `table` from `embeddings.lengths`."""
    table = _rows(table, tokens)
    said = {part: f"the {part} row" for part in PARTS} | {"sum": "the sum"}
    lines = [
        _line(table[name], name, name, f"{what} has length", tokens, palette)
        for name, what in said.items()
        if segments or name != "segment"
    ]
    axis = {"title": {"text": "length", "font": SMALL}, "rangemode": "tozero"}
    return _over_text(lines, tokens, chosen, palette, axis)


def angles(table: pd.DataFrame, tokens: Sequence[Token], chosen: int, palette: Palette, segments: bool = True) -> go.Figure:
    """The cosines between the parts at every token; `table` from `embeddings.lengths`.

    A pair with the token row has the colour of the other part.
    """
    table = _rows(table, tokens)
    lines = [
        _line(table[f"cos {x}·{y}"], f"{x} and {y}", style, f"cosine of {x} and {y} is", tokens, palette)
        for (x, y), style in zip(PAIRS, ("segment", "position", "sum"), strict=True)
        if segments or "segment" not in (x, y)
    ]
    values = np.array([0.15, -0.15, *np.concatenate([line["y"] for line in lines])])
    span = [float(np.nanmin(values)) - 0.1, float(np.nanmax(values)) + 0.1]
    axis = {"title": {"text": "cosine", "font": SMALL}, "range": span, "zerolinecolor": palette.soft}
    return _over_text(lines, tokens, chosen, palette, axis)


def _line(values: pd.Series, name: str, style: str, said: str, tokens: Sequence[Token], palette: Palette) -> dict[str, Any]:
    few = len(tokens) <= LABELLED
    colours = palette.hidden if style == "sum" else _colours(style, tokens, palette)
    one = colours if isinstance(colours, str) else colours[0]
    return {
        "type": "scatter",
        "name": name,
        "mode": "lines+markers" if few else "lines",
        "x": values.index.to_numpy(),
        "y": values.to_numpy(),
        "customdata": _hover(tokens),
        "hovertemplate": f"%{{customdata}}: {said} %{{y:.3f}}<extra></extra>",
        "line": {"color": one, "dash": DASH[style], "width": 1.5},
        "marker": {
            "symbol": SYMBOL[style],
            "size": 8,
            "color": colours if few else one,
            "line": {"width": 2 if style == "sum" else 0, "color": one},
        },
    }


def _over_text(
    data: list[dict[str, Any]],
    tokens: Sequence[Token],
    chosen: int,
    palette: Palette,
    axis: dict[str, Any],
    layout: dict[str, Any] | None = None,
) -> go.Figure:
    """The text below the chart, in its segments' colours, and a band behind the chosen token."""
    step = -(-len(tokens) // LABELLED)
    shown = [t for t in tokens if t.position % step == chosen % step]  # the chosen one among them
    below = {
        "tickvals": np.array([t.position for t in shown]),
        "ticktext": np.array([_label(t, t.position == chosen, palette) for t in shown]),
        "tickangle": -90 if len(shown) > 12 else -45,
        "range": [tokens[0].position - 0.6, tokens[-1].position + 0.6],
        "showgrid": False,
        "zeroline": False,
    }
    band = {
        "type": "rect",
        "xref": "x",
        "yref": "paper",
        "x0": chosen - 0.5,
        "x1": chosen + 0.5,
        "y0": 0,
        "y1": 1,
        "fillcolor": palette.accent,
        "opacity": 0.12,
        "line": {"width": 0},
        "layer": "below",
    }
    more = {"shapes": [band], "hovermode": "closest", **(layout or {})}
    return _figure(data, palette, 320, below, axis, more)


def _figure(
    data: list[dict[str, Any]],
    palette: Palette,
    height: int,
    x: dict[str, Any],
    y: dict[str, Any],
    more: dict[str, Any] | None = None,
) -> go.Figure:
    layout = theme.layout(palette, height=height)
    layout["xaxis"] |= x
    layout["yaxis"] |= y
    layout["legend"] |= {"traceorder": "normal", "y": 1.02, "yanchor": "bottom"}
    return go.Figure({"data": data, "layout": layout | (more or {})})


def _rows(table: pd.DataFrame, tokens: Sequence[Token]) -> pd.DataFrame:
    return table.loc[[t.position for t in tokens]]


def _label(token: Token, chosen: bool, palette: Palette) -> str:
    text = escape(token.text if len(token.text) <= 14 else f"{token.text[:13]}…", quote=False)
    colour = getattr(palette, theme.segment_role(token.special, token.segment))
    return f'<span style="color:{colour}">{f"<b>{text}</b>" if chosen else text}</span>'


def _hover(tokens: Sequence[Token]) -> np.ndarray:
    return np.array([f"{escape(t.text, quote=False)} at {t.position}" for t in tokens])


def _colours(part: str, tokens: Sequence[Token], palette: Palette) -> str | list[str]:
    """A part's colour; the segment's is that of A or B, token by token."""
    if part != "segment":
        return getattr(palette, part)
    return [palette.segment_b if t.segment else palette.segment_a for t in tokens]


# the tables ---------------------------------------------------------------------------------------------
def nearest_bars(table: pd.DataFrame) -> list[Bar]:
    """The rows of the token table nearest to one row; `table` from `embedding_tables.nearest`."""
    rows = zip(table["piece"], table["cosine"], table["id"], strict=True)
    return [Bar(piece, float(max(x, 0)), "token", f"row {i:,}", shown=f"{x:.2f}") for piece, x, i in rows]


def segment_bands(table: pd.DataFrame) -> list[Band]:
    """The two segment rows and their difference; `table` from `embedding_tables.segments`."""
    return [
        Band("segment A", table["A"].to_numpy(), "segment_a"),
        Band("segment B", table["B"].to_numpy(), "segment_b", "−"),
        Band("difference", table["A - B"].to_numpy(), "hidden", "="),
    ]


def numbers(table: np.ndarray, name: str, palette: Palette) -> go.Figure:
    """A position table (N, H) as a heat map, sent in whole thousandths: what is read is rounded to 0.001.

    The full colour is at the 99.5th percentile of magnitude, so that a few large numbers do not bleach the rest.
    """
    limit = max(1.0, 1000 * float(np.percentile(np.abs(table), 99.5)))
    hover = "position %{y}, dimension %{x}: %{z} thousandths<extra></extra>"
    z = np.rint(1000 * table).astype(np.int16)
    return _heat(z, limit, f"{limit / 1000:.2g}", hover, "dimension", name, palette)


def closeness(cosines: np.ndarray, name: str, palette: Palette) -> go.Figure:
    """Cosines between positions (N, N) as a heat map, sent in whole hundredths: what is read is rounded to 0.01."""
    hover = "positions %{y} and %{x}: cosine %{z} hundredths<extra></extra>"
    return _heat(np.rint(100 * cosines).astype(np.int8), 100, "1", hover, "position", name, palette)


def _heat(z: np.ndarray, limit: float, shown: str, hover: str, across: str, name: str, palette: Palette) -> go.Figure:
    beyond = np.abs(z).max() > np.ceil(limit)
    ends = (f"−{shown} or less", f"{shown} or more") if beyond else (f"−{shown}", shown)
    bar = {
        "orientation": "h",
        "y": 1,
        "yanchor": "bottom",
        "x": 0.5,
        "ypad": 4,
        "thickness": 8,
        "len": 0.6,
        "outlinewidth": 0,
        "ticks": "",
        "tickvals": np.array([-limit, 0, limit]),
        "ticktext": np.array([ends[0], "0", ends[1]]),
        "title": {"text": escape(name, quote=False), "font": {"size": 15}, "side": "top"},
    }
    heat = {
        "type": "heatmap",
        "z": z,
        "zmin": -limit,
        "zmax": limit,
        "colorscale": palette.signed,
        "hovertemplate": hover,
        "colorbar": bar,
    }
    plain = {"showgrid": False, "zeroline": False}
    x = {**plain, "title": {"text": across, "font": SMALL}}
    y = {**plain, "title": {"text": "position", "font": SMALL}, "autorange": "reversed"}
    return _figure([heat], palette, 450, x, y)


def distances(table: pd.DataFrame, palette: Palette) -> go.Figure:
    """Mean cosine against distance, learned and by formula; `table` from `embedding_tables.by_distance`."""
    styles = {"learned": (palette.position, "solid"), "sinusoidal": (palette.hidden, "dash")}
    lines = [
        {
            "type": "scatter",
            "name": kind,
            "mode": "lines",
            "x": table.index.to_numpy(),
            "y": table[kind].to_numpy(),
            "line": {"color": colour, "dash": dash, "width": 2},
            "hovertemplate": f"%{{x}} apart, {kind}: mean cosine %{{y:.3f}}<extra></extra>",
        }
        for kind, (colour, dash) in styles.items()
    ]
    x = {"title": {"text": "positions apart", "font": SMALL}, "showgrid": False}
    return _figure(lines, palette, 260, x, {"title": {"text": "mean cosine", "font": SMALL}})


# a removal ----------------------------------------------------------------------------------------------
def guess_bars(row: pd.Series, word: str | None) -> list[Bar]:
    """One run's first guesses, and the true word under them if it is none of them.

    row : of the table from `embedding_removal.removal`; word : the true word's piece, if there is one.
    """
    k = sum(name.startswith("guess ") for name in row.index)
    rank = None if np.isnan(row["p true"]) else int(row["rank"])
    guesses = [
        Bar(row[f"guess {n}"], float(row[f"p {n}"]), mark="true word" if true else "", signal=true or n == 1)
        for n in range(1, k + 1)
        for true in [bool(rank and row[f"guess {n}"] == word)]
    ]
    if rank is None or word is None or any(guess.mark for guess in guesses):
        return guesses
    return [*guesses, Bar(word, float(row["p true"]), "true_word", f"number {rank:,}", "true word", signal=True)]


def facts(row: pd.Series, follows: str) -> list[str]:
    """What else one run gives, in short sentences; nothing turns in the first run, from which nothing is taken.

    follows : what next sentence is about here, such as "B follows A".
    """
    said = [] if np.isnan(row.get("p next", np.nan)) else [f"{follows}: {percent(row['p next'])}."]
    return [*said, f"Final vectors turn by {row['moved']:.2f} on average."] if row["moved"] else said
