"""Switching heads off: the comparison's question, its numbers, and the table of single heads."""

import numpy as np
import pytest
from scipy.special import softmax

from bert_explain.chapters.attention import heads_off as h
from bert_explain.models.encoder import from_hugging_face
from bert_explain.query import Query
from bert_explain.trace import run
from tests.tiny import tiny_bert

BANK = Query("the bank the river.", "the water cold.")  # [CLS] the bank the river . [SEP] the water cold . [SEP]


@pytest.fixture(scope="module")
def tiny():
    """A random BERT of 2 layers with 4 heads."""
    return tiny_bert(num_attention_heads=4)


@pytest.fixture(scope="module")
def without_nsp():
    return tiny_bert("distilbert")


def test_the_question_is_the_readers_mask(tiny):
    trace = run(tiny, BANK.but(masked=(2, 4), heads_off=((0, 1),)))
    assert h.question(trace, 4) == h.Question(BANK.but(masked=(2, 4)), 4, "river", False)
    assert h.question(trace, 3).position == 2


def test_without_a_mask_the_chosen_token_is_masked_for_it(tiny):
    trace = run(tiny, BANK)
    assert h.question(trace, 2) == h.Question(BANK.but(masked=(2,)), 2, "bank", True)
    assert h.question(trace, 0).position == 1  # [CLS] is never masked: the first word stands in for it
    assert h.question(run(tiny, Query("")), 0).position is None


def test_before_and_after(tiny):
    query = BANK.but(masked=(2,))
    before, after = run(tiny, query), run(tiny, query.but(heads_off=((1, 0), (1, 2))))
    table = h.before_after(before, after, 2)
    p, new = (softmax(t.mlm_logits([2])[0].astype(float)) for t in (before, after))
    assert table["id"].tolist()[0] == p.argmax()
    np.testing.assert_allclose(table["before"], p[table["id"]])
    np.testing.assert_allclose(table["without"], new[table["id"]])
    np.testing.assert_allclose(table["change"], table["without"] - table["before"])
    assert table["before"].is_monotonic_decreasing
    assert table.loc[table["mark"] == "true word", "piece"].tolist() == ["bank"]


def test_every_single_head_is_tried_once(tiny):
    asked, seen = [], []
    query = BANK.but(masked=(2,))
    whole = run(tiny, query)

    def trace_of(q):
        asked.append(q.heads_off)
        return run(tiny, q)

    table = h.single_heads(whole, 2, trace_of, seen.append)
    assert asked == [((layer, head),) for layer in range(2) for head in range(4)]
    assert seen == pytest.approx([n / 8 for n in range(1, 9)])
    assert table["change"].abs().is_monotonic_decreasing
    top = softmax(whole.mlm_logits([2])[0].astype(float)).argmax()
    for line in table.to_dict("records"):
        cut = run(tiny, query.but(heads_off=((line["layer"] - 1, line["head"] - 1),)))
        assert line["without"] == pytest.approx(softmax(cut.mlm_logits([2])[0].astype(float))[top])
        assert line["is_next"] == pytest.approx(cut.nsp[0])
        assert line["is_next_change"] == pytest.approx(cut.nsp[0] - whole.nsp[0])
    most = table.iloc[0]
    assert f"Layer {most['layer']}, head {most['head']} matters most" in h.look_single(table, whole, 2).plain()


def test_a_model_that_predicts_less(without_nsp):
    whole = run(without_nsp, Query("the bank", masked=(1,)))
    table = h.single_heads(whole, 1, lambda q: run(without_nsp, q))
    assert "is_next" not in table
    assert len(table) == 4
    nothing = run(without_nsp, Query(""))
    assert h.question(nothing, 0).position is None
    table = h.single_heads(nothing, None, lambda q: run(without_nsp, q))
    assert list(table.columns) == ["layer", "head"]
    assert "no prediction" in h.look_single(table, nothing, None).plain()
    cut = run(without_nsp, Query("", heads_off=((0, 0),)))
    assert "no prediction" in h.look_off(h.question(cut, 0), nothing, cut).plain()


@pytest.fixture(scope="module")
def without_mlm(tiny):
    return from_hugging_face("no words", "No words", tiny.module, tiny.tokenizer, frozenset({"nsp", "pooler"}))


def test_only_the_next_sentence_is_left(without_mlm):
    whole = run(without_mlm, Query("the bank", "cold"))
    q = h.question(whole, 1)
    assert q.position is None
    table = h.single_heads(whole, None, lambda query: run(without_mlm, query))
    assert table["is_next_change"].abs().is_monotonic_decreasing
    assert "B follows A" in h.look_single(table, whole, None).plain()
    cut = run(without_mlm, Query("the bank", "cold", heads_off=((0, 1),)))
    assert "B follows A" in h.look_off(q, whole, cut).plain()


def test_of_swapped_sentences_it_is_a_that_follows_b(without_mlm):
    query = Query("the bank", "cold", swapped=True)
    whole, cut = run(without_mlm, query), run(without_mlm, query.but(heads_off=((0, 1),)))
    table = h.single_heads(whole, None, lambda query: run(without_mlm, query))
    for said in (h.look_single(table, whole, None), h.look_off(h.question(whole, 1), whole, cut)):
        assert "the probability that A follows B" in said.plain()


@pytest.mark.parametrize("query", [Query(""), Query("the"), Query("", "bank")], ids=repr)
def test_one_sentence_is_no_pair(tiny, query):
    assert not h.has_pair(run(tiny, query))
    assert h.has_pair(run(tiny, BANK))


def test_what_changed_is_said(tiny):
    query = BANK.but(masked=(2,))
    before, after = run(tiny, query), run(tiny, query.but(heads_off=((0, 0),)))
    q = h.question(after, 2)
    assert q.query == query
    assert h.look_off(q, before, before).plain().startswith("All heads are on")
    assert h.look_off(q, before, after).plain().startswith("Without layer 1, head 1, ")


@pytest.mark.parametrize(
    ("off", "said"),
    [
        ((), "no head"),
        (((1, 4),), "layer 2, head 5"),
        (((0, 0), (0, 2)), "layer 1, heads 1, 3"),
        (((0, 0), (1, 1), (1, 2)), "layer 1, head 1, and layer 2, heads 2, 3"),
        (((0, 0), (1, 1), (2, 2)), "layer 1, head 1, layer 2, head 2, and layer 3, head 3"),
    ],
)
def test_names(off, said):
    assert h.names(off) == said


def test_toggled():
    assert h.toggled((), ((1, 4),)) == ((1, 4),)
    assert h.toggled(((1, 4), (0, 0)), ((1, 4),)) == ((0, 0),)
    layer = ((2, 0), (2, 1))
    assert h.toggled(((2, 1),), layer) == layer  # partly off: all off
    assert h.toggled(layer, layer) == ()
