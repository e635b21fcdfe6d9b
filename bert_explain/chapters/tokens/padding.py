"""Padding and the attention mask: what a batch of two texts of different length looks like to the model.

The walk reads one text at a time, so nothing is padded and its mask is 1 everywhere; here the rows of a batch are made
as the tokenizer makes them with `padding=True`, which a test checks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.analysis.tokens import many
from bert_explain.errors import Missing
from bert_explain.tokenize import Token
from bert_explain.trace import Trace

DRAWN = 96  # tokens of a row that are drawn, both ends; the table has all


@dataclass(frozen=True, slots=True)
class Row:
    """One text of a batch, padded to the length of the longest."""

    name: str
    tokens: tuple[Token, ...]
    mask: np.ndarray  # (T,) 1 = a token, 0 = padding: looked at by nobody

    @property
    def padded(self) -> int:
        """How many [PAD] were added."""
        return int((self.mask == 0).sum())


def batch(trace: Trace) -> tuple[Row, Row]:
    """The text and a shorter one side by side, as a batch: the shorter is filled up with [PAD] and masked there.

    The shorter one is sentence A alone; where there is no sentence B, nothing at all (only the special tokens).
    """
    plain = trace.query.plain()
    pair = bool(plain.text_b.strip())
    short = plain.but(text_b="") if pair else plain.but(text_a="")
    long_tokens, short_tokens = trace.tokenize(plain)[0], trace.tokenize(short)[0]
    size = max(len(long_tokens), len(short_tokens))
    names = ("A and B", "A alone") if pair else ("A", "Nothing typed")
    return _pad(trace, names[0], long_tokens, size), _pad(trace, names[1], short_tokens, size)


def _pad(trace: Trace, name: str, tokens: tuple[Token, ...], size: int) -> Row:
    padding = trace.spec.special.padding
    if padding is None:
        raise Missing(f"{trace.spec.title} has no [PAD]: it reads one text at a time.")
    text, row = padding.text, padding.id
    pad = replace(tokens[0], text=text, id=row, original=text, original_id=row, special=True)
    added = [replace(pad, position=i, position_id=i) for i in range(len(tokens), size)]
    mask = np.array([1] * len(tokens) + [0] * len(added), dtype=np.int8)
    return Row(name, (*tokens, *added), mask)


def table(rows: tuple[Row, Row]) -> pd.DataFrame:
    """position, and for each row of the batch its piece, id and attention mask."""
    found = pd.DataFrame({"position": range(len(rows[0].tokens))})
    for row in rows:
        found[row.name] = [t.text for t in row.tokens]
        found[f"{row.name}: id"] = [t.id for t in row.tokens]
        found[f"{row.name}: mask"] = row.mask
    return found


def look(rows: tuple[Row, Row]) -> Sentence:
    """What the padded row shows."""
    long, short = rows
    if not short.padded:
        return say("Both have {n}, so nothing has to be filled up.", n=many(len(long.tokens), "token"))
    return say(
        "{short} has {n}, {long} has {all}: so {k} of {pad} {fill} it up, and there the mask is 0.",
        short=short.name,
        long=long.name,
        n=many(len(short.tokens) - short.padded, "token"),
        all=len(long.tokens),
        k=many(short.padded, "copy", "copies"),
        fill="fills" if short.padded == 1 else "fill",
        pad=Piece(short.tokens[-1].text),
    )
