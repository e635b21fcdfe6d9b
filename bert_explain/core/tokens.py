"""From two sentences to the tokens the encoder reads: WordPiece, special tokens, segments, cut text, masks.

The pieces come from the model's own tokenizer; layout and truncation ("longest first") equal Hugging Face's
`tokenizer(a, b, truncation=True)`, which a test checks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Protocol

import numpy as np

from bert_explain.core import byte_letters
from bert_explain.core.errors import BadQuery
from bert_explain.core.query import Query
from bert_explain.core.spec import ModelSpec, Special


@dataclass(frozen=True, slots=True)
class Token:
    """One token as the encoder reads it."""

    text: str  # the piece; "##" in front continues a word
    id: int  # row of the token table
    position: int  # place in the sequence, 0 = [CLS]
    segment: int  # 0 = A, 1 = B, as read (after flips)
    sentence: int | None  # which of the reader's sentences it comes from, 0 = A, 1 = B; None for added special tokens
    word: int | None  # index of its word within its sentence; None for added special tokens
    span: tuple[int, int] | None  # characters in its sentence's text; None for added special tokens
    special: bool  # added by the model's layout, or a special token typed by the reader
    masked: bool  # the encoder reads [MASK] here
    original_id: int  # what stood here before masking or replacing (= id when untouched)
    original: str  # its text
    position_id: int  # row of the position table (differs from position when positions are shuffled)
    inside: bool | None = None  # byte-level pieces: whether its word began with another piece; None: "##" tells

    @property
    def continues(self) -> bool:
        """True for the second and later pieces of a word."""
        return self.original.startswith("##") if self.inside is None else self.inside

    @property
    def nbytes(self) -> int:
        """Bytes in memory, about: asked of each token of each text that is kept, and so not measured field by field."""
        return 1_000 + len(self.text) + len(self.original)


@dataclass(frozen=True, slots=True)
class Cut:
    """What did not fit: number of tokens dropped from each of the reader's sentences, and the text they covered."""

    a: int = 0
    b: int = 0
    text_a: str = ""
    text_b: str = ""

    def __bool__(self) -> bool:
        return bool(self.a or self.b)


@dataclass(frozen=True, slots=True)
class _Piece:
    id: int
    text: str
    word: int
    span: tuple[int, int]
    sentence: int
    inside: bool | None


def word_text(pieces: Sequence[Token]) -> str:
    """The word that its pieces spell."""
    if any(t.inside is not None for t in pieces):
        return byte_letters.text("".join(t.original for t in pieces)).strip()
    return "".join(t.original.removeprefix("##") for t in pieces)


def text_of(wordpiece: Any, row: int) -> str:
    """The piece in a row of the token table; a table may have rows that no piece uses (it is often rounded up)."""
    return wordpiece.id_to_token(row) or f"[row {row}]"


def text_of_all(tokenizer: Any, wordpiece: Any, rows: Sequence[int]) -> str:
    """Several pieces as a reader would write them; a row that no piece uses stands there as `text_of` calls it.

    tokenizer : the model's own (transformers'), which knows how its pieces are joined.
    """
    parts = []
    for named, group in groupby(rows, key=lambda row: wordpiece.id_to_token(row) is not None):
        these = list(group)
        if named:
            parts.append(tokenizer.decode(these, clean_up_tokenization_spaces=True))
        else:
            parts += [text_of(wordpiece, row) for row in these]
    return " ".join(parts)


def lay_out(spec: ModelSpec, wordpiece: Any, query: Query) -> tuple[tuple[Token, ...], Cut]:
    """The query's tokens, T records, and what was cut. `wordpiece` is the model's tokenizer (a `tokenizers.Tokenizer`).

    Raises BadQuery for positions or ids that do not exist.
    """
    first, second = (1, 0) if query.swapped else (0, 1)
    x, y = (_pieces(spec, wordpiece, (query.text_a, query.text_b)[s], s) for s in (first, second))
    pair = bool((query.text_a, query.text_b)[second].strip())
    start, end = spec.special.start, spec.special.end
    kept = query.separators == "normal"
    added = 1 + kept * (1 + spec.between if pair else 1)
    keep_x, keep_y = _longest_first(len(x), len(y) if pair else 0, spec.max_tokens - added)
    cut = _cut(query, {first: x[keep_x:], second: y[keep_y:] if pair else []})
    layout: list[tuple[Special | _Piece, int]] = [(start, 0), *((p, 0) for p in x[:keep_x])]
    layout += [(end, 0)] if kept else []
    if pair:
        layout += [(end, 0)] * (kept * (spec.between - 1))
        layout += [*((p, 1) for p in y[:keep_y]), *([(end, 1)] if kept else [])]
    tokens = [_token(spec, entry, segment, i) for i, (entry, segment) in enumerate(layout)]
    return _intervene(spec, wordpiece, query, tokens), cut


def _pieces(spec: ModelSpec, wordpiece: Any, text: str, sentence: int) -> list[_Piece]:
    if not text.strip():
        return []
    e = wordpiece.encode(text, add_special_tokens=False)
    inside: list[bool | None] = [None] * len(e.ids)
    if spec.pieces == "byte-level":
        inside = [word == before for word, before in zip(e.word_ids, [None, *e.word_ids], strict=False)]
    rows = zip(e.ids, e.tokens, e.word_ids, e.offsets, inside, strict=True)
    return [_Piece(i, t, w, s, sentence, joined) for i, t, w, s, joined in rows]


def _longest_first(n: int, m: int, room: int) -> tuple[int, int]:
    """How many pieces of each sentence stay: only the longer one is cut while the shorter fits in half the room."""
    if n + m <= room:
        return n, m
    short, long = min(n, m), max(n, m)
    if short > room // 2:
        short = room // 2
    long = min(long, room - short)
    return (short, long) if n <= m else (long, short)


def _cut(query: Query, dropped: dict[int, list[_Piece]]) -> Cut:
    texts = (query.text_a, query.text_b)
    text = {s: texts[s][p[0].span[0] :] if p else "" for s, p in dropped.items()}
    return Cut(len(dropped[0]), len(dropped[1]), text[0], text[1])


def _token(spec: ModelSpec, entry: Special | _Piece, segment: int, i: int) -> Token:
    if isinstance(entry, Special):
        inside = None if spec.pieces == "wordpiece" else False
        return Token(entry.text, entry.id, i, segment, None, None, None, True, False, entry.id, entry.text, i, inside)
    known = spec.special
    special = entry.id in known.ids and (known.unknown is None or entry.id != known.unknown.id)
    masked = known.mask is not None and entry.id == known.mask.id
    return Token(
        entry.text,
        entry.id,
        i,
        segment,
        entry.sentence,
        entry.word,
        entry.span,
        special and not masked,
        masked,
        entry.id,
        entry.text,
        i,
        entry.inside,
    )


def _intervene(spec: ModelSpec, wordpiece: Any, query: Query, tokens: list[Token]) -> tuple[Token, ...]:
    for name, places in (("masked", query.masked), ("replaced", [p for p, _ in query.replaced])):
        bad = [p for p in places if p >= len(tokens)]
        if bad:
            last = len(tokens) - 1
            raise BadQuery(f"There is no token {bad[0]} to be {name}: this text has the positions 0 to {last}.")
    for position, new in query.replaced:
        if new >= spec.vocab_size:
            raise BadQuery(f"There is no piece {new}: the vocabulary goes from 0 to {spec.vocab_size - 1}.")
        tokens[position] = replace(tokens[position], id=new, text=text_of(wordpiece, new))
    mask = spec.special.mask
    for position in query.masked:
        if mask is None:
            raise BadQuery(f"{spec.title} has no mask token: it cannot hide a word.")
        tokens[position] = replace(tokens[position], id=mask.id, text=mask.text, masked=True)
    if query.segments == "flipped":
        tokens = [replace(t, segment=1 - t.segment) for t in tokens]
    if not spec.has_segments:
        tokens = [replace(t, segment=0) for t in tokens]
    if query.positions == "shuffled":
        order = np.random.default_rng(query.seed).permutation(len(tokens))
        tokens = [replace(t, position_id=int(p)) for t, p in zip(tokens, order, strict=True)]
    return tuple(tokens)


def characters(pieces: Sequence[Token]) -> tuple[int, int]:
    """The characters from the first to the last of some tokens of one of the reader's sentences, in its text."""
    first, last = pieces[0].span, pieces[-1].span
    assert first is not None
    assert last is not None
    return first[0], last[1]


def touching(tokens: Sequence[Token], span: tuple[int, int], sentence: int = 0) -> list[int]:
    """Positions of the tokens of one of the reader's sentences that share a character with `span`."""
    own = [(t.position, t.span) for t in tokens if t.sentence == sentence and t.span is not None]
    return [at for at, (start, end) in own if start < span[1] and span[0] < end]


def counterpart(tokens: Sequence[Token], position: int, others: Sequence[Token]) -> int:
    """The position, in another reading of the same two sentences, of the token that stands at `position` of this one.

    A token of a sentence is found by its characters, an added one by the sentence that ends in front of it. Where the other
    reading has none (cut off, or without [SEP]): that of the nearest token before it.
    """
    here, there = marks(tokens), marks(others)
    for at in range(position, 0, -1):
        if here[at] in there:
            return there.index(here[at])
        own = tokens[at]
        if own.span is not None and (found := touching(others, own.span, own.sentence or 0)):
            return found[0]
    return 0


def same_piece(tokens: Sequence[Token], position: int, others: Sequence[Token]) -> int | None:
    """The position, in another reading, of the piece at `position`: of the same characters. None where it is not there."""
    mark = marks(tokens)[position]
    there = zip(others, marks(others), strict=True)
    return next((other.position for other, its in there if other.span is not None and its == mark), None)


def marks(tokens: Sequence[Token]) -> list[tuple[Any, ...]]:
    """What tells each token from the others of a text, whatever the order of the sentences: the sentence that it is of, or
    that ended before it; its characters; and which of the pieces with these characters it is."""
    found: list[tuple[Any, ...]] = []
    count = Counter[tuple[Any, ...]]()
    ended: int | None = None  # the sentence in front of an added token
    for token in tokens:
        if token.span is not None:
            ended = token.sentence
        mark = (ended, token.span)
        count[mark] += 1
        found.append((*mark, count[mark]))  # several bytes of one letter have its characters
    return found


class Spanned(Protocol):
    """A word, and where its characters stand in a text."""

    @property
    def start(self) -> int: ...

    @property
    def end(self) -> int: ...


def covering(words: Sequence[Spanned], span: tuple[int, int]) -> list[int]:
    """Places of the words of a text that share a character with `span`."""
    return [i for i, word in enumerate(words) if word.start < span[1] and span[0] < word.end]


def first_pieces(tokens: Sequence[Token], spans: Sequence[tuple[int, int]]) -> list[int | None]:
    """For each word of text A (its characters): the position of the first token in it, None where it was cut off."""
    found = []
    for start, end in spans:
        inside = (t.position for t in tokens if t.sentence == 0 and t.span and start <= t.span[0] < end)
        found.append(next(inside, None))
    return found
