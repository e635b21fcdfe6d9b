"""The training text as ELMo reads it: runs of whole sentences from one paragraph, between <S> and </S>."""

from __future__ import annotations

import math
import os
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch.utils.data import Dataset

from bert_explain.models.characters import BEGIN, END, UNKNOWN, batch, cropped
from bert_explain.training import corpus

SHORTEST, LONGEST = 4, 40  # words in a run, its marks not counted
MARKS = (BEGIN, END, UNKNOWN)  # the first rows of the vocabulary, as in the original


@dataclass(frozen=True)
class Runs:
    """Many runs of words, as numbers. Types are numbered by how often they occur, the marks first."""

    types: list[str]  # every different word; type k is row k of the softmax when the vocabulary reaches that far
    words: np.ndarray  # int32, all runs in a row
    starts: np.ndarray  # int64 (R + 1,), where each run begins
    repeats: np.ndarray  # int8 (R,), how often a run is read in one pass: its source's weight, on average

    @property
    def lengths(self) -> np.ndarray:
        return np.diff(self.starts)


def cut(paragraph: str, rng: np.random.Generator) -> Iterable[list[str]]:
    """A paragraph as runs of whole sentences; how long a run may get is drawn anew for each, 4 to 40 words.

    Runs of different lengths, all from zero states: what a reader types is one sentence, or a few.
    """
    run: list[str] = []
    room = int(rng.integers(SHORTEST, LONGEST + 1))
    for sentence in corpus.sentences(paragraph):
        words = corpus.words(sentence)
        if run and len(run) + len(words) > room:
            yield run
            run, room = [], int(rng.integers(SHORTEST, LONGEST + 1))
        run = run + words
        while len(run) > LONGEST:
            yield run[:LONGEST]
            run = run[LONGEST:]
    if run:
        yield run


def collect(documents: Sequence[corpus.Document], seed: int = 0) -> Runs:
    """The runs of these documents, seeded."""
    rng = np.random.default_rng(seed)
    seen: dict[str, int] = {}
    counts: Counter[int] = Counter()
    words, starts, repeats = array("i"), array("q", [0]), array("b")
    for document, weight in zip(documents, corpus.times(documents, rng).tolist(), strict=True):
        for paragraph in document.paragraphs:
            for run in cut(paragraph, rng):
                row = [seen.setdefault(word, len(seen)) for word in run]
                for number in row:
                    counts[number] += weight
                words.extend(row)
                starts.append(len(words))
                repeats.append(weight)
    names = list(seen)
    order = sorted(range(len(names)), key=lambda k: (-counts[k], names[k]))  # the most frequent first
    rank = np.empty(len(names), dtype=np.int32)
    rank[order] = np.arange(len(MARKS), len(names) + len(MARKS))
    types = [*MARKS, *(names[k] for k in order)]
    return Runs(types, rank[np.array(words)], np.array(starts), np.array(repeats))


def kept(path: Path, documents: Sequence[corpus.Document] = ()) -> Runs:
    """The runs in a file; collected and written there first where it does not exist yet."""
    if not path.is_file():
        runs = collect(documents)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}.part.npz")  # other processes may be collecting the same text
        types = np.frombuffer("\n".join(runs.types).encode(), dtype=np.uint8)
        np.savez(part, types=types, words=runs.words, starts=runs.starts, repeats=runs.repeats)
        part.replace(path)
    with np.load(path) as file:
        types = file["types"].tobytes().decode().split("\n")
        return Runs(types, file["words"], file["starts"], file["repeats"])


def numbered(documents: Sequence[corpus.Document], types: Sequence[str], seed: int = 1) -> Runs:
    """Other documents (those held out) with the same numbering; types that are new get numbers beyond it."""
    found = collect(documents, seed)
    known = {word: k for k, word in enumerate(types)}
    every = list(types)
    new = np.empty(len(found.types), dtype=np.int32)
    for k, word in enumerate(found.types):
        if word not in known:
            known[word] = len(every)
            every.append(word)
        new[k] = known[word]
    return Runs(every, new[found.words], found.starts, found.repeats)


class Batches(Dataset):
    """Step -> batch, the same batch for the same step: a run that resumes goes on where it stopped.

    A batch holds runs of one length, so nothing is padded. One pass goes over every run as often as its weight says, in an
    order drawn anew for each pass.
    """

    def __init__(self, runs: Runs, vocabulary: int, *, tokens: int = 1024, tries: int = 4096, seed: int = 0):
        self.runs, self.vocabulary, self.tokens, self.tries, self.seed = runs, vocabulary, tokens, tries, seed
        self.rank, self.world = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
        self._pass = -1
        self._plan: list[np.ndarray] = []
        self.per_pass = len(self._planned(0))

    def __len__(self) -> int:
        return 2**31

    def __getitem__(self, step: int) -> dict[str, np.ndarray]:
        which, at = divmod(step * self.world + self.rank, self.per_pass)
        made = rows(self.runs, self._planned(which)[at], self.vocabulary)
        made["negatives"] = negatives(np.random.default_rng((self.seed, 1, step)), self.vocabulary, self.tries)
        return made

    def _planned(self, which: int) -> list[np.ndarray]:
        if self._pass != which:
            rng = np.random.default_rng((self.seed, which))
            order = rng.permutation(np.repeat(np.arange(len(self.runs.repeats)), self.runs.repeats))
            lengths = self.runs.lengths[order]
            plan: list[np.ndarray] = []
            for length in range(1, LONGEST + 1):
                same = order[lengths == length]
                size = max(1, self.tokens // (length + 2))
                plan += [same[i : i + size] for i in range(0, len(same), size)]
            rng.shuffle(plan)
            self._pass, self._plan = which, plan
        return self._plan


def rows(runs: Runs, chosen: np.ndarray, vocabulary: int) -> dict[str, np.ndarray]:
    """Runs of one length as a batch.

    characters (W, K): each different word once; at (T, B): which of them stands where; targets (T, B): rows of the softmax,
    words beyond the vocabulary as <UNK>.
    """
    length = int(runs.lengths[chosen[0]])
    types = np.empty((length + 2, len(chosen)), dtype=np.int64)
    types[0], types[-1] = MARKS.index(BEGIN), MARKS.index(END)
    types[1:-1] = runs.words[runs.starts[chosen][None] + np.arange(length)[:, None]]
    different, at = np.unique(types, return_inverse=True)
    ids = cropped(batch(runs.types[k] for k in different), 7)
    targets = np.where(types < vocabulary, types, MARKS.index(UNKNOWN))
    return {"characters": ids.astype(np.int64), "at": at.reshape(types.shape), "targets": targets}


def negatives(rng: np.random.Generator, vocabulary: int, tries: int) -> np.ndarray:
    """Wrong answers for a sampled softmax, each at most once, frequent words more often (Zipf's law).

    P(k) = log((k + 2) / (k + 1)) / log(V + 1), as TensorFlow's log_uniform_candidate_sampler, which trained ELMo.
    """
    drawn = np.exp(rng.random(tries) * math.log(vocabulary + 1)).astype(np.int64) - 1
    return np.unique(drawn.clip(0, vocabulary - 1))
