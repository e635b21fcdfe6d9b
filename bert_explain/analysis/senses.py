"""How far apart a model holds the meanings of one word: cosines, a map, the nearest, silhouettes, nearest-sense scores.

Shapes: N occurrences, D numbers a vector, K layers. Cosines are rounded to six digits, so that equal vectors are
equally near, and not ordered by the last bit of a float.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.linalg import orthogonal_procrustes
from sklearn.decomposition import PCA
from sklearn.metrics import silhouette_samples

from bert_explain.analysis.occurrences import Occurrence

DIGITS = 6


def cosines(vectors: np.ndarray) -> np.ndarray:
    """(N, D) -> (N, N): the cosine of every two; NaN beside a vector that is not there."""
    return between(vectors, vectors)


def between(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(N, D), (M, D) -> (N, M) cosines; NaN where a vector is not there or has no direction."""
    return np.round(_unit(one) @ _unit(other).T, DIGITS).clip(-1, 1)


def _unit(vectors: np.ndarray) -> np.ndarray:
    x = np.asarray(vectors, dtype=np.float64)
    length = np.linalg.norm(x, axis=-1, keepdims=True)
    return np.divide(x, length, out=np.full_like(x, np.nan), where=length > 1e-12)


def nearest(occurrences: Sequence[Occurrence], vectors: np.ndarray, chosen: int) -> pd.DataFrame:
    """All other occurrences, the nearest to the chosen one first.

    Columns: rank (from 1; equally near ones share it), number (from 1, in the list), label, sentence, cosine.
    """
    near = cosines(vectors)[chosen]
    others = [i for i in range(len(occurrences)) if i != chosen and not np.isnan(near[i])]
    others.sort(key=lambda i: -near[i])
    values = np.array([near[i] for i in others])
    return pd.DataFrame(
        {
            "rank": [1 + int((values > v).sum()) for v in values],
            "number": [i + 1 for i in others],
            "label": [occurrences[i].label for i in others],
            "sentence": [occurrences[i].text for i in others],
            "cosine": values,
        }
    )


def silhouette(vectors: np.ndarray, labels: Sequence[str]) -> float:
    """How well labels separate: the mean silhouette (Rousseeuw 1987), -1 to 1, with 1 - cosine as the distance.

    For each occurrence with a label: (b - a) / max(a, b), a the mean distance to its own label's others, b to those of
    the nearest other label; 0 where it is alone with its label, or where all are the same vector. NaN where there are
    not at least two labels, and one of them twice.
    """
    there = np.array([bool(label) for label in labels], dtype=bool) & ~np.isnan(np.asarray(vectors)).any(axis=-1)
    names = np.array(labels, dtype=object)[there]
    kinds = len(set(names))
    if kinds < 2 or kinds >= len(names):
        return float("nan")
    apart = (1 - cosines(np.asarray(vectors)[there])).clip(0)
    np.fill_diagonal(apart, 0)
    return float(silhouette_samples(apart, names.astype(str), metric="precomputed").mean())


def silhouettes(read: dict[str, np.ndarray], titles: dict[str, str], labels: Sequence[str]) -> pd.DataFrame:
    """`silhouette` for every model and layer: key, model, layer (from 0), value. `read`: key -> vectors (K, N, D)."""
    rows = [
        (key, titles[key], layer, silhouette(vectors, labels))
        for key, stack in read.items()
        for layer, vectors in enumerate(stack)
    ]
    return pd.DataFrame(rows, columns=["key", "model", "layer", "value"])


@dataclass(frozen=True, eq=False)
class Plane:
    """Occurrences on a plane, one map for each layer, turned so that the points wander as little as they can."""

    points: np.ndarray  # (K, N, 2)
    shares: np.ndarray  # (K,) share that the plane holds of all that tells them apart


def plane(stack: np.ndarray) -> Plane:
    """(K, N, D) -> a map of each layer: the two directions in which the unit vectors of that layer differ most.

    Principal components (Pearson 1901) may point either way, so each layer's map is turned and mirrored onto the one
    before (orthogonal Procrustes, Schönemann 1966). Occurrences without a vector stand at NaN.
    """
    layers, count, _ = stack.shape
    points, shares = np.full((layers, count, 2), np.nan), np.zeros(layers)
    before = None
    for layer, vectors in enumerate(stack):
        there = ~np.isnan(vectors).any(axis=-1)
        x = np.round(_unit(vectors[there]), DIGITS)
        x -= x.mean(axis=0, keepdims=True) if len(x) else 0
        every = float((x**2).sum())
        flat = np.zeros((len(x), 2))
        if every > 1e-9 and len(x) > 1:
            size = min(2, *x.shape)
            flat[:, :size] = PCA(n_components=size, svd_solver="full").fit_transform(x)
            shares[layer] = (flat**2).sum() / every
        if before is not None and len(before) == len(flat) and every > 1e-9 and np.abs(before).sum() > 0:
            flat = flat @ orthogonal_procrustes(flat, before)[0]
        points[layer, there], before = flat, flat
    return Plane(points, shares)


# the nearest other sentence with the same word: does it have the same sense?
@dataclass(frozen=True, slots=True)
class Score:
    """How often the nearest occurrence has the same sense, over `queries`, and how often a blind pick would."""

    share: float
    chance: float
    queries: int


def score(vectors: np.ndarray, groups: Sequence, senses: Sequence[str], texts: Sequence[str]) -> Score:
    """Over all occurrences for which the question makes sense: of the others with the same group (the word), one at
    least has the same sense and one another.

    vectors : (N, D). groups : N words. Sentences with the same text are not each other's neighbour. Where several are
    equally near, each counts its part; without a vector all are. So one vector a word scores what chance does.
    """
    right, chance = [], []
    meant, read = np.asarray(senses, dtype=object), np.array([t.lower() for t in texts], dtype=object)
    for members in _groups(groups):
        near = np.nan_to_num(cosines(vectors[members]), nan=-2.0)
        same = meant[members][:, None] == meant[members][None]
        other = read[members][:, None] != read[members][None]
        for i in range(len(members)):
            allowed = np.flatnonzero(other[i])
            kin = same[i, allowed]
            if not kin.any() or kin.all():
                continue
            values = near[i, allowed]
            right.append(kin[values == values.max()].mean())
            chance.append(kin.mean())
    if not right:
        return Score(float("nan"), float("nan"), 0)
    return Score(float(np.mean(right)), float(np.mean(chance)), len(right))


def _groups(groups: Sequence) -> list[np.ndarray]:
    codes, _ = pd.factorize(pd.Series(list(groups), dtype=object))
    order = np.argsort(codes, kind="stable")
    cuts = np.flatnonzero(np.diff(codes[order])) + 1
    return [part for part in np.split(order, cuts) if len(part) > 1]


def scores(read: dict[str, np.ndarray], titles: dict[str, str], groups, senses, texts) -> pd.DataFrame:
    """`score` for every model and layer: key, model, layer, value, chance, queries."""
    rows = []
    for key, stack in read.items():
        for layer, vectors in enumerate(stack):
            found = score(vectors, groups, senses, texts)
            rows.append((key, titles[key], layer, found.share, found.chance, found.queries))
    return pd.DataFrame(rows, columns=["key", "model", "layer", "value", "chance", "queries"])
