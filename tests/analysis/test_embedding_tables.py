"""The token, segment and position tables: neighbours, the two segment rows, learned against sinusoidal positions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bert_explain.chapters.embeddings import tables as tables
from bert_explain.errors import Missing
from bert_explain.query import Query
from bert_explain.trace import run
from tests.tiny import tiny_bert

PAIR = Query("She walked to the bank of the river.", "The water was cold and clear.")


@pytest.fixture(scope="module")
def trace(mini_bert):
    return run(mini_bert, PAIR)


@pytest.fixture(scope="module")
def without_segments():
    return run(tiny_bert("distilbert"), Query("the bank of the river"))


def test_nearest_rows_are_those_of_a_plain_search(trace, mini_bert):
    rows = mini_bert.embed.token.weight.numpy().astype(np.float64)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    own = trace.tokens[5].id
    by_hand = rows @ rows[own]
    expected = [i for i in np.argsort(-by_hand) if i != own][:8]
    table = tables.nearest(trace, 5)
    assert table["id"].tolist() == expected
    np.testing.assert_allclose(table["cosine"], by_hand[expected], atol=1e-5)
    assert table.index.tolist() == list(range(1, 9))
    assert table["piece"][1] == "banks"
    assert "bank" not in table["piece"].tolist()


def test_nearest_rows_do_not_depend_on_the_sentence(mini_bert):
    money = run(mini_bert, Query("The bank lends money.").but(segments="removed", positions="shuffled"))
    river = run(mini_bert, Query("The bank of the river."))
    assert money.pieces[2] == river.pieces[2] == "bank"
    assert tables.nearest(money, 2).equals(tables.nearest(river, 2))


def test_asking_for_more_neighbours_than_there_are():
    table = tables.nearest(run(tiny_bert(), Query("the bank")), 1, 10**6)
    assert sorted(table["id"]) == [i for i in range(12) if i != 5]  # all of the tiny vocabulary but "the" itself
    assert table["cosine"].is_monotonic_decreasing


def test_the_same_word_elsewhere_has_the_same_row_but_another_sum(trace):
    assert trace.pieces[4] == trace.pieces[7] == trace.pieces[11] == "the"
    table = tables.repeats(trace, 4)
    assert table["at"].tolist() == [7, 11]
    assert table["segment"].tolist() == ["A", "B"]
    total = trace.embeddings.total
    by_hand = total[4] @ total[7] / (np.linalg.norm(total[4]) * np.linalg.norm(total[7]))
    assert table["cosine"][0] == pytest.approx(by_hand, abs=1e-5)
    assert "3 times" in tables.look_nearest(trace, 4).plain()
    assert "every sentence" in tables.look_nearest(trace, 5).plain()


def test_segment_rows(trace, mini_bert, without_segments):
    table = tables.segments(trace)
    np.testing.assert_array_equal(table["A"], mini_bert.segment_table()[0].numpy())
    np.testing.assert_array_equal(table["A"], trace.embeddings.segment[0])
    np.testing.assert_array_equal(table["B"], trace.embeddings.segment[-1])
    np.testing.assert_allclose(table["A"] - table["B"], table["A - B"])
    assert tables.look_segments(trace).plain().startswith("Of this text, 11 tokens get row A and 8 tokens row B")
    with pytest.raises(Missing, match="tiny DistilBERT has no segment"):
        tables.segments(without_segments)


def test_sinusoidal_positions_by_hand():
    table = tables.sinusoidal(3, 4)
    assert table[0].tolist() == [0, 1, 0, 1]
    # angles 1 and 1 / 10000^(2/4) = 0.01; then twice that
    np.testing.assert_allclose(table[1], [0.841471, 0.540302, 0.0099998, 0.99995], atol=1e-6)
    np.testing.assert_allclose(table[2], [0.909297, -0.416147, 0.0199987, 0.9998], atol=1e-6)


@settings(max_examples=30)
@given(st.integers(1, 40), st.integers(1, 64))
def test_sinusoidal_rows_depend_on_distance_only(rows, half):
    table = tables.sinusoidal(rows, 2 * half)
    np.testing.assert_allclose((table**2).sum(axis=1), half)  # sin² + cos² of each pair
    cosines = tables.cosines(table)
    for distance in range(rows):
        assert np.ptp(np.diagonal(cosines, distance)) < 1e-9


def test_learned_rows_are_the_models_and_no_more_than_it_has(trace, without_segments, mini_bert):
    np.testing.assert_array_equal(tables.learned(trace.spec, 128), mini_bert.position_table()[:128].numpy())
    np.testing.assert_array_equal(tables.learned(trace.spec, 128)[3], trace.embeddings.position[3])
    assert tables.learned(without_segments.spec, 128).shape == (32, 8)


def test_mean_cosine_by_distance(trace):
    table = tables.by_distance(trace.spec, 20)
    rows = tables.learned(trace.spec, 20)
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    by_hand = np.mean([unit[i] @ unit[i + 3] for i in range(17)])
    assert len(table) == 20
    assert table["learned"][0] == pytest.approx(1)
    assert table["learned"][3] == pytest.approx(by_hand)
    assert (np.diff(table["sinusoidal"][:5]) < 0).all()


def test_a_row_of_zeros_has_cosine_zero():
    assert tables.cosines(np.array([[0.0, 0.0], [3.0, 4.0]])).tolist() == [[0, 0], [0, 1]]


def test_the_sentence_about_positions_names_the_longest_row(trace, without_segments):
    text = tables.look_positions(trace.spec, 512).plain()
    size = np.linalg.norm(tables.learned(trace.spec, 512), axis=1)
    assert f"position {size.argmax()} has length {size.max():.2f}" in text
    assert "16 apart" in tables.look_positions(without_segments.spec, 128).plain()
