"""The right options of Attention, worked out another way on twenty pairs."""

import numpy as np
import pytest

from bert_explain.chapters.attention import questions
from bert_explain.models import Encoder
from bert_explain.query import Query
from bert_explain.trace import run
from tests.chapters.asking import PAIRS, ask_of


def test_who_gets_most_is_the_mean_over_all_heads(mini_bert):
    for a, b, word in PAIRS:
        ask = ask_of(mini_bert, a, b, word)
        found = questions.MOST.evidence(ask)
        mean = run(mini_bert, Query(a, b)).attention[:, :, ask.position].reshape(-1, len(ask.trace.tokens)).mean(axis=0)
        assert questions.MOST.answer(found) == f"t{mean.argmax()}"
        assert found["value"].to_dict() == pytest.approx({name: mean[int(name[1:])] for name in found.index}, abs=1e-6)


def test_without_those_heads_the_mean_is_of_the_others(mini_bert):
    a, b, word = PAIRS[0]
    ask = ask_of(mini_bert, a, b, word)
    found = questions.MOST.evidence(ask)
    tried = questions.MOST.tried(ask, found)
    whole = ask.trace.attention[:, :, ask.position]
    off = whole.argmax(axis=2) == int(questions.MOST.answer(found)[1:])
    cut = run(mini_bert, ask.query.but(heads_off=tuple(map(tuple, np.argwhere(off).tolist()))))
    mean = cut.attention[~off][:, ask.position].mean(axis=0)
    assert tried["value"].to_dict() == pytest.approx({name: mean[int(name[1:])] for name in tried.index}, abs=1e-5)


def test_there_and_back_are_two_weights(mini_bert):
    for a, b, word in PAIRS:
        ask = ask_of(mini_bert, a, b, word)
        facts = questions.BACK.evidence(ask).attrs["facts"]
        weights = ask.trace.attention[facts["layer"] - 1, facts["head"] - 1]
        pieces = np.array(ask.trace.pieces)
        rows, columns = np.flatnonzero(pieces == facts["first"]), np.flatnonzero(pieces == facts["second"])
        row, column = max(((r, c) for r in rows for c in columns), key=lambda at: weights[at])
        ratio = weights[column, row] / weights[row, column]
        wanted = "same" if 0.8 <= ratio <= 1.25 else "less" if ratio < 0.8 else "more"
        assert questions.BACK.answer(questions.BACK.evidence(ask)) == wanted


def guess(model: Encoder, query: Query, position: int) -> int:
    return int(run(model, query).mlm_logits([position])[0].argmax())


def test_one_head_less_counts_the_first_guesses_that_change(mini_bert):
    for a, b, word in PAIRS[:2]:
        ask = ask_of(mini_bert, a, b, word)
        found = questions.LESS.evidence(ask)
        query = Query(a, b, masked=(ask.position,))
        first = guess(mini_bert, query, ask.position)
        every = [(layer, head) for layer in range(6) for head in range(12)]
        changed = sum(guess(mini_bert, query.but(heads_off=(one,)), ask.position) != first for one in every)
        assert found.attrs["facts"]["changed"] == changed
        share = changed / 72
        assert questions.LESS.answer(found) == ("nearly" if share > 0.75 else "half" if share >= 0.25 else "seldom")
