"""Byte-level BPE, merge by merge: a word begins as its bytes; the pair that training joined first is joined, again and again.

Sennrich et al. 2016 (joining pairs), Radford et al. 2019 (of bytes). A test holds this against the tokenizer's own pieces.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import pandas as pd

from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.kernel.readings import many


@dataclass(frozen=True, slots=True)
class Merge:
    """One step: two neighbours became one piece."""

    pair: tuple[str, str]
    rank: int  # 0 = what training joined first
    pieces: tuple[str, ...]  # the word after it


@lru_cache(maxsize=4)
def ranks(tokenizer: Any) -> dict[tuple[str, str], int]:
    """pair -> its place in the order of training, for a `tokenizers.Tokenizer` with BPE. Kept for all: do not change it."""
    pairs = json.loads(tokenizer.to_str())["model"]["merges"]
    return {tuple(pair.split(" ") if isinstance(pair, str) else pair): rank for rank, pair in enumerate(pairs)}


def merged(word: str, order: Mapping[tuple[str, str], int]) -> list[Merge]:
    """The merges of one word, written as byte letters, in their order."""
    pieces = list(word)
    found: list[Merge] = []
    while True:
        pairs = [(order[pair], i) for i, pair in enumerate(pairwise(pieces)) if pair in order]
        if not pairs:
            return found
        rank, at = min(pairs)  # of equal pairs the first
        pair = (pieces[at], pieces[at + 1])
        pieces[at : at + 2] = ["".join(pair)]
        found.append(Merge(pair, rank, tuple(pieces)))


def spelled(tokenizer: Any, text: str) -> list[str]:
    """The words of a text as the tokenizer cuts it before it merges, in byte letters."""
    return [word for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(text)]


def table(word: str, steps: list[Merge]) -> pd.DataFrame:
    """One row a merge, the bytes first: merge, joined, learned as number (1 = first), pieces."""
    rows: list[tuple[int, str, int | None, str]] = [(0, "", None, " ".join(word))]
    rows += [(n, " + ".join(step.pair), step.rank + 1, " ".join(step.pieces)) for n, step in enumerate(steps, 1)]
    return pd.DataFrame(rows, columns=["merge", "joined", "learned as number", "pieces"]).astype({"learned as number": "Int64"})


def look(word: str, steps: list[Merge]) -> Sentence:
    """Where the word begins, and what the merges leave of it."""
    bytes_ = many(len(word), "byte")
    if not steps:
        return say("{word} is {bytes}, and no two neighbours were ever joined in training.", word=Piece(word), bytes=bytes_)
    left = steps[-1].pieces
    return say(
        "{word} begins as {bytes}; {merges} {leave} {pieces}.",
        word=Piece(word),
        bytes=bytes_,
        merges=many(len(steps), "merge"),
        leave="leaves" if len(steps) == 1 else "leave",
        pieces=say("one piece") if len(left) == 1 else say("{n} pieces: {shown}", n=len(left), shown=Piece(" ".join(left[:12]))),
    )
