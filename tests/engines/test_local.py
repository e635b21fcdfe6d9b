"""Several texts in one pass give what each gives alone, and the strip's two traces are made in one."""

import numpy as np
import pytest
import torch

from bert_explain.analysis.masked_loss import score as masked_score
from bert_explain.analysis.next_sentence import verdict as next_verdict
from bert_explain.core.errors import BadQuery
from bert_explain.engines import local
from bert_explain.engines.local import LocalEngine
from bert_explain.query import Query
from bert_explain.trace import run, run_all
from bert_explain.ui import cache
from tests.tiny import tiny_bert, tiny_electra, tiny_roberta

QUERIES = [
    Query("She walked to the bank of the river.", "The water was cold."),
    Query("She walked to the bank of the river.", "The water was cold.", masked=(5,)),
    Query("bank", heads_off=((0, 1), (1, 0))),
    Query("", ""),
    Query("Money in the bank.", positions="removed", replaced=((1, 7),)),
]


@pytest.mark.parametrize("make", [tiny_bert, tiny_roberta, tiny_electra])
def test_several_texts_in_one_pass_give_what_each_gives_alone(make):
    model = make()
    queries = [q if model.spec.special.mask is not None or not q.masked else q.but(masked=()) for q in QUERIES]
    for query, one in zip(queries, run_all(model, queries), strict=True):
        alone = run(model, query)
        assert (one.query, one.tokens, one.cut) == (alone.query, alone.tokens, alone.cut)
        for name in ("hidden", "attention", "pooled", "nsp", "nsp_logits"):
            mine, theirs = getattr(one, name), getattr(alone, name)
            assert (mine is None) == (theirs is None), name
            if mine is not None:
                np.testing.assert_allclose(mine, theirs, atol=1e-5, err_msg=name)
                assert not mine.flags.writeable
        np.testing.assert_array_equal(one.embeddings.total, alone.embeddings.total)


def test_a_bad_query_among_them_is_said(mini_bert):
    with pytest.raises(BadQuery):
        run_all(mini_bert, [QUERIES[0], Query("a", heads_off=((99, 0),))])


def test_two_traces_that_a_page_needs_are_one_pass(mini_bert, monkeypatch):
    passes = []
    whole = LocalEngine.run_all
    monkeypatch.setattr(LocalEngine, "run_all", lambda self, *asked: passes.append(len(asked[0])) or whole(self, *asked))
    plain = Query("Two together for a page.", "Here they are.")
    hidden = plain.but(masked=(2,))
    cache.together("mini-bert", (plain, hidden))
    assert passes == [2]
    assert cache.trace("mini-bert", plain).query == plain
    assert cache.trace("mini-bert", hidden).query == hidden
    cache.together("mini-bert", (plain, hidden))  # both are there
    cache.together("mini-bert", (Query("word " * 300), Query("word " * 300, masked=(3,))))  # long ones gain nothing
    assert passes == [2]
    many = [Query("five words and no more", masked=(at,)) for at in range(1, 6)] * 10 + [Query(f"word {n}") for n in range(40)]
    cache.together("mini-bert", many)  # 40 of 4 tokens and 5 of 7: 195 tokens are one pass
    assert passes[1:] == [45]
    cache.together("mini-bert", [Query(f"word {n} and {n}") for n in range(40)])  # 240 tokens are two
    assert passes[2:] == [33, 7]


def test_verdicts_of_many_are_those_of_each_alone(mini_bert):
    pairs = [Query("It rained.", f"The street was wet at {n}.") for n in range(30)]
    told: list[int] = []
    found = cache.verdicts("mini-bert", [*pairs, pairs[0]], told.append)
    for one, query in zip(found, [*pairs, pairs[0]], strict=True):
        alone = next_verdict(run(mini_bert, query))
        assert (one.tokens, one.cut) == (alone.tokens, alone.cut)
        assert one.logits == pytest.approx(alone.logits, abs=1e-5)
    assert told == [0, 15]  # 13 tokens each: two passes
    assert cache.verdicts("mini-bert", pairs, told.append) == found[:-1]
    assert told == [0, 15]  # all are there


def test_scores_of_many_are_those_of_each_alone(mini_bert):
    hidden = [(Query("It rained at noon today.", masked=(at,)), at) for at in range(1, 6)]
    for one, (query, at) in zip(cache.scores("mini-bert", hidden, lambda done: None), hidden, strict=True):
        alone = masked_score(run(mini_bert, query), at)
        assert (one.position, one.rank, one.guess) == (at, alone.rank, alone.guess)
        assert one.log_probability == pytest.approx(alone.log_probability, abs=1e-4)


def test_a_row_of_the_head_is_read_once(mini_bert, monkeypatch):
    trace = run(mini_bert, Query("The head is read once.", masked=(3,)))
    alone = mini_bert.mlm_head(torch.from_numpy(trace.hidden[-1, [2, 3]].copy())).numpy()
    local.HEADS.clear()
    rows, head = [], mini_bert.mlm_head.forward
    monkeypatch.setattr(mini_bert.mlm_head, "forward", lambda states: rows.append(len(states)) or head(states))
    one, both, again = trace.mlm_logits([3]), trace.mlm_logits([2, 3]), trace.mlm_logits([3])
    assert rows == [1, 1]  # the one, and then only the other
    np.testing.assert_allclose(both, alone, atol=1e-4)
    np.testing.assert_array_equal(one[0], both[1])
    np.testing.assert_array_equal(one, again)
    assert not again.flags.writeable
    trace.mlm_logits(list(range(len(trace.tokens))) * 3)
    assert rows[2:] == [3 * len(trace.tokens)]  # of so many none is kept
