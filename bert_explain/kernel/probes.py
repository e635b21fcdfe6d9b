"""Probes: what a logistic regression reads off a model's frozen vectors, layer by layer, and what it would learn of anything.

A probe that is right may have found what the vectors hold, or have learned it itself. So beside each stands a control task
(Hewitt and Liang 2019): every word type gets a label by lot, always the same one. Only a probe that learns words by heart can
do it; accuracy minus control accuracy is called selectivity. And what needs no model at all: the label that a word has most
often.

Everything is told on examples that the probe was not trained on: five folds of whole sentences. The strength of the penalty
is fixed (C = 1, scikit-learn's default, on vectors of mean square 1), never chosen on what is shown.

N examples, K layers (the input is layer 0), D numbers a vector, G groups (sentences), B draws.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np

FOLDS, SEED, DRAWS = 5, 0, 1_000
STRENGTH, ROUNDS, TOLERANCE = 1.0, 200, 1e-3

Progress = Callable[[float], None]  # of 1


@dataclass(frozen=True, eq=False)
class Probed:
    """What came of a probe on each example that it was not trained on. Arrays are read-only."""

    right: np.ndarray  # (K, N) bool
    control: np.ndarray  # (K, N) bool: the same probe on labels drawn by lot, one a word type
    commonest: np.ndarray  # (N,) bool: the label that the word type has most often, without a model
    groups: np.ndarray  # (N,) int: the sentence of each example
    seen: np.ndarray  # (N,) bool: the word type stands among the others too
    labels: tuple[str, ...]

    @property
    def nbytes(self) -> int:
        """Bytes that it holds."""
        return sum(a.nbytes for a in (self.right, self.control, self.commonest, self.groups, self.seen))


def numbered(names: Sequence[Hashable]) -> np.ndarray:
    """(N,) int: equal names have equal numbers, from 0 in the order in which they come."""
    known: dict[Hashable, int] = {}
    return np.array([known.setdefault(name, len(known)) for name in names], dtype=int)


def folds(groups: np.ndarray, count: int = FOLDS) -> np.ndarray:
    """(N,) int: the fold of each example. A sentence is in one fold, whole; which one is drawn, with a seed."""
    size = int(groups.max()) + 1 if len(groups) else 0
    each: np.ndarray = np.random.default_rng(SEED).permutation(size) % count
    return np.asarray(each[groups])


def by_lot(forms: Sequence[str], labels: Sequence[str]) -> np.ndarray:
    """(N,) labels of the control task: one a word type, drawn as often as the labels come among the examples."""
    names, counts = np.unique(np.asarray(labels, dtype=object).astype(str), return_counts=True)
    types = sorted(set(forms))
    drawn = np.random.default_rng(SEED + 1).choice(names, size=len(types), p=counts / counts.sum())
    lot = dict(zip(types, drawn, strict=True))
    return np.array([lot[form] for form in forms])


def commonest(forms: Sequence[str], labels: Sequence[str], fold: np.ndarray) -> np.ndarray:
    """(N,) what a list of words says: the label that the word type has most often in the other folds, for a word that is
    not there the commonest label. Among equals the first in the alphabet."""
    words, right = np.asarray(forms), np.asarray(labels)
    said = np.empty(len(right), dtype=right.dtype)
    for held in np.unique(fold):
        rest = fold != held
        if not rest.any():
            said[:] = _top(Counter(right.tolist()))
            continue
        top = _top(Counter(right[rest].tolist()))
        of: dict[str, Counter[str]] = {}
        for form, label in zip(words[rest].tolist(), right[rest].tolist(), strict=True):
            of.setdefault(form, Counter())[label] += 1
        for i in np.flatnonzero(~rest):
            said[i] = _top(of[words[i]]) if words[i] in of else top
    return said


def _top(counts: Counter[str]) -> str:
    return min(counts, key=lambda label: (-counts[label], label))


def known_elsewhere(forms: Sequence[str], fold: np.ndarray) -> np.ndarray:
    """(N,) bool: whether the word type stands in another fold too, so that a probe may have learned it by heart."""
    places: dict[str, set[int]] = {}
    for form, at in zip(forms, fold.tolist(), strict=True):
        places.setdefault(form, set()).add(at)
    return np.array([len(places[form]) > 1 for form in forms], dtype=bool)


def regression(vectors: np.ndarray, labels: np.ndarray) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """A probe trained on vectors (N, D): a function of vectors (M, D) that gives labels (M,) and their probabilities (M,).

    Vectors are centred and brought to a mean square of 1, all numbers by one factor. With one label only, that is said.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    if len(set(labels.tolist())) < 2:
        return lambda those: (np.full(len(those), labels[0]), np.ones(len(those)))
    middle = vectors.mean(axis=0)
    size = float(np.sqrt(np.mean((vectors - middle) ** 2))) or 1.0
    model = LogisticRegression(C=STRENGTH, max_iter=ROUNDS, tol=TOLERANCE)
    # One thread: products this small gain nothing from more, and on a busy machine threads wait for each other ten times as long.
    with warnings.catch_warnings(), threadpool_limits(1):
        warnings.simplefilter("ignore", ConvergenceWarning)  # a probe that is cut off after ROUNDS is a probe all the same
        model.fit((vectors - middle) / size, labels)

    def says(those: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        chances = model.predict_proba((those - middle) / size)
        return model.classes_[chances.argmax(axis=1)], chances.max(axis=1)

    return says


def said(vectors: np.ndarray, labels: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """(N,) what a probe says of each example's vector (N, D), trained on the other folds."""
    found = np.empty(len(labels), dtype=labels.dtype)
    for held in np.unique(fold):
        rest = fold != held
        found[~rest] = regression(vectors[rest], labels[rest])(vectors[~rest])[0] if rest.any() else labels[0]
    return found


def probe(
    vectors: np.ndarray, forms: Sequence[str], labels: Sequence[str], groups: np.ndarray, progress: Progress = lambda _: None
) -> Probed:
    """The probe of every layer and its control: vectors (K, N, D), word types, labels and sentences of N examples."""
    truth, lot, fold = np.asarray(labels), by_lot(forms, labels), folds(groups)
    right, control = (np.zeros((len(vectors), len(truth)), dtype=bool) for _ in range(2))
    for layer, those in enumerate(vectors):
        progress(layer / len(vectors))
        right[layer] = said(those, truth, fold) == truth
        progress((layer + 0.3) / len(vectors))
        control[layer] = said(those, lot, fold) == lot
    plain = commonest(forms, labels, fold) == truth
    seen = known_elsewhere(forms, fold)
    for array in (right, control, plain, seen):
        array.flags.writeable = False
    return Probed(right, control, plain, groups, seen, tuple(sorted(set(truth.tolist()))))


# how sure one can be ------------------------------------------------------------------------------------------------
def draws(values: np.ndarray, groups: np.ndarray, count: int = DRAWS, seed: int | Sequence[int] = SEED) -> np.ndarray:
    """(..., N) -> (B, ...): means over examples, with the sentences drawn anew, with replacement (Efron 1979), seeded."""
    size = int(groups.max()) + 1
    flat = np.asarray(values, dtype=np.float64).reshape(-1, values.shape[-1])  # (R, N)
    sums = np.stack([np.bincount(groups, weights=row, minlength=size) for row in flat])  # (R, G)
    each = np.bincount(groups, minlength=size)
    picked = np.random.default_rng(seed).multinomial(size, np.full(size, 1 / size), size=count)  # (B, G)
    means = picked @ sums.T / np.maximum(picked @ each, 1)[:, None]
    return np.asarray(means.reshape(count, *values.shape[:-1]))


def bounds(drawn: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(B, ...) -> low and high, (...) each: where 95 % of the draws lie."""
    low, high = np.percentile(drawn, [2.5, 97.5], axis=0)
    return low, high


@dataclass(frozen=True)
class Standing:
    """How layers compare: the one with the highest score, and those that cannot be told from it, itself included."""

    best: int
    level: tuple[int, ...]

    @property
    def alone(self) -> bool:
        """Whether one layer leads all others."""
        return len(self.level) == 1

    @property
    def first(self) -> int:
        """The lowest layer that cannot be told from the best."""
        return self.level[0]


def standing(scores: np.ndarray, drawn: np.ndarray) -> Standing:
    """Scores (K,) and their draws (B, K): a layer is behind where 95 % of the draws put it behind the best."""
    best = int(scores.argmax())
    low, _ = bounds(drawn[:, best, None] - drawn)
    level = tuple(i for i in range(len(scores)) if i == best or low[i] <= 0)
    return Standing(best, level)
