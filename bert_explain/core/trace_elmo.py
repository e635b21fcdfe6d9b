"""ElmoTrace: everything the pages show of one text run through ELMo's two language models, computed once.

T words, P projection (numbers a direction), L LSTM layers, V vocabulary, F filters. All arrays float32, read-only.
Peters et al. 2018, "Deep contextualized word representations", section 3.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from bert_explain.core.errors import BadQuery
from bert_explain.core.trace import Record, engine_of, frozen

MOST_WORDS = 512
_WORD = re.compile(r"\w+(?:['’.-]\w+)*|[^\w\s]")  # as in training: words with inner ' . -, and single marks
KEPT = 16  # windows of `influence` that a trace keeps


@dataclass(frozen=True, slots=True)
class Word:
    """One word as ELMo reads it, and the characters of the text it covers."""

    text: str
    start: int
    end: int


@dataclass(frozen=True)
class ElmoSpec:
    """A biLM, described. Models with the same `fingerprint` give the same numbers."""

    name: str
    title: str
    n_layers: int  # L LSTM layers; an embedding has one layer more, the token encoding
    projection: int  # P, numbers a direction and layer
    vocab_size: int  # V, words of the softmax; 0 where the model comes without
    fingerprint: str

    @property
    def has_words(self) -> bool:
        """Whether it predicts words."""
        return self.vocab_size > 0

    @property
    def reads_as(self) -> ElmoSpec:
        """The same without its names."""
        return replace(self, name="", title="")

    def trace_bytes(self, words: int) -> int:
        """How many bytes a trace of so many words holds with its layers side by side, known before it is computed."""
        states = 2 * self.n_layers * (words + 2) * self.projection
        return 4 * (words * self.projection + states + 2 * (self.n_layers + 1) * words * self.projection)


@dataclass(frozen=True, eq=False)
class Guesses(Record):
    """What both directions expect at every word's place; first index 0 is forward, 1 is backward."""

    words: np.ndarray  # (2, T, K) rows of the vocabulary, the most likely first
    probabilities: np.ndarray  # (2, T, K)
    true: np.ndarray  # (2, T) probability of the word that stands there (of <UNK> for a word not in the vocabulary)
    rank: np.ndarray  # (2, T) its place among all words, 1 is the first
    known: np.ndarray  # (T,) whether the word is in the vocabulary


@dataclass(frozen=True, eq=False)
class CharacterRead(Record):
    """One word in the character CNN: each filter's largest answer and where it stood."""

    word: str
    characters: tuple[str, ...]  # the bytes read as text, ^ opens, $ closes, _ pads
    width: np.ndarray  # (F,) characters under the filter
    fired: np.ndarray  # (F,) the largest answer after the activation
    place: np.ndarray  # (F,) where its window begins
    encoding: np.ndarray  # (P,) the word's token encoding


@dataclass(frozen=True, eq=False)
class ElmoTrace(Record):
    """One text through one biLM, begun from zero states, between <S> and </S>."""

    spec: ElmoSpec
    text: str
    words: tuple[Word, ...] = field(repr=False)
    cut: int  # words beyond MOST_WORDS, which were not read
    token: np.ndarray = field(repr=False)  # (T, P) what the characters alone give
    states: np.ndarray = field(repr=False)  # (2, L, T + 2, P) forward and backward, with <S> and </S>

    @property
    def nbytes(self) -> int:
        """What it holds in memory, about: its arrays, and `layers`, which most pictures ask for."""
        return self.spec.trace_bytes(len(self.words)) + 200 * len(self.words)

    @property
    def engine(self) -> Any:
        """What runs its model here. Raises BadModel where the model is not loaded."""
        return engine_of(self.spec)

    @property
    def model(self) -> Any:
        """The loaded model that made it. Raises BadModel."""
        return self.engine.model

    @property
    def vocabulary(self) -> Sequence[str]:
        """(V,) the words of the softmax. Raises BadModel where the model is not loaded."""
        words: Sequence[str] = self.engine.vocabulary
        return words

    @property
    def forward(self) -> np.ndarray:
        """(L, T, P): the state at t has read words 0 to t."""
        return self.states[0, :, 1:-1]

    @property
    def backward(self) -> np.ndarray:
        """(L, T, P): the state at t has read words t to T - 1."""
        return self.states[1, :, 1:-1]

    @cached_property
    def layers(self) -> np.ndarray:
        """(L + 1, T, 2 P), ELMo's layers: the token encoding twice, then forward and backward side by side."""
        both = np.concatenate([self.forward, self.backward], axis=-1)
        return frozen(np.concatenate([np.concatenate([self.token, self.token], axis=-1)[None], both]))

    def mix(self, weights: Sequence[float] | np.ndarray, gamma: float = 1.0) -> np.ndarray:
        """gamma * sum_j weights_j * layers_j, (T, 2 P): ELMo's embedding, eq. 1 of the paper. Raises BadQuery.

        weights : (L + 1,), one for each layer, meant to be 0 or more and to add up to 1 (a softmax gives such).
        """
        s = np.asarray(weights, dtype=np.float32)
        if s.shape != (len(self.layers),):
            raise BadQuery(f"The mix needs {len(self.layers)} weights, one for each layer; {s.size} were given.")
        return frozen(np.float32(gamma) * np.tensordot(s, self.layers, axes=1))

    def next_probabilities(self, position: int) -> np.ndarray:
        """(V,): what the forward model expects after the word at `position`; -1 asks before the first word."""
        return self._probabilities(0, position + 1)

    def previous_probabilities(self, position: int) -> np.ndarray:
        """(V,): what the backward model expects before the word at `position`; T asks after the last word."""
        return self._probabilities(1, position + 1)

    def next_words(self, position: int, k: int = 5) -> list[tuple[str, float]]:
        """The k likeliest words after `position` for the forward model, with their probabilities."""
        return self._likeliest(self.next_probabilities(position), k)

    def previous_words(self, position: int, k: int = 5) -> list[tuple[str, float]]:
        """The k likeliest words before `position` for the backward model, with their probabilities."""
        return self._likeliest(self.previous_probabilities(position), k)

    def _probabilities(self, side: int, row: int) -> np.ndarray:
        last = len(self.words) + 1
        first, last = (0, last - 1) if side == 0 else (1, last)
        if not first <= row <= last:
            raise BadQuery(f"There is no word {row - 1}: places go from {first - 1} to {last - 1} here.")
        found: np.ndarray = self.engine.word_probabilities(self.states[side, -1, row][None])[0]
        return found

    def _likeliest(self, probabilities: np.ndarray, k: int) -> list[tuple[str, float]]:
        best = np.argsort(-probabilities, kind="stable")[:k]
        words = self.vocabulary
        return [(words[i], float(probabilities[i])) for i in best]

    @cached_property
    def guesses(self) -> Guesses:
        """Both directions' ten likeliest words at every place, and how the word that stands there does.

        At place t the forward model has read the words before it, the backward model the words after it.
        Raises Missing where the model has no softmax.
        """
        count = len(self.words)
        states = np.stack([self.states[0, -1, :count], self.states[1, -1, 2:]])
        found: Guesses = self.engine.guesses(states, [word.text for word in self.words])
        return found

    def influence(self, first: int = 0, last: int | None = None) -> np.ndarray:
        """How far each word moves each state: (2, N, N) for the words from `first` up to `last`.

        [side, t, j] is |h_t - h_t'| / |h_t| for the top state h_t, where h_t' is the state with word j's token encoding set
        to zeros. Zero, but for rounding, where the state has not read the word: that is the staircase. Raises BadQuery.
        """
        count = len(self.words)
        last = count if last is None else last
        if not 0 <= first <= last <= count:
            raise BadQuery(f"There are no words {first} to {last}: there are {count} here.")
        kept = self._influence
        found = kept.get((first, last))  # others may read the same trace: what they keep meanwhile drops this one
        if found is None:
            found = self.engine.influence(self.states[:, -1], [word.text for word in self.words], first, last)
            for old in list(kept)[: max(0, len(kept) + 1 - KEPT)]:
                kept.pop(old, None)
            kept[first, last] = found
        return found

    @cached_property
    def _influence(self) -> dict[tuple[int, int], np.ndarray]:
        return {}


def split(text: str) -> list[Word]:
    """Words and punctuation marks with their places, as the training text was cut. "It's 3." -> It's, 3, ."""
    return [Word(found.group(), found.start(), found.end()) for found in _WORD.finditer(text)]
