"""One word in one text, and its vectors in five kinds of model: the same few lines for all of them.

A reader turns occurrences into vectors of shape (layers, N, D): N occurrences, D numbers each. Static vectors know one
layer only. Where a model cuts the word into pieces, its vector is the mean of theirs. NaN stands where a model has no
vector for an occurrence: a word that is not in its table, or that lies beyond its last position.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from bert_explain.analysis.word_forms import words
from bert_explain.core.tokens import covering
from bert_explain.models import batches
from bert_explain.models.batches import Progress
from bert_explain.models.decoder import load_decoder
from bert_explain.models.elmo import Elmo, load_elmo
from bert_explain.models.encoder import Encoder
from bert_explain.models.registry import load
from bert_explain.models.vectors import Vectors, load_vectors
from bert_explain.trace_elmo import MOST_WORDS, split


@dataclass(frozen=True, slots=True)
class Occurrence:
    """Characters `start` to `end` of a text are the word; `label` is the sense it is said to have there."""

    text: str
    start: int
    end: int
    label: str = ""

    @property
    def form(self) -> str:
        """The word as it stands there."""
        return self.text[self.start : self.end]

    @property
    def around(self) -> tuple[str, str, str]:
        """What stands before it, the word, and what stands behind."""
        return self.text[: self.start], self.form, self.text[self.end :]


class Reader(Protocol):
    """What gives vectors. `layers` names them, the input first; a static model has one."""

    @property
    def key(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def layers(self) -> tuple[str, ...]: ...
    @property
    def size(self) -> int: ...

    @property
    def fingerprint(self) -> str:
        """A short name of its weights."""

    def vectors(
        self, occurrences: Sequence[Occurrence], layer: int | None = None, progress: Progress | None = None
    ) -> np.ndarray:
        """(layers, N, D) float32, or (1, N, D) when one layer is asked for."""


@dataclass(frozen=True, eq=False)
class PieceReader:
    """BERT or the decoder: layer 0 is the input, then one for each layer. The text stands alone, as sentence A."""

    key: str
    title: str
    model: Encoder

    @property
    def layers(self) -> tuple[str, ...]:
        return ("input", *(f"layer {i + 1}" for i in range(self.model.n_layers)))

    @property
    def size(self) -> int:
        return self.model.hidden_size

    @property
    def fingerprint(self) -> str:
        return self.model.spec.fingerprint

    def vectors(
        self, occurrences: Sequence[Occurrence], layer: int | None = None, progress: Progress | None = None
    ) -> np.ndarray:
        texts, spans = _split(occurrences)
        return batches.word_vectors(self.model, texts, spans, layer, progress)


@dataclass(frozen=True, eq=False)
class ElmoReader:
    """ELMo: layer 0 reads the characters of the word alone, the others both directions, side by side."""

    key: str
    title: str
    model: Elmo

    @property
    def layers(self) -> tuple[str, ...]:
        return ("characters", *(f"layer {i + 1}" for i in range(self.model.n_layers)))

    @property
    def size(self) -> int:
        return self.model.size

    @property
    def fingerprint(self) -> str:
        return self.model.spec.fingerprint

    def vectors(
        self, occurrences: Sequence[Occurrence], layer: int | None = None, progress: Progress | None = None
    ) -> np.ndarray:
        rows = [split(o.text)[:MOST_WORDS] for o in occurrences]
        places = [covering(row, (o.start, o.end)) for row, o in zip(rows, occurrences, strict=True)]
        found = batches.elmo_vectors(self.model, [[word.text for word in row] for row in rows], places, progress)
        return found if layer is None else found[[layer]]


@dataclass(frozen=True, eq=False)
class StaticReader:
    """Word2Vec or GloVe: a word has one vector, whatever stands beside it. Only its letters are looked at."""

    key: str
    title: str
    table: Vectors
    layers: tuple[str, ...] = ("its only vector",)

    @property
    def size(self) -> int:
        return self.table.width

    @property
    def fingerprint(self) -> str:
        return self.table.fingerprint

    def vectors(
        self, occurrences: Sequence[Occurrence], layer: int | None = None, progress: Progress | None = None
    ) -> np.ndarray:
        forms = {o.form for o in occurrences}
        known = {form: self._vector(form) for form in forms}
        rows = [known[o.form] for o in occurrences]
        if progress:
            progress(len(rows), len(rows))
        return np.stack(rows)[None].astype(np.float32) if rows else np.empty((1, 0, self.size), np.float32)

    def _vector(self, form: str) -> np.ndarray:
        """The form as a whole, else the mean of its words that have a vector (an expression, a hyphenated word)."""
        parts = [form] if self.table.index(form) is not None else list(dict.fromkeys(w for w, _, _ in words(form)))
        there = [self.table.vector(part) for part in parts if self.table.index(part) is not None]
        return np.mean(there, axis=0) if there else np.full(self.size, np.nan)


def _split(occurrences: Sequence[Occurrence]) -> tuple[list[str], list[tuple[int, int]]]:
    return [o.text for o in occurrences], [(o.start, o.end) for o in occurrences]


KINDS = {
    "word2vec": "Word2Vec",
    "glove": "GloVe",
    "elmo": "ELMo",
    "decoder": "Decoder",
    "bert": "BERT",
}  # in time's order
STATIC = ("word2vec", "glove")  # read no sentence: a property of the model, whatever its numbers are


def reader(key: str, bert: Encoder | None = None) -> Reader:
    """One of KINDS, its model loaded once per server; `bert` is the encoder to read with. Raises ExplainError."""
    if key in STATIC:
        return StaticReader(key, KINDS[key], load_vectors(key))
    if key == "elmo":
        return ElmoReader(key, KINDS[key], load_elmo())
    if key == "decoder":
        return PieceReader(key, KINDS[key], load_decoder())
    return PieceReader(key, KINDS[key], bert or load())
