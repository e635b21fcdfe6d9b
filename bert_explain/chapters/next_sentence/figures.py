"""Pictures of next-sentence prediction: the two answers, one change at a time, the last step, drawn pairs, weaknesses.

Sentences in hover texts are escaped: plotly reads some HTML.
"""

from __future__ import annotations

from html import escape
from textwrap import wrap

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from scipy.special import expit

from bert_explain.analysis.next_sentence import NEXT, Decision, short
from bert_explain.content.next_sentence import Document
from bert_explain.figures import theme
from bert_explain.figures.chart import kept
from bert_explain.figures.payload import Band, Bar
from bert_explain.figures.theme import Palette
from bert_explain.kernel.readings import percent, tenths

WIDE = 44  # characters in a line of a hover text


# payloads for the components
def answer_bars(table: pd.DataFrame) -> list[Bar]:
    """The two answers with their logits, of a table from `next_sentence.answer`."""
    roles = ("probability", "soft")
    return [
        Bar(row.answer, row.probability, role, note=f"logit {row.logit:+.2f}".replace("-", "−"), signal=role == roles[0])
        for row, role in zip(table.itertuples(), roles, strict=True)
    ]


def change_bars(table: pd.DataFrame) -> list[Bar]:
    """Probability of "is next" after each change, of a table from `next_sentence.compare`; the difference beside it."""
    bars = []
    for i, row in enumerate(table.itertuples()):
        note = "" if i == 0 else f"{100 * row.difference:+.1f} points".replace("-", "−")
        mark = "on" if row.applied and i else ""
        bars.append(Bar(row.change, row.is_next, "probability", note=note, mark=mark, signal=row.change == "A and B swapped"))
    return bars


def pair_bars(table: pd.DataFrame, chosen: int) -> list[Bar]:
    """One bar a drawn pair, of a table from `sentence_pairs.with_verdicts`: its label, and what the answer costs."""
    return [
        Bar(
            f"{'▸ ' if row.pair == chosen else ''}pair {row.pair}",
            row.is_next,
            "probability" if row.right else "negative",
            note=f"loss {row.loss:.2f}{'' if row.right else ', wrong'}",
            mark=row.label,
        )
        for row in table.itertuples()
    ]


def share_bars(table: pd.DataFrame) -> list[Bar]:
    """Share of pairs called "is next" under each condition, of a table from `sentence_pairs.shares`."""
    return [
        Bar(
            row.condition,
            row.share,
            "probability" if row.label == NEXT else "negative",
            note=f"{row.called_next} of {row.pairs}, should be {'all' if row.label == NEXT else 'none'}",
        )
        for row in table.itertuples()
    ]


def shading(weights: np.ndarray) -> np.ndarray:
    """(T,) weights as shares of the largest, so that the strongest token has the full colour."""
    return weights / max(float(weights.max()), 1e-9)


def weight_notes(weights: np.ndarray) -> list[str]:
    """(T,) the weight under each token; with a third decimal where all of them are small."""
    digits = 2 if weights.max() >= 0.1 else 3
    return [f"{w:.{digits}f}" for w in weights]


def step_bands(found: Decision) -> list[Band]:
    """The [CLS] vector and what the pooler makes of it."""
    return [Band("[CLS]", found.hidden, "hidden"), Band("pooled", found.pooled, "hidden", "→")]


def pull_bands(found: Decision) -> list[Band]:
    """How far each pooled number pulls towards "is next" (above 0) or away from it, on a scale of its own."""
    return [Band("pull", found.pull, "probability", "→", digits=4)]


def gap_latex(found: Decision) -> tuple[str, str]:
    """sum of the pulls + shift = difference of the logits, and the probability it gives, with this pair's numbers."""
    total = float(found.pull.sum(dtype=np.float64))
    pulls = rf"\underbrace{{{total:+.2f}}}_{{\text{{sum of pulls}}}}"
    share = percent(float(expit(found.gap))).replace("%", r"\%")
    return (
        rf"{pulls} {found.shift:+.2f} \approx {found.gap:+.2f} = z_0 - z_1",
        rf"P(\text{{is next}}) = \frac{{1}}{{1 + e^{{{-found.gap:.2f}}}}} \approx \text{{{share}}}",
    )


# how training draws its pairs
@kept
def drawing(drawn: pd.DataFrame, documents: tuple[Document, ...], chosen: int, palette: Palette) -> go.Figure:
    """The documents, a square a sentence; every drawn A has a ring, an arrow leads from the chosen A to its B.

    drawn : a table from `sentence_pairs.draw`. chosen : number of a pair in it.
    """
    row = drawn[drawn["pair"] == chosen].iloc[0]
    x, y, said = [], [], []
    for d, text in enumerate(documents):
        for s, sentence in enumerate(text.sentences):
            x.append(s + 1)
            y.append(d)
            said.append(f"<b>{escape(text.title)}</b>, sentence {s + 1}<br>{_lines(sentence)}")
    figure = go.Figure(layout=theme.layout(palette, height=60 + 44 * len(documents)))
    figure.add_scatter(
        x=np.array(x),
        y=np.array(y),
        mode="markers",
        text=np.array(said),
        hovertemplate="%{text}<extra></extra>",
        marker={"symbol": "square", "size": 24, "color": palette.line},
    )
    figure.add_scatter(
        x=drawn["place"].to_numpy() + 1,
        y=drawn["document"].to_numpy(),
        mode="markers",
        hoverinfo="skip",
        marker={"symbol": "square-open", "size": 24, "color": palette.segment_a, "line": {"width": 2}},
    )
    ends = (
        ("A", row["place"], row["document"], palette.segment_a),
        ("B", row["b_place"], row["b_document"], palette.segment_b),
    )
    for letter, place, document, colour in ends:
        figure.add_scatter(
            x=np.array([place + 1]),
            y=np.array([document]),
            mode="markers+text",
            text=letter,
            hoverinfo="skip",
            marker={"symbol": "square", "size": 24, "color": colour},
            textfont={"color": palette.card, "family": theme.MONO_FONT, "size": 14, "weight": 700},
        )
    figure.add_annotation(
        x=row["b_place"] + 1,
        y=row["b_document"],
        ax=row["place"] + 1,
        ay=row["document"],
        axref="x",
        ayref="y",
        xref="x",
        yref="y",
        text="",
        arrowhead=2,
        arrowwidth=2,
        arrowcolor=palette.ink,
        standoff=14,
        startstandoff=14,
    )
    longest = max(len(text.sentences) for text in documents)
    figure.update_xaxes(
        range=[0.5, longest + 0.5],
        dtick=1,
        showgrid=False,
        zeroline=False,
        title={"text": "sentence", "font": {"size": 13, "color": palette.soft}, "standoff": 4},
        fixedrange=True,
    )
    figure.update_yaxes(
        range=[len(documents) - 0.5, -0.5],
        tickvals=np.arange(len(documents)),
        showgrid=False,
        zeroline=False,
        fixedrange=True,
        ticktext=np.array([escape(text.title) for text in documents]),
        tickfont={"family": theme.TEXT_FONT, "size": 14},
    )
    return figure.update_layout(showlegend=False)


# what it gets wrong
@kept
def spread(table: pd.DataFrame, palette: Palette) -> go.Figure:
    """Every case under every condition, of a table from `sentence_pairs.probed`: a dot at its probability of "is next".

    Thin lines join the dots of one case; dots where the model is right are filled, where it is wrong, open.
    """
    names = list(dict.fromkeys(table["condition"]))
    cases = int(table["case"].max())
    level = table["condition"].map(names.index).to_numpy(float)
    # Cases lie above each other within a row in their order, so that dots at one place can be told apart.
    height = level + 0.52 * ((table["case"].to_numpy() - 0.5) / cases - 0.5)
    figure = go.Figure(layout=theme.layout(palette, height=90 + 96 * len(names)))
    order = np.argsort(table["case"].to_numpy(), kind="stable")
    step = len(names)
    joined = [
        np.insert(v[order].astype(float), np.arange(step, len(v), step), np.nan) for v in (table["is_next"].to_numpy(), height)
    ]
    figure.add_scatter(
        x=joined[0],
        y=joined[1],
        mode="lines",
        hoverinfo="skip",
        line={"width": 1, "color": palette.line},
    )
    for right, symbol, colour in ((True, "circle", palette.probability), (False, "circle-open", palette.negative)):
        at = (table["right"] == right).to_numpy(bool)
        said = [
            f"{_lines(row.a)}<br><b>then</b> {_lines(row.b)}<br>{tenths(row.is_next)} for “is next”, true: {row.label}"
            for row in table[at].itertuples()
        ]
        figure.add_scatter(
            x=table["is_next"].to_numpy()[at],
            y=height[at],
            mode="markers",
            text=np.array(said, dtype=str),
            name="model is right" if right else "model is wrong",
            hovertemplate="%{text}<extra></extra>",
            marker={"symbol": symbol, "size": 10, "color": colour, "line": {"width": 2, "color": colour}},
        )
    figure.data[0].showlegend = False
    figure.add_vline(x=0.5, line={"color": palette.soft, "width": 1, "dash": "dot"})
    figure.update_xaxes(
        range=[-0.02, 1.02],
        tickvals=np.array([0, 0.25, 0.5, 0.75, 1]),
        tickformat=".0%",
        title={"text": "probability of “is next”", "font": {"size": 13, "color": palette.soft}, "standoff": 4},
        zeroline=False,
        fixedrange=True,
    )
    figure.update_yaxes(
        range=[len(names) - 0.5, -0.5],
        tickvals=np.arange(len(names)),
        showgrid=False,
        zeroline=False,
        fixedrange=True,
        ticktext=np.array(["<br>".join(wrap(name, 12)) for name in names]),
        tickfont={"family": theme.TEXT_FONT, "size": 14},
    )
    return figure.update_layout(margin_t=40, legend={"y": 1, "yanchor": "bottom"})


def _lines(text: str) -> str:
    """A sentence escaped and broken into lines for a hover text."""
    return "<br>".join(escape(line) for line in wrap(short(text, 200), WIDE))
