"""Pictures of masked words: bars of predictions, the reading after every layer, the fates of the 80/10/10 recipe.

Pieces come from the reader or the vocabulary; plotly reads some HTML in its texts, so each is escaped here.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from bert_explain.analysis.prejudice import TOLD, Expected, Measured
from bert_explain.figures import theme
from bert_explain.figures.payload import Bar
from bert_explain.figures.theme import Palette
from bert_explain.kernel.readings import percent, share
from bert_explain.trace import Token

WIDE, HIGH = 0.95, 0.86  # of a cell, leaving a gap to its neighbours
STRENGTH = 0.4  # of the colour behind the words of a cell: they stay readable in both themes
LEGEND = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"}
LONGEST = 12  # characters of a piece in a cell; the whole piece is in the hover text and in the table


# payloads for the components
def prediction_bars(table: pd.DataFrame) -> list[Bar]:
    """One bar a row of `masked_words.predictions`; the true word with its rank, the others stand in order."""

    def notes(row) -> str:
        if row.mark == "true word":
            return f"number {row.rank:,}"
        return row.piece.removeprefix("all other ") + " together" if row.mark == "rest" else ""

    roles = {"true word": "true_word", "rest": "soft", "": "probability"}
    return [
        Bar(
            "all others" if row.mark == "rest" else row.piece,
            row.probability,
            role=roles[row.mark],
            shown=percent(row.probability),
            note=notes(row),
            mark="true word" if row.mark == "true word" else "",
            signal=row.mark == "true word" or (place == 0 and row.mark != "rest"),
        )
        for place, row in enumerate(table.itertuples())
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
            note=f"{share(row.share)}, recipe {share(row.recipe)}",
        )
        for row in table.itertuples(index=False)
    ]


def whom_bars(found: Measured, mine: Expected | None = None, ends: int = 7) -> list[Bar]:
    """The professions with the least and the most "she", the neutral word, and the reader's own, in their order."""
    jobs = found.jobs if len(found.jobs) <= 2 * ends else (*found.jobs[:ends], *found.jobs[-ends:])
    shown = [(one, Bar(one.job, one.she, "soft" if one.job in TOLD else "probability")) for one in jobs]
    neutral = found.neutral
    shown.append((neutral, Bar(neutral.job, neutral.she, "probability", note="no profession", signal=True)))
    if mine is not None:
        shown.append((mine, Bar(mine.job, mine.she, "true_word", mark="yours")))
    return [bar for one, bar in sorted(shown, key=lambda pair: pair[0].she)]


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
    places, layers = sum(name.startswith("piece_") for name in table.columns), len(table)
    p = table[[f"probability_{c + 1}" for c in range(places)]].to_numpy(dtype=float)  # (L + 1, places)
    pieces = table[[f"piece_{c + 1}" for c in range(places)]].to_numpy(dtype=str)
    y, x = (grid.ravel() for grid in np.mgrid[0:layers, 0:places])
    two_lines = layers <= 14
    cells, hover = [], []
    for layer, place, piece, value in zip(y, x, pieces.ravel(), p.ravel(), strict=True):
        cells.append(f"{_short(piece)}{'<br>' if two_lines else ' '}{percent(value)}")
        after = f"after layer {layer}" if layer else "embeddings"
        hover.append(f"{after}, place {place + 1}: {escape(piece)} with {percent(value)}")
    box = {"type": "bar", "base": x - WIDE / 2, "y": y, "width": HIGH, "orientation": "h", "showlegend": False}
    empty = {
        "x": np.full(len(x), WIDE),
        "marker": {"color": palette.card, "line": {"color": palette.line, "width": 1}},
        "hovertext": np.array(hover),
        "hovertemplate": "%{hovertext}<extra></extra>",
    }
    filled = {
        "x": WIDE * p.ravel(),
        "marker": {"color": palette.probability, "opacity": STRENGTH, "line": {"width": 0}},
        "hoverinfo": "skip",
    }
    words = {
        "type": "scatter",
        "x": x,
        "y": y,
        "mode": "text",
        "text": np.array(cells),
        "textfont": {"family": theme.MONO_FONT, "size": 12, "color": palette.ink},
        "hoverinfo": "skip",
        "showlegend": False,
    }
    shared = theme.layout(palette, height=(42 if two_lines else 26) * layers + 40)
    bare = {"showgrid": False, "zeroline": False, "fixedrange": True}
    names = np.array(["1st", "2nd", "3rd", *(f"{c + 1}th" for c in range(3, places))][:places])
    rows = np.array(["input", *map(str, range(1, layers))])
    columns = {"tickvals": np.arange(places), "ticktext": names, "range": [-0.5, places - 0.5], "side": "top"}
    lines = {"tickvals": np.arange(layers), "ticktext": rows, "range": [layers - 0.5, -0.5]}
    layout = shared | {
        "barmode": "overlay",
        "xaxis": shared["xaxis"] | bare | columns,
        "yaxis": shared["yaxis"] | bare | lines,
        "shapes": _frames(pieces, table["true"], palette),
    }
    return go.Figure({"data": [box | empty, box | filled, words], "layout": layout})


def _frames(pieces: np.ndarray, true: pd.Series, palette: Palette) -> list[dict]:
    """A rectangle around every cell that holds the true word; none where there is no true word."""
    if true.isna().any():
        return []
    line = {"color": palette.true_word, "width": 2}
    found = zip(*np.nonzero(pieces == true.to_numpy(dtype=str)[:, None]), strict=True)
    return [
        {
            "type": "rect",
            "x0": j - WIDE / 2,
            "x1": j + WIDE / 2,
            "y0": i - HIGH / 2,
            "y1": i + HIGH / 2,
            "line": line,
        }
        for i, j in found
    ]


def lens_lines(table: pd.DataFrame, palette: Palette) -> go.Figure:
    """Probability (above) and rank (below, number 1 on top) of the final winner and the true word, by layer."""
    winner, true = table["winner"].iloc[-1], table["true"].iloc[-1]
    same = not pd.isna(true) and true == winner
    lines = [("winner", winner, "wins in the end, and is true" if same else "wins in the end", "solid", "circle")]
    if not pd.isna(true) and not same:
        lines.append(("true", true, "the true word", "dot", "diamond"))
    data = []
    for which, piece, said, dash, symbol in lines:
        colour = palette.probability if which == "winner" else palette.true_word
        for axis, column, value in (("", "probability", "%{customdata}"), ("2", "rank", "number %{y:,}")):
            line = {
                "type": "scatter",
                "mode": "lines+markers",
                "cliponaxis": False,
                "x": table["layer"].to_numpy(),
                "y": table[f"{which}_{column}"].to_numpy(dtype=float),
                "customdata": np.array([percent(p) for p in table[f"{which}_probability"]]),
                "yaxis": f"y{axis}",
                "name": f"{_short(piece)}: {said}",
                "legendgroup": which,
                "showlegend": not axis,
                "line": {"color": colour, "width": 2, "dash": dash},
                "marker": {"symbol": symbol, "size": 8},
                "hovertemplate": f"after layer %{{x}}: {value}<extra></extra>",
            }
            data.append(line)
    largest = float(np.nanmax(table[["winner_probability", "true_probability"]].to_numpy()))
    last = float(np.nanmax(table[["winner_rank", "true_rank"]].to_numpy(dtype=float, na_value=np.nan)))
    decades = 10.0 ** np.arange(0, int(np.ceil(np.log10(max(last, 10)))) + 1)
    shared = theme.layout(palette, height=380)
    upper = {
        "title": _title("probability"),
        "range": [0, 1.12 * largest],
        "tickformat": ".0%" if largest > 0.05 else ".2%",
        "nticks": 4,
        "domain": [0.56, 1],
    }
    lower = {
        "title": _title("rank"),
        "type": "log",
        "range": [np.log10(decades[-1]) + 0.1, -0.2],
        "tickvals": decades,
        "ticktext": np.array([f"{d:,.0f}" for d in decades]),
        "domain": [0, 0.46],
    }
    layout = shared | {
        "xaxis": shared["xaxis"]
        | {"title": _title("after layer"), "dtick": 1 if len(table) <= 14 else 4, "anchor": "y2", "fixedrange": True},
        "yaxis": shared["yaxis"] | upper | {"fixedrange": True},
        "yaxis2": shared["yaxis"] | lower | {"fixedrange": True},
        "legend": LEGEND,
    }
    return go.Figure({"data": data, "layout": layout})


# with and without the interventions
def compare_dots(table: pd.DataFrame, palette: Palette) -> go.Figure:
    """Each piece of a table from `masked_words.compare`: an open ring before, a full dot now, joined by a line."""
    rows = np.arange(len(table))
    before, now = table["before"].to_numpy(), table["probability"].to_numpy()
    gap = np.full(len(table), np.nan)  # breaks the line between two pieces
    joined = {
        "type": "scatter",
        "x": np.column_stack([before, now, gap]).ravel(),
        "y": np.column_stack([rows, rows, gap]).ravel(),
        "mode": "lines",
        "line": {"color": palette.soft, "width": 2},
        "hoverinfo": "skip",
        "showlegend": False,
    }
    dots = {"type": "scatter", "y": rows, "mode": "markers"}
    rings = {
        "x": before,
        "name": "unchanged model",
        "customdata": np.array([percent(p) for p in before]),
        "hovertemplate": "unchanged: %{customdata}<extra></extra>",
        "marker": {"symbol": "circle-open", "size": 12, "color": palette.soft, "line": {"width": 2}},
    }
    full = {
        "x": now,
        "name": "with your changes",
        "customdata": np.array([percent(p) for p in now]),
        "hovertemplate": "with your changes: %{customdata}<extra></extra>",
        "marker": {"symbol": "circle", "size": 12, "color": palette.probability},
    }
    shared = theme.layout(palette, height=30 * len(table) + 90)
    labels = np.array([_short(row.piece) + (" (true)" if row.mark else "") for row in table.itertuples()])
    top = float(max(before.max(), now.max()))
    bare = {"zeroline": False, "fixedrange": True}
    across = {"range": [-0.03 * top, 1.06 * top], "tickformat": ".0%" if top > 0.05 else ".2%"}
    down = {"tickvals": rows, "ticktext": labels, "range": [len(table) - 0.5, -0.5]}
    axes = {"xaxis": shared["xaxis"] | bare | across, "yaxis": shared["yaxis"] | bare | down}
    return go.Figure({"data": [joined, dots | rings, dots | full], "layout": shared | axes | {"legend": LEGEND}})


def _title(text: str) -> dict:
    return {"text": text, "font": {"size": 13}}


def _short(piece: str) -> str:
    return escape(piece if len(piece) <= LONGEST else piece[: LONGEST - 1] + "…", quote=False)
