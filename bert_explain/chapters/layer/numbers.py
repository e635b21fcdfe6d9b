"""What decides the questions of the chapter: what softmax does to a lead, which half of a layer adds more, and repeats."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bert_explain.analysis.attention import telling_head
from bert_explain.analysis.layer import cosine, shares
from bert_explain.analysis.masking import can_be_masked, word_of
from bert_explain.analysis.sentence import Piece
from bert_explain.kernel.readings import percent, signed
from bert_explain.learning.question import Ask, NotAskable, table

ALIKE = 0.98  # a cosine from which on two vectors are called the same here
FAR = 0.5


def sharpened(ask: Ask) -> pd.DataFrame:
    """Evidence: the two largest scores of a row as a ratio, and the ratio of their weights after softmax.

    The row is that of the text's most telling link. A ratio of scores means something only where both are above 0.
    """
    if not any(can_be_masked(t) for t in ask.trace.tokens):
        raise NotAskable("This text has no word whose row could be looked at.")
    link = telling_head(ask.trace)
    head = ask.trace.head(link.layer, link.head)
    order = np.argsort(-head.scores[link.row], kind="stable")[:2]
    first, second = (float(head.scores[link.row, place]) for place in order)
    big, small = (float(head.weights[link.row, place]) for place in order)
    if second <= 0.05:
        raise NotAskable("Here the second score of the row is not above 0, so the first one is not so many times as large.")
    scores, weights = first / second, big / small
    where = "same" if 0.9 <= weights / scores <= 1.1 else "more" if weights > scores else "less"
    shown = {
        name: f"{scores:.1f} times before, {weights:.1f} times after" if name == where else ""
        for name in ("same", "more", "less")
    }
    return table(
        {name: (float(name == where), shown[name]) for name in shown},
        layer=link.layer + 1,
        head=link.head + 1,
        word=Piece(ask.trace.pieces[link.row]),
        top=Piece(ask.trace.pieces[int(order[0])]),
        first=signed(first),
        second=signed(second),
        before=f"{scores:.1f}",
        after=f"{weights:.1f}",
        weight=percent(big),
        other=percent(small),
        turn=weights / scores,
    )


def near_equal(evidence: pd.DataFrame) -> str:
    """Why it is not asked where the two ratios are nearly the same: softmax is no plain division there either."""
    near = 0.85 < evidence.attrs["facts"]["turn"] < 1.15
    return "Here the lead is nearly the same before softmax and after it." if near else ""


def added_more(ask: Ask) -> pd.DataFrame:
    """Evidence: how much attention and the feed-forward network add to a token, beside what they add it to; mean over layers."""
    trace, at = ask.trace, ask.position
    if trace.tokens[at].special:
        raise NotAskable("This text has no word that a layer could add to.")
    found = shares(trace, at)
    attention, fed = float(found["attention"].mean()), float(found["feed-forward"].mean())
    rows = {"attention": (attention, percent(attention)), "feed-forward": (fed, percent(fed))}
    near = 1.25 * min(attention, fed) >= max(attention, fed)
    rows["same"] = (1.5 * max(attention, fed) if near else 0.0, "")
    return table(
        rows,
        word=Piece(trace.pieces[at]),
        layers=len(found),
        attention=percent(attention),
        fed=percent(fed),
        apart=max(attention, fed) / max(min(attention, fed), 1e-9),
    )


def at_the_edge(evidence: pd.DataFrame) -> str:
    """Why it is not asked where one adds nearly a quarter more than the other."""
    return "Here it lies between “the same” and “more”." if 1.15 < evidence.attrs["facts"]["apart"] < 1.35 else ""


def repeated(ask: Ask) -> pd.DataFrame:
    """Evidence: the cosine of the outputs of two tokens of the same word, at the input and after the last layer.

    Of the words of one piece that stand at two places or more, that with the places furthest apart: its first and its last.
    """
    tokens, places = ask.trace.tokens, dict[int, list[int]]()
    for token in tokens:
        if can_be_masked(token) and token.original.isalpha() and len(word_of(tokens, token.position)) == 1:
            places.setdefault(token.id, []).append(token.position)
    words = [where for where in places.values() if len(where) > 1]
    if not words:
        raise NotAskable("No word that is one piece stands twice in this text.")
    furthest = max(words, key=lambda where: where[-1] - where[0])
    one, other = furthest[0], furthest[-1]
    before = cosine(ask.trace.hidden[0][one], ask.trace.hidden[0][other])
    after = cosine(ask.trace.hidden[-1][one], ask.trace.hidden[-1][other])
    where = "same" if after >= ALIKE else "alike" if after >= FAR else "unlike"
    rows = {
        name: (float(name == where), f"cosine {signed(after)}" if name == where else "") for name in ("same", "alike", "unlike")
    }
    return table(
        rows, word=Piece(ask.trace.pieces[one]), one=one, other=other, before=signed(before), after=signed(after), cosine=after
    )


def near_an_edge(evidence: pd.DataFrame) -> str:
    """Why it is not asked where the cosine is near the edge of two answers."""
    near = any(abs(evidence.attrs["facts"]["cosine"] - edge) < 0.01 for edge in (ALIKE, FAR))
    return "Here the cosine lies between two answers." if near else ""
