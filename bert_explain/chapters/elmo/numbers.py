"""What decides the questions of the chapter: which direction has read a word, and which guesses a word better."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bert_explain.analysis.sentence import Piece
from bert_explain.chapters.elmo.analysis import place_of
from bert_explain.kernel.readings import percent
from bert_explain.learning.question import Ask, NotAskable, table
from bert_explain.trace_elmo import ElmoTrace

NOTHING = 1e-4  # a state that moves by less, as a share of its length, has not read the word: that is rounding
REACH = 8  # words around the chosen one: further away a word's trace may be too faint to tell from none


def reading(ask: Ask) -> tuple[ElmoTrace, int, int]:
    """The sentence of the word that the page is about, as ELMo reads it; the word's place; which sentence it is (0 = A)."""
    token = ask.trace.tokens[min(ask.position, len(ask.trace.tokens) - 1)]
    both, first = (ask.query.text_a, ask.query.text_b), token.sentence or 0
    for sentence in (first, 1 - first):
        trace = ask.models.elmo(both[sentence])
        if trace.words:
            span = token.span if sentence == token.sentence else None
            return trace, place_of(trace.words, span), sentence
    raise NotAskable("There is no word here that ELMo could read.")


def has_read(ask: Ask) -> pd.DataFrame:
    """Evidence: how far each direction's state at a word moves when a later word is blanked."""
    trace, at, _ = reading(ask)
    later = [i for i in range(at + 1, min(len(trace.words), at + REACH)) if trace.words[i].text.isalpha()]
    if not later:
        raise NotAskable("No word stands after the one that this is about.")
    other = max(later, key=lambda i: (len(trace.words[i].text), -i))
    low, high = max(0, at - 1), other + 1
    moves = trace.influence(low, high)[:, at - low, other - low].astype(float)
    forward, backward = (bool(move > NOTHING) for move in moves)
    where = "both" if forward and backward else "forward" if forward else "backward" if backward else "neither"
    shown = {where: f"forward moves by {percent(moves[0]) if forward else '0 %'}, backward by {percent(moves[1])}"}
    return table(
        {key: (float(key == where), shown.get(key, "")) for key in ("forward", "backward", "both")},
        word=Piece(trace.words[at].text),
        other=Piece(trace.words[other].text),
        least=float(moves.max()),
        forward=percent(float(moves[0])) if forward else "0 %",
        backward=percent(float(moves[1])) if backward else "0 %",
    )


def too_faint(evidence: pd.DataFrame) -> str:
    """Why it is not asked where the word hardly leaves a trace in either direction."""
    faint = evidence.attrs["facts"]["least"] < 0.01
    return "Here the later word hardly moves either direction." if faint else ""


def guessed(ask: Ask) -> pd.DataFrame:
    """Evidence: the probability of a word from the words before it, and from those after it."""
    trace, at, _ = reading(ask)
    if len(trace.words) < 3:
        raise NotAskable("This text has fewer than three words, so there is little to guess from.")
    return _guessed(trace, at)


def _guessed(trace: ElmoTrace, at: int) -> pd.DataFrame:
    if not trace.spec.has_words:
        raise NotAskable("This ELMo comes without a list of words, so it guesses none.")
    if not trace.guesses.known[at]:
        raise NotAskable(f"“{trace.words[at].text[:60]}” is none of the words that ELMo can guess.")
    p, ranks = trace.guesses.true[:, at].astype(float), trace.guesses.rank[:, at]
    apart = abs(float(np.log(max(p[0], 1e-30) / max(p[1], 1e-30))))
    where = "same" if apart <= SAME else "left" if p[0] > p[1] else "right"
    values = {"left": p[0], "right": p[1], "same": 2.0 if where == "same" else 0.0}
    return table(
        {key: (float(value), percent(value) if key != "same" else "") for key, value in values.items()},
        word=Piece(trace.words[at].text),
        left=percent(p[0]),
        right=percent(p[1]),
        left_rank=f"{int(ranks[0]):,}",
        right_rank=f"{int(ranks[1]):,}",
        size=f"{trace.spec.vocab_size:,}",
        before=at,
        after=len(trace.words) - at - 1,
        apart=apart,
    )


SAME = float(np.log(1.25))  # as likely from either side, within a quarter


def nearly_same(evidence: pd.DataFrame) -> str:
    """Why it is not asked where one side is a little better."""
    apart = evidence.attrs["facts"]["apart"]
    return "Here one side is a little better, and not clearly so." if SAME < apart < float(np.log(1.6)) else ""


def without_one_side(ask: Ask, evidence: pd.DataFrame) -> pd.DataFrame:
    """The same word, in its sentence without the words of the side that did better."""
    trace, at, _ = reading(ask)
    word, from_left = trace.words[at], evidence["value"]["left"] >= evidence["value"]["right"]
    shorter = ask.models.elmo(trace.text[word.start :] if from_left else trace.text[: word.end])
    return _guessed(shorter, 0 if from_left else len(shorter.words) - 1)
