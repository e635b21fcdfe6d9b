"""Overlap of two splits, against sums done by hand."""

import pytest

from bert_explain.kernel.overlap import jaccard, letters, majority, overlap, words


def test_overlap_of_a_hand_worked_case():
    found = overlap(["The cat sat on the mat.", "Rain fell."], ["The cat sat on a chair!", "Snow"])
    assert found.texts == 2
    assert found.triples == pytest.approx(2 / 4)  # "the cat sat", "cat sat on" of four; "Snow" has none
    assert found.starts == 1
    one, two = letters("the cat sat on the mat"), letters("the cat sat on a chair")
    assert found.highest == jaccard(one, two)
    assert found.pair == ("The cat sat on a chair!", "The cat sat on the mat.")
    assert found.nearest == pytest.approx(found.highest / 2)  # "snow" shares nothing


def test_a_text_that_differs_only_in_marks_and_case_is_a_duplicate():
    found = overlap(["Not bad, at all."], ["not bad at all!"])
    assert (found.highest, found.near, found.triples) == (1.0, 1, 1.0)


def test_likeness_is_a_part_of_all_that_both_hold():
    assert jaccard(frozenset("abc"), frozenset("bcd")) == 2 / 4
    assert jaccard(frozenset(), frozenset()) == 0


def test_words_are_lower_case_and_keep_their_apostrophe():
    assert words("Isn't IT, odd?") == ["isn't", "it", "odd"]


def test_an_empty_split_is_refused():
    with pytest.raises(ValueError, match="at least one text"):
        overlap([], ["a"])


def test_majority_is_learned_in_training_and_scored_on_the_test():
    assert majority(["b", "a", "b"], ["a", "a", "b", "b", "b"]) == ("b", 0.6)
    assert majority(["b", "a"], ["a"]) == ("a", 1.0)
