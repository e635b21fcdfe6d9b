"""Pictures of masked words: bars of predictions, the reading after every layer, the fates of the 80/10/10 recipe.

Pieces come from the reader or the vocabulary; plotly reads some HTML in its texts, so each is escaped here.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from bert_explain.analysis.masked_words import percent
from bert_explain.figures import theme
from bert_explain.figures.payload import Bar
from bert_explain.figures.theme import Palette
from bert_explain.trace import Token

WIDE, HIGH = 0.95, 0.86  # of a cell, leaving a gap to its neighbours
STRENGTH = 0.4  # of the colour behind the words of a cell: they stay readable in both themes
LONGEST = 12  # characters of a piece in a cell; the whole piece is in the hover text and in the table


# payloads for the components
def prediction_bars(table: pd.DataFrame) -> list[Bar]:
    """One bar a row of `masked_words.predictions`; the true word with its rank, the others stand in order."""

    def notes(row) -> str:
        counted = row.piece.removeprefix("all other ") + " together"
        return {"true word": f"number {row.rank}", "rest": counted}.get(row.mark, "")

    roles = {"true word": "true_word", "rest": "soft", "": "probability"}
    return [
        Bar(
            "all others" if row.mark == "rest" else row.piece,
            row.probability,
            role=roles[row.mark],
            shown=percent(row.probability),
            note=notes(row),
            mark="true word" if row.mark == "true word" else "",
        )
        for row in table.itertuples()
    ]


def loss_bars(table: pd.DataFrame) -> list[Bar]:
    """One bar a row of `masked_loss.losses`: the probability of the true piece, its loss beside it."""
    return [
        Bar(
            row.true,
            row.probability,
            role="true_word",
            shown=percent(row.probability),
            note=f"loss {row.loss:.2f}",
            mark=row.letter,
        )
        for row in table.itertuples()
    ]


def share_bars(table: pd.DataFrame) -> list[Bar]:
    """One bar a row of `masked_loss.shares`, the recipe's share beside it."""
    return [
        Bar(
            row.what,
            row.share,
            role="masked",
            shown=f"{row.count} of {row.of}",
            note=f"{row.share:.0%}, recipe {row.recipe:.0%}".replace("%", " %"),
        )
        for row in table.itertuples(index=False)
    ]


def mask_notes(tokens: Sequence[Token]) -> list[str]:
    """(T,) under each masked token, what stood there; nothing under the others."""
    return [t.original if t.masked and t.original != t.text else "" for t in tokens]


def fate_notes(drawn: pd.DataFrame, size: int) -> list[str]:
    """(T,) under each drawn token its letter and the true piece: "M was bank"; nothing under the others."""
    notes = [""] * size
    for row in drawn.itertuples():
        notes[row.position] = f"{row.letter} {'stays' if row.fate == 'unchanged' else 'was ' + row.true}"
    return notes


def score_notes(shade: np.ndarray) -> list[str]:
    """(T,) under each scored token the probability it got; nothing under the others."""
    return ["" if np.isnan(p) else percent(float(p)) for p in shade]


# the reading after every layer
def lens_grid(table: pd.DataFrame, palette: Palette) -> go.Figure:
    """The leading pieces after every layer, of a table from `masked_words.lens`; layer 0 on top, first place left.

    A cell is filled from the left as far as its probability; the true word has a frame.
    """
    places = sum(name.startswith("piece_") for name in table.columns)
    layers, columns = len(table), range(1, places + 1)
    p = table[[f"probability_{c}" for c in columns]].to_numpy(dtype=float)  # (L + 1, places)
    pieces = table[[f"piece_{c}" for c in columns]].to_numpy(dtype=str)
    y, x = (grid.ravel() for grid in np.mgrid[0:layers, 0:places])
    two_lines = layers <= 14
    cells = [
        f"{_short(w)}{'<br>' if two_lines else ' '}{percent(v)}"
        for w, v in zip(pieces.ravel(), p.ravel(), strict=True)
    ]
    hover = [
        f"after layer {i}, place {j + 1}: {escape(w)} with {percent(v)}"
        if i
        else f"embeddings, place {j + 1}: {escape(w)} with {percent(v)}"
        for i, j, w, v in zip(y, x, pieces.ravel(), p.ravel(), strict=True)
    ]
    box = {"base": x - WIDE / 2, "y": y, "width": HIGH, "orientation": "h", "showlegend": False}
    figure = go.Figure(
        [
            go.Bar(
                **box,
                x=np.full(len(x), WIDE),
                marker={"color": palette.card, "line": {"color": palette.line, "width": 1}},
                hovertext=np.array(hover),
                hovertemplate="%{hovertext}<extra></extra>",
            ),
            go.Bar(
                **box,
                x=WIDE * p.ravel(),
                marker={"color": palette.probability, "opacity": STRENGTH, "line": {"width": 0}},
                hoverinfo="skip",
            ),
            go.Scatter(
                x=x,
                y=y,
                mode="text",
                text=np.array(cells),
                textfont={"family": theme.MONO_FONT, "size": 12, "color": palette.ink},
                hoverinfo="skip",
                showlegend=False,
            ),
        ]
    )
    if table["true"].notna().all():
        for i, j in zip(*np.nonzero(pieces == table["true"].to_numpy(dtype=str)[:, None]), strict=True):
            figure.add_shape(
                type="rect",
                x0=j - WIDE / 2,
                x1=j + WIDE / 2,
                y0=i - HIGH / 2,
                y1=i + HIGH / 2,
                line={"color": palette.true_word, "width": 2},
            )
    figure.update_layout(**theme.layout(palette, height=(42 if two_lines else 26) * layers + 40), barmode="overlay")
    names = np.array(["1st", "2nd", "3rd", *(f"{c}th" for c in range(4, places + 1))][:places])
    figure.update_xaxes(
        tickvals=np.arange(places),
        ticktext=names,
        range=[-0.5, places - 0.5],
        side="top",
        showgrid=False,
        zeroline=False,
        fixedrange=True,
    )
    figure.update_yaxes(
        tickvals=np.arange(layers),
        ticktext=np.array(["input", *map(str, range(1, layers))]),
        range=[layers - 0.5, -0.5],
        showgrid=False,
        zeroline=False,
        fixedrange=True,
    )
    return figure


def lens_lines(table: pd.DataFrame, palette: Palette) -> go.Figure:
    """Probability (above) and rank (below, number 1 on top) of the final winner and the true word, by layer."""
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.12)
    winner, true = table["winner"].iloc[-1], table["true"].iloc[-1]
    lines = [("winner", winner, palette.probability, "solid", "circle")]
    if not pd.isna(true) and true != winner:
        lines.append(("true", true, palette.true_word, "dot", "diamond"))
    said = {
        "winner": "wins in the end" if true != winner else "wins in the end, and is true",
        "true": "the true word",
    }
    for which, piece, colour, dash, symbol in lines:
        for row, column in ((1, "probability"), (2, "rank")):
            figure.add_trace(
                go.Scatter(
                    x=table["layer"].to_numpy(),
                    y=table[f"{which}_{column}"].to_numpy(dtype=float),
                    mode="lines+markers",
                    name=f"{_short(piece)}: {said[which]}",
                    legendgroup=which,
                    showlegend=row == 1,
                    line={"color": colour, "width": 2, "dash": dash},
                    marker={"symbol": symbol, "size": 8},
                    hovertemplate="after layer %{x}: "
                    + ("%{y:.3%}" if row == 1 else "number %{y:,}")
                    + "<extra></extra>",
                ),
                row=row,
                col=1,
            )
    shared = theme.layout(palette, height=380)
    figure.update_layout(**{name: value for name, value in shared.items() if name not in ("xaxis", "yaxis")})
    figure.update_xaxes(**shared["xaxis"], dtick=1 if len(table) <= 14 else 4, fixedrange=True)
    figure.update_yaxes(**shared["yaxis"], fixedrange=True)
    largest = float(np.nanmax(table[["winner_probability", "true_probability"]].to_numpy()))
    digits = ".0%" if largest > 0.05 else ".2%"
    figure.update_yaxes(
        title=_title("probability"), range=[0, 1.12 * largest], tickformat=digits, nticks=4, row=1, col=1
    )
    highest = np.nanmax(table[["winner_rank", "true_rank"]].to_numpy(dtype=float, na_value=np.nan))
    decades = 10.0 ** np.arange(0, int(np.ceil(np.log10(max(highest, 10)))) + 1)
    figure.update_yaxes(
        title=_title("rank"),
        type="log",
        range=[np.log10(decades[-1]) + 0.1, -0.2],
        tickvals=decades,
        ticktext=np.array([f"{d:,.0f}" for d in decades]),
        row=2,
        col=1,
    )
    figure.update_xaxes(title=_title("after layer"), row=2, col=1)
    figure.update_layout(legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"})
    return figure


# with and without the interventions
def compare_dots(table: pd.DataFrame, palette: Palette) -> go.Figure:
    """Each piece of a table from `masked_words.compare`: an open ring before, a full dot now, joined by a line."""
    rows = np.arange(len(table))
    before, now = table["before"].to_numpy(), table["probability"].to_numpy()
    gap = np.full(len(table), np.nan)  # breaks the line between two pieces
    figure = go.Figure(
        [
            go.Scatter(
                x=np.column_stack([before, now, gap]).ravel(),
                y=np.column_stack([rows, rows, gap]).ravel(),
                mode="lines",
                line={"color": palette.soft, "width": 2},
                hoverinfo="skip",
                showlegend=False,
            ),
            go.Scatter(
                x=before,
                y=rows,
                mode="markers",
                name="unchanged model",
                hovertemplate="unchanged: %{x:.2%}<extra></extra>",
                marker={"symbol": "circle-open", "size": 12, "color": palette.soft, "line": {"width": 2}},
            ),
            go.Scatter(
                x=now,
                y=rows,
                mode="markers",
                name="with your changes",
                hovertemplate="with your changes: %{x:.2%}<extra></extra>",
                marker={"symbol": "circle", "size": 12, "color": palette.probability},
            ),
        ]
    )
    figure.update_layout(**theme.layout(palette, height=30 * len(table) + 90))
    labels = [_short(row.piece) + (" (true)" if row.mark else "") for row in table.itertuples()]
    figure.update_yaxes(
        tickvals=rows,
        ticktext=np.array(labels),
        range=[len(table) - 0.5, -0.5],
        zeroline=False,
        fixedrange=True,
    )
    top = float(max(before.max(), now.max()))
    figure.update_xaxes(
        range=[-0.03 * top, 1.06 * top],
        tickformat=".0%" if top > 0.05 else ".2%",
        zeroline=False,
        fixedrange=True,
    )
    return figure


def _title(text: str) -> dict:
    return {"text": text, "font": {"size": 13}}


def _short(piece: str) -> str:
    return escape(piece if len(piece) <= LONGEST else piece[: LONGEST - 1] + "…", quote=False)
