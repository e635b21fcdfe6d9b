"""What decides the questions of the chapter: does a sum keep its parts, and what is each part worth to the outputs?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from bert_explain.analysis.layer import cosine
from bert_explain.analysis.sentence import Piece
from bert_explain.chapters.embeddings import removal as embedding_removal
from bert_explain.kernel.readings import percent, signed
from bert_explain.learning.question import Ask, NotAskable, table

FEW, MANY = 0.25, 0.75  # shares of the tokens
REMOVED = {"token": "tokens", "segment": "segments", "position": "positions"}


def told_apart(ask: Ask) -> pd.DataFrame:
    """Evidence: for how many tokens the text's token row that is nearest to their sum (by cosine) is their own."""
    trace = ask.trace
    ids = [t.id for t in trace.tokens]
    if len(set(ids)) < 4:
        raise NotAskable("This text has fewer than four different tokens, so there is hardly a row to mistake for another.")
    rows = trace.embeddings.token.astype(np.float64)  # (T, E)
    sums = trace.embeddings.total.astype(np.float64)
    rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.finfo(float).tiny)
    nearest = (sums @ rows.T).argmax(axis=1)  # a sum's own length does not change which row is nearest
    right = sum(ids[n] == own for n, own in zip(nearest, ids, strict=True))
    share = right / len(ids)
    where = "nearly" if share > MANY else "half" if share >= FEW else "mixed"
    rows_of = {
        name: (float(name == where), f"{right} of {len(ids)}" if name == where else "") for name in ("mixed", "half", "nearly")
    }
    return table(
        rows_of,
        right=right,
        count=len(ids),
        share=share,
        size=rows.shape[1],
        like=signed(cosine(trace.hidden[0][ask.position], trace.hidden[-1][ask.position])),
        word=Piece(trace.pieces[ask.position]),
    )


def between(evidence: pd.DataFrame) -> str:
    """Why it is not asked where the share is near the edge of two answers."""
    share = evidence.attrs["facts"]["share"]
    near = any(abs(share - edge) < 0.05 for edge in (FEW, MANY))
    return "Here the share of the tokens lies between two answers." if near else ""


def turned(ask: Ask) -> pd.DataFrame:
    """Evidence: how far the outputs turn (mean over the tokens of 1 - cosine) when one kind of row is taken away."""
    trace = ask.trace
    if not any(not t.special for t in trace.tokens):
        raise NotAskable("This text has no words: there are only special tokens to look at.")
    kinds = [name for name in REMOVED if name != "segment" or trace.embeddings.segment.any()]
    base = ask.query
    runs = {"whole": trace, **{name: ask.run(base.but(**{REMOVED[name]: "removed"})) for name in kinds}}
    away = dict(zip(kinds, embedding_removal.moved(runs).mean(axis=1), strict=True))
    most = max(away, key=away.__getitem__)
    rows = {name: (float(value), f"{signed(1 - value)} cosine") for name, value in away.items()}
    return table(rows, most=most, cosine=signed(1 - away[most]), listed=_listed(away), same=percent(1.0), **_each(away))


def _each(away: dict[str, float]) -> dict[str, str]:
    return {name: signed(1 - away[name]) if name in away else "none" for name in REMOVED}


def _listed(away: dict[str, float]) -> str:
    return ", ".join(f"without {name} rows {signed(1 - value)}" for name, value in sorted(away.items(), key=lambda x: -x[1]))
