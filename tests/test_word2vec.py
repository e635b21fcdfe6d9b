"""How the bundled Word2Vec was made: words, weights, a tiny training, the scores."""

import numpy as np
import pytest

from bert_explain.models import load_vectors
from bert_explain.models.vector_table import read_folder
from bert_explain.models.vectors import from_table
from bert_explain.training import corpus, word2vec, word2vec_text, word_tests
from bert_explain.training.corpus import Document
from bert_explain.training.word2vec import Recipe

ANIMALS = "The dog eats meat. The cat eats fish. A dog drinks water. A cat drinks milk."
ROYALS = "The king wears a crown. The queen wears a crown. A king rules. A queen rules."
TINY = Recipe(vector_size=8, window=2, negative=3, sample=0, min_count=2, epochs=3)


def texts() -> list[Document]:
    return [Document("lessons", n, (ANIMALS, ROYALS)) for n in range(30)]


def test_words_are_lower_case_without_punctuation_and_possessives():
    assert word2vec_text.word_list("The dog’s well-known trick -- “Don't!”") == ["the", "dog", "well", "known", "trick", "don't"]
    assert word2vec_text.word_list("… — !?") == []


def test_a_source_is_read_by_its_weight_and_the_order_is_seeded(tmp_path, monkeypatch):
    monkeypatch.setattr(word2vec_text.corpus, "weight", {"classics": 1.0, "news": 3.0}.get)
    found = [Document("classics", 0, ("Old words.",)), Document("news", 1, ("New words.", "More."))]
    assert word2vec_text.write_words(found, tmp_path / "a.txt") == 2 + 3 * 3
    word2vec_text.write_words(found, tmp_path / "b.txt")
    lines = (tmp_path / "a.txt").read_text().splitlines()
    assert sorted(lines) == ["more"] * 3 + ["new words"] * 3 + ["old words"]
    assert (tmp_path / "b.txt").read_text().splitlines() == lines


def test_a_training_writes_a_table_that_the_app_reads(tmp_path):
    word2vec.train(texts(), tmp_path / "out", work=tmp_path / "work", recipe=TINY)
    table = read_folder(tmp_path / "out")
    assert table.array.dtype == np.float16
    assert table.array.shape == table.context.shape == (len(table.words), 8)
    assert {"dog", "king"} <= set(table.words)
    found = from_table("w", "W", table)
    assert (np.diff(found.counts) <= 0).all()
    held = sum(d.number % 50 == 7 for d in texts())
    assert found.counts[found.index("dog")] == (30 - held) * 2 * corpus.weight("lessons")


def test_scores_by_hand(tmp_path, monkeypatch):
    questions = tmp_path / "questions.txt"
    questions.write_text(": family\nking man queen woman\nking man queen dog\n: gram1\nking man king x\n")
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("king\tqueen\t9\nking\twoman\t5\nking\tdog\t1\nking\tx\t1\n")
    monkeypatch.setattr(word_tests, "datapath", lambda name: str(questions if "questions" in name else pairs))
    array = np.array([[1, 1, 0], [0, 1, 0], [1, -1, 0.2], [0, -1, 0.2], [0, 0, -1]], np.float32)
    found = word_tests.scores(word2vec_table(["king", "man", "queen", "woman", "dog"], array))
    assert (found["analogies"], found["analogies_semantic"], found["analogies_syntactic"]) == (0.5, 0.5, 0)
    assert found["analogies_covered"] == pytest.approx(2 / 3)
    assert -1 <= found["wordsim353"] <= 1


def word2vec_table(words, array):
    from bert_explain.models.vector_table import Table

    return from_table("t", "T", Table(words, array))


def test_the_arithmetic_that_lessons_open_with_holds_in_the_bundled_vectors():
    keyed = load_vectors("word2vec").keyed
    for plus, minus, answer in (
        (("king", "woman"), "man", "queen"),
        (("actor", "woman"), "man", "actress"),
        (("moscow", "france"), "russia", "paris"),
        (("walked", "swim"), "walk", "swam"),
    ):
        assert keyed.most_similar(positive=list(plus), negative=[minus], topn=1)[0][0] == answer


def test_a_name_of_one_book_is_no_neighbour_of_a_common_word():
    vectors = load_vectors("word2vec")
    assert "paflagonia" not in vectors.keyed
    near = [word for word, _ in vectors.keyed.most_similar("king", topn=3)]
    assert {"prince", "queen"} <= set(near)
    assert vectors.counts.min() >= 20
