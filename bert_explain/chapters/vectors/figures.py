"""Pictures of static word vectors: bars of neighbours, sums as strips, maps, one vector against BERT's many.

Words come from the reader or a table: they are escaped here for plotly.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from bert_explain.analysis.outputs import signed
from bert_explain.analysis.vector_map import WordMap
from bert_explain.analysis.vectors import WordRow
from bert_explain.chapters.vectors.analogies import Sum
from bert_explain.figures import theme
from bert_explain.figures.chart import chart, title
from bert_explain.figures.payload import Band, Bar
from bert_explain.figures.theme import Palette
from bert_explain.kernel.text import plotly
from bert_explain.models.vectors import Vectors

CROWD = 60  # words above which points carry no names but on hover
FROM = {"eye": {"x": 1.6, "y": 1.6, "z": 1.3}}  # a step further back than plotly, so that no word is cut off at the edge
HIDDEN = {"showticklabels": False, "showgrid": False, "zeroline": False, "title": ""}


def neighbour_bars(table: pd.DataFrame) -> list[Bar]:
    """The nearest words by cosine."""
    pairs = zip(table["word"], table["cosine"], strict=True)
    last = len(table) - 1
    return [
        Bar(word, max(cosine, 0.0), "hidden", shown=signed(cosine), signal=place in (0, last))
        for place, (word, cosine) in enumerate(pairs)
    ]


def sum_bands(added: Sum, nearest: str, vector: np.ndarray | None) -> list[Band]:
    """Each word's numbers at length 1 with its sign, the sum, and the nearest word that was not given, for comparison."""
    rows = [
        Band(term.word, part * term.sign, "token", "" if first and term.sign > 0 else "+" if term.sign > 0 else "−")
        for first, term, part in zip([True] + [False] * len(added.terms), added.terms, added.parts, strict=False)
    ]
    rows.append(Band("the sum", added.total, "hidden", "="))
    return [*rows, Band(nearest, vector, "true_word", "→")] if vector is not None else rows


def ranking_bars(table: pd.DataFrame, given: bool, hoped: str = "") -> list[Bar]:
    """The words nearest to a sum, with (`given`) or without the words of the sum itself."""
    shown = table if given else table[~table["given"]]
    return [
        Bar(
            row["word"],
            max(row["cosine"], 0.0),
            "special" if row["given"] else "probability",
            shown=signed(row["cosine"]),
            mark="stands in the sum" if row["given"] else "hoped for" if row["word"] == hoped else "",
            signal=place == 0,
        )
        for place, (_, row) in enumerate(shown.iterrows())
    ]


def compare_bands(one: str, other: str, table: pd.DataFrame) -> list[Band]:
    """Two words at length 1, and the products of their numbers."""
    return [
        Band(one, table["first"].to_numpy(), "token", scale="numbers"),
        Band(other, table["second"].to_numpy(), "position", "×", scale="numbers"),
        Band("product", table["product"].to_numpy(), "hidden", "=", digits=4, scale="products"),
    ]


def number_bands(vectors: Vectors, words: Sequence[str]) -> list[Band]:
    """The numbers of some words as the table holds them; the first is the one looked at."""
    return [Band(word, vectors.vector(word), "hidden" if i else "token") for i, word in enumerate(words)]


def row_bands(vectors: Vectors, rows: Sequence[WordRow]) -> list[Band]:
    """The vectors of the words of a text, in their order."""
    return [Band(row.word, vectors.keyed.vectors[row.index], "segment_a") for row in rows]


def same_bands(vectors: Vectors, in_a: WordRow, in_b: WordRow) -> list[Band]:
    """A word's vector in A, its vector in B, and the difference: the sentence changes nothing."""
    a, b = (vectors.vector(row.key) for row in (in_a, in_b))
    return [
        Band(f"{in_a.word} in A", a, "segment_a"),
        Band(f"{in_b.word} in B", b, "segment_b", "−"),
        Band("difference", a - b, "hidden", "="),
    ]


def typical_bars(one: str, other: str, table: pd.DataFrame, typical: tuple[float, float]) -> list[Bar]:
    """The cosine of two words, beside those of random pairs of words."""
    cosine = float(table["product"].sum())
    return [
        Bar(f"{one}, {other}", max(cosine, 0.0), "hidden", shown=signed(cosine)),
        Bar("two random words", max(typical[0], 0.0), "special", shown=signed(typical[0]), note="mean of 4,000 pairs"),
        Bar("one in a hundred", max(typical[1], 0.0), "special", shown=signed(typical[1]), note="only 1 % of pairs have more"),
    ]


def one_bars(table: pd.DataFrame) -> list[Bar]:
    """How alike a word's vectors are in two sentences: static tables, and BERT after each layer."""
    return [
        Bar(row["vectors"], max(row["cosine"], 0.0), "token" if row["static"] else "hidden", shown=f"{row['cosine']:.3f}")
        for _, row in table.iterrows()
    ]


def word_map(found: WordMap, rows: pd.DataFrame, chosen: str, palette: Palette) -> go.Figure:
    """Words as points, two- or three-dimensional; a line from each to its true nearest where the map shows another."""
    if found.points.shape[1] == 3:
        return _space(found, rows, chosen, palette)
    names = np.array([plotly(word) for word in found.words])
    traces = _lines(found.points, rows, palette)
    traces.append(_points(found.points, names, found.words, chosen, _said(rows), palette))
    limits = [_limits(found.points[:, axis]) for axis in (0, 1)]
    return chart(traces, palette, 520, {**HIDDEN, "range": limits[0]}, {**HIDDEN, "range": limits[1]}, showlegend=False)


def _said(rows: pd.DataFrame) -> np.ndarray:
    """What is read at each point."""
    pairs = zip(rows["word"], rows["nearest"], rows["cosine"], strict=True)
    return np.array([f"{plotly(w)}<br>truly nearest: {plotly(n)}, cosine {c:.2f}" for w, n, c in pairs])


def _lines(points: np.ndarray, rows: pd.DataFrame, palette: Palette) -> list:
    """Lines to the true nearest word, as one trace with gaps."""
    at = {word: i for i, word in enumerate(rows["word"])}
    path = np.full((len(rows) * 3, points.shape[1]), np.nan)
    for i, near in enumerate(rows["nearest"]):
        path[3 * i], path[3 * i + 1] = points[i], points[at[near]]
    kind, line = go.Scatter, {"color": palette.line, "width": 1.5}
    if points.shape[1] == 3:  # among the lines of the box they need more weight
        kind, line = go.Scatter3d, {"color": palette.soft, "width": 2}
    return [kind(**dict(zip("xyz", path.T, strict=False)), mode="lines", hoverinfo="skip", line=line)]


def _points(
    points: np.ndarray, names: np.ndarray, words: Sequence[str], chosen: str, said: np.ndarray, palette: Palette
) -> go.Scatter:
    lit = np.array([word == chosen for word in words])
    crowded = len(words) > CROWD
    return go.Scatter(
        x=points[:, 0],
        y=points[:, 1],
        mode="markers+text",
        text=np.where(lit | (not crowded), names, ""),
        textposition=_sides(points),
        textfont={"family": theme.MONO_FONT, "size": 12, "color": palette.ink},
        marker={"size": np.where(lit, 13, 5 if crowded else 8), "color": np.where(lit, palette.accent, palette.token)},
        customdata=said,
        hovertemplate="%{customdata}<extra></extra>",
        cliponaxis=False,
    )


def _sides(points: np.ndarray) -> list[str]:
    """Names stand above their points, but below where the nearest point is above: so pairs do not cover each other."""
    flat = points / np.maximum(np.ptp(points, axis=0), 1e-9)
    far = np.linalg.norm(flat[:, None] - flat[None], axis=2)
    np.fill_diagonal(far, np.inf)
    above = flat[far.argmin(axis=1), 1] > flat[:, 1]
    return ["bottom center" if up else "top center" for up in above]


def _limits(values: np.ndarray) -> list[float]:
    low, high = float(values.min()), float(values.max())
    room = 0.1 * (high - low) or 1.0
    return [low - room, high + room]


def _space(found: WordMap, rows: pd.DataFrame, chosen: str, palette: Palette) -> go.Figure:
    x, y, z = found.points.T
    lit = np.array([word == chosen for word in found.words])
    axis = {
        "showticklabels": False,
        "title": "",
        "gridcolor": palette.line,
        "backgroundcolor": "rgba(0,0,0,0)",
        "zerolinecolor": palette.line,
        "showspikes": False,
    }
    points = go.Scatter3d(
        x=x,
        y=y,
        z=z,
        mode="markers+text" if len(found.words) <= CROWD else "markers",
        text=np.array([plotly(word) for word in found.words]),
        textfont={"family": theme.MONO_FONT, "size": 12, "color": palette.ink},
        marker={"size": 5, "color": np.where(lit, palette.accent, palette.token)},
        customdata=_said(rows),
        hovertemplate="%{customdata}<extra></extra>",
    )
    layout = {
        **theme.layout(palette, 520),
        "scene": {"xaxis": axis, "yaxis": axis, "zaxis": axis, "camera": FROM},
        "showlegend": False,
    }
    return go.Figure([*_lines(found.points, rows, palette), points], layout=layout)


def moving_map(paths: np.ndarray, at: int, words: Sequence[str], chosen: str, palette: Palette) -> go.Figure:
    """Words on their way while they are learned.

    paths : (S, N, 2), the places after each snapshot; up to `at` they are drawn as trails. The axes hold all of them.
    """
    gaps = np.concatenate([paths[: at + 1], np.full((1, *paths.shape[1:]), np.nan)])  # a trail ends where the next begins
    trail = gaps.transpose(1, 0, 2).reshape(-1, 2)
    line = {"color": palette.line, "width": 1.5}
    names = np.array([plotly(word) for word in words])
    traces = [
        go.Scatter(x=trail[:, 0], y=trail[:, 1], mode="lines", hoverinfo="skip", line=line),
        _points(paths[at], names, words, chosen, names, palette),
    ]
    limits = [_limits(paths[..., axis]) for axis in (0, 1)]
    return chart(traces, palette, 460, {**HIDDEN, "range": limits[0]}, {**HIDDEN, "range": limits[1]}, showlegend=False)


def loss_line(loss: np.ndarray, after: int, palette: Palette) -> go.Figure:
    """The mean loss of a pair in each pass, and the pass looked at."""
    passes = np.arange(1, len(loss) + 1)
    traces = [
        go.Scatter(
            x=passes,
            y=loss,
            mode="lines",
            line={"color": palette.hidden, "width": 2.5},
            hovertemplate="pass %{x}: %{y:.3f}<extra></extra>",
        )
    ]
    if after:
        traces.append(
            go.Scatter(
                x=passes[[after - 1]],
                y=loss[[after - 1]],
                mode="markers",
                hoverinfo="skip",
                marker={"color": palette.accent, "size": 11},
            )
        )
    return chart(
        traces,
        palette,
        200,
        {"title": title("pass"), "showgrid": False, "zeroline": False},
        {"title": title("loss"), "rangemode": "tozero"},
        showlegend=False,
    )


def lesson_bars(table: pd.DataFrame) -> list[Bar]:
    """What the two vectors say of each pair, and what they should say."""
    return [
        Bar(
            row["word"],
            0.0 if row["says"] != row["says"] else row["says"],
            "true_word" if row["should"] else "special",
            shown="skipped" if row["says"] != row["says"] else f"{row['says']:.2f}",
            note="should be 1" if row["should"] else "should be 0",
            mark="neighbour" if row["should"] else "drawn",
        )
        for _, row in table.iterrows()
    ]
