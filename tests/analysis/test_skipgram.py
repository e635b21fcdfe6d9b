"""The small Word2Vec: pairs by hand, gradients by differences, draws that can be made again, and that it learns."""

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bert_explain.analysis import skipgram
from bert_explain.analysis.skipgram import Settings
from bert_explain.chapters.vectors import skipgram_map
from bert_explain.content.vectors import paragraph

TEXT = skipgram.read("The cat sat. The dog!")


@pytest.fixture(scope="module")
def trained():
    return skipgram.train(skipgram.read(paragraph()), Settings(passes=60))


def test_a_text_is_cut_and_counted():
    assert TEXT.vocabulary == ("the", "cat", "sat", "dog")
    assert TEXT.counts.tolist() == [2, 1, 1, 1]
    assert TEXT.ids.tolist() == [0, 1, 2, 0, 3]
    assert len(set(TEXT.sentence)) == 2
    assert TEXT.left_out == 0
    assert skipgram.read("🙂 … <b>").vocabulary == ("b",)
    assert skipgram.read("word " * 20_005).left_out == 5


def test_windows_end_where_the_sentence_does():
    centre, other = skipgram.pairs(TEXT, 2)
    assert sorted(zip(centre.tolist(), other.tolist(), strict=True)) == [
        (0, 1),
        (0, 2),
        (1, 0),
        (1, 2),
        (2, 0),
        (2, 1),
        (3, 4),
        (4, 3),
    ]


@given(st.text(max_size=80), st.integers(1, 5))
def test_any_text_gives_pairs_both_ways(text, window):
    read = skipgram.read(text)
    centre, other = skipgram.pairs(read, window)
    both = set(zip(centre.tolist(), other.tolist(), strict=True))
    assert {(b, a) for a, b in both} == both
    assert all(0 < abs(a - b) <= window and read.sentence[a] == read.sentence[b] for a, b in both)


def test_negatives_follow_the_counts_to_three_quarters_and_are_never_the_neighbour():
    expected = np.array([2**0.75, 1, 1, 1])
    np.testing.assert_allclose(skipgram.noise(TEXT), expected / expected.sum())
    drawn = skipgram.draws(TEXT, Settings(negatives=10), 3)
    assert (drawn.negatives != drawn.neighbour[:, None]).all()
    again = skipgram.draws(TEXT, Settings(negatives=10), 3)
    np.testing.assert_array_equal(drawn.negatives, again.negatives)
    assert (skipgram.draws(TEXT, Settings(negatives=10), 4).negatives != drawn.negatives).any()


def test_a_step_goes_down_the_gradient_of_the_loss():
    random = np.random.default_rng(0)
    words, contexts = random.normal(size=(2, 5, 3))
    centre, neighbour, negatives = np.array([0, 1]), np.array([2, 0]), np.array([[3, -1], [4, 4]])

    def loss(w, c):
        return skipgram.step(w.copy(), c.copy(), centre, neighbour, negatives, 0.0)

    moved = [words.copy(), contexts.copy()]
    skipgram.step(*moved, centre, neighbour, negatives, 1e-3)
    for side, table in enumerate((words, contexts)):
        for place in np.ndindex(table.shape):
            up, down = [words.copy(), contexts.copy()], [words.copy(), contexts.copy()]
            up[side][place] += 1e-5
            down[side][place] -= 1e-5
            slope = (loss(*up) - loss(*down)) / 2e-5
            assert (table[place] - moved[side][place]) / 1e-3 == pytest.approx(slope, abs=1e-4)


def test_it_learns_and_the_same_seed_gives_the_same_numbers(trained):
    assert trained.loss[0] > 2 * trained.loss[-1]
    assert trained.passes[0] == 0
    assert trained.passes[-1] == 60
    assert skipgram_map.near(trained, -1, "king", 1)["word"].item() == "queen"
    assert skipgram_map.near(trained, -1, "dog", 1)["word"].item() == "cat"
    again = skipgram.train(skipgram.read(paragraph()), Settings(passes=60))
    np.testing.assert_array_equal(again.words, trained.words)
    start = skipgram.untrained(skipgram.read(paragraph()), Settings(passes=60))
    np.testing.assert_array_equal(start.words[0], trained.words[0])


def test_a_lesson_shows_the_draws_that_the_next_pass_learns_from(trained):
    at, position = 3, 1
    table = skipgram.lesson(trained, at, position)
    drawn = skipgram.draws(trained.text, trained.settings, trained.passes[at])
    mine = drawn.position == position
    assert (table["kind"] == "neighbour").sum() == mine.sum()
    row = table[table["kind"] == "drawn"].dropna().iloc[0]
    word = trained.text.vocabulary.index(row["word"])
    score = trained.contexts[at][word] @ trained.words[at][trained.text.ids[position]]
    assert row["says"] == pytest.approx(1 / (1 + np.exp(-score)), abs=1e-6)
    said = skipgram_map.look_window(trained.text, position, drawn).plain()
    assert f"makes {mine.sum()} pairs" in said


def test_before_the_first_pass_every_answer_is_one_half():
    table = skipgram.lesson(skipgram.untrained(TEXT, Settings()), 0, 0)
    assert table["says"].dropna().eq(0.5).all()


def test_the_map_keeps_its_axes(trained):
    words = skipgram_map.shown_words(trained.text)
    places = skipgram_map.paths(trained, words)
    assert places.shape == (len(trained.passes), len(words), 2)
    from sklearn.decomposition import PCA

    rows = [trained.text.vocabulary.index(w) for w in words]
    theirs = PCA(2).fit(trained.words[-1][rows].astype(float)).transform(trained.words[5][rows])
    np.testing.assert_allclose(np.abs(places[5]), np.abs(theirs), atol=1e-4)
    assert len(skipgram_map.table(trained, words, places)) == places[..., 0].size
    assert skipgram_map.shown_words(trained.text, ["King", "nowhere", "dog"]) == ["king", "dog"]
    assert "the" not in words


def test_long_texts_get_fewer_passes():
    text = skipgram.read(" ".join(f"w{i % 900}" for i in range(20_000)))
    made = skipgram.passes_possible(text, Settings(window=5, passes=200))
    assert 1 <= made < 200
    assert made * len(skipgram.pairs(text, 5)[0]) <= skipgram.MOST_PAIRS
    assert skipgram.passes_possible(skipgram.read("one"), Settings()) == 0


def test_a_training_in_steps_gives_the_numbers_of_one_in_a_go(trained):
    learner = skipgram.Learner(skipgram.read(paragraph()), Settings(passes=60))
    assert learner.run(60).passes == (0,)
    while learner.reach(7):
        pass
    assert learner.made == 7
    early = learner.run(7)
    assert early.passes == tuple(n for n in trained.passes if n <= 7)
    assert len(early.loss) == 7
    while learner.reach(1000):
        pass
    assert learner.made == 60
    assert not learner.reach(60)
    np.testing.assert_array_equal(learner.run(60).words, trained.words)
    np.testing.assert_array_equal(learner.run(60).loss, trained.loss)
    again = learner.run(7)
    np.testing.assert_array_equal(again.words, early.words)
    np.testing.assert_array_equal(again.contexts, early.contexts)


def test_the_map_is_not_mirrored_from_one_snapshot_to_the_next(trained):
    words = skipgram_map.shown_words(trained.text)
    maps = []
    for count in range(20, len(trained.passes) + 1):
        part = dataclasses.replace(trained, passes=trained.passes[:count], words=trained.words[:count])
        maps.append(skipgram_map.paths(part, words)[-1])
    for before, after in itertools.pairwise(maps):
        assert ((before * after).sum(axis=0) > 0).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "\n".join(f"The {i % 97} walks to the {i % 89} and the {i % 83} sees the {i % 79}." for i in range(2_000)),
        "a b c " * 3_000,
        "\n".join(f"the w{i % 7}" for i in range(4_000)),
    ],
    ids=["numbers", "three words", "one word everywhere"],
)
@pytest.mark.parametrize("window", [2, 5])
def test_a_long_text_of_few_words_does_not_throw_its_vectors_to_infinity(text, window, monkeypatch):
    """All pairs of a group are learned from at once: a word that stands in many of them took too long a step."""
    monkeypatch.setattr(skipgram, "MOST_PAIRS", 300_000)  # the first passes are enough
    run = skipgram.train(skipgram.read(text), skipgram.Settings(16, window, 10, 200, 0))
    assert np.isfinite(run.words).all()
    assert np.isfinite(run.contexts).all()
    assert np.abs(run.words).max() < 100
