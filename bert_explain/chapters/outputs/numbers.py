"""What decides the questions of the chapter: how alike the vectors of strangers are, before and after the layers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bert_explain.analysis.layer import cosine
from bert_explain.kernel.overlap import longer_words
from bert_explain.kernel.readings import many, signed
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


def strangers(ask: Ask) -> list[str]:
    """Those of them that share no word of more than three letters with sentence A. Raises NotAskable where there is none."""
    if not any(t.sentence == 0 for t in ask.trace.tokens):
        raise NotAskable("Sentence A is empty, so there is no vector of it to compare.")
    own = longer_words(ask.query.text_a)
    found = [s for s in STRANGERS if not own & longer_words(s)]
    if not found:
        raise NotAskable("Sentence A shares a word with each of the sentences that could be laid beside it.")
    return found


def stranger(ask: Ask, which: int = 0) -> str:
    """One of the strangers. Raises NotAskable where there are not so many."""
    found = strangers(ask)
    if which >= len(found):
        raise NotAskable("There is no other sentence that shares no word with A.")
    return found[which]


def _pooled(ask: Ask, text: str) -> np.ndarray:
    found = ask.run(Query(text)).pooled
    if found is None:
        raise NotAskable("This model has no pooler.")
    return found


def pooled(ask: Ask, which: int = 0) -> pd.DataFrame:
    """Evidence: the cosine of the pooled vectors of sentence A and of a sentence that has nothing to do with it.

    Facts: the smallest and the largest cosine with any of the strangers.
    """
    own = _pooled(ask, ask.query.text_a)
    other = stranger(ask, which)
    every = {text: cosine(own, _pooled(ask, text)) for text in strangers(ask)}
    least, most = min(every.values()), max(every.values())
    return _bucketed(every[other], other, count=many(len(every), "sentence"), least=signed(least), most=signed(most))


def pooled_with_another(ask: Ask, found: pd.DataFrame) -> pd.DataFrame:
    """Evidence of the experiment: another stranger."""
    return pooled(ask, 1)


def halfway_with_another(ask: Ask, found: pd.DataFrame) -> pd.DataFrame:
    """Evidence of the experiment: another stranger."""
    return cls_halfway(ask, 1)


def _bucketed(value: float, other: str, **facts: str) -> pd.DataFrame:
    where = "low" if value < EDGES[0] else "middle" if value < EDGES[1] else "high"
    rows = {
        name: (float(name == where), f"cosine {signed(value)}" if name == where else "") for name in ("low", "middle", "high")
    }
    return table(rows, cosine=signed(value), value=value, other=other, **facts)


def cls_halfway(ask: Ask, which: int = 0) -> pd.DataFrame:
    """Evidence: the cosine of two sentences' [CLS] vectors in the middle of the layers; facts: also after the last one."""
    other = stranger(ask, which)
    one, two = (ask.run(Query(text)) for text in (ask.query.text_a, other))
    first = one.tokens[0].special if one.tokens else False
    if not first:
        raise NotAskable("This text has no special token in front.")
    half = (len(one.hidden) - 1) // 2
    if not half:
        raise NotAskable("This model has one layer only, so there is no middle of its layers.")
    at, end = (cosine(one.hidden[n][0], two.hidden[n][0]) for n in (half, -1))
    return _bucketed(at, other, layer=str(half), last=signed(end))


def near_an_edge(evidence: pd.DataFrame) -> str:
    """Why it is not asked where the cosine lies near the edge of two answers."""
    value = evidence.attrs["facts"]["value"]
    return "Here the cosine lies between two answers." if any(abs(value - edge) < 0.04 for edge in EDGES) else ""
