"""The right options of Input embeddings and Inside a layer, worked out another way on twenty pairs."""

import re

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist, cosine
from scipy.special import softmax

from bert_explain.chapters.embeddings import questions as embeddings
from bert_explain.chapters.layer import questions as layer
from bert_explain.learning.question import NotAskable
from bert_explain.query import Query
from bert_explain.trace import run
from tests.chapters.asking import PAIRS, ask_of


def evidence(question, model, a, b, word):
    try:
        return question.evidence(ask_of(model, a, b, word))
    except NotAskable:
        return None


def asked(question, model, fewest):
    """(trace, evidence) of every pair of which it can be asked."""
    found = [(run(model, Query(a, b)), e) for a, b, w in PAIRS if (e := evidence(question, model, a, b, w)) is not None]
    assert len(found) >= fewest
    return found


def test_the_sums_are_compared_with_the_rows(mini_bert):
    for trace, found in asked(embeddings.SUM, mini_bert, 20):
        ids = np.array([t.id for t in trace.tokens])
        nearest = cdist(trace.embeddings.total, trace.embeddings.token, "cosine").argmin(axis=1)
        share = (ids[nearest] == ids).mean()
        assert found.attrs["facts"]["share"] == pytest.approx(share, abs=0.02)
        wanted = "nearly" if share > 0.75 else "half" if share >= 0.25 else "mixed"
        assert embeddings.SUM.answer(found) == wanted


def test_the_loss_is_the_mean_turn_of_the_outputs(mini_bert):
    for trace, found in asked(embeddings.AWAY, mini_bert, 20):
        turns = {}
        for kind, change in (("token", "tokens"), ("segment", "segments"), ("position", "positions")):
            other = run(mini_bert, trace.query.but(**{change: "removed"}))
            turns[kind] = np.mean([cosine(x, y) for x, y in zip(trace.hidden[-1], other.hidden[-1], strict=True)])
        assert embeddings.AWAY.answer(found) == max(turns, key=turns.get)
        assert found["value"].to_dict() == pytest.approx(turns, abs=1e-4)


def test_softmax_turns_differences_into_factors(mini_bert):
    for trace, found in asked(layer.SOFTMAX, mini_bert, 8):
        facts = found.attrs["facts"]
        weights = trace.attention[facts["layer"] - 1, facts["head"] - 1]
        same = [r for r in range(len(weights)) if trace.pieces[r] == facts["word"]]
        row = next(r for r in same if f"{_lead(weights[r]):.1f}" == facts["after"])
        q, k = (trace.head(facts["layer"] - 1, facts["head"] - 1).__dict__[name].astype(float) for name in ("q", "k"))
        scores = q[row] @ k.T / np.sqrt(q.shape[1])
        np.testing.assert_allclose(softmax(scores), weights[row], atol=1e-5)
        assert _lead(scores) == pytest.approx(float(facts["before"]), abs=0.06)
        ratio = _lead(weights[row]) / _lead(scores)
        assert layer.SOFTMAX.answer(found) == ("same" if 0.9 <= ratio <= 1.1 else "more" if ratio > 1.1 else "less")


def _lead(values) -> float:
    first, second = np.sort(values)[::-1][:2]
    return float(first / second)


def test_what_a_layer_adds_is_measured_with_the_models_own_modules(mini_bert):
    for trace, found in asked(layer.ADDS, mini_bert, 20)[:6]:
        at = next(t.position for t in trace.tokens if t.text == found.attrs["facts"]["word"])
        steps = [trace.layer(n) for n in range(len(trace.hidden) - 1)]
        attention = np.mean([_length(s.projected[at]) / _length(s.input[at]) for s in steps])
        fed = np.mean([_length(s.contracted[at]) / _length(s.attended_normalised[at]) for s in steps])
        assert found["value"]["attention"] == pytest.approx(attention, rel=1e-4)
        assert found["value"]["feed-forward"] == pytest.approx(fed, rel=1e-4)
        if not layer.ADDS.why_not(found):
            apart = max(attention, fed) / min(attention, fed)
            wanted = "same" if apart <= 1.25 else "attention" if attention > fed else "feed-forward"
            assert layer.ADDS.answer(found) == wanted


def _length(x) -> float:
    return float(torch.from_numpy(x.copy()).norm())


def test_a_word_that_stands_twice(mini_bert):
    for trace, found in asked(layer.TWICE, mini_bert, 8):
        one, other = found.attrs["facts"]["one"], found.attrs["facts"]["other"]
        assert trace.tokens[one].id == trace.tokens[other].id
        alike = 1 - cosine(trace.hidden[-1][one], trace.hidden[-1][other])
        assert found.attrs["facts"]["cosine"] == pytest.approx(alike, abs=1e-5)
        assert layer.TWICE.answer(found) == ("same" if alike >= 0.98 else "alike" if alike >= 0.5 else "unlike")


@pytest.mark.parametrize(
    ("a", "b"), [("The cat sat on the mat.", "The dog sat too."), ("They played cards.", "The unplayable card was played.")]
)
def test_the_repeated_word_is_a_whole_one_and_how_often_it_stands_is_not_said(mini_bert, a, b):
    ask = ask_of(mini_bert, a, b)
    found = layer.TWICE.evidence(ask)
    places = [t.position for t in ask.trace.tokens if t.text == found.attrs["facts"]["word"]]
    assert (found.attrs["facts"]["one"], found.attrs["facts"]["other"]) == (places[0], places[-1])
    spans = [ask.trace.tokens[p] for p in places]
    assert all((a, b)[t.sentence][slice(*t.span)].lower() == t.text for t in spans)
    words = re.findall(r"[a-z]+", f"{a} {b}".lower())
    assert words.count(found.attrs["facts"]["word"]) == len(places)
    said = layer.TWICE.said("ask", found).plain()
    assert "twice" not in said
    assert f"as token {places[0]} and as token {places[-1]}" in said
