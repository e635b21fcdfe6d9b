"""What BERT and the decoder read: sentence pairs with masked words, single sentences, and runs of text.

A batch is a function of (seed, step, rank) alone: a run that was killed goes on with the very batches it had not seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from torch.utils.data import Dataset

from bert_explain.training.pieces import Pieces

PAD, CLS, SEP, MASK = 0, 101, 102, 103
FIRST_WORD = 999  # in BERT's vocabulary [unused...] and the special tokens stand before "!", number 999
VOCABULARY = 30_522
# Pieces in a pair and how often: readers type short sentences.
LENGTHS = ((32, 0.35), (64, 0.4), (128, 0.25))
# Of the pairs of at most so many pieces, the share whose A and B are one whole sentence each: what readers type. Shorter pairs
# are more to a batch: of all pairs 45 % are such.
SINGLE = {32: 0.5, 64: 0.5}
ALONE = ((1, 14), (15, 30), (31, 62))  # pieces in a sentence that stands alone: in a batch they are of like length
SHORT = 0.3  # of a decoder's texts that run on, at most 32 pieces long: the share that is one whole sentence
TRIES = 8  # other documents that are looked at for one with enough text
CANDIDATES = 32  # other sentences that are looked at for one as long as the true B
IGNORED = -100  # the label that PyTorch's cross entropy leaves out


@dataclass(frozen=True)
class Numbers:
    """Which numbers of a vocabulary are special, and which are words: from `first` to below `size`."""

    pad: int = PAD
    cls: int = CLS
    sep: int = SEP
    mask: int = MASK
    first: int = FIRST_WORD
    size: int = VOCABULARY


BERT = Numbers()


@dataclass(frozen=True)
class Batches(Dataset[dict[str, np.ndarray]]):
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
        if rng.random() < self._alone:
            return self._sentences(rng)
        sizes, shares = zip(*LENGTHS, strict=True)
        length = int(rng.choice(sizes, p=shares))
        count = max(1, self.tokens // length)
        if self.kind == "bert":
            return pairs(self.pieces, count, length, rng, SINGLE.get(length, 0.0))
        return runs(self.pieces, count, length, rng, SINGLE.get(length, 0.0))

    def _sentences(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        among = rng.choice(len(ALONE), p=self._masses / self._masses.sum())
        count = max(1, self.tokens // (ALONE[among][1] + 2))
        ids = sentences(self.pieces, count, ALONE[among], rng)
        return masked_sentences(ids, rng) if self.kind == "bert" else _next(ids)

    @cached_property
    def _masses(self) -> np.ndarray:
        """What there is to read of sentences that stand alone, by their length. Shape: (len(ALONE),)."""
        return np.array([self.pieces.alone(*among)[-1] for among in ALONE])

    @cached_property
    def _alone(self) -> float:
        """The share of the batches with sentences that stand alone: their share of the text."""
        return float(self._masses.sum() / (self._masses.sum() + self.pieces.drawn[-1]))


def sentences(pieces: Pieces, count: int, among: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """`count` texts "[CLS] A [SEP]" of sentences that stand alone, `among` so many pieces. -> ids (count, longest)."""
    drawn = pieces.alone(*among)
    chosen = np.searchsorted(drawn, rng.random(count) * drawn[-1], side="right")
    ids = np.zeros((count, among[1] + 2), dtype=np.int64)
    for row, document in enumerate(chosen):
        text = pieces.sentence(pieces.first[document])
        ids[row, : len(text) + 2] = np.concatenate([[CLS], text, [SEP]])
    return ids


def masked_sentences(ids: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Sentences that stand alone, as `pairs` gives them: masked words, and no label of next sentence (IGNORED)."""
    read, labels = mask(ids, rng)
    attention = (ids != PAD).astype(np.int64)
    follows = np.full(len(ids), IGNORED, dtype=np.int64)
    return {"ids": read, "segments": np.zeros_like(ids), "attention": attention, "labels": labels, "follows": follows}


def pairs(pieces: Pieces, count: int, length: int, rng: np.random.Generator, single: float = 0.0) -> dict[str, np.ndarray]:
    """`count` pairs "[CLS] A [SEP] B [SEP]" of at most `length` ids, masked; B is what follows A half of the time.

    ids, segments, attention (count, length); labels (count, length): the true id where a word is to be said, else
    IGNORED; follows (count,): 0 where B follows A, else 1, as in BERT's heads.
    single : share of the pairs whose A and B are one whole sentence each (`_single`), where two fit.
    Source: Devlin et al. 2019, 3.1 and appendix A.2.
    """
    ids = np.zeros((count, length), dtype=np.int64)
    segments, attention = np.zeros_like(ids), np.zeros_like(ids)
    follows = np.zeros(count, dtype=np.int64)
    for row, document in enumerate(_documents(pieces, count, rng)):
        found = _single(pieces, document, length - 3, rng) if single and rng.random() < single else None
        a, b, follows[row] = found or _pair(pieces, document, length - 3, rng)
        text = np.concatenate([[CLS], a, [SEP], b, [SEP]])
        ids[row, : len(text)] = text
        segments[row, len(a) + 2 : len(text)] = 1
        attention[row, : len(text)] = 1
    read, labels = mask(ids, rng)
    return {"ids": read, "segments": segments, "attention": attention, "labels": labels, "follows": follows}


def single_pairs(pieces: Pieces, count: int, length: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """`count` pairs of two single sentences, nothing masked: what readers type. As `pairs`, all labels IGNORED.

    Raises ValueError where the text has none: no two sentences that fit, or no other document of the same source.
    """
    ids = np.zeros((count, length), dtype=np.int64)
    segments, follows = np.zeros_like(ids), np.zeros(count, dtype=np.int64)
    row = tried = 0
    while row < count:
        tried += 1
        found = _single(pieces, int(_documents(pieces, 1, rng)[0]), length - 3, rng)
        if found is None:
            if tried > 50 * (row + 1):
                raise ValueError("This text has no pairs of two single sentences.")
            continue
        a, b, follows[row] = found
        ids[row, : len(a) + len(b) + 3] = np.concatenate([[CLS], a, [SEP], b, [SEP]])
        segments[row, len(a) + 2 : len(a) + len(b) + 3] = 1
        row += 1
    attention, labels = (ids != PAD).astype(np.int64), np.full_like(ids, IGNORED)
    return {"ids": ids, "segments": segments, "attention": attention, "labels": labels, "follows": follows}


def mask(
    ids: np.ndarray, rng: np.random.Generator, share: float = 0.15, numbers: Numbers = BERT
) -> tuple[np.ndarray, np.ndarray]:
    """15 % of each row's words chosen: 80 % of them become [MASK], 10 % a random word, 10 % stay. -> (read, labels).

    ids : (rows, length). numbers : of their vocabulary. Source: Devlin et al. 2019, 3.1, task 1.
    """
    word = (ids != numbers.pad) & (ids != numbers.cls) & (ids != numbers.sep)
    order = np.argsort(np.where(word, rng.random(ids.shape), 2.0), axis=1)  # words first, in random order
    wanted = np.maximum(1, np.rint(share * word.sum(1))).astype(int)
    chosen = np.zeros_like(word)
    np.put_along_axis(chosen, order, np.arange(ids.shape[1])[None, :] < wanted[:, None], axis=1)
    chosen &= word
    fate = rng.random(ids.shape)
    read = np.where(chosen & (fate < 0.8), numbers.mask, ids)
    random = rng.integers(numbers.first, numbers.size, ids.shape)
    read = np.where(chosen & (fate >= 0.8) & (fate < 0.9), random, read)
    return read, np.where(chosen, ids, IGNORED)


def runs(pieces: Pieces, count: int, length: int, rng: np.random.Generator, single: float = 0.0) -> dict[str, np.ndarray]:
    """`count` texts for the decoder, of at most `length` ids: half "[CLS] A [SEP] B [SEP]", half text that runs on.

    ids, attention (count, length); labels (count, length): the id to be said at each position is the next one's.
    single : share of the first half whose A and B are one whole sentence each, where two fit; where it is not 0 and `length`
    at most 32, some texts of the second half are one whole sentence.
    """
    ids = np.zeros((count, length), dtype=np.int64)
    for row, document in enumerate(_documents(pieces, count, rng)):
        if rng.random() < 0.5:
            found = _neighbours(pieces, document, length - 3, rng) if single and rng.random() < single else None
            a, b = found or _cut(*_following(pieces, document, length - 3, rng), length - 3)
            text = np.concatenate([[CLS], a, [SEP], b, [SEP]])
        else:
            first, last = pieces.first[document], pieces.first[document + 1]
            sentence = rng.integers(first, last)
            whole = single and length <= 32 and rng.random() < single * SHORT / SINGLE[32]
            stop = pieces.starts[sentence + 1] if whole else pieces.starts[last]
            start = pieces.starts[sentence]
            text = np.concatenate([[CLS], pieces.ids[start : min(start + length - 1, stop)]])
            text = np.append(text, SEP)[:length]
        ids[row, : len(text)] = text
    return _next(ids)


def _next(ids: np.ndarray) -> dict[str, np.ndarray]:
    """Texts as the decoder learns from them: at each position the next id is to be said."""
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


def _single(pieces: Pieces, document: int, room: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, int] | None:
    """One whole sentence and the one after it, or one of another document of the same source. None where none fits.

    A false B is as long as the true one would be, or nearly, and likewise no first sentence of a document: neither its length
    nor its form tells.
    """
    found = _neighbours(pieces, document, room, rng)
    if found is None:
        return None
    a, b = found
    begin, end = pieces.same_source(document)
    low, high = (pieces.drawn[begin - 1] if begin else 0.0), pieces.drawn[end - 1]
    others = np.searchsorted(pieces.drawn, low + rng.random(CANDIDATES) * (high - low), side="right").clip(begin, end - 1)
    others = others[others != document]
    at = rng.integers(pieces.first[others] + 1, pieces.first[others + 1])  # any sentence but the first
    sizes = pieces.starts[at + 1] - pieces.starts[at]
    apart = np.where(sizes <= room - len(a), np.abs(sizes - len(b)), room)
    if not len(others) or apart.min() == room:
        return None
    other = int(rng.random() < 0.5)  # only now: pairs that have no false B would all be true ones
    return (a, pieces.sentence(at[apart.argmin()]), 1) if other else (a, b, 0)


def _neighbours(pieces: Pieces, document: int, room: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray] | None:
    """Two whole sentences, the second right after the first, that fit into the room together. None where TRIES find none."""
    first, last = int(pieces.first[document]), int(pieces.first[document + 1])
    for start in rng.integers(first, last - 1, TRIES):
        if pieces.starts[start + 2] - pieces.starts[start] <= room:
            return pieces.sentence(start), pieces.sentence(start + 1)
    return None


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
    return pieces.ids[pieces.starts[start] : pieces.starts[middle]], pieces.ids[pieces.starts[middle] : pieces.starts[end]]


def _cut(a: np.ndarray, b: np.ndarray, room: int) -> tuple[np.ndarray, np.ndarray]:
    """Both made to fit: A loses ids at its front and B at its end, so that what follows still follows."""
    keep_a = min(len(a), max(room - len(b), room // 2))
    return a[len(a) - keep_a :], b[: room - keep_a]
