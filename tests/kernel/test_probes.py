"""Probes by hand: folds, lots, the list of words, intervals, and which layers can be told apart."""

import numpy as np
import pytest

from bert_explain.kernel import probes


def test_a_sentence_is_in_one_fold_and_no_fold_is_empty():
    groups = np.repeat(np.arange(40), 3)
    fold = probes.folds(groups)
    assert all(len(set(fold[groups == g])) == 1 for g in range(40))
    assert np.bincount(fold).tolist() == [24] * 5
    assert (probes.folds(groups) == fold).all()  # seeded
    assert probes.folds(np.zeros(3, dtype=int)).tolist() == [0, 0, 0]


def test_a_word_type_has_one_lot_and_lots_come_as_often_as_labels():
    forms = [f"w{i % 500}" for i in range(2000)]
    labels = ["a"] * 1500 + ["b"] * 500
    lot = probes.by_lot(forms, labels)
    assert all(len(set(lot[i::500])) == 1 for i in range(500))
    assert (lot == "a").mean() == pytest.approx(0.75, abs=0.06)
    assert (probes.by_lot(forms, labels) == lot).all()


def test_the_list_of_words_never_sees_its_own_fold():
    forms = ["the", "the", "watch", "watch", "odd", "the"]
    labels = ["D", "D", "N", "V", "V", "N"]
    fold = np.array([0, 1, 0, 1, 2, 2])
    said = probes.commonest(forms, labels, fold)
    assert said.tolist() == ["D", "D", "V", "N", "D", "D"]  # the, the, each other's, then the commonest label elsewhere
    assert probes.known_elsewhere(forms, fold).tolist() == [True, True, True, True, False, True]


def test_a_probe_reads_what_is_there_and_learns_lots_by_heart_only():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(60), 4)
    types = rng.integers(0, 12, 240)
    labels = np.where(rng.random(240) < 0.5, "up", "down")
    words = np.eye(12)[types] * 4
    sign = np.where(labels == "up", 1.0, -1.0)[:, None] * np.ones(3)
    only_words = np.concatenate([words, 0.01 * rng.normal(size=(240, 3))], axis=1)
    only_label = np.concatenate([0.01 * rng.normal(size=(240, 12)), sign], axis=1)
    found = probes.probe(np.stack([only_words, only_label]), [f"w{t}" for t in types], labels.tolist(), groups)
    assert found.right[1].all()
    assert found.right[0].mean() < 0.7
    assert found.control[0].mean() == 1.0  # each word type is in every fold
    assert found.control[1].mean() < 0.75
    assert found.commonest.mean() < 0.7
    assert not found.right.flags.writeable


def test_a_probe_of_one_label_says_it_and_one_sentence_breaks_nothing():
    found = probes.probe(np.ones((1, 3, 2)), ["a", "b", "a"], ["x"] * 3, np.zeros(3, dtype=int))
    assert found.right.all()
    found = probes.probe(np.ones((2, 4, 2)), ["a", "b", "a", "c"], ["x", "y", "x", "y"], np.array([0, 0, 1, 1]))
    assert found.right.shape == (2, 4)


def test_draws_are_of_sentences_and_as_wide_as_theory_says():
    rng = np.random.default_rng(1)
    each = rng.random(300) < 0.6  # a sentence is right throughout or wrong throughout
    values, groups = np.repeat(each, 5), np.repeat(np.arange(300), 5)
    drawn = probes.draws(np.stack([values, ~values]), groups)
    assert drawn.shape == (probes.DRAWS, 2)
    assert drawn.sum(axis=1) == pytest.approx(np.ones(probes.DRAWS))
    low, high = probes.bounds(drawn[:, 0])
    assert high - low == pytest.approx(2 * 1.96 * np.sqrt(0.24 / 300), rel=0.12)


def test_layers_are_told_apart_by_the_draws_and_not_by_the_numbers():
    noise = np.random.default_rng(2).normal(0, 0.01, (1000, 1))
    level = probes.standing(
        np.array([0.8, 0.9, 0.901]), np.array([0.8, 0.9, 0.901]) + np.random.default_rng(3).normal(0, 0.01, (1000, 3))
    )
    assert (level.best, level.level, level.first, level.alone) == (2, (1, 2), 1, False)
    paired = probes.standing(np.array([0.8, 0.9, 0.901]), np.array([0.8, 0.9, 0.901]) + noise)
    assert (paired.level, paired.alone) == ((2,), True)  # with the same draws the small lead is always there
