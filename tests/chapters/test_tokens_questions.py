"""The right options of Tokens, by Hugging Face's own tokenizer."""

import re

import pytest

from bert_explain.chapters.tokens import questions
from bert_explain.learning.question import NotAskable
from tests.chapters.asking import PAIRS, ask_of

TEXTS = [(p.a, p.b) for p in questions.RARE] + [(a, b) for a, b, _ in PAIRS]


def test_a_word_is_cut_as_its_tokenizer_cuts_it(mini_bert):
    seen = set()
    for a, b in TEXTS:
        found = questions.CUT.evidence(ask_of(mini_bert, a, b))
        word = str(found.attrs["facts"]["word"])
        pieces = mini_bert.tokenizer.tokenize(word)
        assert str(found.attrs["facts"]["pieces"]) == " ".join(pieces)
        assert questions.CUT.answer(found) == str(min(len(pieces), 4))
        words = [w for w in re.split(r"[\s.,?“”]+", f"{a} {b}") if w.isalpha()]
        assert len(word) == max(map(len, words))
        seen.add(min(len(pieces), 4))
    assert len(seen) >= 3


def test_what_is_left_of_a_word(mini_bert):
    for a, b in TEXTS:
        try:
            found = questions.LEFT.evidence(ask_of(mini_bert, a, b))
        except NotAskable:
            continue
        word = str(found.attrs["facts"]["word"])
        read = "".join(piece.removeprefix("##") for piece in mini_bert.tokenizer.tokenize(word))
        assert str(found.attrs["facts"]["read"]) == read
        assert questions.LEFT.answer(found) == ("same" if read == word else "plain")


def test_a_text_without_capitals_or_accents_is_not_asked(mini_bert):
    with pytest.raises(NotAskable, match="capital or an accent"):
        questions.LEFT.evidence(ask_of(mini_bert, "the cat sat.", ""))
