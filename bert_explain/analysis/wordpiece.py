"""WordPiece, written out: how one word becomes pieces, one question to the vocabulary at a time.

Greedy longest-match-first: look up the whole word; while it is not in the vocabulary, drop its last character and
ask again. Take the first prefix that is there, then do the same with what is left, now with "##" in front. When not
even one character is found, the whole word becomes the unknown piece. (Wu et al. 2016, section 4.1, for the pieces;
Devlin et al. 2019, section 3, for this vocabulary; the greedy search as in BERT's own `WordpieceTokenizer`.)

It runs on one word at a time, after normalisation and after the text was split at spaces and punctuation.
A test compares the result with the model's own tokenizer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lookup:
    """One question to the vocabulary: is this piece in it?"""

    turn: int  # which piece is wanted, 0 = the first
    start: int  # the word's characters [start, end) are covered
    end: int
    piece: str  # what is looked up: those characters, with "##" in front when start > 0
    id: int | None  # its row in the vocabulary; None when it is not there

    @property
    def found(self) -> bool:
        """True when the piece is in the vocabulary, and so is taken."""
        return self.id is not None


@dataclass(frozen=True, slots=True)
class Run:
    """All questions asked about one word, in order, and what came out."""

    word: str
    lookups: tuple[Lookup, ...]
    pieces: tuple[str, ...]  # what the model reads: the pieces taken, or the unknown piece alone
    ids: tuple[int, ...]
    failed_at: int | None = None  # the character at which no prefix was in the vocabulary
    too_long: bool = False  # longer than the tokenizer's limit: nothing was looked up

    @property
    def unknown(self) -> bool:
        """True when the word became the unknown piece."""
        return self.too_long or self.failed_at is not None

    @property
    def taken(self) -> tuple[Lookup, ...]:
        """The questions answered with yes, in order. When the word is unknown they are thrown away."""
        return tuple(look for look in self.lookups if look.found)


def greedy(word: str, vocabulary: Mapping[str, int], *, unknown: str = "[UNK]", continues: str = "##", longest: int = 100) -> Run:
    """Cut one word into pieces of the vocabulary.

    vocabulary : piece -> id.
    continues : what stands in front of a piece that does not begin a word.
    longest : a word of more characters than this is unknown at once, so that the search stays short.
    Raises KeyError when the unknown piece is needed and is not in the vocabulary itself.
    """
    if len(word) > longest:
        return Run(word, (), (unknown,), (vocabulary[unknown],), too_long=True)
    lookups: list[Lookup] = []
    start = turn = 0
    while start < len(word):
        for end in range(len(word), start, -1):  # longest prefix of the rest first
            piece = (continues if start else "") + word[start:end]
            lookups.append(Lookup(turn, start, end, piece, vocabulary.get(piece)))
            if lookups[-1].found:
                break
        else:  # not even one character: the pieces found so far are thrown away
            return Run(word, tuple(lookups), (unknown,), (vocabulary[unknown],), failed_at=start)
        start, turn = end, turn + 1
    taken = [look for look in lookups if look.found]
    return Run(word, tuple(lookups), tuple(t.piece for t in taken), tuple(t.id for t in taken if t.id is not None))
