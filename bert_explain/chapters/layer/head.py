"""One head redone by hand: softmax(q kᵀ / sqrt(d)) v, every number of it (Vaswani et al. 2017, section 3.2.1).

T tokens, d dimensions of a head's query, key and value, counted from 0. Sums are taken in float64, so that the parts
add up as printed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import entr, softmax

from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.kernel import readings
from bert_explain.trace import Head

LARGEST_POWER = 80.0  # e^80 is about 10^34; above that the row's highest score is subtracted first, which changes no weight


@dataclass(frozen=True)
class Cell:
    """One cell of a head's table: the token `row` looks at the token `column`."""

    row: int
    column: int
    q: np.ndarray  # (d,) the query of `row`
    k: np.ndarray  # (d,) the key of `column`
    products: np.ndarray  # (d,) q times k, number by number
    dot: float  # their sum, q · k
    root: float  # sqrt(d)
    score: float  # dot / root
    shift: float  # what is subtracted from every score of the row before the exponential; 0 unless scores are huge
    powers: np.ndarray  # (T,) e^(score - shift) of every token in the row
    total: float  # their sum
    weight: float  # powers[column] / total


@dataclass(frozen=True)
class Part:
    """What one token, or several together, give to a head's output."""

    positions: tuple[int, ...]
    weight: float  # the sum of their attention weights
    values: np.ndarray  # (d,) the sum of weight times value
    length: float  # Euclidean length of `values`


@dataclass(frozen=True)
class Sharpness:
    """One row's weights with and without the division by sqrt(d), and what it does to all scores of the head."""

    top: float  # highest weight of the row
    top_undivided: float
    tokens: float  # e^entropy: as if the row looked at that many tokens, each alike
    tokens_undivided: float
    variance: float  # of the T x T scores
    variance_undivided: float  # d times as large


def strongest(head: Head, row: int) -> int:
    """The column that the row looks at most."""
    return int(head.weights[row].argmax())


def cell(head: Head, row: int, column: int) -> Cell:
    """Every number of one cell. Raises IndexError for a position that does not exist."""
    q, k = head.q[row].astype(np.float64), head.k[column].astype(np.float64)
    products = q * k
    dot, root = float(products.sum()), float(np.sqrt(q.size))
    scores = head.scores[row].astype(np.float64)
    shift = _shift(scores)
    powers = np.exp(scores - shift)  # (T,)
    total = float(powers.sum())
    return Cell(row, column, q, k, products, dot, root, dot / root, shift, powers, total, float(powers[column]) / total)


def products_table(cell: Cell) -> pd.DataFrame:
    """The d products of one cell: dimension, q, k, q x k, and the sum so far; the last sum is q · k."""
    return pd.DataFrame(
        {
            "dimension": np.arange(cell.q.size),
            "q": cell.q,
            "k": cell.k,
            "q x k": cell.products,
            "sum so far": cell.products.cumsum(),
        }
    )


def row_table(head: Head, pieces: Sequence[str], row: int) -> pd.DataFrame:
    """Softmax of one row, one line a token: score, its power of e, weight, and the weight without the root."""
    scores = head.scores[row].astype(np.float64)
    powers = np.exp(scores - _shift(scores))
    return pd.DataFrame(
        {
            "position": np.arange(scores.size),
            "token": list(pieces),
            "score": scores,
            "e^score": powers,
            "weight": powers / powers.sum(),
            "weight without the root": softmax(scores * np.sqrt(head.q.shape[1])),
        }
    )


def sharpness(head: Head, row: int) -> Sharpness:
    """What the division by sqrt(d) does to this row.

    The sum of d products of independent numbers of variance 1 has variance d: without the division, scores grow with d
    and softmax gives nearly everything to one token (Vaswani et al. 2017, section 3.2.1, footnote 4).
    """
    d = head.q.shape[1]
    scores = head.scores.astype(np.float64)
    divided, undivided = softmax(scores[row]), softmax(scores[row] * np.sqrt(d))
    variance = float(scores.var())
    return Sharpness(float(divided.max()), float(undivided.max()), _tokens(divided), _tokens(undivided), variance, variance * d)


def parts(head: Head, row: int, top: int = 5) -> list[Part]:
    """The head's output for one token as a sum: the `top` longest parts weight x value, then all others in one.

    They add up to weights[row] @ v, which is `head.mixed[row]` unless the head is switched off. A part counts by the
    length of its vector, not by its weight (Kobayashi et al. 2020, "Attention is not only a weight").
    """
    scaled = head.weights[row].astype(np.float64)[:, None] * head.v  # (T, 1) x (T, d) -> (T, d)
    lengths = np.linalg.norm(scaled, axis=1)
    order = np.argsort(-lengths, kind="stable")
    groups = [order[i : i + 1] for i in range(min(top, order.size))]
    if order.size > top:
        groups.append(np.sort(order[top:]))
    return [_part(head, row, scaled, group) for group in groups]


def parts_table(head: Head, pieces: Sequence[str], row: int) -> pd.DataFrame:
    """Every token's part of one output, longest first: weight, length of its value, length of weight x value."""
    weights = head.weights[row].astype(np.float64)
    lengths = np.linalg.norm(head.v.astype(np.float64), axis=1)
    table = pd.DataFrame(
        {
            "position": np.arange(weights.size),
            "token": list(pieces),
            "weight": weights,
            "length of v": lengths,
            "length of weight x v": weights * lengths,
        }
    )
    return table.sort_values("length of weight x v", ascending=False, kind="stable").reset_index(drop=True)


def window(head: Head, row: int, column: int, limit: int) -> tuple[np.ndarray, np.ndarray]:
    """Which part of a long text to draw: at most `limit` neighbours of the row, and the columns it looks at most.

    Both in the order of the text; `row` is among the rows, `column` among the columns. All of them when T <= limit.
    """
    size = head.weights.shape[0]
    if size <= limit:
        return np.arange(size), np.arange(size)
    first = min(max(row - limit // 2, 0), size - limit)
    order = np.argsort(-head.weights[row], kind="stable")
    columns = np.concatenate([[column], order[order != column]])[:limit]
    return np.arange(first, first + limit), np.sort(columns)


def look_scores(head: Head, pieces: Sequence[str], row: int) -> Sentence:
    """What to look for in the table of scores and weights: this row's highest score."""
    top = readings.best(head.scores[row], least=0.01, part=0)
    best = strongest(head, row)
    names = {
        "row": Piece(pieces[row]),
        "column": Piece(pieces[best]),
        "score": readings.signed(float(head.scores[row, best])),
        "weight": float(head.weights[row, best]),
        "count": len(pieces),
        "own": ", which is itself" if best == row else "",
    }
    if len(pieces) == 1:
        return say("Look at the row {row}: it has one score, {score}, and one weight, 1.", **names)
    highest = "the highest is {score}, for {column}{own}"
    if not top.leads:
        highest = "none leads: {column}{own} has {score}"
    return say(
        "Look at the row {row}: of its {count} scores "
        + highest
        + ". Softmax makes of it {weight:.2f} of the row; an even share "
        "would be 1/{count}.",
        **names,
    ).because(top)


def look_cell(cell: Cell, pieces: Sequence[str]) -> Sentence:
    """The chosen cell in words: both steps, with their numbers."""
    return say(
        "This cell: {row} looks at {column}. Their score is {score}; after softmax, the weight is {weight:.3g}.",
        row=Piece(pieces[cell.row]),
        column=Piece(pieces[cell.column]),
        score=readings.signed(cell.score),
        weight=cell.weight,
    )


def look_products(cell: Cell, pieces: Sequence[str]) -> Sentence:
    """What to look for in q, k and their products: the largest product, and what part it has in all of them."""
    sizes = np.abs(cell.products)
    top, total = readings.best(sizes, least=0.01), float(sizes.sum())
    part = top.value / total if total else 0.0
    best = top.index
    if top.leads and part >= readings.MOSTLY:
        role = "outweighs all others together: {part} of all {d}, signs left aside"
    elif top.leads:
        role = "is the largest of {d}, {part} of them all, signs left aside"
    else:
        role = "is one of the largest of {d}, {part} of them all, signs left aside"
    return say(
        "Look at dimension {best}: {row} asks {q}, {column} answers {k}, and their product {product} " + role + ". They add up "
        "to {dot}.",
        best=best,
        row=Piece(pieces[cell.row]),
        column=Piece(pieces[cell.column]),
        q=readings.signed(float(cell.q[best])),
        k=readings.signed(float(cell.k[best])),
        product=readings.signed(float(cell.products[best])),
        part=readings.share(part),
        d=cell.q.size,
        dot=readings.signed(cell.dot),
    ).because(top)


def look_softmax(sharp: Sharpness, pieces: Sequence[str], row: int) -> Sentence:
    """What to look for in the row's softmax: how many tokens share it, with the root and without."""
    if len(pieces) == 1:
        return say("There is one token, so the row {row} is all its own.", row=Piece(pieces[row]))
    if sharp.top > 0.995:
        return say(
            "Look at the first bar: one token takes nearly the whole row {row}, {top:.3f} of it.",
            row=Piece(pieces[row]),
            top=sharp.top,
        )
    return say(
        "Look at how many tokens share the row {row}: as many as {tokens:.1f} would evenly. "
        "Without the division by the root it would be {undivided:.1f}, and the first would take {top:.2f} instead of "
        "{divided:.2f}.",
        row=Piece(pieces[row]),
        tokens=sharp.tokens,
        undivided=sharp.tokens_undivided,
        top=sharp.top_undivided,
        divided=sharp.top,
    )


def about_root(sharp: Sharpness, size: int) -> str:
    """Why the scores are divided by sqrt(d), with this head's own variances. `size` is d."""
    return (
        f"Why divide by the square root of {size}? A sum of {size} products varies widely. In this table the plain "
        f"products q · k have a variance of {sharp.variance_undivided:.1f}, the scores one of {sharp.variance:.1f}. "
        "Softmax of numbers that vary widely gives nearly all to one token, and then training hardly changes anything."
    )


def look_output(head: Head, pieces: Sequence[str], row: int, off: bool) -> Sentence:
    """What to look for in the sum of weight x value: who brings most, and whether that is who is looked at most."""
    if off:
        return say("This head is switched off: what it gathers is thrown away, and its output is {d} zeros.", d=head.q.shape[1])
    table = parts_table(head, pieces, row)
    longest = readings.best(table["length of weight x v"])
    heaviest = readings.best(table["weight"], least=0.01)
    total = float(table["length of weight x v"].sum())
    part = longest.value / total if total else 0.0
    weight = float(table["weight"].iloc[longest.index])
    names = {
        "token": Piece(table["token"].iloc[longest.index]),
        "part": readings.share(part),
        "weight": weight,
        "other": Piece(table["token"].iloc[heaviest.index]),
        "more": heaviest.value,
    }
    start = "Look at the first strip: {token} "
    if not longest.leads:
        template = start + "brings {part} of all that is added, with a weight of {weight:.2f}"
        return say(template + ("." if longest.many == 1 else "; others bring about as much."), **names)
    if longest.index != heaviest.index and heaviest.value - weight >= 0.01:
        return say(
            start + "brings most, {part} of all that is added, with a weight of {weight:.2f}. {other} has more weight, "
            "{more:.2f}, but its value is shorter.",
            **names,
        ).because(longest)
    return say(start + "has the weight {weight:.2f} and brings {part} of all that is added.", **names)


def _shift(scores: np.ndarray) -> float:
    highest = float(scores.max())
    return highest if abs(highest) > LARGEST_POWER else 0.0


def _tokens(weights: np.ndarray) -> float:
    return float(np.exp(entr(weights).sum()))


def _part(head: Head, row: int, scaled: np.ndarray, group: np.ndarray) -> Part:
    values = scaled[group].sum(axis=0)
    weight = float(head.weights[row, group].astype(np.float64).sum())
    return Part(tuple(int(i) for i in group), weight, values, float(np.linalg.norm(values)))
