"""Temperature, top-k, top-p and the draw: equal to transformers' own, and worked by hand."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers.generation.logits_process import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

from bert_explain.errors import BadQuery
from bert_explain.sampling import Settings, choose, top_k, top_p

HAND = np.log(np.array([0.5, 0.25, 0.15, 0.1]))


def theirs(logits: np.ndarray, temperature: float, k: int, p: float) -> np.ndarray:
    """Probabilities after transformers' warpers, in the order in which `generate` applies them."""
    scores = torch.from_numpy(logits[None].astype(np.float64))
    steps = [TemperatureLogitsWarper(temperature)] if temperature != 1 else []
    steps += [TopKLogitsWarper(k)] if k else []
    steps += [TopPLogitsWarper(p)] if p < 1 else []
    for step in steps:
        scores = step(None, scores)
    return scores.softmax(-1)[0].numpy()


@given(
    st.integers(0, 2**20),
    st.sampled_from([0.1, 0.5, 1.0, 1.7, 5.0]),
    st.sampled_from([0, 1, 2, 7, 40, 500]),
    st.sampled_from([0.01, 0.3, 0.9, 0.999, 1.0]),
)
def test_kept_and_probabilities_equal_transformers(seed, temperature, k, p):
    logits = (np.random.default_rng(seed).normal(size=300) * 4).astype(np.float32)
    choice = choose(logits, Settings(temperature, k, p, seed))
    expected = theirs(logits, temperature, k, p)
    np.testing.assert_array_equal(choice.kept, expected > 0)
    np.testing.assert_allclose(choice.after, expected, atol=1e-12)
    assert choice.kept[choice.id]
    assert choice.after.sum() == pytest.approx(1)
    assert 0 <= choice.drawn < 1


def test_by_hand():
    assert np.isfinite(top_k(HAND, 2)).tolist() == [True, True, False, False]
    assert np.isfinite(top_p(HAND, 0.7)).tolist() == [True, True, False, False]
    assert np.isfinite(top_p(HAND, 0.76)).tolist() == [True, True, True, False]
    assert np.isfinite(top_p(HAND, 0.001)).tolist() == [True, False, False, False]
    after = choose(HAND, Settings(top_k=2)).after
    np.testing.assert_allclose(after, [2 / 3, 1 / 3, 0, 0])
    np.testing.assert_allclose(choose(HAND, Settings(temperature=0.5)).tempered[0], 0.25 / 0.345)


def test_equal_logits_are_cut_together():
    assert np.isfinite(top_k(np.array([2.0, 1.0, 1.0, 0.0]), 2)).tolist() == [True, True, True, False]


def test_of_equal_logits_top_p_keeps_the_first():
    assert np.isfinite(top_p(np.zeros(4), 0.4)).tolist() == [True, True, False, False]
    assert np.isfinite(top_p(np.array([0.0, 1.0, 0.0, 1.0]), 0.3)).tolist() == [False, True, False, False]
    choice = choose(np.zeros(10), Settings(1.0, 0, 0.35, 0))
    assert choice.kept.tolist() == [True] * 4 + [False] * 6
    assert choice.order[:4].tolist() == np.flatnonzero(choice.kept).tolist()


def test_no_cut_changes_nothing():
    choice = choose(HAND, Settings())
    np.testing.assert_allclose(choice.before, np.exp(HAND))
    np.testing.assert_allclose(choice.before, choice.after)
    assert top_k(HAND, 0) is HAND
    assert top_k(HAND, 4) is HAND
    assert top_p(HAND, 1.0) is HAND


def test_temperature_0_is_greedy():
    choice = choose(np.array([0.1, 3.0, 3.0, -1.0]), Settings(temperature=0, top_k=3, top_p=0.1))
    assert choice.id == 1
    assert choice.drawn is None
    assert choice.after.tolist() == [0, 1, 0, 0]


def test_draws_follow_the_probabilities():
    """Of 4,000 seeded draws each piece gets its share to within four standard deviations."""
    found = np.bincount([choose(HAND, Settings(seed=seed)).id for seed in range(4000)], minlength=4) / 4000
    p = np.exp(HAND)
    assert (np.abs(found - p) < 4 * np.sqrt(p * (1 - p) / 4000)).all()


def test_the_draw_falls_into_the_pieces_own_stretch():
    for seed in range(50):
        choice = choose(HAND, Settings(seed=seed, top_k=3))
        line = choice.after.cumsum()  # HAND falls, so its order is the line's
        assert line[choice.id] - choice.after[choice.id] <= choice.drawn < line[choice.id]


def test_order_is_by_probability_then_id():
    assert choose(np.array([1.0, 2.0, 2.0]), Settings()).order.tolist() == [1, 2, 0]


@pytest.mark.parametrize(
    "wrong", [{"temperature": -0.1}, {"temperature": 6}, {"top_k": -1}, {"top_p": 0}, {"top_p": 1.1}, {"seed": -1}]
)
def test_values_out_of_range_are_refused(wrong):
    with pytest.raises(BadQuery):
        Settings(**wrong)
