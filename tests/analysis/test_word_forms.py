"""Forms of words: the rules, and where a word stands in a sentence."""

import pytest

from bert_explain.analysis.word_forms import find, lemmas, words


@pytest.mark.parametrize(
    ("form", "pos", "lemma"),
    [
        ("banks", "n", "bank"),
        ("boxes", "n", "box"),
        ("churches", "n", "church"),
        ("spies", "n", "spy"),
        ("wolves", "n", "wolf"),
        ("firemen", "n", "fireman"),
        ("tried", "v", "try"),
        ("making", "v", "make"),
        ("running", "v", "run"),
        ("banned", "v", "ban"),
        ("lighter", "a", "light"),
        ("happiest", "a", "happy"),
        ("bigger", "a", "big"),
        ("Bank", "n", "bank"),
    ],
)
def test_a_form_leads_back_to_its_word(form, pos, lemma):
    assert lemma in lemmas(form, pos)


def test_the_rules_of_one_part_of_speech_are_not_those_of_another():
    assert "light" not in lemmas("lighter", "n")
    assert lemmas("quickly", "r") == ["quickly"]


def test_exceptions_know_irregular_forms():
    assert "run" not in lemmas("ran", "v")
    assert lemmas("ran", "v", {"ran": ("run",)})[:2] == ["ran", "run"]


def test_words_and_the_parts_of_hyphenated_ones():
    assert words("a well-known don't") == [
        ("a", 0, 1),
        ("well-known", 2, 12),
        ("well", 2, 6),
        ("known", 7, 12),
        ("don't", 13, 18),
        ("don", 13, 16),
        ("t", 17, 18),
    ]


@pytest.mark.parametrize(
    ("text", "lemma", "span"),
    [
        ("He banked the plane", "bank", (3, 9)),
        ("embankments are high", "bank", None),
        ("She gave up smoking", "give up", (4, 11)),
        ("She gave it up", "give up", None),
        ("the Banks of the river", "bank", (4, 9)),
        ("", "bank", None),
        ("a low-born man", "born", (6, 10)),
    ],
)
def test_find(text, lemma, span):
    assert find(text, lemma, "nv", {"gave": ("give",)}) == span
