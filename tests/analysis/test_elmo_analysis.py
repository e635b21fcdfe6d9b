"""ELMo's tables, against numbers worked by hand and against the trace."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bert_explain.chapters.elmo import analysis as an
from bert_explain.chapters.elmo import layers as el
from bert_explain.trace_elmo import read_word, run_elmo, split
from tests.tiny_elmo import WORDS, tiny_elmo

SENTENCE = "She walked to the bank of the river."


@pytest.fixture(scope="module")
def trace():
    return run_elmo(tiny_elmo(), SENTENCE)


def test_the_word_at_a_span_and_the_longest_without_one():
    words = split(SENTENCE)
    assert an.place_of(words, (18, 22)) == 4  # bank
    assert an.place_of(words, (19, 20)) == 4
    assert an.place_of(words, None) == 1  # walked, the first of the longest
    assert an.place_of([], None) == 0


def test_filters_stand_where_their_characters_do_and_are_sorted():
    model = tiny_elmo()
    read = read_word(model, "bank")
    table = an.filters(model, read, 5)
    assert (table["answer"] > 0).all()
    assert table["above"].is_monotonic_decreasing
    padded = "^bank$" + "_" * 50
    for row in table.itertuples():
        assert row.characters == padded[row.begins : row.begins + row.width]
        mean, spread = model.usual_filters[:, row.filter - 1]
        assert row.above == pytest.approx((row.answer - mean) / max(spread, 1e-6), rel=1e-5)
    values = an.filter_map(table, read)
    assert values.shape == (len(table), 7)  # ^ b a n k $ _
    for row, line in zip(table.itertuples(), values, strict=True):
        inside = line[row.begins : row.begins + row.width]
        assert np.allclose(inside, row.answer)
        assert np.isfinite(line).sum() == len(inside)
    first = table.iloc[0]
    assert f"filter {first['filter']} is" in an.look_filters(table, read).plain()


def test_the_usual_answer_is_the_mean_over_the_vocabularys_words():
    model = tiny_elmo()
    fired = np.stack([read_word(model, word).fired for word in WORDS[3:]])
    assert np.allclose(model.usual_filters[0], fired.mean(0), atol=1e-5)
    assert np.allclose(model.usual_filters[1], fired.std(0, ddof=1), atol=1e-5)


def test_the_nearest_word_to_itself_is_itself_and_cosines_are_centred():
    model = tiny_elmo()
    own = model.encodings[4]
    table = an.nearest(model, own, 3)
    assert table["word"][0] == "bank"
    assert table["cosine"][0] == pytest.approx(1, abs=1e-5)
    assert not set(table["word"]) & {"<S>", "</S>", "<UNK>"}
    rest = an.nearest(model, own, 20, leave_out=("bank",))
    assert len(rest) == len(WORDS) - 4
    assert "bank" not in set(rest["word"])
    middle = model.encodings[3:].mean(0)
    other = model.encodings[WORDS.index(rest["word"][0])] - middle
    by_hand = (own - middle) @ other / np.linalg.norm(own - middle) / np.linalg.norm(other)
    assert rest["cosine"][0] == pytest.approx(by_hand, abs=1e-5)
    assert "is one of the words that ELMo can guess" in an.look_nearest(model, "bank", rest).plain()
    assert "and yet it has a vector" in an.look_nearest(model, "frob", rest).plain()
    assert an.nearest(tiny_elmo(n_words=0), own).empty


@settings(max_examples=50)
@given(st.integers(0, 600), st.integers(0, 599))
def test_a_window_holds_the_chosen_word_and_no_more_than_it_may(count, position):
    first, last = an.window(count, position)
    assert 0 <= first <= last <= count
    assert last - first == min(count, an.WINDOW)
    if position < count:
        assert first <= position < last


def test_staircases_leave_out_what_has_not_been_read(trace):
    moved = an.staircases(trace, 2, 7)
    assert np.array_equal(np.isnan(moved[0]), np.triu(np.ones((5, 5), bool), 1))
    assert np.array_equal(np.isnan(moved[1]), np.tril(np.ones((5, 5), bool), -1))
    table = an.staircase_table(trace, 2, 7)
    assert len(table) == 2 * 15
    row = table[(table["direction"] == "forward") & (table["state"] == 7) & (table["place"] == 5)].iloc[0]
    assert row["moves it by"] == pytest.approx(float(trace.influence()[0, 6, 4]), abs=1e-5)


def test_what_each_direction_has_read_is_counted(trace):
    text = an.look_directions(trace, an.staircases(trace, 0, 9), 0, 4).plain()
    assert "forward one has read 5 words, the backward one 5 words" in text
    alone = run_elmo(tiny_elmo(), "bank")
    assert "stands alone" in an.look_directions(alone, an.staircases(alone, 0, 1), 0, 0).plain()


def test_guesses_are_the_traces(trace):
    table = an.guess_table(trace)
    assert table["forward probability"].to_list() == trace.guesses.true[0].tolist()
    assert table["backward guess"][0] == WORDS[int(trace.previous_probabilities(1).argmax())]
    for side in (0, 1):
        found = an.guesses_at(trace, 4, side, 3)
        assert found["true"].sum() == 1
        assert found.loc[found["true"], "word"].item() == "bank"
        assert found["rank"].to_list()[:3] == [1, 2, 3]
        p = trace.next_probabilities(3) if side == 0 else trace.previous_probabilities(5)
        assert np.allclose(found["probability"], [p[WORDS.index(w)] for w in found["word"]], atol=1e-6)
    counts = (table["forward rank"] < table["backward rank"]).sum()
    assert f"ranks {counts} better" in an.look_guesses(table, 4).plain()


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=5))
def test_shares_are_above_zero_and_add_up_to_one(raw):
    shares = el.weights(raw)
    assert (shares > 0).all()
    assert shares.sum() == pytest.approx(1)


def test_the_mix_table_by_hand(trace):
    table = el.mix_table(trace, 4, [0, 0, 1], 2)
    e = np.e
    assert table["share s"].to_list() == pytest.approx([1 / (2 + e), 1 / (2 + e), e / (2 + e)])
    assert table["length"][2] == pytest.approx(np.linalg.norm(trace.layers[2, 4]), rel=1e-5)
    assert table["length in the mix"][2] == pytest.approx(2 * e / (2 + e) * table["length"][2])
    assert "= 1.000" in el.look_mix(table, "bank", 2).plain()
    assert "all zeros" in el.look_mix(table, "bank", 0).plain()


def test_drift_begins_at_one_and_equals_the_cosine_by_hand(trace):
    other = run_elmo(tiny_elmo(), "The bank opens at nine.")
    table = el.drift(trace, 4, other, 1)
    assert table.loc[0, ["forward", "backward", "both"]].to_list() == pytest.approx([1, 1, 1], abs=1e-6)
    x, y = trace.layers[2, 4], other.layers[2, 1]
    assert table["both"][2] == pytest.approx(x @ y / np.linalg.norm(x) / np.linalg.norm(y), abs=1e-6)
    x, y = trace.backward[0, 4], other.backward[0, 1]
    assert table["backward"][1] == pytest.approx(x @ y / np.linalg.norm(x) / np.linalg.norm(y), abs=1e-6)
    assert table["both"][2] < 0.999
    strange = []
    for i, one in enumerate(trace.words):
        for j, two in enumerate(other.words):
            if one.text.casefold() != two.text.casefold():
                a, b = trace.layers[1, i], other.layers[1, j]
                strange.append(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
    assert table["different words"][1] == pytest.approx(np.mean(strange), abs=1e-5)


def test_a_word_with_the_same_words_before_it_has_the_same_forward_state():
    a, b = (run_elmo(tiny_elmo(), f"the bank {end}") for end in ("of water", "walked to the river"))
    table = el.drift(a, 1, b, 1)
    assert table["forward"].to_list() == pytest.approx([1, 1, 1], abs=1e-6)
    assert table["backward"][2] < 0.999


def test_meetings_ignore_capitals_and_the_word_itself():
    words = split("The bank and the Bank, the bank")
    assert el.meetings(words, 1, words, True) == [4, 7]
    assert el.meetings(words, 1, split("no such word"), False) == []
