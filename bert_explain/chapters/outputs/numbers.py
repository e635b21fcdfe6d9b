"""What decides the questions of the chapter: how alike the vectors of strangers are, before and after the layers."""

from __future__ import annotations

import pandas as pd

from bert_explain.analysis.layer import cosine
from bert_explain.kernel.readings import signed
from bert_explain.learning.question import Ask, NotAskable, table
from bert_explain.query import Query

# Sentences that have nothing to do with each other: one of them stands beside the reader's.
STRANGERS = (
    "The prime minister resigned after the vote.",
    "Whisk the eggs with a pinch of salt.",
    "The comet will return in seventy years.",
    "He scored twice in the second half.",
)
EDGES = (0.3, 0.75)  # cosines


def stranger(ask: Ask) -> str:
    """The first of them that shares no word with sentence A. Raises NotAskable without a sentence A."""
    own = {t.original for t in ask.trace.tokens if t.sentence == 0 and t.original.isalpha() and len(t.original) > 3}
    if not any(t.sentence == 0 for t in ask.trace.tokens):
        raise NotAskable("Sentence A is empty, so there is no vector of it to compare.")
    return next((s for s in STRANGERS if not own & set(s.lower().rstrip(".").split())), STRANGERS[0])


def pooled(ask: Ask) -> pd.DataFrame:
    """Evidence: the cosine of the pooled vectors of sentence A and of a sentence that has nothing to do with it."""
    if not ask.trace.spec.has_pooler:
        raise NotAskable("This model has no pooler.")
    other = stranger(ask)
    one, two = (ask.run(Query(text)).pooled for text in (ask.query.text_a, other))
    return _bucketed(cosine(one, two), other)


def _bucketed(value: float, other: str, **facts: str) -> pd.DataFrame:
    where = "low" if value < EDGES[0] else "middle" if value < EDGES[1] else "high"
    rows = {
        name: (float(name == where), f"cosine {signed(value)}" if name == where else "") for name in ("low", "middle", "high")
    }
    return table(rows, cosine=signed(value), value=value, other=other, **facts)


def cls_halfway(ask: Ask) -> pd.DataFrame:
    """Evidence: the cosine of two sentences' [CLS] vectors in the middle of the layers; facts: also after the last one."""
    other = stranger(ask)
    one, two = (ask.run(Query(text)) for text in (ask.query.text_a, other))
    first = one.tokens[0].special if one.tokens else False
    if not first:
        raise NotAskable("This text has no special token in front.")
    half = (len(one.hidden) - 1) // 2
    at, end = (cosine(one.hidden[n][0], two.hidden[n][0]) for n in (half, -1))
    return _bucketed(at, other, layer=str(half), last=signed(end))


def near_an_edge(evidence: pd.DataFrame) -> str:
    """Why it is not asked where the cosine lies near the edge of two answers."""
    value = evidence.attrs["facts"]["value"]
    return "Here the cosine lies between two answers." if any(abs(value - edge) < 0.04 for edge in EDGES) else ""
