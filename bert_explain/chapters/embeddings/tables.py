"""The tables behind the input embeddings, which no sentence changes: token rows, segment rows, position rows.

Beside the learned positions of BERT (Devlin et al. 2019, section 3) stand the fixed ones of the Transformer (Vaswani
et al. 2017, section 3.5), which BERT does not use.

Shapes: V vocabulary, N rows of the position table, H hidden size.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd

from bert_explain.analysis.masked_words import best
from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.core.spec import ModelSpec
from bert_explain.core.tokens import text_of
from bert_explain.core.trace import engine_of
from bert_explain.errors import Missing
from bert_explain.kernel import readings
from bert_explain.trace import Trace


# the token table ----------------------------------------------------------------------------------------------------
def nearest(trace: Trace, position: int, k: int = 8) -> pd.DataFrame:
    """The k rows of the token table with the highest cosine to this token's row, itself left out: piece, id, cosine.

    It depends on the token only, not on the sentence.
    """
    return nearest_rows(trace.spec, trace.tokens[position].id, k)


@lru_cache(maxsize=256)  # a model's tables never change: do not change what is returned
def nearest_rows(spec: ModelSpec, own: int, k: int) -> pd.DataFrame:
    """One product of the whole table (V, H) with one row (H,)."""
    engine = engine_of(spec)
    rows = engine.tables().token  # (V, H)
    size = np.sqrt(np.einsum("vh,vh->v", rows, rows))  # (V,)
    cosine = np.divide(rows @ rows[own], size * size[own], out=np.zeros_like(size), where=size * size[own] > 0)
    cosine[own] = -np.inf
    ids = best(cosine, min(k, len(cosine) - 1))
    pieces = [text_of(engine.wordpiece, int(i)) for i in ids]
    rank = pd.RangeIndex(1, len(ids) + 1, name="rank")
    return pd.DataFrame({"piece": pieces, "id": ids, "cosine": cosine[ids]}, index=rank)


def repeats(trace: Trace, position: int) -> pd.DataFrame:
    """Where else the same token stands: at, segment, and the cosine between its sum there and here."""
    same = [t for t in trace.tokens if t.id == trace.tokens[position].id and t.position != position]
    sums = trace.embeddings.total.astype(np.float64)  # (T, H)
    values = [cosines(sums[[position, t.position]])[0, 1] for t in same]
    letters = ["AB"[t.segment] for t in same]
    return pd.DataFrame({"at": [t.position for t in same], "segment": letters, "cosine": values})


def look_nearest(trace: Trace, position: int) -> Sentence:
    """The nearest row, and what became of the same token elsewhere in this text."""
    table, same = nearest(trace, position), repeats(trace, position)
    near = readings.best(table["cosine"], least=0.01, part=0)
    first = table.iloc[near.index]
    known = {"piece": Piece(trace.pieces[position]), "near": Piece(first["piece"]), "x": readings.signed(near.value)}
    template = (
        "The row nearest to that of {piece} is {near}, cosine {x}. "
        if near.leads
        else "Several rows are about as near to that of {piece} as that of {near}, cosine {x}. "
    )
    if same.empty:
        template += (
            "The token has this same row in every sentence, whatever it means there: its neighbours come in later, through "
            "attention."
        )
        return say(template, **known).because(near)
    return say(
        template + "The token stands {n} times in this text, each "
        "time with this same row. The sums differ by {by} only: those at {here} and {there} have "
        "cosine {y}.",
        **known,
        n=len(same) + 1,
        by="position and segment" if trace.spec.has_segments else "position",
        here=position,
        there=same["at"][0],
        y=readings.signed(same["cosine"][0]),
    ).because(near)


# the segment table --------------------------------------------------------------------------------------------------
def segments(trace: Trace) -> pd.DataFrame:
    """The two rows of the segment table and A - B, H rows. Raises Missing for a model without segments."""
    return segment_rows(trace.spec)


@lru_cache(maxsize=16)  # as above
def segment_rows(spec: ModelSpec) -> pd.DataFrame:
    table = engine_of(spec).tables().segment
    if table is None:
        raise Missing(f"{spec.title} has no segment embeddings: it does not tell sentence A from sentence B.")
    a, b = table[:2]
    return pd.DataFrame({"A": a, "B": b, "A - B": a - b}).rename_axis("dimension")


def furthest(trace: Trace) -> int:
    """The dimension in which the two segment rows differ most. Raises Missing for a model without segments."""
    return int(segments(trace)["A - B"].abs().idxmax())


def look_segments(trace: Trace) -> Sentence:
    """How alike the two rows are, and where they differ. Raises Missing for a model without segments."""
    table = segments(trace)
    rows = table[["A", "B"]].to_numpy(np.float64).T  # (2, H)
    apart = readings.best(table["A - B"].abs(), least=0.001)
    at, counts = apart.index, [sum(t.segment == s for t in trace.tokens) for s in (0, 1)]
    template = "Of this text, {a} would get row A and {b} row B, but the segments are removed. "
    if trace.query.segments != "removed":
        template = "Of this text, {a} {verb} row A and {b} row B, each the same numbers. "
    template += "The two rows have cosine {x}. "
    template += "They differ most in dimension {at}" if apart.leads else "Dimension {at} is one of those where they differ"
    return say(
        template + ": {ya:.3f} and {yb:.3f}.",
        a=readings.many(counts[0], "token"),
        b=readings.many(counts[1], "token"),
        verb="gets" if counts[0] == 1 else "get",
        x=readings.signed(cosines(rows)[0, 1]),
        at=at,
        ya=rows[0, at],
        yb=rows[1, at],
    ).because(apart)


# the position table -------------------------------------------------------------------------------------------------
def sinusoidal(rows: int, size: int) -> np.ndarray:
    """The fixed positions of the Transformer, (rows, size): Vaswani et al. 2017, section 3.5.

    PE(p, 2i) = sin(p / 10000^(2i / H)), PE(p, 2i + 1) = cos(p / 10000^(2i / H)).
    """
    pair = np.arange(size) // 2 * 2  # 0, 0, 2, 2, 4, 4, ...
    angle = np.arange(rows)[:, None] / 10_000.0 ** (pair / size)  # (rows, size)
    return np.where(np.arange(size) % 2 == 0, np.sin(angle), np.cos(angle))


def learned(spec: ModelSpec, rows: int) -> np.ndarray:
    """The first rows of the model's own position table, (rows, H); all N when there are fewer."""
    return engine_of(spec).tables().position[:rows].astype(np.float64)


def numbers(spec: ModelSpec, rows: int) -> pd.DataFrame:
    """`learned` as a table, one row a position, one column a dimension."""
    return pd.DataFrame(learned(spec, rows)).rename(columns=str).rename_axis("position")


def cosines(table: np.ndarray) -> np.ndarray:
    """Cosine between every two rows of a table (N, H): (N, N). A row of zeros has cosine 0 with everything."""
    size = np.linalg.norm(table, axis=1, keepdims=True)
    unit = np.divide(table, size, out=np.zeros_like(table), where=size > 0)
    return unit @ unit.T


@lru_cache(maxsize=16)  # as above
def by_distance(spec: ModelSpec, rows: int) -> pd.DataFrame:
    """Mean cosine of all pairs of positions that are 0, 1, 2 ... apart: columns learned, sinusoidal."""
    table = learned(spec, rows)
    both = {"learned": cosines(table), "sinusoidal": cosines(sinusoidal(*table.shape))}
    columns = {kind: [c.diagonal(d).mean() for d in range(len(table))] for kind, c in both.items()}
    return pd.DataFrame(columns).rename_axis("distance")


def look_positions(spec: ModelSpec, rows: int) -> Sentence:
    """What the learned table shares with the formula, and what not."""
    table, size = by_distance(spec, rows), np.linalg.norm(learned(spec, rows), axis=1)
    if len(table) < 3:
        return say("This model has room for {n} positions only, too few to compare.", n=len(table))
    far = len(table) // 2
    return say(
        "Mean cosine of neighbours: {l1:.2f} learned, {s1:.2f} by formula; of positions {far} apart: {l2:.2f} and "
        "{s2:.2f}. By formula all rows are equally long. Learned rows are not: position {top} has length {x:.2f}, the "
        "median is {median:.2f}.",
        l1=table["learned"][1],
        s1=table["sinusoidal"][1],
        l2=table["learned"][far],
        s2=table["sinusoidal"][far],
        far=far,
        top=int(size.argmax()),
        x=float(size.max()),
        median=float(np.median(size)),
    )
