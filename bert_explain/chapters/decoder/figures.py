"""Pictures of the decoder: surprise by token, candidates before and after the cuts, the draw, which states moved.

Pieces come from the reader or the vocabulary; plotly reads some HTML in its texts, so each is escaped here.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from bert_explain.analysis.writing import Written
from bert_explain.figures import theme
from bert_explain.figures.chart import chart, title
from bert_explain.figures.payload import Bar
from bert_explain.figures.theme import Palette
from bert_explain.kernel.readings import percent

LABELLED = 40  # tokens whose names stand under their bars; of more, every n-th
LONGEST = 12
BARE = {"showgrid": False, "zeroline": False}


def short(piece: str) -> str:
    """A piece as a chart can hold it: cut, escaped; the whole piece is in the table."""
    return escape(piece if len(piece) <= LONGEST else piece[: LONGEST - 1] + "…", quote=False)


def places(pieces: Sequence[str]) -> dict:
    """The axis whose ticks are tokens, at 0, 1, 2 ...; of many, only every n-th is named."""
    every = max(1, -(-len(pieces) // LABELLED))
    ticks = np.arange(0, len(pieces), every)
    names = np.array([short(piece) for piece in pieces[::every]])
    return {"tickvals": ticks, "ticktext": names, "tickangle": -60, "range": [-0.6, len(pieces) - 0.4], **BARE}


def next_notes(table: pd.DataFrame) -> list[str]:
    """(T,) under each token the probability it got; nothing under [CLS], which nothing stands before."""
    return ["", *(percent(p) for p in table["probability"])]


def surprise(table: pd.DataFrame, chosen: int, palette: Palette) -> go.Figure:
    """One bar a token of `decoder.next_tokens`, as high as it surprised; a line at the mean; the chosen one full."""
    y = table["surprise"].to_numpy()
    hover = [
        f"{short(r.piece)}: {percent(r.probability)}, number {r.rank:,}; expected {short(r.expected)}" for r in table.itertuples()
    ]
    strong = np.where(table["position"].to_numpy() == chosen, 1.0, 0.5)
    bar = {
        "type": "bar",
        "y": y,
        "x": np.arange(len(y)),
        "marker": {"color": palette.true_word, "opacity": strong},
        "hovertext": np.array(hover),
        "hovertemplate": "%{hovertext}<br>surprise %{y:.2f}<extra></extra>",
    }
    mean = float(y.mean())
    line = {
        "type": "line",
        "x0": -0.6,
        "x1": len(y) - 0.4,
        "y0": mean,
        "y1": mean,
        "line": {"color": palette.soft, "dash": "dot"},
    }
    said = {
        "x": len(y) - 0.5,
        "y": mean,
        "text": f"mean {mean:.2f}",
        "showarrow": False,
        "xanchor": "right",
        "yanchor": "bottom",
        "font": {"color": palette.soft, "size": 13},
    }
    return chart(
        [bar],
        palette,
        280,
        places(table["piece"].tolist()),
        {"title": title("surprise, -ln p"), "rangemode": "tozero"},
        shapes=[line],
        annotations=[said],
        showlegend=False,
    )


# writing
def candidate_bars(table: pd.DataFrame, palette: Palette) -> go.Figure:
    """Every candidate of `writing.candidates`: outline = the model's probability, filled = what the draw is made from."""
    rows = np.arange(len(table))
    before, after = table["before"].to_numpy(dtype=float), table["after"].to_numpy(dtype=float)
    fates = table["fate"].to_numpy(dtype=str)
    hover = [
        f"{short(r.piece)}: {percent(r.before)} before, " + ("cut" if r.after == 0 else f"{percent(r.after)} in the draw")
        for r in table.itertuples()
    ]
    whole = {
        "type": "bar",
        "orientation": "h",
        "y": rows,
        "hovertext": np.array(hover),
        "hovertemplate": "%{hovertext}<extra></extra>",
    }
    colours = np.where(fates == "chosen", palette.true_word, np.where(fates == "rest", palette.soft, palette.probability))
    filled = {
        "x": after,
        "width": 0.5,
        "name": "in the draw",
        "marker": {"color": colours, "opacity": 0.75},
        "showlegend": False,
    }
    outline = {
        "x": before,
        "width": 0.8,
        "name": "as the model gave it",
        "showlegend": False,
        "marker": {"color": "rgba(0,0,0,0)", "line": {"color": palette.ink, "width": 1.2}},
    }
    top = float(max(before.max(), after.max()))
    marks = [
        {
            "x": max(b, a) + 0.012 * top,
            "y": i,
            "xanchor": "left",
            "showarrow": False,
            "text": {"chosen": "chosen", "cut": "cut"}.get(f, "") or ("cut" if f == "rest" and a == 0 else ""),
            "font": {"size": 12, "color": palette.true_word if f == "chosen" else palette.soft},
        }
        for i, (b, a, f) in enumerate(zip(before, after, fates, strict=True))
    ]
    names = np.array(["all others" if r.fate == "rest" else short(r.piece) for r in table.itertuples()])
    return chart(
        [whole | filled, whole | outline],
        palette,
        24 * len(table) + 50,
        {"range": [0, 1.16 * top], "tickformat": ".0%" if top > 0.05 else ".2%"},
        {"tickvals": rows, "ticktext": names, "range": [len(table) - 0.5, -0.5], **BARE},
        barmode="overlay",
        annotations=[m for m in marks if m["text"]],
    )


def draw_line(step: Written, palette: Palette) -> go.Figure:
    """The line from 0 to 1 on which the kept candidates lie side by side, the likeliest first, and the random number on it.

    Candidates beyond those of the table share one stretch; a chosen one among them is drawn where the number fell.
    """
    kept = step.table[step.table["after"] > 0]
    named = kept[kept["fate"] != "rest"].sort_values("after", ascending=False, kind="stable")
    names, widths, fates = (named[c].tolist() for c in ("piece", "after", "fate"))
    starts = np.concatenate([[0.0], np.cumsum(widths)])[: len(widths)].tolist()
    for rest in kept[kept["fate"] == "rest"]["after"]:
        if "chosen" in fates and step.drawn >= starts[-1] + widths[-1] and fates[-1] == "chosen":
            starts[-1] = min(max(step.drawn - widths[-1] / 2, starts[-1]), 1 - widths[-1])
            names, widths, starts, fates = (
                ["others", *names],
                [1 - sum(widths[:-1]), *widths],
                [sum(widths[:-1]), *starts],
                ["rest", *fates],
            )
        else:
            names, widths, starts, fates = [*names, "others"], [*widths, rest], [*starts, sum(widths)], [*fates, "rest"]
    colours = {"chosen": palette.true_word, "kept": palette.probability, "rest": palette.soft}
    bar = {
        "type": "bar",
        "orientation": "h",
        "y": np.zeros(len(names)),
        "x": np.array(widths),
        "base": np.array(starts),
        "width": 0.9,
        "marker": {
            "color": np.array([colours[f] for f in fates]),
            "line": {"color": palette.card, "width": 1.5},
            "opacity": np.array([0.6 if f == "chosen" else 0.3 for f in fates]),
        },
        "text": np.array([short(n) for n in names]),
        "textposition": "inside",
        "insidetextanchor": "middle",
        "textangle": 0,
        "textfont": {"color": palette.ink, "size": 12},
        "showlegend": False,
        "hovertext": np.array([f"{short(n)}: {percent(w)}" for n, w in zip(names, widths, strict=True)]),
        "hovertemplate": "%{hovertext}<extra></extra>",
    }
    at = {
        "type": "line",
        "x0": step.drawn,
        "x1": step.drawn,
        "y0": -0.75,
        "y1": 0.75,
        "line": {"color": palette.ink, "width": 2.5},
    }
    return chart(
        [bar],
        palette,
        96,
        {"range": [0, 1], "tickvals": np.array([0, 0.25, 0.5, 0.75, 1])},
        {"visible": False, "range": [-0.8, 0.8]},
        shapes=[at],
        barmode="overlay",
        uniformtext={"minsize": 11, "mode": "hide"},
    )


def written_notes(steps: Sequence[Written], before: int) -> list[str]:
    """Nothing under the `before` tokens of the start, the model's probability under each one written."""
    return [""] * before + [percent(step.probability) for step in steps]


# why BERT hides words instead
def moved(table: pd.DataFrame, palette: Palette) -> go.Figure:
    """How far each token's state turned in the decoder (above) and in BERT (below), of a table from `decoder.moved_table`."""
    at = int(table.index[table["side"] == "itself"][0])
    data = []
    for axis, column, said in (("", "decoder", "decoder"), ("2", "bert", "BERT")):
        y = table[column].to_numpy(dtype=float)
        hover = [
            f"{short(p)} in {said}: " + ("not one digit changed" if v == 0 else f"turned by {v:.4f}")
            for p, v in zip(table["piece"], y, strict=True)
        ]
        data.append(
            {
                "type": "bar",
                "x": np.arange(len(y)),
                "y": y,
                "yaxis": f"y{axis}",
                "name": said,
                "showlegend": False,
                "marker": {"color": np.where(np.arange(len(y)) == at, palette.soft, palette.hidden)},
                "hovertext": np.array(hover),
                "hovertemplate": "%{hovertext}<extra></extra>",
            }
        )
    shade = {
        "type": "rect",
        "x0": -0.6,
        "x1": at - 0.5,
        "y0": 0,
        "y1": 1,
        "yref": "paper",
        "layer": "below",
        "line": {"width": 0},
        "fillcolor": palette.segment_a,
        "opacity": 0.1,
    }
    rest = {"fixedrange": True, "rangemode": "tozero", "nticks": 4}
    return chart(
        data,
        palette,
        360,
        places(table["piece"].tolist()) | {"anchor": "y2"},
        rest | {"title": title("decoder"), "domain": [0.56, 1]},
        yaxis2=theme.layout(palette)["yaxis"] | rest | {"title": title("BERT"), "domain": [0, 0.44]},
        shapes=[shade],
    )


def sight_bars(table: pd.DataFrame) -> list[Bar]:
    """One bar a row of `decoder.in_sight`."""
    return [
        Bar(
            r.way,
            r.probability,
            "masked" if r.sees else "true_word",
            note=f"number {r.rank:,}",
            mark="sees the word" if r.sees else "",
            shown=percent(r.probability),
        )
        for r in table.itertuples()
    ]
