"""What decides the questions of the chapter: the list at a hidden word, the same with a "not", and two gaps at once."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from bert_explain.analysis import masked_words as mw
from bert_explain.analysis.masking import can_be_masked, true_id
from bert_explain.analysis.sentence import Piece
from bert_explain.kernel.readings import percent
from bert_explain.learning.question import Ask, NotAskable, Scored, table
from bert_explain.query import Query
from bert_explain.trace import Trace

KEPT = 8  # pieces of the list that are drawn
FIFTH, STAYS = 0.2, 0.7  # of a probability: what is left under the one is little, from the other on it stays
AHEAD = 1.1  # times the second's probability: less is a hair
_IS = re.compile(r"\b(is|are|was|were)\b(?! not\b)")


def hidden(ask: Ask) -> Trace:
    """The text with the word that is talked about hidden. Raises NotAskable."""
    if not ask.trace.spec.has_mlm:
        raise NotAskable("This model has no head for masked words.")
    if not can_be_masked(ask.trace.tokens[ask.position]):
        raise NotAskable("This text has no word that could be hidden.")
    return ask.run(ask.query.but(masked=(ask.position,)))


def expected(ask: Ask) -> pd.DataFrame:
    """Evidence: the most probable pieces at the hidden word, one row a piece, its own piece among them."""
    trace = hidden(ask)
    found = mw.predictions(trace, ask.position, KEPT)
    found = found[found["mark"] != "rest"]
    first, true = found.iloc[0], found[found["mark"] == "true word"]
    place = (
        f"number {int(true.iloc[0]['rank']):,}, with {percent(true.iloc[0]['probability'])}"
        if len(true)
        else "hidden in the text"
    )
    rows = {str(row.piece): (float(row.probability), percent(row.probability)) for row in found.itertuples()}
    return table(
        rows,
        word=Piece(ask.trace.tokens[ask.position].original),
        first=Piece(first["piece"]),
        share=percent(first["probability"]),
        place=place,
        size=f"{trace.spec.vocab_size:,}",
    )


def rank(ask: Ask, word: str) -> Scored:
    """Where the model's list has a reader's word at the hidden place."""
    trace = hidden(ask)
    found = mw.look_up(trace, word)
    if found.id is None:
        return Scored(None, "")
    stands = mw.standing(trace, ask.position, found.id)
    return Scored(stands.rank, percent(stands.probability))


def without_neighbours(ask: Ask, found: pd.DataFrame) -> pd.DataFrame:
    """Evidence of the experiment: the same list with the words on both sides hidden too. Raises NotAskable."""
    tokens, at = ask.trace.tokens, ask.position
    near = [p for p in (at - 1, at + 1) if 0 <= p < len(tokens) and can_be_masked(tokens[p])]
    if not near:
        raise NotAskable("There is no word beside it that could be hidden too.")
    expects = mw.predictions(ask.run(ask.query.but(masked=tuple(sorted((at, *near))))), at, KEPT)
    expects = expects[expects["mark"] != "rest"]
    rows = {str(row.piece): (float(row.probability), percent(row.probability)) for row in expects.itertuples()}
    first, second = expects.iloc[0], expects.iloc[1]
    lead = float(first["probability"]) / max(float(second["probability"]), 1e-12)
    return table(rows, first=Piece(first["piece"]), share=percent(first["probability"]), close=lead)


def negated(query: Query, negation: str = "not") -> Query:
    """The same text with "not" behind the first "is", "are", "was" or "were" of sentence A. Raises NotAskable."""
    text, changed = _IS.subn(rf"\1 {negation}", query.text_a, count=1)
    if not changed:
        raise NotAskable("Sentence A has no “is”, “are”, “was” or “were” to put a “not” behind.")
    return query.but(text_a=text)


def with_never(ask: Ask, found: pd.DataFrame) -> pd.DataFrame:
    """Evidence of the experiment: the same with "never"."""
    return with_not(ask, "never")


def with_not(ask: Ask, negation: str = "not") -> pd.DataFrame:
    """Evidence: P of the hidden word's own piece in the text, and in the text with a "not"; which answer the ratio is."""
    whole, truth = hidden(ask), true_id(ask.trace, ask.position)
    other = ask.run(negated(ask.query, negation))
    same = [t.position for t in other.tokens if t.id == ask.trace.tokens[ask.position].id and t.sentence == 0]
    place = next((p for p in same if p in (ask.position, ask.position + 1)), None)
    if truth is None or place is None:
        raise NotAskable("The word that this is about is not in sentence A.")
    before = mw.standing(whole, ask.position, truth)
    after = mw.standing(ask.run(other.query.but(masked=(place,))), place, truth)
    if before.rank > 50:
        raise NotAskable(f"The model hardly expects “{before.piece}” here even without a “not”.")
    ratio = after.probability / before.probability
    where = "gone" if ratio < FIFTH else "less" if ratio < STAYS else "stays"
    shown = f"{percent(before.probability)} → {percent(after.probability)}"
    rows = {name: (float(name == where), shown if name == where else "") for name in ("gone", "less", "stays")}
    return table(
        rows,
        word=Piece(before.piece),
        before=percent(before.probability),
        after=percent(after.probability),
        ratio=ratio,
        old=before.rank,
        new=after.rank,
        p_before=before.probability,
        p_after=after.probability,
    )


def at_an_edge(evidence: pd.DataFrame) -> str:
    """Why it is not asked where the ratio is near the edge of two answers."""
    ratio = evidence.attrs["facts"]["ratio"]
    near = any(0.9 * edge < ratio < 1.1 * edge for edge in (FIFTH, STAYS))
    return "Here the probability falls to a share that lies between two answers." if near else ""


def _gaps(ask: Ask) -> tuple[int, int]:
    """The word talked about and the word beside it, in reading order. Raises NotAskable."""
    hidden(ask)
    tokens = ask.trace.tokens
    near = [p for p in (ask.position + 1, ask.position - 1) if p < len(tokens) and can_be_masked(tokens[p])]
    near = [p for p in near if tokens[p].original.isalpha() and tokens[p].sentence == tokens[ask.position].sentence]
    if not near:
        raise NotAskable("The word that this is about has no word beside it.")
    left, right = sorted((ask.position, near[0]))
    return left, right


def second_gap(ask: Ask, filled: bool, backwards: bool = False) -> tuple[Trace, int]:
    """The text with both words hidden, or with the first gap's first guess written in; and the second gap's position.

    backwards : the gap on the right is the first one.
    """
    one, two = _gaps(ask)[:: -1 if backwards else 1]
    both = ask.run(ask.query.but(masked=tuple(sorted((one, two)))))
    if not filled:
        return both, two
    return ask.run(ask.query.but(masked=(two,), replaced=((one, int(_best(both, one)["id"])),))), two


def other_gap_first(ask: Ask, found: pd.DataFrame) -> pd.DataFrame:
    """Evidence of the experiment: the same, begun with the gap on the right."""
    return two_gaps(ask, backwards=True)


def two_gaps(ask: Ask, backwards: bool = False) -> pd.DataFrame:
    """Evidence: whether the first guess for a second gap stays when the first gap is filled with its own first guess."""
    tokens, (left, right) = ask.trace.tokens, _gaps(ask)[:: -1 if backwards else 1]
    both = ask.run(ask.query.but(masked=tuple(sorted((left, right)))))
    one, two = (_best(both, p) for p in (left, right))
    then = _best(second_gap(ask, True, backwards)[0], right)
    stays = int(two["id"]) == int(then["id"])
    rows = {"stays": (float(stays), ""), "other": (float(not stays), "")}
    rows["stays" if stays else "other"] = (1.0, f"{two['piece']} → {then['piece']}")
    return table(
        rows,
        left=Piece(tokens[left].original),
        right=Piece(tokens[right].original),
        one=Piece(one["piece"]),
        two=Piece(two["piece"]),
        two_share=percent(two["probability"]),
        then=Piece(then["piece"]),
        then_share=percent(then["probability"]),
        close=min(two["lead"], then["lead"]),
        stays=stays,
    )


def _best(trace: Trace, position: int) -> dict:
    found = mw.predictions(trace, position, 2)
    first, second = found.iloc[0], found.iloc[1]
    return {**first.to_dict(), "lead": float(first["probability"]) / max(float(second["probability"]), 1e-12)}


def too_close(evidence: pd.DataFrame) -> str:
    """Why it is not asked where a first guess is hardly ahead of the second."""
    close = evidence.attrs["facts"]["close"] < AHEAD
    return "Here two guesses are nearly level, so which one comes first means little." if close else ""


def together(ask: Ask) -> pd.DataFrame:
    """The lists of both gaps, hidden together, as a table: gap, piece, probability."""
    facts = two_gaps(ask).attrs["facts"]
    return pd.DataFrame(
        {
            "gap": [str(facts["left"]), str(facts["right"]), str(facts["right"])],
            "filled": ["", "", str(facts["one"])],
            "first guess": [str(facts["one"]), str(facts["two"]), str(facts["then"])],
        }
    ).replace({np.nan: ""})
