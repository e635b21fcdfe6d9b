"""The right options of ELMo's chapter, worked out with other means on twenty texts."""

from dataclasses import replace

import numpy as np
import pytest

from bert_explain.chapters.elmo import numbers, questions
from bert_explain.learning.question import NotAskable
from tests.chapters.asking import PAIRS, Beside, ask_of

TEXTS = ([(p.a, p.b, p.word) for p in questions.INNER] + PAIRS)[:24]


def test_a_reader_that_has_read_a_word_moves_when_it_is_another_one(mini_bert):
    seen = 0
    for a, b, word in TEXTS:
        ask = ask_of(mini_bert, a, b, word)
        try:
            evidence = questions.READ.evidence(ask)
        except NotAskable:
            continue
        trace, at, sentence = numbers.reading(ask)
        other = next(w for w in trace.words[at + 1 :] if w.text == evidence.attrs["facts"]["other"])
        text = (a, b)[sentence]
        changed = Beside().elmo(f"{text[: other.start]}elephant{text[other.end :]}")
        moved = [
            not np.allclose(one[-1, at], two[-1, at], atol=1e-6)
            for one, two in ((trace.forward, changed.forward), (trace.backward, changed.backward))
        ]
        wanted = {(True, True): "both", (True, False): "forward", (False, True): "backward"}[tuple(moved)]
        assert questions.READ.answer(evidence) == wanted
        seen += 1
    assert seen >= 12


def test_who_guesses_better_is_read_off_the_softmax(mini_bert):
    answers = set()
    for a, b, word in TEXTS[:20]:
        ask = ask_of(mini_bert, a, b, word)
        try:
            evidence = questions.GUESS.evidence(ask)
        except NotAskable:
            continue
        trace, at, _ = numbers.reading(ask)
        row = list(trace.vocabulary).index(trace.words[at].text)
        left, right = trace.next_probabilities(at - 1)[row], trace.previous_probabilities(at + 1)[row]
        wanted = "same" if max(left, right) <= 1.25 * min(left, right) else "left" if left > right else "right"
        assert questions.GUESS.answer(evidence) == wanted
        assert evidence["value"][["left", "right"]].tolist() == pytest.approx([left, right], rel=1e-3)
        answers.add(wanted)
    assert {"left", "right"} <= answers


@pytest.mark.parametrize("text", ["", " ", "cat"])
def test_too_few_words_are_not_asked_about(mini_bert, text):
    for question in questions.EVERY:
        with pytest.raises(NotAskable):
            question.evidence(ask_of(mini_bert, text))


def test_a_word_that_it_cannot_guess_is_not_asked_about(mini_bert):
    ask = ask_of(mini_bert, "The blorptagious house is old.")
    place = next(t.position for t in ask.trace.tokens if t.span and t.span[0] == 4)
    with pytest.raises(NotAskable, match="none of the words"):
        questions.GUESS.evidence(replace(ask, position=place))
