"""What BERT and the decoder read: sentence pairs with masked words, and runs of text.

A batch is a function of (seed, step, rank) alone: a run that was killed goes on with the very batches it had not seen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bert_explain.training.pieces import Pieces

PAD, CLS, SEP, MASK = 0, 101, 102, 103
FIRST_WORD = 999  # in BERT's vocabulary [unused...] and the special tokens stand before "!", number 999
VOCABULARY = 30_522
# Pieces in a pair and how often: readers type short sentences.
LENGTHS = ((32, 0.3), (64, 0.3), (128, 0.4))
TRIES = 8  # other documents that are looked at for one with enough text
IGNORED = -100  # the label that PyTorch's cross entropy leaves out


@dataclass(frozen=True)
class Batches:
    """A map from a step to its batch; what torch's DataLoader reads, in one process or several."""

    pieces: Pieces
    kind: str  # "bert" or "gpt"
    tokens: int  # about how many ids in a batch
    seed: int = 0
    rank: int = 0

    def __len__(self) -> int:
        return 2**31

    def __getitem__(self, step: int) -> dict[str, np.ndarray]:
        rng = np.random.default_rng((self.seed, self.rank, step))
        sizes, shares = zip(*LENGTHS, strict=True)
        length = int(rng.choice(sizes, p=shares))
        count = max(1, self.tokens // length)
        return pairs(self.pieces, count, length, rng) if self.kind == "bert" else runs(self.pieces, count, length, rng)


def pairs(pieces: Pieces, count: int, length: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """`count` pairs "[CLS] A [SEP] B [SEP]" of at most `length` ids, masked; B is what follows A half of the time.

    ids, segments, attention (count, length); labels (count, length): the true id where a word is to be said, else
    IGNORED; follows (count,): 0 where B follows A, else 1, as in BERT's heads.
    Source: Devlin et al. 2019, 3.1 and appendix A.2.
    """
    ids = np.zeros((count, length), dtype=np.int64)
    segments, attention = np.zeros_like(ids), np.zeros_like(ids)
    follows = np.zeros(count, dtype=np.int64)
    for row, document in enumerate(_documents(pieces, count, rng)):
        a, b, follows[row] = _pair(pieces, document, length - 3, rng)
        text = np.concatenate([[CLS], a, [SEP], b, [SEP]])
        ids[row, : len(text)] = text
        segments[row, len(a) + 2 : len(text)] = 1
        attention[row, : len(text)] = 1
    read, labels = mask(ids, rng)
    return {"ids": read, "segments": segments, "attention": attention, "labels": labels, "follows": follows}


def mask(ids: np.ndarray, rng: np.random.Generator, share: float = 0.15) -> tuple[np.ndarray, np.ndarray]:
    """15 % of each row's words chosen: 80 % of them become [MASK], 10 % a random word, 10 % stay. -> (read, labels).

    ids : (rows, length). Source: Devlin et al. 2019, 3.1, task 1.
    """
    word = (ids != PAD) & (ids != CLS) & (ids != SEP)
    order = np.argsort(np.where(word, rng.random(ids.shape), 2.0), axis=1)  # words first, in random order
    wanted = np.maximum(1, np.rint(share * word.sum(1))).astype(int)
    chosen = np.zeros_like(word)
    np.put_along_axis(chosen, order, np.arange(ids.shape[1])[None, :] < wanted[:, None], axis=1)
    chosen &= word
    fate = rng.random(ids.shape)
    read = np.where(chosen & (fate < 0.8), MASK, ids)
    read = np.where(chosen & (fate >= 0.8) & (fate < 0.9), rng.integers(FIRST_WORD, VOCABULARY, ids.shape), read)
    return read, np.where(chosen, ids, IGNORED)


def runs(pieces: Pieces, count: int, length: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """`count` texts for the decoder, of at most `length` ids: half "[CLS] A [SEP] B [SEP]", half text that runs on.

    ids, attention (count, length); labels (count, length): the id to be said at each position is the next one's.
    """
    ids = np.zeros((count, length), dtype=np.int64)
    for row, document in enumerate(_documents(pieces, count, rng)):
        if rng.random() < 0.5:
            a, b = _cut(*_following(pieces, document, length - 3, rng), length - 3)
            text = np.concatenate([[CLS], a, [SEP], b, [SEP]])
        else:
            first, last = pieces.first[document], pieces.first[document + 1]
            start = pieces.starts[rng.integers(first, last)]
            text = np.concatenate([[CLS], pieces.ids[start : min(start + length - 1, pieces.starts[last])]])
            text = np.append(text, SEP)[:length]
        ids[row, : len(text)] = text
    labels = np.full_like(ids, IGNORED)
    labels[:, :-1] = np.where(ids[:, 1:] != PAD, ids[:, 1:], IGNORED)
    return {"ids": ids, "attention": (ids != PAD).astype(np.int64), "labels": labels}


def _documents(pieces: Pieces, count: int, rng: np.random.Generator) -> np.ndarray:
    """Documents drawn by length times weight."""
    return np.searchsorted(pieces.drawn, rng.random(count) * pieces.drawn[-1], side="right")


def _pair(pieces: Pieces, document: int, room: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, int]:
    a, b = _following(pieces, document, room, rng)
    other = int(rng.random() < 0.5)
    if other:
        b = _unrelated(pieces, document, room - len(a), len(b), rng)
    return *_cut(a, b, room), other


def _unrelated(pieces: Pieces, document: int, room: int, length: int, rng: np.random.Generator) -> np.ndarray:
    """Whole sentences of another document (of this one where it is the only one), as many as a true B would have.

    Were they cut to a length, B's last piece would tell what does not follow. A true B is at least as long as the room
    left, or its document ends: this one fills the room likewise, or comes as near as it can to the true one's length.
    """
    tried: list[np.ndarray] = []
    while len(tried) < TRIES:
        elsewhere = int(_documents(pieces, 1, rng)[0])
        if elsewhere == document and pieces.documents > 1:
            continue
        first, last = pieces.first[elsewhere], pieces.first[elsewhere + 1]
        begin = int(rng.integers(first, last))
        lengths = pieces.starts[begin + 1 : last + 1] - pieces.starts[begin]  # of 1, 2, ... sentences from there on
        count = np.searchsorted(lengths, room) if length >= room else np.abs(lengths - length).argmin()
        tried.append(pieces.ids[pieces.starts[begin] : pieces.starts[min(begin + 1 + count, last)]])
        if length < room or count < len(lengths):
            return tried[-1]
    return max(tried, key=len)


def _following(pieces: Pieces, document: int, room: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two stretches of whole sentences, the second right after the first, together about `room` ids long."""
    first, last = int(pieces.first[document]), int(pieces.first[document + 1])
    start = int(rng.integers(first, last - 1))
    end = start + 2
    while end < last and pieces.starts[end] - pieces.starts[start] < room:
        end += 1
    middle = int(rng.integers(start + 1, end))
    return tuple(pieces.ids[pieces.starts[i] : pieces.starts[j]] for i, j in ((start, middle), (middle, end)))


def _cut(a: np.ndarray, b: np.ndarray, room: int) -> tuple[np.ndarray, np.ndarray]:
    """Both made to fit: A loses ids at its front and B at its end, so that what follows still follows."""
    keep_a = min(len(a), max(room - len(b), room // 2))
    return a[len(a) - keep_a :], b[: room - keep_a]
