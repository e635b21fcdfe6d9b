"""The right options of Masked words, worked out another way."""

import pytest
from scipy.special import softmax

from bert_explain.chapters.masked_words import numbers, questions
from bert_explain.learning.question import NotAskable
from bert_explain.query import Query
from bert_explain.trace import run
from tests.chapters.asking import PAIRS, ask_of


def listed(model, query, position):
    p = softmax(run(model, query).mlm_logits([position])[0].astype(float))
    return p, [int(i) for i in p.argsort()[::-1]]


def test_the_first_of_the_list_and_a_readers_rank(mini_bert):
    for a, b, word in PAIRS:
        ask = ask_of(mini_bert, a, b, word)
        found = questions.EXPECTED.evidence(ask)
        _, order = listed(mini_bert, Query(a, b, masked=(ask.position,)), ask.position)
        names = mini_bert.tokenizer.convert_ids_to_tokens(order[:200])
        assert questions.EXPECTED.answer(found) == names[0]
        third = questions.EXPECTED.score(ask, names[2])
        if names[2].isalpha():
            assert third.rank == 3
    assert questions.EXPECTED.score(ask, "xyzzyplugh").rank is None


def test_a_not_changes_the_probability_by_so_much(mini_bert):
    seen = set()
    for pair in questions.NOT.pairs:
        ask = ask_of(mini_bert, pair.a, pair.b, pair.word)
        try:
            found = questions.NOT.evidence(ask)
        except NotAskable:
            continue
        truth = ask.trace.tokens[ask.position].id
        before = listed(mini_bert, Query(pair.a, masked=(ask.position,)), ask.position)[0][truth]
        verb = " is " if " is " in pair.a else " are "
        query = Query(pair.a.replace(verb, f"{verb}not ", 1), masked=(ask.position + 1,))
        after = listed(mini_bert, query, ask.position + 1)[0][truth]
        assert found.attrs["facts"]["ratio"] == pytest.approx(after / before, rel=1e-3)
        wanted = "gone" if after / before < 0.2 else "less" if after / before < 0.7 else "stays"
        assert questions.NOT.answer(found) == wanted
        seen.add(wanted)
    assert "stays" in seen


def test_two_gaps_are_filled_apart(mini_bert):
    seen = set()
    for a, b, word in PAIRS:
        ask = ask_of(mini_bert, a, b, word)
        try:
            found = questions.TWO.evidence(ask)
        except NotAskable:
            continue
        at = ask.position
        beside = at + 1 if ask.trace.tokens[at + 1].original.isalpha() else at - 1
        left, right = sorted((at, beside))
        both = Query(a, b, masked=(left, right))
        one, two = listed(mini_bert, both, left)[1][0], listed(mini_bert, both, right)[1][0]
        then = listed(mini_bert, Query(a, b, masked=(right,), replaced=((left, one),)), right)[1][0]
        assert questions.TWO.answer(found) == ("stays" if two == then else "other")
        seen.add(two == then)
    assert seen == {True, False}


def test_the_words_beside_are_hidden_too(mini_bert):
    level = 0
    texts = ("She walked to the bank of the river.", "bank"), ("He drank a cup of coffee.", "cup"), ("Gold is a metal.", "is")
    for text, word in texts:
        ask = ask_of(mini_bert, text, "", word)
        at, found = ask.position, questions.EXPECTED.evidence(ask)
        p, order = listed(mini_bert, Query(text, masked=(at - 1, at, at + 1)), at)
        first = mini_bert.tokenizer.convert_ids_to_tokens(order[0])
        if first != questions.EXPECTED.answer(found) and p[order[0]] < 1.1 * p[order[1]]:
            level += 1
            with pytest.raises(NotAskable, match="nearly level"):
                questions.EXPECTED.tried(ask, found)
            continue
        tried = questions.EXPECTED.tried(ask, found)
        assert questions.EXPECTED.answer(tried) == first
        assert tried["value"].max() == pytest.approx(p[order[0]], abs=1e-6)
        assert questions.EXPECTED.broken(found, tried) == (first != questions.EXPECTED.answer(found))
    assert level < len(texts)


def test_never_in_place_of_not(mini_bert):
    ask = ask_of(mini_bert, "A robin is a bird.", "", "bird")
    tried = questions.NOT.tried(ask, questions.NOT.evidence(ask))
    p, _ = listed(mini_bert, Query("A robin is never a bird.", masked=(ask.position + 1,)), ask.position + 1)
    assert tried.attrs["facts"]["p_after"] == pytest.approx(p[ask.trace.tokens[ask.position].id], abs=1e-6)


def test_the_other_gap_first(mini_bert):
    ask = ask_of(mini_bert, "She walked to the bank of the river.", "", "bank")
    tried = numbers.other_gap_first(ask, questions.TWO.evidence(ask))
    left, right = ask.position, ask.position + 1
    both = Query(ask.query.text_a, masked=(left, right))
    one, two = (listed(mini_bert, both, p)[1][0] for p in (right, left))
    filled = Query(ask.query.text_a, masked=(left,), replaced=((right, one),))
    then = listed(mini_bert, filled, left)[1][0]
    names = mini_bert.tokenizer.convert_ids_to_tokens([one, two, then])
    assert [str(tried.attrs["facts"][name]) for name in ("one", "two", "then")] == names
