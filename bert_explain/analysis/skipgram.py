"""Word2Vec at a size one can watch: skip-gram with negative sampling (Mikolov et al. 2013b, section 2.2), in numpy.

For each word of a text (the centre) and each word within the window (a neighbour) the two vectors are pulled together; the
centre and some words drawn at random (the negatives) are pushed apart. All draws are seeded, and those of any pass can
be made again with `draws`, so what a page shows is what was learned from.
"""

from __future__ import annotations

import re
import threading
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd

MOST_WORDS = 20_000  # of a text; what comes after is not read
MOST_VOCABULARY = 1_000  # the most frequent words; the others are skipped
MOST_PAIRS = 2_000_000  # pairs learned from, over all passes: about ten seconds
SNAPSHOTS = 40
CROWD = 8  # times that a word may stand in a group and take its full step
RATE = 0.1  # the learning rate at the start; word2vec's own is 0.025, for texts that are ten thousand times as long
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


@dataclass(frozen=True)
class Settings:
    """What the reader can choose."""

    width: int = 16  # D, numbers a word
    window: int = 2  # neighbours on each side
    negatives: int = 5  # K, words drawn for each pair
    passes: int = 60
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Text:
    """A text cut into words. `ids` (N,): each word's row; `sentence` (N,): windows end where the sentence does."""

    vocabulary: tuple[str, ...]
    counts: np.ndarray  # (V,)
    ids: np.ndarray  # (N,)
    sentence: np.ndarray  # (N,)
    left_out: int  # words that were not read, or not among the most frequent


@dataclass(frozen=True, eq=False)
class Draws:
    """One pass: P pairs in the order they are learned, and K negatives for each, -1 where the draw hit the neighbour."""

    position: np.ndarray  # (P,) of the centre in the text
    centre: np.ndarray  # (P,) rows
    neighbour: np.ndarray  # (P,) rows
    negatives: np.ndarray  # (P, K) rows


@dataclass(frozen=True, eq=False)
class Run:
    """A training as it stands. `words` and `contexts` (S, V, D): both vectors of each word after `passes[s]` passes."""

    text: Text
    settings: Settings
    passes: tuple[int, ...]
    words: np.ndarray
    contexts: np.ndarray
    loss: np.ndarray  # (passes made,) mean of a pair's loss in each pass


def read(text: str) -> Text:
    """Cut a text into sentences at . ! ? and line ends, and these into words in lower case."""
    words, sentence = [], []
    for number, part in enumerate(re.split(r"[.!?\n]+", text.lower())):
        found = _WORD.findall(part)
        words += found
        sentence += [number] * len(found)
    kept = words[:MOST_WORDS]
    common = Counter(kept).most_common(MOST_VOCABULARY)
    row = {word: i for i, (word, _) in enumerate(common)}
    at = [i for i, word in enumerate(kept) if word in row]
    return Text(
        tuple(row),
        np.array([n for _, n in common], dtype=int),
        np.array([row[kept[i]] for i in at], dtype=int),
        np.array([sentence[i] for i in at], dtype=int),
        len(words) - len(at),
    )


def pairs(text: Text, window: int) -> tuple[np.ndarray, np.ndarray]:
    """Every (centre, neighbour) within the window and the sentence, as two arrays of positions in the text."""
    centres, others = [], []
    at = np.arange(len(text.ids))
    for step in range(1, window + 1):
        left = at[:-step][text.sentence[:-step] == text.sentence[step:]]
        centres += [left, left + step]
        others += [left + step, left]
    return np.concatenate(centres), np.concatenate(others)


def noise(text: Text) -> np.ndarray:
    """The chances of each word to be drawn as a negative: its share of the text to the power 3/4. (V,)"""
    weight = text.counts**0.75
    return weight / weight.sum()


def draws(text: Text, settings: Settings, number: int) -> Draws:
    """What pass `number` (from 0) learns from, the same each time it is asked for."""
    random = np.random.default_rng((settings.seed, number))
    centre, other = pairs(text, settings.window)
    order = random.permutation(len(centre))
    centre, other = centre[order], other[order]
    negatives = random.choice(len(text.vocabulary), (len(centre), settings.negatives), p=noise(text))
    neighbour = text.ids[other]
    return Draws(centre, text.ids[centre], neighbour, np.where(negatives == neighbour[:, None], -1, negatives))


def passes_possible(text: Text, settings: Settings) -> int:
    """How many passes are made: those asked for, or as many as MOST_PAIRS allows."""
    count = len(pairs(text, settings.window)[0])
    return max(1, min(settings.passes, MOST_PAIRS // count)) if count else 0


class Learner:
    """A training that goes on pass by pass. One for all readers who ask for the same text and settings; safe from many
    threads, and one pass of one training at a time: the other readers' pages need the machine as well."""

    _turn = threading.Lock()

    def __init__(self, text: Text, settings: Settings) -> None:
        self.text, self.settings = text, settings
        self.total = passes_possible(text, settings)
        self.snapshots = np.unique(np.linspace(0, self.total, min(self.total, SNAPSHOTS) + 1).round().astype(int)).tolist()
        self._now = _begin(text, settings)
        self._kept = [tuple(side.copy() for side in self._now)]
        self._loss: list[float] = []

    @property
    def nbytes(self) -> int:
        """Bytes that it will hold when it has learned."""
        return (len(self.snapshots) + 1) * sum(side.nbytes for side in self._now)

    @property
    def made(self) -> int:
        """Passes made so far."""
        return len(self._loss)

    def reach(self, passes: int) -> bool:
        """One more pass if fewer than this many are made. False when nothing is left to do."""
        with self._turn:
            number = self.made
            if number >= min(passes, self.total):
                return False
            loss = _learn(*self._now, draws(self.text, self.settings, number), number / self.total, 1 / self.total)
            if number + 1 in self.snapshots:
                self._kept.append(tuple(side.copy() for side in self._now))
            self._loss.append(loss)
            return True

    def run(self, passes: int) -> Run:
        """The training as it stood after this many passes, as far as they are made."""
        made = min(passes, self.made)
        count = bisect_right(self.snapshots, made)
        words, contexts = (np.stack(side) for side in zip(*self._kept[:count], strict=True))
        return Run(self.text, self.settings, tuple(self.snapshots[:count]), words, contexts, np.array(self._loss[:made]))


def train(text: Text, settings: Settings) -> Run:
    """Learn vectors from a text. Words begin as small random vectors, contexts as zeros, as in word2vec.c."""
    learner = Learner(text, settings)
    while learner.reach(learner.total):
        pass
    return learner.run(learner.total)


def untrained(text: Text, settings: Settings) -> Run:
    """The vectors before the first pass, as `train` begins with them."""
    words, contexts = _begin(text, settings)
    return Run(text, settings, (0,), words[None], contexts[None], np.array([]))


def _begin(text: Text, settings: Settings) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng((settings.seed, 2**31))
    words = (random.random((len(text.vocabulary), settings.width)) - 0.5) / settings.width
    return words.astype(np.float32), np.zeros(words.shape, np.float32)


def _learn(words: np.ndarray, contexts: np.ndarray, drawn: Draws, start: float, share: float) -> float:
    """One pass, in small groups of pairs. The learning rate falls in a straight line to a hundredth. Mean loss."""
    size = int(np.clip(len(drawn.centre) // 100, 8, 256))
    loss = 0.0
    for at in range(0, len(drawn.centre), size):
        group = slice(at, at + size)
        rate = RATE * max(0.01, 1 - start - share * at / len(drawn.centre))
        loss += step(words, contexts, drawn.centre[group], drawn.neighbour[group], drawn.negatives[group], rate)
    return loss / len(drawn.centre)


def step(
    words: np.ndarray, contexts: np.ndarray, centre: np.ndarray, neighbour: np.ndarray, negatives: np.ndarray, rate: float
) -> float:
    """One step of gradient descent for a group of B pairs; changes both tables in place. Sum of the pairs' losses.

    Loss of a pair: -log s(w·c) - sum over the negatives n of log s(-w·n), with s(x) = 1 / (1 + exp(-x)).
    """
    targets = np.concatenate([neighbour[:, None], negatives], axis=1)  # (B, 1 + K)
    real = targets >= 0
    wish = np.zeros(targets.shape, np.float32)
    wish[:, 0] = 1
    vector, outputs = words[centre], contexts[targets]  # (B, D), (B, 1 + K, D); row -1 is masked below
    said = sigmoid(np.einsum("bd,bkd->bk", vector, outputs))
    error = np.where(real, said - wish, 0).astype(np.float32)
    np.add.at(words, centre, -rate * _calm(centre)[:, None] * np.einsum("bk,bkd->bd", error, outputs))
    calm = _calm(np.where(real, targets, len(contexts)))  # what is masked counts for nobody
    np.add.at(contexts, targets, -rate * (calm * error)[:, :, None] * vector[:, None])
    right = np.where(wish == 1, said, 1 - said)
    return float(-np.log(np.maximum(right, 1e-12))[real].sum())


def _calm(rows: np.ndarray) -> np.ndarray:
    """1 for each place of a row that stands in a group at most CROWD times, less for one that stands there oftener.

    The changes of a group add up: a word that is in many of its pairs would be thrown far beyond where each of them pulls.
    """
    counts = np.bincount(rows.ravel())
    return np.minimum(1.0, CROWD / np.maximum(counts, 1)).astype(np.float32)[rows]


def sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)), without overflow."""
    return 0.5 * (1 + np.tanh(0.5 * x))


def lesson(run: Run, at: int, position: int) -> pd.DataFrame:
    """What the next pass learns at one place of the text: each neighbour and each word drawn against it, one row each.

    at : snapshot. `says` is s(w·c) with the vectors of that snapshot, `should` is 1 for a neighbour, 0 for a drawn word.
    After the last pass: what one more pass would learn from.
    """
    drawn = draws(run.text, run.settings, run.passes[at])
    vector = run.words[at][run.text.ids[position]]
    rows = []
    for pair, number in enumerate(np.flatnonzero(drawn.position == position)):
        name = run.text.vocabulary[drawn.neighbour[number]]
        for row, should in [(drawn.neighbour[number], 1), *((n, 0) for n in drawn.negatives[number])]:
            says = float(sigmoid(run.contexts[at][row] @ vector)) if row >= 0 else np.nan
            drawn_word = run.text.vocabulary[row] if row >= 0 else name  # the draw hit the neighbour: skipped
            rows.append((pair, name, drawn_word, "neighbour" if should else "drawn", says, should))
    return pd.DataFrame(rows, columns=["pair", "pair with", "word", "kind", "says", "should"])
