"""Pictures of word vectors: what they draw is what the tables say, and no reader's text becomes markup."""

import numpy as np
import pytest

from bert_explain.analysis import skipgram, vector_map
from bert_explain.analysis import vectors as av
from bert_explain.chapters.vectors import analogies, skipgram_map
from bert_explain.chapters.vectors import figures as figures
from bert_explain.figures.theme import LIGHT
from bert_explain.models.vector_table import Table
from bert_explain.models.vectors import from_table

WORDS = ["king", "queen", "man", "woman", "<b>%{x}", "bank"]
ARRAY = np.random.default_rng(1).normal(size=(6, 4)).astype(np.float32)


@pytest.fixture(scope="module")
def small():
    return from_table("small", "Small", Table(WORDS, ARRAY))


def test_the_strips_of_a_sum_add_up_with_their_signs(small):
    added = analogies.add(small, analogies.parse("king - man + woman"))
    bands = figures.sum_bands(added, "queen", ARRAY[1])
    assert [b.sign for b in bands] == ["", "−", "+", "=", "→"]
    assert [b.name for b in bands] == ["king", "man", "woman", "the sum", "queen"]
    np.testing.assert_allclose(bands[0].values - bands[1].values + bands[2].values, bands[3].values, atol=1e-6)
    minus = figures.sum_bands(analogies.add(small, analogies.parse("- king")), "", None)
    assert [b.sign for b in minus] == ["−", "="]
    np.testing.assert_allclose(-minus[0].values, minus[1].values)


def test_the_ranking_with_and_without_the_given_words(small):
    table = analogies.ranking(small, analogies.add(small, analogies.parse("king - man + woman")), 6)
    without, with_all = figures.ranking_bars(table, False, "queen"), figures.ranking_bars(table, True)
    assert {b.text for b in with_all} - {b.text for b in without} <= {"king", "man", "woman"}
    assert [b.text for b in with_all] == table["word"].tolist()
    assert next(b.mark for b in without if b.text == "queen") == "hoped for"
    assert all((b.mark == "stands in the sum") == (b.text in ("king", "man", "woman")) for b in with_all)


def test_the_third_strip_is_the_product(small):
    bands = figures.compare_bands("king", "queen", av.compare(small, "king", "queen"))
    np.testing.assert_allclose(bands[0].values * bands[1].values, bands[2].values, atol=1e-6)
    assert figures.typical_bars("a", "b", av.compare(small, "king", "queen"), (0.1, 0.5))[2].value == 0.5


def test_a_word_in_two_sentences_leaves_no_difference(small):
    in_a, in_b = (av.word_rows(small, text)[0] for text in ("bank", "BANK’s"))
    a, b, difference = figures.same_bands(small, in_a, in_b)
    assert (a.name, b.name) == ("bank in A", "BANK’s in B")
    assert not difference.values.any()


@pytest.mark.parametrize("dimensions", [2, 3])
def test_the_map_draws_its_points_and_escapes_its_words(small, dimensions):
    found = vector_map.draw(small, WORDS, "PCA", dimensions)
    rows = vector_map.table(small, found)
    drawn = figures.word_map(found, rows, "", LIGHT)
    lines, points = drawn.data
    np.testing.assert_allclose(np.stack([points.x, points.y], 1), found.points[:, :2])
    assert points.text[4] == "&lt;b&gt;%&#123;x}"
    assert "<b>" not in "".join(points.customdata)
    near = WORDS.index(rows.loc[0, "nearest"])
    np.testing.assert_allclose([lines.x[0], lines.x[1]], found.points[[0, near], 0])


def test_names_of_near_points_stand_on_opposite_sides():
    assert figures._sides(np.array([[0, 0], [0, 0.1], [5, 5]])) == ["bottom center", "top center", "top center"]


def test_a_moving_map_has_trails_up_to_the_pass_and_steady_axes():
    run = skipgram.train(skipgram.read("a b c d e. b c d. a e c."), skipgram.Settings(passes=6))
    words = list(run.text.vocabulary)
    paths = skipgram_map.paths(run, words)
    early, late = (figures.moving_map(paths, at, words, "a", LIGHT) for at in (1, len(run.passes) - 1))
    assert early.layout.xaxis.range == late.layout.xaxis.range
    assert len(early.data[0].x) == len(words) * 3  # two places and a gap
    np.testing.assert_allclose(late.data[1].y, paths[-1][:, 1])
    assert len(figures.loss_line(run.loss, 3, LIGHT).data[1].x) == 1


def test_a_draw_that_hit_the_neighbour_is_said_to_be_skipped():
    run = skipgram.untrained(skipgram.read("a b. a b. c"), skipgram.Settings(negatives=10))
    bars = figures.lesson_bars(skipgram.lesson(run, 0, 0))
    assert {b.shown for b in bars} == {"0.50", "skipped"}
    assert bars[0].note == "should be 1"
