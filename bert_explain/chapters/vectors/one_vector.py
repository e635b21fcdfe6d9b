"""The limit of static vectors: a word that stands in both sentences has one vector there, and two in BERT."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.analysis.vectors import WordRow, row_of
from bert_explain.core.tokens import touching
from bert_explain.kernel import readings
from bert_explain.models.vectors import Vectors
from bert_explain.trace import Trace


def positions(trace: Trace, sentence: int, word: WordRow) -> list[int]:
    """Where BERT reads the pieces of a word of a sentence (0 = A, 1 = B); empty when they were cut off."""
    return touching(trace.tokens, (word.start, word.end), sentence)


def table(trace: Trace, tables: Sequence[Vectors], one: WordRow, other: WordRow) -> pd.DataFrame:
    """The cosine of a word's vector in A and its vector in B: in each static table, and after each layer of BERT."""
    rows = []
    for vectors in tables:
        found = [key for row, key in (row_of(vectors, word.word) for word in (one, other)) if row is not None]
        if len(found) == 2:
            rows.append((vectors.title, _cosine(*map(vectors.vector, found)), True))
    in_a, in_b = positions(trace, 0, one), positions(trace, 1, other)
    if in_a and in_b:
        for layer, hidden in enumerate(trace.hidden):
            cosine = _cosine(hidden[in_a].mean(axis=0), hidden[in_b].mean(axis=0))
            rows.append((f"BERT, layer {layer}" if layer else "BERT, input", cosine, False))
    return pd.DataFrame(rows, columns=["vectors", "cosine", "static"])


def _cosine(one: np.ndarray, other: np.ndarray) -> float:
    lengths = float(np.linalg.norm(one) * np.linalg.norm(other))
    return min(1.0, float(one @ other) / lengths) if lengths else 0.0


def look(word: str, found: pd.DataFrame) -> Sentence:
    """That the static vector is the same, and how far BERT's two have drifted, if they have."""
    own = found[~found["static"].astype(bool)]
    if own.empty:
        return say("{word} has the same vector in A and in B: the table does not read the sentence.", word=Piece(word))
    far = readings.best(own["cosine"], least=0.005, part=0.0, lowest=True)
    low = own.iloc[far.index]
    begin = "In a table of word vectors {word} is the same in A and in B: cosine 1. "
    known = {"word": Piece(word), "where": low["vectors"], "cosine": low["cosine"]}
    if low["cosine"] >= 0.995:
        return say(begin + "BERT's two vectors of it hardly differ here: their cosine is 0.995 or more in every layer.", **known)
    if not far.leads:
        return say(begin + "BERT's two vectors of it differ, down to a cosine of {cosine:.2f}.", **known)
    return say(begin + "BERT's two vectors of it differ; most so at “{where}”, cosine {cosine:.2f}.", **known).because(far)
