"""Several texts in one pass give what each gives alone, and the strip's two traces are made in one."""

import numpy as np
import pytest

from bert_explain.core.errors import BadQuery
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
                np.testing.assert_allclose(mine, theirs, atol=1e-6, err_msg=name)
                assert not mine.flags.writeable
        np.testing.assert_array_equal(one.embeddings.total, alone.embeddings.total)


def test_a_bad_query_among_them_is_said(mini_bert):
    with pytest.raises(BadQuery):
        run_all(mini_bert, [QUERIES[0], Query("a", heads_off=((99, 0),))])


def test_two_traces_that_a_page_needs_are_one_pass(mini_bert, monkeypatch):
    passes = []
    whole = LocalEngine.run_all
    monkeypatch.setattr(LocalEngine, "run_all", lambda self, queries: passes.append(len(queries)) or whole(self, queries))
    plain = Query("Two together for a page.", "Here they are.")
    hidden = plain.but(masked=(2,))
    cache.together("mini-bert", (plain, hidden))
    assert passes == [2]
    assert cache.trace("mini-bert", plain).query == plain
    assert cache.trace("mini-bert", hidden).query == hidden
    cache.together("mini-bert", (plain, hidden))  # both are there
    cache.together("mini-bert", (Query("word " * 300), Query("word " * 300, masked=(3,))))  # long ones gain nothing
    assert passes == [2]
