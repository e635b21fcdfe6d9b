"""The right options of Next sentence and Outputs, worked out another way on twenty pairs."""

from contextlib import suppress

import pytest
from scipy.spatial.distance import cosine
from scipy.special import softmax

from bert_explain.chapters.next_sentence import questions as pairs
from bert_explain.chapters.outputs import numbers as strangers
from bert_explain.chapters.outputs import questions as outputs
from bert_explain.kernel.readings import percent
from bert_explain.learning.question import NotAskable
from bert_explain.query import Query
from bert_explain.trace import run
from tests.chapters.asking import PAIRS, ask_of
from tests.tiny import tiny_roberta


def test_the_verdict_and_the_swap(mini_bert):
    swaps = 0
    for a, b, word in PAIRS:
        ask = ask_of(mini_bert, a, b, word)
        p = softmax(run(mini_bert, Query(a, b)).nsp_logits.astype(float))[0]
        assert pairs.FOLLOWS.answer(pairs.FOLLOWS.evidence(ask)) == ("high" if p >= 0.8 else "middle" if p >= 0.2 else "low")
        try:
            found = pairs.SWAP.evidence(ask)
        except NotAskable:
            assert p < 0.8
            continue
        other = run(mini_bert, Query(b, a)).nsp[0]
        assert found.attrs["facts"]["is_next"] == pytest.approx(other, abs=1e-5)
        assert pairs.SWAP.answer(found) == ("falls" if other < 0.2 else "half" if other < 0.75 else "stays")
        swaps += 1
    assert swaps >= 8


def test_a_denial_is_another_pair(mini_bert):
    ask = ask_of(mini_bert, "The cat sat on the mat.", "It was fast asleep.")
    found = pairs.FOLLOWS.evidence(ask)
    tried = pairs.FOLLOWS.tried(ask, found)
    other = run(mini_bert, Query("The cat sat on the mat.", "It is not true that the cat sat on the mat.")).nsp[0]
    assert tried.attrs["facts"]["is_next"] == pytest.approx(other, abs=1e-6)


def test_what_is_lost_without_positions(mini_bert):
    asked = 0
    for a, b, word in PAIRS:
        ask = ask_of(mini_bert, a, b, word)
        try:
            found = pairs.ORDER.evidence(ask)
        except NotAskable:
            continue
        at = ask.position
        lost = {}
        whole, cut = (run(mini_bert, Query(a, b, positions=kind)) for kind in ("normal", "removed"))
        lost["pair"] = max(0, 1 - cut.nsp[0] / whole.nsp[0])
        p = [
            softmax(run(mini_bert, Query(a, b, masked=(at,), positions=kind)).mlm_logits([at])[0].astype(float))
            for kind in ("normal", "removed")
        ]
        truth = whole.tokens[at].id
        lost["word"] = max(0, 1 - p[1][truth] / p[0][truth])
        if all(x > 0.5 for x in lost.values()):
            wanted = "both"
        elif all(x < 0.3 for x in lost.values()):
            wanted = "neither"
        else:
            wanted = max(lost, key=lost.get)
        assert pairs.ORDER.answer(found) == wanted
        asked += 1
    assert asked >= 8


def test_strangers_are_compared(mini_bert):
    for a, b, word in PAIRS:
        ask = ask_of(mini_bert, a, b, word)
        one, two = run(mini_bert, Query(a)), run(mini_bert, Query(strangers.stranger(ask)))
        for question, alike in (
            (outputs.POOLED, 1 - cosine(one.pooled, two.pooled)),
            (outputs.HALFWAY, 1 - cosine(one.hidden[3][0], two.hidden[3][0])),
        ):
            found = question.evidence(ask)
            assert found.attrs["facts"]["value"] == pytest.approx(alike, abs=1e-5)
            assert question.answer(found) == ("low" if alike < 0.3 else "middle" if alike < 0.75 else "high")


def test_strangers_share_no_word(mini_bert):
    """Where each of them shares one with sentence A, nothing is asked: it would not be about strangers."""
    ask = ask_of(mini_bert, "The vote on eggs: a comet scored.")
    for question in outputs.EVERY:
        with pytest.raises(NotAskable, match="shares a word with each"):
            question.evidence(ask)
    ask = ask_of(mini_bert, "The vote was close.")
    assert strangers.stranger(ask) == "Whisk the eggs with a pinch of salt."


def test_another_stranger(mini_bert):
    own, far = "She walked to the bank of the river.", []
    ask = ask_of(mini_bert, own)
    pooled = {text: run(mini_bert, Query(text)).pooled for text in (own, *strangers.STRANGERS)}
    far = [1 - cosine(pooled[own], pooled[text]) for text in strangers.STRANGERS]
    found = outputs.POOLED.evidence(ask)
    assert [found.attrs["facts"][name] for name in ("least", "most")] == [f"{x:.2f}" for x in (min(far), max(far))]
    tried = outputs.POOLED.tried(ask, found)
    assert tried.attrs["facts"]["other"] == strangers.STRANGERS[1]
    assert tried.attrs["facts"]["value"] == pytest.approx(far[1], abs=1e-5)


def first_tried(model):
    """The first pair that still follows when it is changed, and what the change did."""
    for a, b, _ in PAIRS:
        ask = ask_of(model, a, b)
        with suppress(NotAskable):
            return pairs.SWAP.tried(ask, pairs.SWAP.evidence(ask)), (a, b)
    raise AssertionError("no pair can be asked about")


def test_the_pair_is_changed_before_it_is_swapped(mini_bert):
    tried, (a, b) = first_tried(mini_bert)
    other = run(mini_bert, Query(f"Because of that, {b[0].lower()}{b[1:]}", a)).nsp[0]
    assert tried.attrs["facts"]["is_next"] == pytest.approx(other, abs=1e-5)


def test_shuffled_positions_are_another_loss(mini_bert):
    a, b = "She walked to the bank of the river.", "The water was cold and clear."
    ask = ask_of(mini_bert, a, b, "bank")
    found = pairs.ORDER.evidence(ask)
    tried = pairs.ORDER.tried(ask, found)
    assert tried.attrs["facts"]["pair_after"] == percent(run(mini_bert, Query(a, b, positions="shuffled")).nsp[0])


@pytest.mark.parametrize("text", ["The Minister's vote counts.", "PRIME numbers", "They resigned."])
def test_a_stranger_shares_no_longer_word_whatever_pieces_a_model_makes_of_it(mini_bert, text):
    for model in (mini_bert, tiny_roberta()):
        assert strangers.strangers(ask_of(model, text)) == list(strangers.STRANGERS[1:])
