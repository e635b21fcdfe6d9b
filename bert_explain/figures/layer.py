"""Pictures of one layer: the equations with their numbers, the strips that add up, and the paths through all layers.

Pieces come from the reader or the vocabulary: they are escaped here for plotly, and never put into an equation.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from bert_explain.analysis.head import Cell, Part
from bert_explain.analysis.journey import PathMap
from bert_explain.figures import theme
from bert_explain.figures.payload import Band, Bar
from bert_explain.figures.theme import Palette
from bert_explain.trace import LayerStep

LABELLED = 40  # paths of the map whose ends can carry their token without hiding each other
FOLDED = 128  # neurons in a row of the folded strip


# one head by hand ------------------------------------------------------------------------------------------------


def score_latex(cell: Cell) -> str:
    """score = q · k / sqrt(d) with this cell's numbers: the first product, the last, their sum, the root."""
    d = cell.q.size
    first, last = (rf"{_n(cell.q[i])} \cdot {_n(cell.k[i])}" for i in (0, d - 1))
    return (
        r"\begin{aligned} \text{score} &= \frac{q_1 k_1 + \cdots + q_{%d} k_{%d}}{\sqrt{%d}} \\[6pt]"
        r"&= \frac{%s + \cdots + %s}{%.3f} \\[6pt] &= \frac{%.3f}{%.3f} = \mathbf{%.3f} \end{aligned}"
    ) % (d, d, d, first, last, cell.root, cell.dot, cell.root, cell.score)


def softmax_latex(cell: Cell, count: int) -> str:
    """weight = e^score / sum of e^score with this cell's numbers."""
    shift = rf" - {cell.shift:.1f}" if cell.shift > 0 else rf" + {-cell.shift:.1f}" if cell.shift < 0 else ""
    return (
        r"\begin{aligned} \text{weight} &= \frac{e^{\,\text{score}}}{e^{\,\text{score}_1} + \cdots + e^{\,\text{score}_{%d}}} \\[6pt]"
        r"&= \frac{e^{\,%.3f%s}}{%s} = \frac{%s}{%s} \\[6pt] &= \mathbf{%.3f} \end{aligned}"
    ) % (count, cell.score, shift, _big(cell.powers), _big(cell.power), _big(cell.powers), cell.weight)


def product_bands(cell: Cell) -> list[Band]:
    """q of the token that looks, k of the token looked at, and their products: d numbers each."""
    return [
        Band("query q", cell.q, "query"),
        Band("key k", cell.k, "key", "×"),
        Band("product", cell.products, "hidden", "="),
    ]


def output_bands(found: Sequence[Part], pieces: Sequence[str], mixed: np.ndarray, off: bool) -> list[Band]:
    """Each part weight x value, and their sum: the head's output for one token. A head that is off puts out zeros."""
    bands = []
    for number, part in enumerate(found):
        together = len(part.positions) > 1 or number and number == len(found) - 1 and len(found) < len(pieces)
        name = f"{part.weight:.2f} × v of " + (f"{len(part.positions)} others" if together else pieces[part.positions[0]])
        bands.append(Band(name, part.values, "value", "+" if number else ""))
    total = np.sum([part.values for part in found], axis=0)
    bands.append(Band("sum" if off else "output", total, "hidden", "="))
    return [*bands, Band("switched off", mixed, "masked", "→")] if off else bands


def row_bars(table: pd.DataFrame, which: str = "weight", top: int = 6) -> list[Bar]:
    """One column of `head.row_table` as bars: the tokens of the largest weights, then the remaining tokens in one bar.

    The order is that of "weight" for either column, so that two pictures of one row can be compared.
    """
    order = table.sort_values("weight", ascending=False, kind="stable")
    bars = [Bar(row["token"], row[which], "attention", shown=f"{row[which]:.3f}") for _, row in order.head(top).iterrows()]
    rest = order.iloc[top:]
    if len(rest):
        share = float(rest[which].sum())
        bars.append(Bar(f"{len(rest)} other{'s' if len(rest) > 1 else ''}", share, "soft", shown=f"{share:.3f}"))
    return bars


# the rest of the layer -------------------------------------------------------------------------------------------


def attention_bands(step: LayerStep, place: int) -> list[Band]:
    """From the heads' outputs to the first LayerNorm, for one token."""
    return [
        Band("heads joined", step.joined[place], "value"),
        Band("projected", step.projected[place], "attention", "→"),
        Band("input", step.input[place], "hidden", "+"),
        Band("sum", step.attended[place], "hidden", "="),
        Band("LayerNorm", step.attended_normalised[place], "hidden", "→"),
    ]


def feed_forward_bands(step: LayerStep, place: int) -> list[Band]:
    """From the neurons' answer to the layer's output, for one token."""
    return [
        Band("contracted", step.contracted[place], "probability"),
        Band("before", step.attended_normalised[place], "hidden", "+"),
        Band("sum", step.total[place], "hidden", "="),
        Band("output", step.output[place], "hidden", "→"),
    ]


def head_names(heads: int, off: Sequence[int]) -> list[str]:
    """A label for each head's line; a head that is switched off says so."""
    return [f"head {h + 1}{' (off)' if h in off else ''}" for h in range(heads)]


def dimension_lines(table: pd.DataFrame) -> pd.DataFrame:
    """`layer.dimension_table` for reading: values with three decimals, true minus signs, nothing where there is no value."""
    shown = table.assign(value=["" if np.isnan(v) else f"{v:.3f}" for v in table["value"]])
    return shown.set_index("stage").replace("-(?=[0-9])", "\u2212", regex=True)


def neurons(step: LayerStep, place: int, palette: Palette) -> go.Figure:
    """The F neurons of one token, folded into rows: signed, centred on 0."""
    values = step.expanded[place]
    wide = min(FOLDED, values.size)
    grid = np.full(-(-values.size // wide) * wide, np.nan, dtype=np.float32)
    grid[: values.size] = values
    grid = grid.reshape(-1, wide)
    limit = float(np.abs(values).max()) or 1.0
    number = np.arange(1, grid.size + 1).reshape(grid.shape)
    figure = go.Figure(
        go.Heatmap(
            z=grid, zmin=-limit, zmax=limit, zmid=0, colorscale=palette.signed, showscale=False, customdata=number, xgap=1, ygap=1,
            hovertemplate="neuron %{customdata}: %{z:.3f}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_layout(**theme.layout(palette, height=max(60, 12 * len(grid))))
    figure.update_xaxes(visible=False, fixedrange=True)
    figure.update_yaxes(visible=False, autorange="reversed", fixedrange=True)
    return figure


def shares(table: pd.DataFrame, chosen: int, palette: Palette) -> go.Figure:
    """Two bars a layer: how long what attention adds is, and what the feed-forward network adds, beside what they are added to."""
    figure = go.Figure()
    for name, role, pattern in (("attention", "attention", ""), ("feed-forward", "probability", "/")):
        figure.add_bar(
            x=table["layer"].to_numpy(), y=table[name].to_numpy(), name=name, marker={"color": getattr(palette, role), "pattern": {"shape": pattern}},
            hovertemplate=f"layer %{{x}}: {name} adds %{{y:.0%}} of the length<extra></extra>",
        )  # fmt: skip
    figure.update_layout(**theme.layout(palette, height=260), barmode="group", bargap=0.35)
    figure.update_xaxes(title="layer", dtick=1, fixedrange=True, showgrid=False)
    figure.update_yaxes(tickformat=".0%", fixedrange=True, rangemode="tozero")
    figure.add_vrect(x0=chosen + 0.5, x1=chosen + 1.5, fillcolor=palette.accent, opacity=0.08, line_width=0)
    return figure


# through the layers ----------------------------------------------------------------------------------------------


def journey(values: np.ndarray, pieces: Sequence[str], position: int, palette: Palette) -> go.Figure:
    """One measure (L + 1, T) of every token from layer to layer: the chosen token in colour, all others behind it."""
    layers, count = values.shape
    others = [i for i in range(count) if i != position]
    x, y, text = _lines(np.tile(np.arange(layers, dtype=float)[:, None], (1, count)), values, others, pieces)
    figure = go.Figure()
    figure.add_scatter(
        x=x, y=y, text=text, mode="lines", line={"color": palette.line if count > 60 else palette.soft, "width": 1}, opacity=0.5,
        name="the other tokens", hovertemplate="%{text}<br>layer %{x}: %{y:.2f}<extra></extra>",
    )  # fmt: skip
    name = escape(pieces[position])
    figure.add_scatter(
        x=np.arange(layers), y=values[:, position], mode="lines+markers", line={"color": palette.accent, "width": 3},
        marker={"size": 8}, name=name, hovertemplate=f"{_plain(name)}<br>layer %{{x}}: %{{y:.3f}}<extra></extra>",
    )  # fmt: skip
    figure.update_layout(**theme.layout(palette, height=320))
    figure.update_xaxes(title="layer (0 = input)", dtick=1, fixedrange=True, showgrid=False)
    figure.update_yaxes(fixedrange=True)
    return figure


def path_map(found: PathMap, pieces: Sequence[str], position: int, palette: Palette) -> go.Figure:
    """The map of all hidden states: thin paths of all tokens, the chosen token's path with its layers numbered."""
    layers, count = found.points.shape[:2]
    others = [i for i in range(count) if i != position]
    x, y, text = _lines(found.points[..., 0], found.points[..., 1], others, pieces)
    figure = go.Figure()
    figure.add_scatter(
        x=x, y=y, text=text, mode="lines", line={"color": palette.soft, "width": 1}, opacity=0.3 if count <= LABELLED else 0.12,
        name="the other tokens", hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip
    if count <= LABELLED:
        ends = found.points[-1, others]
        figure.add_scatter(
            x=ends[:, 0], y=ends[:, 1], text=np.array([escape(pieces[i]) for i in others], dtype=str), mode="markers+text",
            textposition="top center", textfont={"family": theme.MONO_FONT, "size": 12, "color": palette.soft},
            marker={"color": palette.soft, "size": 5}, name="where they end", hovertemplate="%{text}, last layer<extra></extra>",
        )  # fmt: skip
    figure.add_scatter(
        x=found.points[:, position, 0], y=found.points[:, position, 1], mode="lines+markers+text",
        text=np.arange(layers).astype(str), textposition="top center", textfont={"color": palette.accent, "size": 14},
        line={"color": palette.accent, "width": 3}, marker={"size": 9}, name=escape(pieces[position]),
        hovertemplate=f"{_plain(escape(pieces[position]))}, layer %{{text}}<extra></extra>",
    )  # fmt: skip
    figure.update_layout(**theme.layout(palette, height=460))
    for axis, share in zip((figure.update_xaxes, figure.update_yaxes), found.variance, strict=True):
        axis(title=f"{share:.0%} of the variance", showticklabels=False, fixedrange=True)
    return figure


def _lines(x: np.ndarray, y: np.ndarray, which: Sequence[int], pieces: Sequence[str]) -> tuple[np.ndarray, ...]:
    """(L + 1, T) coordinates -> one long line with a gap after each token's path, and its text at every point."""
    gap = np.full((1, len(which)), np.nan)
    flat = [np.concatenate([part[:, which], gap]).T.ravel() for part in (x, y)]
    layers = len(x)
    names = [f"{escape(pieces[i])}, layer {layer}" for i in which for layer in range(layers + 1)]
    return flat[0], flat[1], np.array(names, dtype=str)


def _n(x: float) -> str:
    """A factor: negative numbers in brackets."""
    return f"({x:.2f})" if x < 0 else f"{x:.2f}"


def _big(x: float) -> str:
    """A power of e, short: 12.3, or 3.4 x 10^7."""
    if 0.01 <= x < 1e5:
        return f"{x:.2f}"
    mantissa, power = f"{x:.2e}".split("e")
    return rf"{mantissa} \cdot 10^{{{int(power)}}}"


def _plain(text: str) -> str:
    """A piece inside a plotly template: no placeholder can start in it."""
    return text.replace("%{", "%&#123;")
