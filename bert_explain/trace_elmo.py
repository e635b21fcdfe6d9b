"""ElmoTrace: everything the pages show of one text run through ELMo's two language models, computed once.

T words, P projection (numbers a direction), L LSTM layers, V vocabulary, F filters. All arrays float32, read-only.
Peters et al. 2018, "Deep contextualized word representations", section 3.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch

from bert_explain.errors import BadQuery
from bert_explain.models.characters import BEGIN, END, character_ids, cropped, shown
from bert_explain.models.elmo import Elmo

MOST_WORDS = 512
_WORD = re.compile(r"\w+(?:['’.-]\w+)*|[^\w\s]")  # as in training: words with inner ' . -, and single marks
BATCH = 64  # rows of a batch where a text is run again with one word blanked


@dataclass(frozen=True, slots=True)
class Word:
    """One word as ELMo reads it, and the characters of the text it covers."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, eq=False)
class Guesses:
    """What both directions expect at every word's place; first index 0 is forward, 1 is backward."""

    words: np.ndarray  # (2, T, K) rows of the vocabulary, the most likely first
    probabilities: np.ndarray  # (2, T, K)
    true: np.ndarray  # (2, T) probability of the word that stands there (of <UNK> for a word not in the vocabulary)
    rank: np.ndarray  # (2, T) its place among all words, 1 is the first
    known: np.ndarray  # (T,) whether the word is in the vocabulary


@dataclass(frozen=True, eq=False)
class CharacterRead:
    """One word in the character CNN: each filter's largest answer and where it stood."""

    word: str
    characters: tuple[str, ...]  # the bytes read as text, ^ opens, $ closes, _ pads
    width: np.ndarray  # (F,) characters under the filter
    fired: np.ndarray  # (F,) the largest answer after the activation
    place: np.ndarray  # (F,) where its window begins
    encoding: np.ndarray  # (P,) the word's token encoding


@dataclass(frozen=True, eq=False)
class ElmoTrace:
    """One text through one biLM, begun from zero states, between <S> and </S>."""

    model: Elmo = field(repr=False)
    text: str
    words: tuple[Word, ...] = field(repr=False)
    cut: int  # words beyond MOST_WORDS, which were not read
    token: np.ndarray = field(repr=False)  # (T, P) what the characters alone give
    states: np.ndarray = field(repr=False)  # (2, L, T + 2, P) forward and backward, with <S> and </S>

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
        return _frozen(np.concatenate([np.concatenate([self.token, self.token], axis=-1)[None], both]))

    def mix(self, weights: Sequence[float] | np.ndarray, gamma: float = 1.0) -> np.ndarray:
        """gamma * sum_j weights_j * layers_j, (T, 2 P): ELMo's embedding, eq. 1 of the paper. Raises BadQuery.

        weights : (L + 1,), one for each layer, meant to be 0 or more and to add up to 1 (a softmax gives such).
        """
        s = np.asarray(weights, dtype=np.float32)
        if s.shape != (len(self.layers),):
            raise BadQuery(f"The mix needs {len(self.layers)} weights, one for each layer; {s.size} were given.")
        return _frozen(np.float32(gamma) * np.tensordot(s, self.layers, axes=1))

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
        with torch.inference_mode():
            state = torch.from_numpy(self.states[side, -1, row].copy())
            return _frozen(torch.softmax(self.model.word_logits(state), -1).numpy())

    def _likeliest(self, probabilities: np.ndarray, k: int) -> list[tuple[str, float]]:
        best = np.argsort(-probabilities, kind="stable")[:k]
        return [(self.model.words[i], float(probabilities[i])) for i in best]

    @cached_property
    def guesses(self) -> Guesses:
        """Both directions' ten likeliest words at every place, and how the word that stands there does.

        At place t the forward model has read the words before it, the backward model the words after it.
        Raises Missing where the model has no softmax.
        """
        rows = torch.tensor([self.model.row(word.text) for word in self.words], dtype=torch.long)
        count = len(self.words)
        top, chance, true, rank = [], [], [], []
        with torch.inference_mode():
            for states in (self.states[0, -1, :count], self.states[1, -1, 2:]):
                p = torch.softmax(self.model.word_logits(torch.from_numpy(states.copy())), -1)  # (T, V)
                best = p.topk(min(10, p.shape[-1]), dim=-1)
                its = p.gather(1, rows[:, None])
                top.append(best.indices.numpy())
                chance.append(best.values.numpy())
                true.append(its[:, 0].numpy())
                rank.append((1 + (p > its).sum(-1)).numpy())
        known = np.array([word.text in self.model.index for word in self.words], dtype=bool)
        return Guesses(*(_frozen(np.stack(a)) for a in (top, chance, true, rank)), known)

    def influence(self, first: int = 0, last: int | None = None) -> np.ndarray:
        """How far each word moves each state: (2, N, N) for the words from `first` up to `last`.

        [side, t, j] is |h_t - h_t'| / |h_t| for the top state h_t, where h_t' is the state with word j's token encoding set
        to zeros. Zero, but for rounding, where the state has not read the word: that is the staircase. Raises BadQuery.
        """
        count = len(self.words)
        last = count if last is None else last
        if not 0 <= first <= last <= count:
            raise BadQuery(f"There are no words {first} to {last}: there are {count} here.")
        with torch.inference_mode():
            whole = self.model.encode([BEGIN, *(word.text for word in self.words), END])  # (T + 2, P)
            moved = []
            for begin in range(first, last, BATCH):
                blanked = whole[:, None].repeat(1, min(BATCH, last - begin), 1)
                for row, word in enumerate(range(begin, min(begin + BATCH, last))):
                    blanked[word + 1, row] = 0.0
                moved.append(_top(self.model, blanked)[:, first + 1 : last + 1])  # (2, N, rows, P)
        if not moved:
            return _frozen(np.zeros((2, 0, 0), dtype=np.float32))
        changed = np.concatenate(moved, axis=2)
        plain = self.states[:, -1, first + 1 : last + 1, None]  # (2, N, 1, P)
        size = np.linalg.norm(plain, axis=-1).clip(1e-12)
        return _frozen(np.linalg.norm(changed - plain, axis=-1) / size)


def _top(model: Elmo, token: torch.Tensor) -> np.ndarray:
    """Top states of both directions, (2, T, B, P)."""
    ahead, back, _ = model.module(token)
    return torch.stack([ahead[-1], back[-1]]).numpy()


def split(text: str) -> list[Word]:
    """Words and punctuation marks with their places, as the training text was cut. "It's 3." -> It's, 3, ."""
    return [Word(found.group(), found.start(), found.end()) for found in _WORD.finditer(text)]


@torch.inference_mode()
def run_elmo(model: Elmo, text: str) -> ElmoTrace:
    """Run a text through both directions. An empty text has no words; its <S> and </S> are still read.

    Thread-safe: the model is only read, and inference mode is set for the calling thread.
    """
    found = split(text)
    words = tuple(found[:MOST_WORDS])
    token = model.encode([BEGIN, *(word.text for word in words), END])
    ahead, back, _ = model.module(token[:, None])
    states = torch.stack([torch.stack(ahead), torch.stack(back)])[:, :, :, 0]  # (2, L, T + 2, P)
    return ElmoTrace(model, text, words, len(found) - len(words), _frozen(token[1:-1].numpy()), _frozen(states.numpy()))


@torch.inference_mode()
def read_word(model: Elmo, word: str) -> CharacterRead:
    """One word, known or made up, through the character CNN alone."""
    options = model.module.options
    row = cropped(character_ids(word, options.max_characters)[None], options.widest)
    ids = torch.from_numpy(row.astype(np.int64))
    windows = model.module.token.windows(ids)
    best = [answers[0].max(dim=-1) for answers in windows]
    activation = torch.tanh if options.activation == "tanh" else torch.relu
    return CharacterRead(
        word,
        tuple(shown([i]) for i in row[0]),
        np.repeat(*zip(*options.filters, strict=True)),
        _frozen(activation(torch.cat([b.values for b in best])).numpy()),
        _frozen(torch.cat([b.indices for b in best]).numpy()),
        _frozen(model.encode([word])[0].numpy()),
    )


def _frozen(x: np.ndarray) -> np.ndarray:
    """float32 (whole numbers stay whole), contiguous, read-only: shared by every reader, changed by none."""
    kind = np.float32 if np.issubdtype(x.dtype, np.floating) else x.dtype
    array = np.array(x, dtype=kind, order="C")  # a copy of our own: torch's memory would come with it otherwise
    array.flags.writeable = False
    return array
