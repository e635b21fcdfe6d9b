"""The right options of the decoder's chapter, worked out with the model itself on twenty pairs."""

import numpy as np
import pytest
from scipy.special import log_softmax

from bert_explain.chapters.decoder import numbers, questions
from bert_explain.learning.question import NotAskable
from tests.chapters.asking import PAIRS, Beside, ask_of


def test_who_moves_is_seen_in_the_states(mini_bert):
    beside = Beside()
    for a, b, word in PAIRS[:20]:
        evidence = questions.MOVED.evidence(ask_of(mini_bert, a, b, word))
        facts = evidence.attrs["facts"]
        before = beside.decoder(a, b)
        assert before.tokens[facts["at"]].text == facts["word"]
        other = before.wordpiece.token_to_id(facts["other"])
        after = beside.decoder(a, b, replaced=((facts["at"], other),))
        same = [bool(np.array_equal(x, y)) for x, y in zip(before.hidden[-1], after.hidden[-1], strict=True)]
        assert all(same[: facts["at"]]) == (facts["earlier"] == 0)
        assert same[facts["at"] + 1 :].count(False) == facts["later"]
        assert questions.MOVED.answer(evidence) == ("own" if all(same[facts["at"] + 1 :]) else "later")


def test_without_its_mask_everything_moves(mini_bert):
    ask = ask_of(mini_bert, *PAIRS[0])
    evidence = questions.MOVED.evidence(ask)
    tried = questions.MOVED.tried(ask, evidence)
    assert questions.MOVED.broken(evidence, tried)
    assert tried.attrs["facts"]["earlier"] == tried.attrs["facts"]["before"] > 0


def test_the_surprise_is_minus_the_logarithm_of_what_it_gave(mini_bert):
    asked = 0
    for a, b, word in PAIRS[:20]:
        evidence = questions.SURPRISE.evidence(ask_of(mini_bert, a, b, word))
        trace = Beside().decoder(a, b)
        logs = log_softmax(trace.logits(range(len(trace.tokens) - 1)).astype(np.float64), axis=1)
        places = [t.position for t in trace.tokens if t.position > 1 and t.text.isalpha()]
        own = {f"t{p}": -logs[p - 1, trace.tokens[p].id] for p in places}
        assert questions.SURPRISE.answer(evidence) == max(own, key=own.get)
        assert evidence["value"].to_dict() == pytest.approx({key: own[key] for key in evidence.index}, abs=1e-4)
        first, second = sorted(own.values(), reverse=True)[:2]
        assert bool(questions.SURPRISE.why_not(evidence)) == (first - second < np.log(1.5))
        asked += first - second >= np.log(1.5)
    assert asked >= 8


@pytest.mark.parametrize("text", ["", "cat", "[MASK] [SEP] [UNK]", "🎉 🎉"])
def test_too_few_words_are_not_asked_about(mini_bert, text):
    for question in questions.EVERY:
        with pytest.raises(NotAskable):
            question.evidence(ask_of(mini_bert, text))


def test_the_word_of_the_page_is_the_one_exchanged(mini_bert):
    ask = ask_of(mini_bert, "She walked to the bank of the river.", "", "bank")
    assert numbers.moved(ask).attrs["facts"]["word"] == "bank"
