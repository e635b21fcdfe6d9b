"""The engine that runs ELMo in this process: a text through both directions, and what is asked of them later.

T words, P projection (numbers a direction), L LSTM layers, V vocabulary, F filters. All arrays float32, read-only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from bert_explain.core.trace import answered_by, frozen
from bert_explain.core.trace_elmo import MOST_WORDS, CharacterRead, ElmoSpec, ElmoTrace, Guesses, split
from bert_explain.models import loaded
from bert_explain.models.characters import BEGIN, END, character_ids, cropped, shown
from bert_explain.models.elmo import Elmo

BATCH = 64  # rows of a batch where a text is run again with one word blanked


class LocalElmo:
    """Runs a loaded biLM. Thread-safe: the model is only read, and inference mode is set for each call."""

    def __init__(self, model: Elmo) -> None:
        self.model = model

    @property
    def spec(self) -> ElmoSpec:
        return self.model.spec

    @property
    def vocabulary(self) -> Sequence[str]:
        return self.model.words

    @torch.inference_mode()
    def run(self, text: str) -> ElmoTrace:
        """Run a text through both directions. An empty text has no words; its <S> and </S> are still read."""
        found = split(text)
        words = tuple(found[:MOST_WORDS])
        token = self.model.encode([BEGIN, *(word.text for word in words), END])
        ahead, back, _ = self.model.module(token[:, None])
        states = torch.stack([torch.stack(ahead), torch.stack(back)])[:, :, :, 0]  # (2, L, T + 2, P)
        cut = len(found) - len(words)
        return ElmoTrace(self.spec, text, words, cut, _copy(token[1:-1]), _copy(states))

    @torch.inference_mode()
    def word_probabilities(self, states: np.ndarray) -> np.ndarray:
        """(N, V): what the softmax makes of top states (N, P). Raises Missing."""
        return _copy(torch.softmax(self.model.word_logits(torch.from_numpy(states.copy())), -1))

    @torch.inference_mode()
    def guesses(self, states: np.ndarray, words: Sequence[str]) -> Guesses:
        """What both directions' states (2, T, P) expect, and how the words that stand there do. Raises Missing."""
        rows = torch.tensor([self.model.row(word) for word in words], dtype=torch.long)
        top, chance, true, rank = [], [], [], []
        for side in states:
            p = torch.softmax(self.model.word_logits(torch.from_numpy(side.copy())), -1)  # (T, V)
            best = p.topk(min(10, p.shape[-1]), dim=-1)
            its = p.gather(1, rows[:, None])
            top.append(best.indices.numpy())
            chance.append(best.values.numpy())
            true.append(its[:, 0].numpy())
            rank.append((1 + (p > its).sum(-1)).numpy())
        known_words = np.array([word in self.model.index for word in words], dtype=bool)
        likely, chances, trues, ranks = (frozen(np.stack(a)) for a in (top, chance, true, rank))
        return Guesses(likely, chances, trues, ranks, known_words)

    @torch.inference_mode()
    def influence(self, top: np.ndarray, words: Sequence[str], first: int, last: int) -> np.ndarray:
        """(2, N, N): see `ElmoTrace.influence`; `top` are the top states (2, T + 2, P) of the whole text.

        Only the N words asked for are read again, from where each direction stands when it comes to them: what it has
        read before is the same whichever of them is blanked.
        """
        if first == last:
            return frozen(np.zeros((2, 0, 0), dtype=np.float32))
        whole = self.model.encode([BEGIN, *words, END])  # (T + 2, P)
        changed = np.stack([self._blanked(whole, first, last, side) for side in (0, 1)])  # (2, N, N, P)
        plain = top[:, first + 1 : last + 1, None]  # (2, N, 1, P)
        size = np.linalg.norm(plain, axis=-1).clip(1e-12)
        return frozen(np.linalg.norm(changed - plain, axis=-1) / size)

    def _blanked(self, whole: torch.Tensor, first: int, last: int, side: int) -> np.ndarray:
        """(N, N, P): a direction's top state at word t of the window when word j's token encoding is zeros, [t, j]."""
        count, module = last - first, self.model.module
        read = whole if side == 0 else whole.flip(0)
        begin = first + 1 if side == 0 else len(whole) - last - 1
        _, left = module.one_way(side, read[:begin, None])
        window, parts = read[begin : begin + count], []
        for start in range(0, count, BATCH):
            rows = range(start, min(start + BATCH, count))
            blanked = window[:, None].repeat(1, len(rows), 1)
            for row, word in enumerate(rows):
                blanked[word if side == 0 else count - 1 - word, row] = 0.0
            states = [(h.repeat(len(rows), 1), c.repeat(len(rows), 1)) for h, c in left]
            outputs, _ = module.one_way(side, blanked, states)
            parts.append((outputs[-1] if side == 0 else outputs[-1].flip(0)).numpy())
        return np.concatenate(parts, axis=1)

    @torch.inference_mode()
    def read_word(self, word: str) -> CharacterRead:
        """One word, known or made up, through the character CNN alone."""
        options = self.model.module.options
        row = cropped(character_ids(word, options.max_characters)[None], options.widest)
        windows = self.model.module.token.windows(torch.from_numpy(row.astype(np.int64)))
        best = [answers[0].max(dim=-1) for answers in windows]
        activation = torch.tanh if options.activation == "tanh" else torch.relu
        return CharacterRead(
            word,
            tuple(shown([i]) for i in row[0]),
            np.repeat([width for width, _ in options.filters], [count for _, count in options.filters]),
            _copy(activation(torch.cat([b.values for b in best]))),
            _copy(torch.cat([b.indices for b in best])),
            _copy(self.model.encode([word])[0]),
        )


def run_elmo(model: Elmo, text: str) -> ElmoTrace:
    """Run a text through both directions. An empty text has no words; its <S> and </S> are still read. Thread-safe."""
    return LocalElmo(loaded.hold(model)).run(text)


def read_word(model: Elmo, word: str) -> CharacterRead:
    """One word, known or made up, through the character CNN alone."""
    return LocalElmo(model).read_word(word)


def find(spec: Any) -> LocalElmo | None:
    """The engine that runs this model here, or None."""
    model = loaded.find(spec)
    return LocalElmo(model) if isinstance(model, Elmo) else None


answered_by(find)


def _copy(x: torch.Tensor) -> np.ndarray:
    """A copy of our own: torch's memory would come with a part of it otherwise."""
    return frozen(x.numpy().copy())
