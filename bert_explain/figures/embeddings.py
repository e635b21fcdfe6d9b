"""The pictures of the input embeddings: strips that add up, the parts over the text, the tables, what a removal does."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from bert_explain.analysis.embeddings import PAIRS, PARTS
from bert_explain.figures import theme
from bert_explain.figures.payload import Band, Bar, percent
from bert_explain.figures.theme import Palette
from bert_explain.trace import Token

DASH = {"token": "solid", "segment": "dash", "position": "dot", "sum": "solid"}
SYMBOL = {"token": "circle", "segment": "square", "position": "diamond", "sum": "line-ew-open"}
PATTERN = {"token": "", "segment": "/", "position": "."}
LABELLED = 40  # tokens up to which each is named below a chart; of more, every n-th


# one token ------------------------------------------------------------------------------------------------------------
def sum_bands(table: pd.DataFrame, token: Token) -> list[Band]:
    """token + segment + position = sum, four strips of H numbers; `table` from `embeddings.dimensions`."""
    letter = "AB"[token.segment]
    return [
        Band(f"token {token.text}", table["token"].to_numpy(), "token"),
        Band(f"segment {letter}", table["segment"].to_numpy(), f"segment_{letter.lower()}", "+"),
        Band(f"position {token.position_id}", table["position"].to_numpy(), "position", "+"),
        Band("sum", table["sum"].to_numpy(), "hidden", "="),
    ]


def norm_bands(table: pd.DataFrame) -> list[Band]:
    """standardised x scale + shift = what layer 1 reads, four strips of H numbers; `table` from `embeddings.dimensions`."""
    return [
        Band("standardised", table["standardised"].to_numpy(), "hidden"),
        Band("scale", table["scale"].to_numpy(), "value", "×"),
        Band("shift", table["shift"].to_numpy(), "value", "+"),
        Band("into layer 1", table["normalised"].to_numpy(), "hidden", "="),
    ]


def norm_equation(table: pd.DataFrame, dimension: int, mean: float, deviation: float) -> str:
    """One dimension through LayerNorm with its numbers, as LaTeX."""
    row = table.loc[dimension]
    above = f"{row['sum']:.3f} {'-' if mean >= 0 else '+'} {abs(mean):.4f}"
    return (
        rf"\rule{{0pt}}{{2.2em}}y_{{{dimension}}} = \underbrace{{{row['scale']:.3f}}}_{{\text{{scale}}}} \cdot "
        rf"\frac{{{above}}}{{{deviation:.4f}}} + \underbrace{{{row['shift']:.3f}}}_{{\text{{shift}}}} = {row['normalised']:.3f}"
    )


# the whole text -------------------------------------------------------------------------------------------------------
def shares(table: pd.DataFrame, tokens: Sequence[Token], chosen: int, palette: Palette) -> go.Figure:
    """What each token's sum is made of, stacked bars that add up to 1; `table` from `embeddings.lengths`."""
    figure = go.Figure()
    for part in PARTS:
        colour = _colours(part, tokens, palette)
        figure.add_bar(
            x=np.arange(len(table)), y=table[f"share {part}"].to_numpy(), name=part, customdata=_hover(tokens),
            marker={"color": colour, "line": {"color": palette.card, "width": 1}},
            marker_pattern={"shape": PATTERN[part], "fillmode": "overlay", "fgcolor": palette.card, "size": 6,
                            "solidity": 0.2, "fgopacity": 0.6},
            hovertemplate=f"%{{customdata}}: %{{y:.1%}} of the sum is its {part} row<extra></extra>",
        )  # fmt: skip
    figure.update_layout(barmode="relative", bargap=0.25)
    return _over_text(figure, tokens, chosen, palette, "share of the sum", tickformat=".0%")


def sizes(table: pd.DataFrame, tokens: Sequence[Token], chosen: int, palette: Palette) -> go.Figure:
    """The lengths of the three rows and of their sum at every token; `table` from `embeddings.lengths`."""
    names = {part: f"the {part} row" for part in PARTS} | {"sum": "the sum"}
    figure = go.Figure()
    for name, said in names.items():
        _line(figure, table[name], name, tokens, palette, f"%{{customdata}}: {said} has length %{{y:.3f}}")
    figure = _over_text(figure, tokens, chosen, palette, "length")
    return figure.update_yaxes(rangemode="tozero")


def angles(table: pd.DataFrame, tokens: Sequence[Token], chosen: int, palette: Palette) -> go.Figure:
    """The cosines between the parts at every token; `table` from `embeddings.lengths`."""
    figure = go.Figure()
    for (x, y), style in zip(PAIRS, PARTS, strict=True):
        text = f"%{{customdata}}: cosine of {x} and {y} is %{{y:.3f}}"
        _line(figure, table[f"cos {x}·{y}"], style, tokens, palette, text, name=f"{x} and {y}")
    figure = _over_text(figure, tokens, chosen, palette, "cosine")
    low = np.nanmin([-0.25, *(table[f"cos {x}·{y}"].min() for x, y in PAIRS)])
    high = np.nanmax([0.25, *(table[f"cos {x}·{y}"].max() for x, y in PAIRS)])
    figure.add_hline(0, line={"color": palette.soft, "width": 1})
    return figure.update_yaxes(range=[low - 0.1, high + 0.1])


def _line(figure: go.Figure, values: pd.Series, style: str, tokens: Sequence[Token], palette: Palette, text: str, name: str = "") -> None:
    few = len(tokens) <= LABELLED
    colour = palette.hidden if style == "sum" else _colours(style, tokens, palette)
    one = colour[0] if isinstance(colour, list) else colour
    figure.add_scatter(
        x=np.arange(len(values)), y=values.to_numpy(), name=name or style, customdata=_hover(tokens),
        mode="lines+markers" if few else "lines", line={"color": one, "dash": DASH[style], "width": 1.5},
        marker={"symbol": SYMBOL[style], "size": 8, "color": np.array(colour) if few and isinstance(colour, list) else one,
                "line": {"width": 2 if style == "sum" else 0, "color": one}},
        hovertemplate=f"{text}<extra></extra>",
    )  # fmt: skip


def _over_text(figure: go.Figure, tokens: Sequence[Token], chosen: int, palette: Palette, title: str, **axis) -> go.Figure:
    """The text below the chart, in its segments' colours, and a band behind the chosen token."""
    step = -(-len(tokens) // LABELLED)
    shown = [t for t in tokens if t.position % step == 0]
    figure.update_layout(**theme.layout(palette, height=320))
    figure.update_layout(hovermode="closest", legend={"traceorder": "normal"})
    figure.update_xaxes(
        tickvals=np.array([t.position for t in shown]), ticktext=np.array([_label(t, t.position == chosen, palette) for t in shown]),
        tickangle=-90 if len(shown) > 12 else -45, range=[-0.6, len(tokens) - 0.4], showgrid=False, zeroline=False,
    )  # fmt: skip
    figure.update_yaxes(title={"text": title, "font": {"size": 13}}, **axis)
    return figure.add_vrect(chosen - 0.5, chosen + 0.5, fillcolor=palette.accent, opacity=0.12, line_width=0, layer="below")


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


# the tables -----------------------------------------------------------------------------------------------------------
def nearest_bars(table: pd.DataFrame) -> list[Bar]:
    """The rows of the token table nearest to one row; `table` from `embedding_tables.nearest`."""
    rows = zip(table["piece"], table["cosine"], table["id"], strict=True)
    return [Bar(piece, float(max(x, 0)), "token", note=f"row {i:,}", shown=f"{x:.2f}") for piece, x, i in rows]


def segment_bands(table: pd.DataFrame) -> list[Band]:
    """The two segment rows and their difference; `table` from `embedding_tables.segments`."""
    return [
        Band("segment A", table["A"].to_numpy(), "segment_a"),
        Band("segment B", table["B"].to_numpy(), "segment_b", "−"),
        Band("difference", table["A - B"].to_numpy(), "hidden", "="),
    ]


def numbers(table: np.ndarray, palette: Palette) -> go.Figure:
    """A position table (N, H) as a heat map, sent in whole thousandths: what is read is rounded to 0.001.

    The full colour is at the 99.5th percentile of magnitude, so that a few large numbers do not bleach the rest.
    """
    limit = max(1.0, 1000 * float(np.percentile(np.abs(table), 99.5)))
    text = "position %{y}, dimension %{x}: %{z} thousandths<extra></extra>"
    figure = _heat(np.rint(1000 * table).astype(np.int16), limit, f"{limit / 1000:.2g}", text, palette)
    return _named(figure, "dimension", "position").update_yaxes(autorange="reversed")


def closeness(cosines: np.ndarray, palette: Palette) -> go.Figure:
    """Cosines between positions (N, N) as a heat map, sent in whole hundredths: what is read is rounded to 0.01."""
    text = "positions %{y} and %{x}: cosine %{z} hundredths<extra></extra>"
    figure = _heat(np.rint(100 * cosines).astype(np.int8), 100, "1", text, palette)
    return _named(figure, "position", "position").update_yaxes(autorange="reversed")


def _heat(z: np.ndarray, limit: float, shown: str, text: str, palette: Palette) -> go.Figure:
    bar = {"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0.5, "ypad": 4, "thickness": 8, "len": 0.5, "outlinewidth": 0,
           "tickvals": np.array([-limit, 0, limit]), "ticktext": np.array([f"−{shown}", "0", shown]), "ticks": ""}  # fmt: skip
    figure = go.Figure(
        go.Heatmap(z=z, zmin=-limit, zmax=limit, colorscale=palette.signed, hovertemplate=text, colorbar=bar)
    )
    figure.update_layout(**theme.layout(palette, height=430))
    figure.update_layout(margin={"t": 30})
    figure.update_xaxes(showgrid=False, zeroline=False)
    return figure.update_yaxes(showgrid=False, zeroline=False)


def distances(table: pd.DataFrame, palette: Palette) -> go.Figure:
    """Mean cosine against distance, learned and by formula; `table` from `embedding_tables.by_distance`."""
    figure = go.Figure()
    for kind, colour, dash in (("learned", palette.position, "solid"), ("sinusoidal", palette.hidden, "dash")):
        figure.add_scatter(
            x=table.index.to_numpy(), y=table[kind].to_numpy(), name=kind, mode="lines",
            line={"color": colour, "dash": dash, "width": 2},
            hovertemplate=f"%{{x}} apart, {kind}: mean cosine %{{y:.3f}}<extra></extra>",
        )  # fmt: skip
    figure.update_layout(**theme.layout(palette, height=260))
    return _named(figure, "positions apart", "mean cosine").update_xaxes(showgrid=False)


def _named(figure: go.Figure, x: str, y: str) -> go.Figure:
    """The axes' names, in the size of the small text."""
    font = {"size": 13}
    return figure.update_xaxes(title={"text": x, "font": font}).update_yaxes(title={"text": y, "font": font})


# a removal ------------------------------------------------------------------------------------------------------------
def guess_bars(row: pd.Series, word: str | None) -> list[Bar]:
    """One run's first guesses, then the true word if it is not among them; `row` from `embedding_removal.removal`."""
    k = sum(name.startswith("guess ") for name in row.index)
    true = None if np.isnan(row["p true"]) else int(row["rank"])
    items = [
        Bar(row[f"guess {n}"], float(row[f"p {n}"]), mark="true word" if n == true and row[f"guess {n}"] == word else "")
        for n in range(1, k + 1)
    ]
    if true is None or any(item.mark for item in items):
        return items
    return [*items, Bar(word, float(row["p true"]), "true_word", note=f"number {true:,}", mark="true word")]


def facts(row: pd.Series) -> list[str]:
    """What else one run gives, in short sentences; the first run, which nothing is taken from, has nothing that turns."""
    said = [] if np.isnan(row["p next"]) else [f"B follows A: {percent(row['p next'])}."]
    return [*said, f"Final vectors turn by {row['moved']:.2f} on average."] if row["moved"] else said
