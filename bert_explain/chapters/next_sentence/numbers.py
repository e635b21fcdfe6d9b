"""What decides the questions of the chapter: the verdict, the verdict with the sentences swapped, and lost positions."""

from __future__ import annotations

from typing import Literal

import pandas as pd

from bert_explain.analysis import masked_words as mw
from bert_explain.analysis.masking import can_be_masked, true_id
from bert_explain.analysis.sentence import Piece
from bert_explain.kernel.readings import percent
from bert_explain.learning.question import Ask, NotAskable, table
from bert_explain.trace import Trace

LOW, HIGH = 0.2, 0.8  # probabilities


def judged(ask: Ask) -> Trace:
    """The pair, where there is one and a head that judges it. Raises NotAskable."""
    if not ask.trace.spec.has_nsp:
        raise NotAskable("This model has no head for next sentences.")
    if not ask.trace.is_pair:
        raise NotAskable("There are no two sentences to judge.")
    return ask.trace


def _bucket(p: float) -> str:
    return "high" if p >= HIGH else "middle" if p >= LOW else "low"


def follows(ask: Ask) -> pd.DataFrame:
    """Evidence: the probability that B follows A, as one of three answers."""
    p = float(judged(ask).next_sentence()[0])
    rows = {name: (float(name == _bucket(p)), percent(p) if name == _bucket(p) else "") for name in ("high", "middle", "low")}
    return table(rows, p=percent(p), is_next=p)


def near_an_edge(evidence: pd.DataFrame) -> str:
    """Why it is not asked where the probability lies near the edge of two answers."""
    p = evidence.attrs["facts"]["is_next"]
    return "Here the probability lies between two answers." if any(abs(p - edge) < 0.05 for edge in (LOW, HIGH)) else ""


def swapped(ask: Ask) -> pd.DataFrame:
    """Evidence: "is next" as typed and with the sentences swapped; whether it falls to little, to the middle, or stays."""
    before = float(judged(ask).next_sentence()[0])
    if before < HIGH:
        raise NotAskable("Here the model does not think that B follows A as they stand, so there is little to lose.")
    after = float(ask.run(ask.query.but(swapped=True)).next_sentence()[0])
    where = "falls" if after < LOW else "half" if after < 0.75 else "stays"
    shown = f"{percent(before)} → {percent(after)}"
    rows = {name: (float(name == where), shown if name == where else "") for name in ("falls", "half", "stays")}
    return table(rows, before=percent(before), after=percent(after), is_next=after)


def near_a_swap(evidence: pd.DataFrame) -> str:
    """Why it is not asked where the swapped pair lies near the edge of two answers."""
    p = evidence.attrs["facts"]["is_next"]
    return "Here the swapped pair lies between two answers." if any(abs(p - edge) < 0.05 for edge in (LOW, 0.75)) else ""


def shuffled(ask: Ask, found: pd.DataFrame) -> pd.DataFrame:
    """Evidence of the experiment: the position rows shuffled, in place of taken away."""
    return without_positions(ask, "shuffled")


def without_positions(ask: Ask, positions: Literal["removed", "shuffled"] = "removed") -> pd.DataFrame:
    """Evidence: all position rows taken away: how much of each prediction's probability is lost.

    value : the share lost, 0 to 1, of "is next" and of the hidden word's own piece.
    """
    whole, at = judged(ask), ask.position
    truth = true_id(whole, at)
    if not whole.spec.has_mlm or not can_be_masked(whole.tokens[at]) or truth is None:
        raise NotAskable("There is no word here whose prediction could be compared with the verdict.")
    gone = ask.query.but(positions=positions)
    word = [mw.standing(ask.run(q.but(masked=(at,))), at, truth) for q in (ask.query, gone)]
    pair = [float(trace.next_sentence()[0]) for trace in (whole, ask.run(gone))]
    if word[0].rank > 100 or pair[0] < 0.5:
        raise NotAskable("Here the model predicts one of the two hardly at all even with the positions.")
    lost = {"word": 1 - word[1].probability / word[0].probability, "pair": 1 - pair[1] / pair[0]}
    lost = {name: max(0.0, float(value)) for name, value in lost.items()}
    both = lost["word"] > 0.5 and lost["pair"] > 0.5
    neither = lost["word"] < 0.3 and lost["pair"] < 0.3
    if not neither and max(lost.values()) <= 0.5:
        raise NotAskable("Here neither of the two loses half of its probability, and it does not stay either.")
    rows = {
        "word": (
            lost["word"] if not both and not neither else 0.0,
            f"{percent(word[0].probability)} → {percent(word[1].probability)}",
        ),
        "pair": (lost["pair"] if not both and not neither else 0.0, f"{percent(pair[0])} → {percent(pair[1])}"),
        "both": (1.0 if both else 0.0, ""),
        "neither": (1.0 if neither else 0.0, ""),
    }
    return table(
        rows,
        word=Piece(whole.tokens[at].original),
        word_before=percent(word[0].probability),
        word_after=percent(word[1].probability),
        pair_before=percent(pair[0]),
        pair_after=percent(pair[1]),
    )
