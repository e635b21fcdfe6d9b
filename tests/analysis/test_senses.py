"""Cosines, silhouettes, maps and nearest-sense scores, on cases worked by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import silhouette_score

from bert_explain.analysis import senses
from bert_explain.analysis.occurrences import Occurrence

NAN = [np.nan, np.nan]


def there(count, labels=None):
    return [Occurrence(f"bank {i}", 0, 4, (labels or [""] * count)[i]) for i in range(count)]


def test_cosines_by_hand():
    table = senses.cosines(np.array([[1, 0], [0, 2], [3, 3], [0, 0], NAN]))
    assert table[0, 1] == 0
    assert table[0, 2] == pytest.approx(np.sqrt(0.5), abs=1e-6)
    assert table[2, 2] == 1
    assert np.isnan(table[3]).all()
    assert np.isnan(table[:, 4]).all()


def test_equally_near_ones_share_a_rank_and_missing_ones_are_left_out():
    found = senses.nearest(there(4), np.array([[1, 0], [2, 0], [5, 0], NAN]), 0)
    assert found["rank"].tolist() == [1, 1]
    assert found["number"].tolist() == [2, 3]


def test_the_nearest_stands_first():
    found = senses.nearest(there(3), np.array([[1, 0], [0, 1], [1, 0.1]]), 0)
    assert found["number"].tolist() == [3, 2]


def test_one_vector_for_all_has_a_silhouette_of_exactly_nought():
    vector = np.random.default_rng(0).normal(size=(1, 50))
    assert senses.silhouette(np.repeat(vector, 6, axis=0) * np.arange(1, 7)[:, None], list("aabbcc")) == 0


def test_silhouettes_equal_scikit_learns():
    rng = np.random.default_rng(1)
    vectors, labels = rng.normal(size=(9, 5)), list("aaabbbccc")
    assert senses.silhouette(vectors, labels) == pytest.approx(silhouette_score(vectors, labels, metric="cosine"), abs=1e-5)


@pytest.mark.parametrize("labels", [[""] * 4, ["a"] * 4, list("abcd")])
def test_no_silhouette_without_two_labels_one_of_them_twice(labels):
    assert np.isnan(senses.silhouette(np.random.default_rng(0).normal(size=(4, 3)), labels))


def test_occurrences_without_label_or_vector_play_no_part_in_it():
    vectors = np.array([[1, 0], [1, 0.1], [0, 1], [0.1, 1], NAN, [5, 5]])
    assert senses.silhouette(vectors, [*list("aabba"), ""]) == senses.silhouette(vectors[:4], list("aabb"))


def test_score_by_hand():
    # word x: 0 and 1 mean a, 2 means b. Nearest of 0 is 1 (right), of 1 is 0 (right); of 2 nothing right is possible.
    vectors = np.array([[1, 0], [1, 0.2], [0, 1]])
    found = senses.score(vectors, ["x"] * 3, ["a", "a", "b"], ["p", "q", "r"])
    assert found == senses.Score(1.0, 0.5, 2)


def test_a_wrong_neighbour_scores_nothing():
    vectors = np.array([[1, 0], [0, 1], [1, 0.1]])
    found = senses.score(vectors, ["x"] * 3, ["a", "a", "b"], ["p", "q", "r"])
    assert found.share == 0
    assert found.queries == 2


def test_other_words_are_no_neighbours():
    vectors = np.array([[1, 0], [0.5, 1], [0, 1], [1, 0]])
    found = senses.score(vectors, ["x", "x", "x", "y"], ["a", "a", "b", "c"], list("pqrs"))
    assert found.queries == 2


def test_the_same_sentence_is_no_neighbour_of_itself():
    vectors = np.array([[1, 0], [1, 0], [0, 1], [0.2, 1]])
    found = senses.score(vectors, ["x"] * 4, ["a", "b", "a", "b"], ["Same", "same", "r", "s"])
    assert found.queries == 4
    alone = senses.score(vectors[:2], ["x"] * 2, ["a", "b"], ["Same", "same"])
    assert alone.queries == 0
    assert np.isnan(alone.share)


@given(st.lists(st.sampled_from("abc"), min_size=3, max_size=12))
def test_one_vector_or_none_scores_what_a_blind_pick_does(meanings):
    count = len(meanings)
    texts = [str(i) for i in range(count)]
    for vectors in (np.ones((count, 4)), np.full((count, 4), np.nan)):
        found = senses.score(vectors, ["x"] * count, meanings, texts)
        assert found.queries == 0 or found.share == pytest.approx(found.chance)


def test_the_map_of_equal_vectors_is_one_point():
    plane = senses.plane(np.ones((1, 4, 3)))
    assert not plane.points.any()
    assert plane.shares[0] == 0


@pytest.mark.parametrize("count", [1, 2, 5])
def test_the_map_keeps_distances_it_has_room_for_and_turns_little(count):
    rng = np.random.default_rng(2)
    first = np.c_[rng.normal(size=(count, 2)), np.zeros(count)]
    turned = first[:, [1, 0, 2]] * [-1, 1, 1]
    plane = senses.plane(np.stack([first, turned]))
    if count > 2:
        assert plane.points[0] == pytest.approx(plane.points[1], abs=1e-4)
        assert plane.shares == pytest.approx([1, 1], abs=1e-4)
    assert np.isfinite(plane.points).all()


def test_an_occurrence_without_a_vector_has_no_place_on_the_map():
    stack = np.random.default_rng(3).normal(size=(2, 4, 6))
    stack[:, 1] = np.nan
    points = senses.plane(stack).points
    assert np.isnan(points[:, 1]).all()
    assert np.isfinite(points[:, [0, 2, 3]]).all()


def test_tables_name_models_and_layers():
    read = {"bert": np.random.default_rng(0).normal(size=(3, 4, 5)), "glove": np.ones((1, 4, 5))}
    titles = {"bert": "BERT", "glove": "GloVe"}
    found = senses.silhouettes(read, titles, list("aabb"))
    assert found["layer"].tolist() == [0, 1, 2, 0]
    scored = senses.scores(read, titles, ["x"] * 4, list("aabb"), list("pqrs"))
    assert scored.loc[scored["key"] == "glove", "value"].iloc[0] == pytest.approx(1 / 3)
    assert (scored["queries"] == 4).all()
