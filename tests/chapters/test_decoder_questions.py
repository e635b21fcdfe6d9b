"""The right options of the decoder's chapter, worked out with the model itself on twenty pairs."""

import numpy as np
import pytest
from scipy.special import log_softmax

from bert_explain.chapters.decoder import numbers, questions
from bert_explain.learning.question import NotAskable
from bert_explain.trace_decoder import next_logits
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


@pytest.mark.rest
def test_what_it_writes_is_the_largest_logit_of_a_whole_pass_each_time(mini_bert):
    """No cache of earlier passes, no sampling: the text grows, and goes through the model anew for each piece."""
    asked, answers = 0, set()
    for a, b, word in PAIRS[:20]:
        ask = ask_of(mini_bert, a, b, word)
        try:
            evidence = questions.FAR.evidence(ask)
        except NotAskable:
            continue
        facts, trace = evidence.attrs["facts"], Beside().decoder(a, b)
        in_a = [t for t in trace.tokens if t.sentence == 0 and t.text.isalpha()]
        first, last = next(t for t in in_a if t.text == facts["word"]), in_a[-1]
        assert last.text == facts["last"]
        ids = [t.id for t in trace.tokens[: last.position + 1]]
        model, pieces = trace.model, {"first": (first, facts["other"]), "last": (last, facts["last_other"])}
        written = {"": greedy(model, ids)}
        for key, (token, other) in pieces.items():
            there = trace.wordpiece.token_to_id(str(other))
            likelier = trace.logits([token.position - 1])[0] > trace.logits([token.position - 1])[0][there]
            rest = [i for i in np.flatnonzero(likelier) if trace.wordpiece.id_to_token(int(i)).isalpha() and i != token.id]
            assert not rest  # the likeliest word of letters besides the one that stands there
            written[key] = greedy(model, [*ids[: token.position], there, *ids[token.position + 1 :]])
        if questions.FAR.why_not(evidence):
            continue
        at = {key: next((i for i in range(13) if written[key][i : i + 1] != written[""][i : i + 1]), 99) for key in pieces}
        wanted = "same" if at["first"] == at["last"] else min(at, key=at.get)
        assert questions.FAR.answer(evidence) == wanted
        for key, place in at.items():
            assert facts[f"{key}_told"] == ("no piece differs" if place == 99 else f"piece {place + 1} is the first to differ")
        asked += 1
        answers.add(wanted)
    assert asked >= 10
    assert {"first", "last"} <= answers


def greedy(model, ids):
    """At most twelve pieces, each the largest logit of a pass over the whole text; to the end of a second sentence."""
    text, end = list(ids), model.tokenizer.sep_token_id
    for _ in range(12):
        text.append(int(np.argmax(next_logits(model, text))))
        if text[-1] == end and text.count(end) >= 2:
            break
    return text[len(ids) :]


@pytest.mark.parametrize("text", ["", "cat", "[MASK] [SEP] [UNK]", "🎉 🎉"])
def test_too_few_words_are_not_asked_about(mini_bert, text):
    for question in questions.EVERY:
        with pytest.raises(NotAskable):
            question.evidence(ask_of(mini_bert, text))


def test_the_word_of_the_page_is_the_one_exchanged(mini_bert):
    ask = ask_of(mini_bert, "She walked to the bank of the river.", "", "bank")
    assert numbers.moved(ask).attrs["facts"]["word"] == "bank"


@pytest.mark.parametrize("text", ["3 dogs ran home to the old town today.", "Hmmmph dogs ran home to the old town today."])
def test_the_first_word_is_the_first(mini_bert, text):
    with pytest.raises(NotAskable, match="first and last word"):
        questions.FAR.evidence(ask_of(mini_bert, text))


def test_a_quotation_mark_is_no_first_word(mini_bert):
    found = questions.FAR.evidence(ask_of(mini_bert, "“Dogs ran home to the old town today.”"))
    assert found.attrs["facts"]["word"] == "dogs"
