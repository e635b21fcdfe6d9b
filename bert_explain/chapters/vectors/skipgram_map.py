"""What a small training run shows: words on their way over a map, and what is near to what after each pass."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.analysis.skipgram import Draws, Run, Text
from bert_explain.kernel import readings
from bert_explain.kernel.readings import many

SHOWN = 28  # words on the map where the reader chose none


def shown_words(text: Text, wanted: Sequence[str] = ()) -> list[str]:
    """The chosen words that the text has; else its most frequent ones that are no stop words (scikit-learn's list)."""
    has = set(text.vocabulary)
    chosen = [word for word in dict.fromkeys(w.lower() for w in wanted) if word in has]
    if chosen:
        return chosen
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    telling = [word for word in text.vocabulary if word not in ENGLISH_STOP_WORDS]
    return (telling if len(telling) >= 3 else list(text.vocabulary))[:SHOWN]


def paths(run: Run, words: Sequence[str]) -> np.ndarray:
    """Each word's place on the map after each snapshot: (S, N, 2). Both axes are the principal components of the last
    snapshot, where words that differ are as far apart as a plane can show; they do not move. Which way they point is
    carried on from snapshot to snapshot: so a map that is drawn while it learns is not mirrored from one look to the next."""
    rows = [run.text.vocabulary.index(word) for word in words]
    axes = None
    for vectors in run.words[:, rows].astype(float):
        middle = vectors.mean(axis=0)
        found = np.linalg.svd(vectors - middle, full_matrices=False)[2][:2].T  # (D, 2), or (D, 1) for a single word
        axes = found if axes is None else found * np.where((found * axes).sum(axis=0) < 0, -1, 1)
    places = (run.words[:, rows] - middle) @ axes
    return np.pad(places, ((0, 0), (0, 0), (0, 2 - places.shape[2])))


def near(run: Run, at: int, word: str, k: int = 5) -> pd.DataFrame:
    """The words nearest to one by cosine, with the vectors of a snapshot."""
    vectors = run.words[at]
    lengths = np.maximum(np.linalg.norm(vectors, axis=1), 1e-12)
    row = run.text.vocabulary.index(word)
    cosines = vectors @ vectors[row] / lengths / lengths[row]
    order = [i for i in np.argsort(-cosines, kind="stable") if i != row][:k]
    return pd.DataFrame({"word": [run.text.vocabulary[i] for i in order], "cosine": cosines[order]})


def look(run: Run, at: int, word: str) -> Sentence:
    """What is nearest to a word now, and what it was before anything was learned."""
    if len(run.text.vocabulary) < 2:
        return say("A text of a single word has nothing to learn from.")
    first, nearest = near(run, 0, word, 1).iloc[0], near(run, at, word, 2)
    now, top = nearest.iloc[0], readings.best(nearest["cosine"], least=0.005, part=0.0)
    if not run.passes[at]:
        return say(
            "Nothing is learned yet: all vectors are small and random. By chance {first} lies near to {word}.",
            word=Piece(word),
            first=Piece(first["word"]),
        )
    begin = "After {passes} the word nearest to {word} is {now}, cosine {cosine:.2f}. At the start it was {first}, by chance."
    if not top.leads:
        begin = "After {passes} {now} is near to {word}, cosine {cosine:.2f}" + (
            ", and another word as much." if top.many > 1 else "."
        )
    return say(
        begin + " The mean loss of a pair went from {before:.2f} to {after:.2f}.",
        passes=many(run.passes[at], "pass", "passes"),
        word=Piece(word),
        now=Piece(now["word"]),
        cosine=now["cosine"],
        first=Piece(first["word"]),
        before=float(run.loss[0]),
        after=float(run.loss[run.passes[at] - 1]),
    ).because(top)


def look_window(text: Text, position: int, drawn: Draws) -> Sentence:
    """How many pairs a place in the text gives, and how many words are drawn against them."""
    word = text.vocabulary[text.ids[position]]
    mine = drawn.position == position
    if not mine.any():
        return say("{word} stands alone in its sentence: no neighbour, nothing to learn from.", word=Piece(word))
    return say(
        "At this place {word} is the centre. It makes {pairs} with the words around it, and {negatives} drawn against "
        "{them}. The whole text gives {all} in each pass.",
        word=Piece(word),
        pairs=many(int(mine.sum()), "pair"),
        negatives=_drawn(int((drawn.negatives[mine] >= 0).sum())),
        them="it" if mine.sum() == 1 else "them",
        all=many(len(mine), "pair"),
    )


def _drawn(count: int) -> str:
    return "1 word is" if count == 1 else f"{count} words are" if count else "no other word is"


def table(run: Run, words: Sequence[str], places: np.ndarray) -> pd.DataFrame:
    """Every place of every word on the map: one row for each snapshot and word."""
    snapshots, count = places.shape[:2]
    return pd.DataFrame(
        {
            "after pass": np.repeat(run.passes, count),
            "word": list(words) * snapshots,
            "x": places[..., 0].ravel(),
            "y": places[..., 1].ravel(),
        }
    )
