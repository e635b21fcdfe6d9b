"""Pictures of one layer: the equations with their numbers, the strips that add up, and the paths through all layers.

Pieces come from the reader or the vocabulary: they are escaped here for plotly, and never put into an equation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bert_explain.chapters.layer.head import Cell, Part
from bert_explain.figures.payload import SATURATED, Band, Bar
from bert_explain.kernel.readings import many
from bert_explain.trace import LayerStep

FOLDED = 128  # neurons in a row of the folded strip


# one head by hand ------------------------------------------------------------------------------------------------


def score_latex(cell: Cell) -> str:
    """score = q · k / sqrt(d) with this cell's numbers: the first product, the last, their sum, the root."""
    d = cell.q.size
    first, last = (rf"{_n(cell.q[i])} \cdot {_n(cell.k[i])}" for i in (0, d - 1))
    template = (
        r"\begin{aligned} &\text{score} = \frac{q_0 k_0 + \cdots + q_{%d} k_{%d}}{\sqrt{%d}} \\[6pt]"
        r"&= \frac{%s + \cdots + %s}{%.3f} \\[6pt] &= \frac{%.3f}{%.3f} = \mathbf{%.3f} \end{aligned}"
    )
    return template % (d - 1, d - 1, d, first, last, cell.root, cell.dot, cell.root, cell.score)


def softmax_latex(cell: Cell) -> str:
    """weight = e^score / sum of e^score with this cell's numbers: its own power, the two largest others, their sum."""
    shift = rf" - {cell.shift:.1f}" if cell.shift > 0 else rf" + {-cell.shift:.1f}" if cell.shift < 0 else ""
    others = [i for i in np.argsort(-cell.powers, kind="stable") if i != cell.column][:2]
    own = _big(cell.powers[cell.column])
    terms = [own, *(_big(cell.powers[i]) for i in others), *([r"\cdots"] if cell.powers.size > 3 else [])]
    template = (
        r"\begin{aligned} &\text{weight} = \frac{e^{\,\text{score}}}"
        r"{\text{sum of } e^{\,\text{score}} \text{ in the row}} \\[6pt]"
        r"&= \frac{e^{\,%.3f%s}}{%s} \\[6pt] &= \frac{%s}{%s} = %s \end{aligned}"
    )
    return template % (cell.score, shift, " + ".join(terms), own, _big(cell.total), _small(cell.weight))


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
        together = len(part.positions) > 1 or (number and number == len(found) - 1 and len(found) < len(pieces))
        name = f"{part.weight:.2f} × v({many(len(part.positions), 'other') if together else pieces[part.positions[0]]})"
        bands.append(Band(name, part.values, "value", "+" if number else ""))
    total = np.sum([part.values for part in found], axis=0)
    bands.append(Band("sum" if off else "output", total, "hidden", "="))
    return [*bands, Band("switched off", mixed, "masked", "→")] if off else bands


def row_bars(table: pd.DataFrame, which: str = "weight", top: int = 6) -> list[Bar]:
    """One column of `head.row_table` as bars: the tokens of the largest weights, then the remaining tokens in one bar.

    The order is that of "weight" for either column, so that two pictures of one row can be compared.
    """
    order = table.sort_values("weight", ascending=False, kind="stable")
    powers = which == "weight"  # beside the model's own weights, what they are made of
    bars = [
        Bar(
            row["token"],
            row[which],
            "attention",
            note=_power(row["e^score"]) if powers else "",
            shown=f"{row[which]:.3f}",
        )
        for _, row in order.head(top).iterrows()
    ]
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
        Band("contracted", step.contracted[place], "hidden"),
        Band("LayerNorm", step.attended_normalised[place], "hidden", "+"),
        Band("sum", step.total[place], "hidden", "="),
        Band("output", step.output[place], "hidden", "→"),
    ]


def lengths(bands: Sequence[Band]) -> str:
    """The length of every strip's vector, with the signs of the strips. Lengths do not add up; vectors do."""
    parts = (f"{band.sign} {band.name} {np.linalg.norm(band.values.astype(np.float64)):.1f}".strip() for band in bands)
    return "Lengths: " + ", ".join(parts) + "."


def head_names(heads: int, off: Sequence[int]) -> list[str]:
    """A label for each head's line; a head that is switched off says so."""
    return [f"head {h + 1}{' (off)' if h in off else ''}" for h in range(heads)]


def dimension_lines(table: pd.DataFrame) -> pd.DataFrame:
    """`layer.dimension_table` for reading: three decimals, true minus signs, nothing where there is no value."""
    shown = table.assign(value=["" if np.isnan(v) else f"{v:.3f}" for v in table["value"]])
    return shown.set_index("stage").replace("-(?=[0-9])", "\u2212", regex=True)


@dataclass(frozen=True)
class Fold:
    """The F neurons of one token, folded into rows of at most FOLDED, for the matrix component."""

    values: np.ndarray  # (R, FOLDED); NaN after the last neuron
    rows: list[str]  # number of each row's first neuron
    columns: list[str]  # what to add to it
    limit: float  # the magnitude that is fully coloured
    strongest: tuple[int, int]  # row and column of the neuron that answers most


def neurons(step: LayerStep, place: int) -> Fold:
    """The neurons' answers as a table, in the order of the neurons."""
    answers = step.expanded[place]
    wide = min(FOLDED, answers.size)
    values = np.full(-(-answers.size // wide) * wide, np.nan, dtype=np.float32)
    values[: answers.size] = answers
    best = int(answers.argmax())
    return Fold(
        values.reshape(-1, wide),
        [str(first) for first in range(0, answers.size, wide)],
        [str(i) for i in range(wide)],
        float(np.percentile(np.abs(answers), SATURATED)) or 1.0,
        (best // wide, best % wide),
    )


def _power(x: float) -> str:
    """A power of e beside its bar: "e^4.69 = 108.95"."""
    if x == 0:
        return "e^… = 0"
    return f"e^{np.log(x):.2f} = " + (f"{x:.2f}" if 0.01 <= x < 1e5 else f"{x:.1e}")


def _n(x: float) -> str:
    """A factor: negative numbers in brackets."""
    return f"({x:.2f})" if x < 0 else f"{x:.2f}"


def _small(x: float) -> str:
    """A weight with three decimals, or as a power of ten when that would be 0.000."""
    if x >= 0.0005 or x == 0:
        return rf"\mathbf{{{x:.3f}}}"
    mantissa, power = f"{x:.1e}".split("e")
    return rf"\mathbf{{{mantissa} \cdot 10^{{{int(power)}}}}}"


def _big(x: float) -> str:
    """A power of e, short: 12.3, or 3.4 x 10^7."""
    if 0.01 <= x < 1e5:
        return f"{x:.2f}"
    mantissa, power = f"{x:.2e}".split("e")
    return rf"{mantissa} \cdot 10^{{{int(power)}}}"
