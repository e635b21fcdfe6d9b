"""The decoder's tables: worked by hand on a tiny model, and held against Hugging Face's own loss."""

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bert_explain.chapters.decoder import analysis as dec
from bert_explain.errors import BadQuery
from bert_explain.query import Query
from bert_explain.trace import run
from bert_explain.trace_decoder import run_decoder
from tests.tiny import WORDS, tiny_bert, tiny_decoder

A, B = "the bank river", "water cold ."
TEXTS = st.lists(st.sampled_from(WORDS[5:]), max_size=20).map(" ".join)


@pytest.fixture
def trace():
    return run_decoder(tiny_decoder(), A, B)


def test_seen_forbids_exactly_the_future(trace):
    weights = dec.seen(trace, 1, 0)
    ahead = np.triu(np.ones(weights.shape, bool), 1)
    assert np.isnan(weights[ahead]).all()
    assert not np.isnan(weights[~ahead]).any()
    np.testing.assert_allclose(np.nansum(weights, 1), 1, atol=1e-6)
    assert dec.ahead(trace.attention[1, 0]) == 0


def test_ahead_by_hand():
    assert dec.ahead(np.array([[0.25, 0.75], [0.5, 0.5]])) == pytest.approx(0.375)


def test_masks_table_has_every_look_that_is_allowed(trace):
    table = dec.masks_table(trace, 0, 1)
    n = len(trace.tokens)
    assert len(table) == n * (n + 1) // 2
    row = table[(table["position"] == 4) & (table["looked_at"] == 1)].iloc[0]
    assert (row["from"], row["to"]) == (trace.pieces[4], "the")
    assert row["weight"] == trace.attention[0, 1, 4, 1]


@settings(max_examples=25)
@given(TEXTS, TEXTS)
def test_the_mean_surprise_is_hugging_faces_loss(a, b):
    """Also in chunks: the whole is the same as the parts."""
    trace = run_decoder(tiny_decoder(), a, b)
    table = dec.next_tokens(trace)
    ids = torch.tensor([[t.id for t in trace.tokens]])
    with torch.inference_mode():
        loss = float(tiny_decoder().module(input_ids=ids, labels=ids).loss)
    assert table["surprise"].mean() == pytest.approx(loss, abs=1e-5)
    assert dec.perplexity(table) == pytest.approx(np.exp(loss), rel=1e-4)
    np.testing.assert_allclose(np.exp(-table["surprise"]), table["probability"])
    assert table["position"].tolist() == list(range(1, len(trace.tokens)))
    assert ((table["rank"] == 1) == (table["expected"] == table["piece"])).all()


def test_chunks_do_not_show(trace, monkeypatch):
    whole = dec.next_tokens(trace)
    monkeypatch.setattr(dec, "CHUNK", 3)
    pd.testing.assert_frame_equal(dec.next_tokens(trace), whole, rtol=1e-5)


def test_predictions_are_read_one_place_before(trace):
    table = dec.predictions(trace, 2, k=3)
    logits = trace.logits([1])[0].astype(float)
    p = np.exp(logits) / np.exp(logits).sum()
    assert table["probability"].iloc[0] == pytest.approx(p.max(), rel=1e-5)
    assert table["probability"].sum() == pytest.approx(1)
    true = table[table["mark"] == "true word"].iloc[0]
    assert true["piece"] == "bank"
    assert true["probability"] == pytest.approx(p[WORDS.index("bank")], rel=1e-5)
    assert "bank" in dec.look_predictions(table, 2).plain()
    assert "2 tokens before it" in dec.look_predictions(table, 2).plain()
    for wrong in (0, len(trace.tokens)):
        with pytest.raises(BadQuery, match="Nothing is predicted at position"):
            dec.predictions(trace, wrong)


def test_look_next_names_the_extremes(trace):
    table = dec.next_tokens(trace)
    said = dec.look_next(table, 12).plain()
    assert f"bar: {table.loc[table['probability'].idxmin(), 'piece']} surprised" in said
    assert f"Perplexity {dec.perplexity(table):,.1f}" in said
    assert "would be 12" in said


def test_swap_takes_another_likely_word(trace):
    found = dec.swap(trace, 2)
    assert found.piece == "bank"
    assert found.other != "bank"
    assert not found.other.startswith("[")
    logits = trace.logits([1])[0]
    better = [w for w, z in zip(WORDS, logits, strict=True) if z > logits[found.id]]
    assert all(w == "bank" or w.startswith("[") for w in better)


def test_moved_is_0_before_the_word_in_the_decoder_and_not_in_bert(trace):
    swap, model = dec.swap(trace, 3), tiny_bert()
    after = run_decoder(tiny_decoder(), A, B, ((3, swap.id),))
    query = Query(A, B)
    bert = dec.moved(run(model, query), run(model, dec.swapped(query, 3, swap.id)))
    decoder = dec.moved(trace, after)
    assert (decoder[:3] == 0).all()
    assert (decoder[3:] > 0).all()
    assert (bert > 0).all()
    table = dec.moved_table(trace.tokens, swap, decoder, bert)
    assert table["side"].tolist() == ["before"] * 3 + ["itself"] + ["after"] * 5
    assert "3 of the 3 earlier states keep every digit. In BERT 3 of them move" in dec.look_moved(table, swap).plain()


def test_moved_by_hand(trace):
    other = run_decoder(tiny_decoder(), "the bank water", B)
    x, y = trace.hidden[-1, 5].astype(float), other.hidden[-1, 5].astype(float)
    cosine = x @ y / np.sqrt((x @ x) * (y @ y))
    assert dec.moved(trace, other)[5] == pytest.approx(1 - cosine)


def test_in_sight_compares_four_ways(trace):
    model, at = tiny_bert(), 2
    hidden, open_ = run(model, Query(A, B, masked=(at,))), run(model, Query(A, B))
    lifted = run_decoder(tiny_decoder().lifted(), A, B)
    table = dec.in_sight(at, trace, lifted, hidden, open_)
    z = [trace.logits([1])[0], lifted.logits([1])[0], hidden.mlm_logits([2])[0], open_.mlm_logits([2])[0]]
    p = [np.exp(v.astype(float))[WORDS.index("bank")] / np.exp(v.astype(float)).sum() for v in z]
    np.testing.assert_allclose(table["probability"], p, rtol=1e-5)
    assert "copying" in dec.look_sight(table, "bank").plain()
    short = dec.in_sight(at, trace, lifted, None, None)
    assert len(short) == 2
    assert "copying" not in dec.look_sight(short, "bank").plain()
    left = short.loc[~short["sees"], "probability"].item()  # 0.15
    for seen, said in ((left, "of no use"), (0.4, "not simply read off"), (0.9, "and yet it reads the answer off")):
        short.loc[short["sees"], "probability"] = seen
        assert said in dec.look_sight(short, "bank").plain()


def test_a_tasks_inputs_hold_the_sentences_in_the_papers_order(trace):
    row = dec.task_input(trace.tokens, ("start", "A", "delimiter", "B", "extract"), False)
    assert [t.text for t in row] == ["[start]", *A.split(), "[delimiter]", *B.split(), "[extract]"]
    turned = dec.task_input(trace.tokens, ("start", "A", "delimiter", "B", "extract"), True)
    assert [t.text for t in turned] == ["[start]", *B.split(), "[delimiter]", *A.split(), "[extract]"]
    assert len(dec.task_input(trace.tokens, ("A",), False, most=2)) == 2
    table = dec.task_table([row, turned])
    assert table.iloc[0].tolist() == [1, 0, "[start]", ""]
    assert table.iloc[len(row) + 1].tolist() == [2, 1, B.split()[0], "B"]


def test_a_single_guess_is_not_compared_with_itself():
    table = dec.next_tokens(run_decoder(tiny_decoder(), ""))
    assert len(table) == 1
    assert "one token to guess" in dec.look_next(table, 20).plain()


def test_the_readers_text_is_escaped():
    table = dec.next_tokens(run_decoder(tiny_decoder(), A))
    table["piece"] = "<b>x</b>"
    assert "<b>x</b>" not in dec.look_next(table, 12).html()


def test_coloured_tokens_carry_their_sentence(trace):
    assert [t.segment for t in dec.coloured(trace.tokens)] == [0, 0, 0, 0, 0, 1, 1, 1, 0]
