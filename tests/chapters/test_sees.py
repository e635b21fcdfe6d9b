"""The right options of What each model sees, worked out with the models themselves on twenty texts."""

import numpy as np
import pytest
from scipy.special import softmax

from bert_explain.chapters.sees import numbers, questions
from bert_explain.learning.question import NotAskable
from bert_explain.models import load_vectors
from bert_explain.query import Query
from bert_explain.trace import run
from tests.chapters.asking import PAIRS, Beside, ask_of
from tests.tiny import tiny_bert

TEXTS = ([(p.a, p.b, p.word) for p in questions.INNER] + PAIRS)[:20]


def rank(p, row) -> int:
    return int((p > p[row]).sum()) + 1


def test_the_best_reader_is_found_in_five_lists(mini_bert):
    seen = 0
    for a, b, word in TEXTS:
        ask = ask_of(mini_bert, a, b, word)
        text, words, target = numbers.chosen(ask)
        evidence = questions.BEST.evidence(ask)
        elmo, decoder, own = Beside().elmo(text), Beside().decoder(text), words[target]
        ranks = {}
        at = next(i for i, w in enumerate(elmo.words) if w.start == own.start)
        row = elmo.model.index.get(elmo.words[at].text)
        if row is not None:
            ranks["elmo-left"] = rank(elmo.next_probabilities(at - 1), row)
            ranks["elmo-right"] = rank(elmo.previous_probabilities(at + 1), row)
        token = next(t for t in decoder.tokens if t.span and t.span[0] == own.start)
        ranks["decoder"] = rank(decoder.logits([token.position - 1])[0], token.id)
        plain = run(mini_bert, Query(text))
        at = [t.position for t in plain.tokens if t.span and own.start <= t.span[0] < own.end]
        hidden = run(mini_bert, Query(text, masked=tuple(at)))
        ranks["bert"] = rank(hidden.mlm_logits([at[0]])[0], plain.tokens[at[0]].id)
        found = {key: 1 / value for key, value in ranks.items()}
        assert {k: v for k, v in evidence["value"].items() if k in found} == pytest.approx(found, rel=0.02)
        if not questions.BEST.why_not(evidence) and questions.BEST.answer(evidence) != "word2vec":
            assert questions.BEST.answer(evidence) == max(found, key=found.get)
            seen += 1
    assert seen >= 8
    assert load_vectors("word2vec").size > 1000


def test_where_the_decoder_is_ahead_is_counted_word_by_word(mini_bert):
    for a, b, word in TEXTS[:6]:
        ask = ask_of(mini_bert, a, b, word)
        text, words, _ = numbers.chosen(ask)
        evidence, decoder, less, count = questions.MORE.evidence(ask), Beside().decoder(text), 0, 0
        plain = run(mini_bert, Query(text))
        for one in words:
            at = [t for t in plain.tokens if t.span and one.start <= t.span[0] < one.end]
            if not one.text[0].isalnum() or at[0].text == "[UNK]":
                continue
            hidden = run(mini_bert, Query(text, masked=tuple(t.position for t in at)))
            mine = softmax(hidden.mlm_logits([at[0].position])[0].astype(np.float64))[at[0].id]
            theirs = softmax(decoder.logits([at[0].position - 1])[0].astype(np.float64))[at[0].id]
            less, count = less + (theirs > mine), count + 1
        assert (evidence.attrs["facts"]["less"], evidence.attrs["facts"]["count"]) == (less, count)
        wanted = "none" if not less else "some" if less < count / 2 else "most"
        assert questions.MORE.answer(evidence) == wanted


@pytest.mark.parametrize("text", ["", "cat", "🎉", "?!"])
def test_without_words_around_it_is_not_asked(mini_bert, text):
    for question in questions.EVERY:
        with pytest.raises(NotAskable):
            question.evidence(ask_of(mini_bert, text))


def test_a_model_without_the_head_and_a_long_sentence_are_refused():
    with pytest.raises(NotAskable, match="no head for masked words"):
        questions.MORE.evidence(ask_of(tiny_bert("bare"), "The cat sat on the mat."))
    with pytest.raises(NotAskable, match="are hidden in turn here"):
        questions.MORE.evidence(ask_of(tiny_bert("full"), "the cat " * 30))
