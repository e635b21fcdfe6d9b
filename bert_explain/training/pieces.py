"""The training text as WordPiece ids: cut once, kept on disk, read by position."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from bert_explain.training import corpus

FORM = 2  # of the kept files
BATCH = 20_000  # sentences handed to the tokenizer at once


@dataclass(frozen=True)
class Pieces:
    """Documents as one long row of ids. Sentence s is `ids[starts[s]:starts[s + 1]]`, document d is sentences
    `first[d]` to `first[d + 1]`; `weight` (D,) is how often a document is drawn next to its length, `source` (D,) the number
    of its source: documents of one source stand together."""

    ids: np.ndarray  # (N,) uint16
    starts: np.ndarray  # (S + 1,) int64
    first: np.ndarray  # (D + 1,) int64
    weight: np.ndarray  # (D,) float64
    source: np.ndarray  # (D,) int32

    def lengths(self) -> np.ndarray:
        """Pieces in each document. Shape: (D,)."""
        return np.diff(self.starts[self.first])

    @cached_property
    def drawn(self) -> np.ndarray:
        """Running sum of length times weight, over documents with a sentence that follows another. Shape: (D,)."""
        return np.cumsum(self.lengths() * self.weight * (np.diff(self.first) > 1))

    def alone(self, low: int, high: int) -> np.ndarray:
        """Running sum of length times weight, over documents of one sentence with `low` to `high` pieces. Shape: (D,)."""
        if (low, high) not in self._alone:
            lengths = self.lengths()
            asked = (np.diff(self.first) == 1) & (lengths >= low) & (lengths <= high)
            self._alone[low, high] = np.cumsum(lengths * self.weight * asked)
        return self._alone[low, high]

    @cached_property
    def _alone(self) -> dict[tuple[int, int], np.ndarray]:
        return {}

    def same_source(self, document: int) -> tuple[int, int]:
        """The documents of a document's source: the first, and the one after the last."""
        own = self.source[document]
        return int(np.searchsorted(self.source, own, side="left")), int(np.searchsorted(self.source, own, side="right"))

    @cached_property
    def documents(self) -> int:
        """How many documents can be drawn."""
        return int(np.count_nonzero(np.diff(self.drawn, prepend=0.0)))

    def sentence(self, s: int) -> np.ndarray:
        """The ids of one sentence of the whole text."""
        return self.ids[self.starts[s] : self.starts[s + 1]]


def cut(
    found: Sequence[corpus.Document], tokenizer: Path, kept: Path | None = None, weight: Callable[[str], float] = corpus.weight
) -> Pieces:
    """The documents as pieces of a `tokenizer.json`, from the folder `kept` where they were cut before.

    weight : of a source, how often it is drawn.
    """
    words = Tokenizer.from_file(str(tokenizer))
    words.no_padding()
    words.no_truncation()
    sources = list(dict.fromkeys(d.source for d in found))
    weights = {name: weight(name) for name in sources}
    place = kept / f"pieces-{_fingerprint(found, tokenizer, weights)}.npz" if kept else None
    if place and place.is_file():
        with np.load(place) as stored:
            return Pieces(**stored)
    texts = [
        list(d.paragraphs) if corpus.alone(d.source) else [s for p in d.paragraphs for s in corpus.sentences(p)] for d in found
    ]
    numbers = {name: n for n, name in enumerate(sources)}
    flat = [sentence for document in texts for sentence in document]
    ids, lengths = [], []
    for start in range(0, len(flat), BATCH):
        for encoding in words.encode_batch_fast(flat[start : start + BATCH], add_special_tokens=False):
            lengths.append(len(encoding.ids))
            ids.append(np.array(encoding.ids, dtype=np.uint16))
    whole = Pieces(
        np.concatenate(ids) if ids else np.zeros(0, np.uint16),
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        np.concatenate([[0], np.cumsum([len(t) for t in texts])]).astype(np.int64),
        np.array([weights[d.source] for d in found], dtype=np.float64),
        np.array([numbers[d.source] for d in found], dtype=np.int32),
    )
    if place:
        place.parent.mkdir(parents=True, exist_ok=True)
        part = place.with_name(f"{place.stem}.{os.getpid()}.part.npz")  # other processes may be cutting the same text
        np.savez(part, **{f.name: getattr(whole, f.name) for f in fields(whole)})
        part.replace(place)
    return whole


def _fingerprint(found: Sequence[corpus.Document], tokenizer: Path, weights: Mapping[str, float]) -> str:
    of = f"{FORM} {corpus.fingerprint(found)} {sorted(weights.items())}"
    return hashlib.sha256(tokenizer.read_bytes() + of.encode()).hexdigest()[:16]
