"""What decides the questions of the chapter: heads that look back, and whether words grow more alike."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from bert_explain.chapters.replicate import cone, looks
from bert_explain.core.tokens import Token
from bert_explain.kernel.readings import percent, signed
from bert_explain.learning.question import VALUE, Ask, NotAskable, table

EDGE = 0.02  # a share of attention as near as this to one half is not counted for or against
SAME, CHANGED = 0.03, 0.06  # a change of a cosine up to the first is none, from the second on it is one


def _bounds(heads: int) -> dict[str, tuple[int, int]]:
    tenth, half = heads // 10, heads // 2
    return {"none": (0, 0), "few": (1, tenth), "many": (max(1, tenth + 1), half), "most": (max(half, tenth) + 1, heads)}


def looking_back(ask: Ask) -> pd.DataFrame:
    """Evidence: how many heads give the previous token over half of their attention, and how many might."""
    trace = ask.trace
    if len(trace.tokens) < 6:
        raise NotAskable("This text is too short to tell a head that looks back from one that looks at everything.")
    shares = looks.neighbours(trace)[..., 0]  # (L, A)
    if shares.size < 10:
        raise NotAskable("This model has too few heads to count some of them.")
    count = int((shares > looks.HALF).sum())
    layer, head = (int(i) for i in np.unravel_index(int(shares.argmax()), shares.shape))
    rows = {name: (float(low <= count <= high), "") for name, (low, high) in _bounds(shares.size).items()}
    found = table(
        rows,
        heads=int(shares.size),
        count=count,
        layer=layer + 1,
        head=head + 1,
        share=percent(float(shares.max())),
    )
    found.attrs["between"] = (int((shares > looks.HALF + EDGE).sum()), int((shares > looks.HALF - EDGE).sum()))
    return found


def how_many(evidence: pd.DataFrame) -> str:
    """The option in whose bounds the count lies."""
    return str(evidence[VALUE].idxmax())


def at_an_edge(evidence: pd.DataFrame) -> str:
    """Not asked where heads that are near one half would change the answer."""
    bounds = _bounds(evidence.attrs["facts"]["heads"])
    surely, maybe = evidence.attrs["between"]
    if any(low <= surely and maybe <= high for low, high in bounds.values()):
        return ""
    return "Here some heads are so near to one half that how many there are depends on the last digit."


def closer(ask: Ask) -> pd.DataFrame:
    """Evidence: the mean cosine of two different words, at the input and after the last layer."""
    trace = ask.trace
    where = [
        (f"{sentence}-{form}", at)
        for sentence, text in enumerate((ask.query.text_a, ask.query.text_b))
        for form, at in cone.words_of([_as_first(t) for t in trace.tokens if t.sentence == sentence], text)
    ]
    forms = np.array([name.partition("-")[2] for name, _ in where], dtype=object)
    if len(set(forms)) < 4:
        raise NotAskable("This text has too few different words to compare.")
    pairs = np.triu(forms[:, None] != forms[None], 1)
    means = []
    for layer in (0, -1):
        vectors = cone.unit(np.stack([trace.hidden[layer][at].mean(0) for _, at in where]).astype(np.float64))
        means.append(float((vectors @ vectors.T)[pairs].mean()))
    change = means[1] - means[0]
    rows = {
        "more": (change, ""),
        "same": (SAME - abs(change), ""),
        "less": (-change, ""),
    }
    found = table(rows, before=signed(means[0]), after=signed(means[1]), last=trace.spec.n_layers)
    found.attrs["change"] = change
    return found


def _as_first(token: Token) -> Token:
    return replace(token, sentence=0)


def which_way(evidence: pd.DataFrame) -> str:
    """More or less alike from CHANGED on, the same up to SAME."""
    change = evidence.attrs["change"]
    return "same" if abs(change) <= SAME else "more" if change > 0 else "less"


def hardly(evidence: pd.DataFrame) -> str:
    """Not asked where it is neither a change nor none."""
    change = abs(evidence.attrs["change"])
    return "Here the change is so small that one could call it none." if SAME < change < CHANGED else ""
