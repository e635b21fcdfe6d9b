"""Input embeddings: the parts add up, LayerNorm is redone by hand, lengths, shares and cosines are what they say."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from bert_explain.chapters.embeddings import analysis as embeddings
from bert_explain.query import Query
from bert_explain.trace import run

PAIR = Query("She walked to the bank of the river.", "The water was cold and clear.")
HARD = [Query(text) for text in ("", "   ", "…!?", "word " * 700, "\U0001f600 \u05e9\u05dc\u05d5\u05dd", "<b>x</b>")]


@pytest.fixture(scope="module")
def trace(mini_bert):
    return run(mini_bert, PAIR)


def with_parts(trace, token, segment, position):
    """The trace with other parts in its embeddings, (T, H) each; T and H may be anything."""
    parts = [np.asarray(part, np.float32) for part in (token, segment, position)]
    changed = dict(zip(embeddings.PARTS, parts, strict=True), total=sum(parts))
    return replace(trace, embeddings=replace(trace.embeddings, **changed))


def test_every_dimension_adds_up_and_layernorm_can_be_redone(trace):
    for position in range(len(trace.tokens)):
        table = embeddings.dimensions(trace, position)
        assert len(table) == trace.model.hidden_size
        np.testing.assert_allclose(table["token"] + table["segment"] + table["position"], table["sum"], atol=1e-6)
        assert table["standardised"].mean() == pytest.approx(0, abs=1e-6)
        assert table["standardised"].std(ddof=0) == pytest.approx(1, abs=1e-5)
        by_hand = table["standardised"] * table["scale"] + table["shift"]
        np.testing.assert_allclose(by_hand, table["normalised"], atol=2e-6)
        np.testing.assert_array_equal(table["normalised"], trace.hidden[0, position])


def test_mean_and_deviation_by_hand(trace):
    zero = [[0.0, 0.0]]
    by_hand = with_parts(trace, [[1.0, 2.0]], [[0.0, 5.0]], zero)  # sum 1, 7: mean 4, deviation 3
    assert embeddings.spread(by_hand, 0) == pytest.approx((4, 3))
    wide = replace(by_hand, embeddings=replace(by_hand.embeddings, norm_eps=16.0))  # sqrt(9 + 16)
    assert embeddings.spread(wide, 0) == pytest.approx((4, 5))


def test_lengths_shares_and_cosines_by_hand(trace):
    by_hand = with_parts(
        replace(trace, tokens=trace.tokens[:2]),
        token=[[3.0, 0.0], [1.0, 0.0]],
        segment=[[0.0, 4.0], [-1.0, 1.0]],
        position=[[0.0, 0.0], [2.0, 0.0]],
    )
    table = embeddings.lengths(by_hand)
    shares = table[[f"share {part}" for part in embeddings.PARTS]]
    assert table.loc[0, ["token", "segment", "position", "sum"]].tolist() == [3, 4, 0, 5]
    assert shares.loc[0].tolist() == pytest.approx([9 / 25, 16 / 25, 0])
    assert table.loc[0, "cos token·segment"] == 0
    assert np.isnan(table.loc[0, "cos token·position"])
    # the second token sums to (2, 1): the segment row points against it by -2 + 1 of 5
    assert shares.loc[1].tolist() == pytest.approx([2 / 5, -1 / 5, 4 / 5])
    assert table.loc[1, "cos token·segment"] == pytest.approx(-1 / np.sqrt(2))
    assert table.loc[1, "cos token·position"] == pytest.approx(1)


@settings(max_examples=40)
@given(arrays(np.float32, (3, 2, 5), elements=st.floats(-4, 4, width=32)))
def test_shares_add_up_to_one_for_any_parts(mini_bert, parts):
    text = run(mini_bert, Query(""))
    table = embeddings.lengths(with_parts(text, *parts))
    shares = table[[f"share {part}" for part in embeddings.PARTS]]
    there = table["sum"] > 1e-3
    np.testing.assert_allclose(shares[there].sum(axis=1), 1, atol=1e-6)
    assert (table[["token", "segment", "position"]].sum(axis=1) + 1e-6 >= table["sum"]).all()
    cosines = table[[f"cos {x}·{y}" for x, y in embeddings.PAIRS]].to_numpy()
    assert (np.abs(cosines[~np.isnan(cosines)]) <= 1 + 1e-9).all()


def test_the_sentence_about_the_sum_gives_the_numbers_of_the_largest_dimension(trace):
    at = embeddings.largest(trace, 5)
    e = trace.embeddings
    assert abs(e.total[5, at]) == np.abs(e.total[5]).max()
    text = embeddings.look_sum(trace, 5).plain().replace("−", "-")
    assert "bank" in text
    assert f"dimension {at}," in text
    assert f"{e.token[5, at]:.3f}" in text
    assert text.endswith(f"= {e.total[5, at]:.3f}.")


def test_the_sentence_about_lengths_finds_the_token_where_the_position_is_longer(trace):
    text = embeddings.look_lengths(trace).plain()
    table = embeddings.lengths(trace)
    assert table.loc[0, "position"] > table.loc[0, "token"]
    assert "[CLS]" in text
    assert f"{table.loc[0, 'position']:.2f} against {table.loc[0, 'token']:.2f}" in text
    assert "[CLS]" not in embeddings.look_lengths(trace, slice(1, 19)).plain()
    assert "[CLS]" in embeddings.look_shares(trace).plain()
    assert "[CLS]" not in embeddings.look_shares(trace, slice(4, 9)).plain()


def test_a_removed_part_is_gone_from_every_sentence(mini_bert):
    bare = run(mini_bert, PAIR.but(segments="removed", positions="removed"))
    table = embeddings.lengths(bare)
    assert (table["segment"] == 0).all()
    np.testing.assert_allclose(table["share token"], 1, atol=1e-6)
    assert "its token row alone" in embeddings.look_sum(bare, 5).plain()
    assert "no angle" in embeddings.look_cosines(bare).plain()
    nothing = run(mini_bert, PAIR.but(segments="removed", positions="removed", tokens="removed"))
    assert "Nothing is left" in embeddings.look_sum(nothing, 5).plain()
    assert np.isfinite(embeddings.dimensions(nothing, 5)).all().all()


@pytest.mark.parametrize("query", HARD, ids=lambda q: repr(q.text_a[:12]))
def test_any_text_can_be_looked_at(mini_bert, query):
    trace = run(mini_bert, query)
    for position in {0, len(trace.tokens) - 1}:
        sentences = [embeddings.look_sum(trace, position), embeddings.look_norm(trace, position)]
        sentences += [embeddings.look_lengths(trace), embeddings.look_cosines(trace), embeddings.look_shares(trace)]
        assert all("nan" not in sentence.plain() for sentence in sentences)
        assert all("<b>" not in sentence.html().replace('<b class="piece"', "") for sentence in sentences)
