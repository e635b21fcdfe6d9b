"""A list of words on a map of two or three dimensions, and how far the map can be trusted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.analysis.vectors import LEVEL, cosines, units
from bert_explain.kernel.readings import share
from bert_explain.models.vectors import Vectors

MOST = 200  # words on one map
METHODS = ("PCA", "t-SNE")


def word_list(text: str) -> list[str]:
    """The words of a list as a reader writes it: between spaces, commas, semicolons or line ends; each once."""
    return list(dict.fromkeys(word for word in re.split(r"[\s,;]+", text) if word))


@dataclass(frozen=True)
class WordMap:
    """Words on a map. `points` (N, 2 or 3); `share` is what PCA keeps of the differences, None for t-SNE."""

    words: tuple[str, ...]
    points: np.ndarray
    method: str
    share: float | None


def draw(vectors: Vectors, words: list[str], method: str = "PCA", dimensions: int = 2, seed: int = 0) -> WordMap | None:
    """The words at length 1, on a map; None for fewer than three words, or t-SNE's four. All must be in the table."""
    if len(words) < (3 if method == "PCA" else 4):
        return None
    return WordMap(tuple(words), *_project(units(vectors, _rows(vectors, words)), method, dimensions, seed))


def _project(unit: np.ndarray, method: str, dimensions: int, seed: int) -> tuple[np.ndarray, str, float | None]:
    if method == "PCA":
        from sklearn.decomposition import PCA

        if np.ptp(unit, axis=0).max() < 1e-6:  # all alike: no direction in which they differ
            return np.zeros((len(unit), dimensions)), method, 0.0
        fitted = PCA(min(dimensions, *unit.shape), svd_solver="full").fit(unit)
        points = fitted.transform(unit)
        points = np.pad(points, ((0, 0), (0, dimensions - points.shape[1])))
        return points, method, float(fitted.explained_variance_ratio_.sum())
    from sklearn.manifold import TSNE

    # init="random": with "pca", words of equal place would never part; the seed makes it the same each time.
    # method="exact": for so few points it is the quicker one, and by far where the processor is shared: the other one
    # starts a thread for each core, and waits for the slowest at every step.
    few = min(10, (len(unit) - 1) / 3)
    fitted = TSNE(dimensions, perplexity=few, init="random", random_state=seed, metric="cosine", method="exact")
    return fitted.fit_transform(unit), method, None


def _rows(vectors: Vectors, words: Sequence[str]) -> list[int]:
    rows = [row for word in words if (row := vectors.index(word)) is not None]
    assert len(rows) == len(words), "a word is not in the table"
    return rows


def table(vectors: Vectors, found: WordMap) -> pd.DataFrame:
    """Each word with the nearest other word of the list: by cosine in all dimensions, and on the map."""
    true = cosines(vectors, _rows(vectors, found.words))
    flat = np.linalg.norm(found.points[:, None] - found.points[None], axis=2)
    np.fill_diagonal(true, -np.inf)
    np.fill_diagonal(flat, np.inf)
    near, seen = true.argmax(axis=1), flat.argmin(axis=1)
    every = np.arange(len(true))
    near = np.where(true[every, seen] > true[every, near] - LEVEL, seen, near)  # of equally near ones, the one that the map shows
    words = np.array(found.words, dtype=object)
    places = pd.DataFrame(found.points, columns=["x", "y", "z"][: found.points.shape[1]])
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "word": words,
                    "nearest": words[near],
                    "cosine": true[np.arange(len(words)), near],
                    "nearest on the map": words[seen],
                    "map agrees": near == seen,
                }
            ),
            places,
        ],
        axis=1,
    )


def look(found: WordMap, rows: pd.DataFrame) -> Sentence:
    """How often the map shows the true nearest word, and one case where it does not."""
    if found.share == 0:
        return say("These words have the same direction: they all stand in one point.")
    agrees = int(rows["map agrees"].sum())
    keeps = "The map keeps {share} of the differences. " if found.share is not None else ""
    text, values = keeps + "For {agrees} of {all} words its nearest point is the true nearest word.", {}
    wrong = rows[~rows["map agrees"]]
    if len(wrong):
        one = wrong.iloc[int(wrong["cosine"].to_numpy().argmax())]
        text += " Not so for {word}: on the map {seen} is nearest, in all dimensions {near} (cosine {cosine:.2f})."
        values = {
            "word": Piece(one["word"]),
            "seen": Piece(one["nearest on the map"]),
            "near": Piece(one["nearest"]),
            "cosine": one["cosine"],
        }
    return say(text, share=share(found.share or 0.0), agrees=agrees, all=len(rows), **values)
