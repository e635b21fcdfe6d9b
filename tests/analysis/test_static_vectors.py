"""Words of a text in a table, neighbours, comparisons, suggestions, sums: by hand, and beside gensim."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bert_explain.analysis import vector_map
from bert_explain.analysis import vectors as av
from bert_explain.chapters.vectors import analogies, one_vector
from bert_explain.errors import BadQuery
from bert_explain.models import load_vectors
from bert_explain.models.vector_files import Table
from bert_explain.models.vectors import from_table
from bert_explain.query import Query
from bert_explain.trace import run

WORDS = ["king", "queen", "man", "woman", "well-known", "it's", "bank"]
ARRAY = np.array([[1, 1, 0], [1, -1, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0.6, 0.8], [3, 4, 0]], np.float32)


@pytest.fixture(scope="module")
def small():
    return from_table("small", "Small", Table(WORDS, ARRAY, np.arange(7, 0, -1)))


@pytest.fixture(scope="module")
def glove():
    return load_vectors("glove")


def test_the_words_of_a_text_with_their_rows(small):
    text = "The King’s well-known river-bank; it’s 🙂 …"
    rows = av.word_rows(small, text)
    assert [(r.word, r.index) for r in rows] == [
        ("The", None),
        ("King’s", 0),
        ("well-known", 4),
        ("river", None),
        ("bank", 6),
        ("it’s", 5),
    ]
    assert all(text[r.start : r.end] == r.word for r in rows)


@given(st.text(max_size=60))
def test_every_word_stands_where_its_span_says(text):
    table = from_table("small", "Small", Table(WORDS, ARRAY))
    rows = av.word_rows(table, text)
    assert all(text[r.start : r.end] == r.word for r in rows)
    assert all(a.end <= b.start for a, b in pairwise(rows))


def test_neighbours_by_hand(small):
    near = av.neighbours(small, "BANK", 2)
    assert near["word"].tolist() == ["king", "man"]
    assert near["cosine"].tolist() == pytest.approx([7 / 5 / 2**0.5, 0.8])
    assert near["in the training text"].tolist() == [7, 5]
    assert "king" in av.look_neighbours(small, "bank", near).plain()


def test_the_products_add_up_to_the_cosine_that_gensim_gives(glove):
    table = av.compare(glove, "king", "queen")
    assert table["product"].sum() == pytest.approx(glove.keyed.similarity("king", "queen"), abs=1e-5)
    assert len(table) == 50


def test_neighbours_and_sums_equal_gensims(glove):
    near = av.neighbours(glove, "river", 10)
    theirs = glove.keyed.most_similar("river", topn=10)
    assert near["word"].tolist() == [w for w, _ in theirs]
    assert near["cosine"].tolist() == pytest.approx([c for _, c in theirs], abs=1e-5)
    ranked = analogies.ranking(glove, analogies.add(glove, analogies.parse("king - man + woman")), 10)
    theirs = glove.keyed.most_similar(["king", "woman"], ["man"], topn=10)
    left = ranked[~ranked["given"]]
    assert left["word"].tolist() == [w for w, _ in theirs]
    assert left["cosine"].tolist() == pytest.approx([c for _, c in theirs], abs=1e-5)
    assert left["answer"].tolist() == list(range(1, 11))
    assert ranked["given"].any()  # king itself is nearer than most, and is shown


def test_the_ranks_of_the_given_words(small):
    added = analogies.add(small, analogies.parse("king - man + woman"))
    np.testing.assert_allclose(added.parts.sum(axis=0), added.total)
    np.testing.assert_allclose(added.total, [2**-0.5, 2**-0.5 - 2, 0], atol=1e-6)
    ranks = analogies.given_ranks(small, added).set_index("word")
    every = small.keyed.similar_by_vector(added.total, topn=7)
    assert [every[ranks.loc[w, "rank"] - 1][0] for w in ("king", "man", "woman")] == ["king", "man", "woman"]
    assert ranks.loc["woman", "rank"] == 2  # queen is nearest of all
    assert "woman would stand at place 2" in analogies.say_given(ranks.reset_index()).plain()


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("king - man + woman", [(1, "king"), (-1, "man"), (1, "woman")]),
        ("king −man+woman", [(1, "king"), (-1, "man"), (1, "woman")]),
        ("- well-known + it's", [(-1, "well-known"), (1, "it's")]),
        ("king", [(1, "king")]),
    ],
)
def test_sums_are_read(text, terms):
    assert [(t.sign, t.word) for t in analogies.parse(text)] == terms


@pytest.mark.parametrize("text", ["", "   ", "+", "king -", "king man", "- - king", "a + b + c + d + e + f + g"])
def test_what_is_no_sum_is_said(text):
    with pytest.raises(BadQuery, match=r"spaces around|At most 6"):
        analogies.parse(text)


@given(st.text(max_size=40))
def test_any_text_is_a_sum_or_a_clear_sentence(text):
    said, terms = "", ()
    try:
        terms = analogies.parse(text)
    except BadQuery as error:
        said = str(error)
    if said:
        assert said.endswith(".")
    else:
        assert 1 <= len(terms) <= analogies.MOST_TERMS
        assert all(t.word.strip() == t.word != "" for t in terms)


def test_words_written_without_spaces_are_taken_apart_only_when_the_table_lacks_them(small):
    assert analogies.apart(small, analogies.parse("king-man+woman")) == analogies.parse("king - man + woman")
    assert analogies.apart(small, analogies.parse("well-known")) == analogies.parse("well-known")


def test_a_sum_that_cancels_and_a_hope_that_fails(small):
    ranked = analogies.ranking(small, analogies.add(small, analogies.parse("king - king")))
    assert ranked.empty
    assert "cancel" in analogies.look(ranked).plain()
    ranked = analogies.ranking(small, analogies.add(small, analogies.parse("king - man + woman")), 3)
    said = analogies.look(ranked, "bank").plain()
    assert "Here the arithmetic fails" in said
    assert "hoped for" in analogies.look(ranked, ranked.loc[~ranked["given"], "word"].iloc[0]).plain()


def test_suggestions_are_near_in_spelling_and_frequent_first(glove, small):
    assert "river" in av.suggestions(glove, "rivver")
    assert av.suggestions(glove, "kingg")[0] == "king"
    assert av.suggestions(small, "qeen") == ("queen",)
    assert av.suggestions(small, "🙂" * 5000) == ()
    assert av.suggestions(small, "") == ()
    assert "<b" in av.missing(small, "<img src=x>").html()
    assert "<img" not in av.missing(small, "<img src=x>").html()
    assert len(av.missing(small, "x" * 10_000).plain()) < 300


def test_what_a_cosine_is_worth_here(glove):
    mean, high = av.typical(glove)
    assert -0.2 < mean < high < 1
    assert av.typical(glove) == (mean, high)


def test_the_same_word_in_both_sentences(mini_bert, small):
    query = Query("She walked to the bank of the river.", "He put the money in the Bank.")
    pairs = av.shared(small, query.text_a, query.text_b)
    assert [(a.word, b.word) for a, b in pairs] == [("bank", "Bank")]
    trace = run(mini_bert, query)
    table = one_vector.table(trace, [small], *pairs[0]).set_index("vectors")
    assert table.loc["Small", "cosine"] == pytest.approx(1)
    a = [t.position for t in trace.tokens if t.text == "bank"]
    one, other = trace.hidden[-1][a]
    theirs = one @ other / np.linalg.norm(one) / np.linalg.norm(other)
    assert table.loc["BERT, layer 6", "cosine"] == pytest.approx(theirs, abs=1e-5)
    assert "cosine 1" in one_vector.look("bank", table.reset_index()).plain()
    assert av.shared(small, "", "bank") == []


def test_stop_words_come_last(glove):
    assert [a.word for a, _ in av.shared(glove, "the river and the sea", "the sea and a river")] == ["river", "sea", "the", "and"]


@pytest.mark.parametrize(("method", "dimensions"), [("PCA", 2), ("PCA", 3), ("t-SNE", 2), ("t-SNE", 3)])
def test_maps_are_the_same_each_time_and_their_table_tells_the_truth(glove, method, dimensions):
    words = ["france", "paris", "germany", "berlin", "italy", "rome", "dog", "cat"]
    found = vector_map.draw(glove, words, method, dimensions, 4)
    assert found.points.shape == (8, dimensions)
    np.testing.assert_allclose(found.points, vector_map.draw(glove, words, method, dimensions, 4).points)
    table = vector_map.table(glove, found)
    others = {w: [x for x in words if x != w] for w in words}
    for _, row in table.iterrows():
        assert row["nearest"] == glove.keyed.most_similar_to_given(row["word"], others[row["word"]])
    agrees = int(table["map agrees"].sum())
    assert f"For {agrees} of 8 words" in vector_map.look(found, table).plain()
    assert (found.share is None) == (method == "t-SNE")


def test_lists_as_readers_write_them():
    assert vector_map.word_list(" a, b;c\n\na  d") == ["a", "b", "c", "d"]
    assert vector_map.draw(load_vectors("glove"), ["a", "b"]) is None


def test_three_words_in_two_dimensions_fill_three_axes(small):
    assert vector_map.draw(small, ["king", "queen", "man"], "PCA", 3).points.shape == (3, 3)
