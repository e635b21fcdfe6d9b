"""What the sentence beside a picture names is outlined in it, and nothing else."""

import numpy as np

from bert_explain.analysis import masked_words, next_sentence, vectors
from bert_explain.chapters.next_sentence import figures as pair_figures
from bert_explain.chapters.sees import analysis as sees
from bert_explain.chapters.sees import figures as sees_figures
from bert_explain.chapters.vectors import figures as vectors_figures
from bert_explain.figures import masked_words as words_figures
from bert_explain.models.vectors import load_vectors
from bert_explain.query import Query
from bert_explain.trace import run


def outlined(bars) -> list[str]:
    return [bar.text for bar in bars if bar.signal]


def test_neighbours_first_and_last():
    table = load_vectors("word2vec")
    near = vectors.neighbours(table, "cold", 10)
    found = outlined(vectors_figures.neighbour_bars(near))
    assert found == [near["word"].iloc[0], near["word"].iloc[-1]]
    said = vectors.look_neighbours(table, "cold", near).plain()
    assert all(word in said for word in found)


def test_the_first_guess_and_the_true_word(mini_bert):
    trace = run(mini_bert, Query("She walked to the bank of the river.", masked=(5,)))
    table = masked_words.predictions(trace, 5, 8)
    first = table["piece"].iloc[0]
    assert outlined(words_figures.prediction_bars(table)) == list(dict.fromkeys([first, "bank"]))


def test_the_verdict_and_the_swap(mini_bert):
    trace = run(mini_bert, Query("She walked to the bank of the river.", "The water was cold."))
    assert len(outlined(pair_figures.answer_bars(next_sentence.answer(trace)))) == 1
    found = next_sentence.variants(trace, "The novel is set in a fishing village.")
    table = next_sentence.compare(found, [next_sentence.verdict(run(mini_bert, one.query)) for one in found])
    assert outlined(pair_figures.change_bars(table)) == ["A and B swapped"]


def test_the_winner_of_five_readers_or_none():
    guesses = [
        sees.Guess(key, key, np.zeros(1, bool), missing="not here")
        for key in ("word2vec", "elmo-left", "elmo-right", "decoder", "bert")
    ]
    table = sees.summary(guesses, 0)
    assert outlined(sees_figures.rank_bars(table, "")) == []
    assert len(outlined(sees_figures.rank_bars(table, "bert"))) == 1
