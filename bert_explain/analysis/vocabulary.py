"""The vocabulary: every piece a model knows, searched and counted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import pandas as pd

from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.kernel.readings import many

How = Literal["begins with", "contains", "ends with"]
HOW: tuple[How, ...] = ("begins with", "contains", "ends with")

_UNUSED = re.compile(r"\[unused\d+\]")
_BRACKETED = re.compile(r"\[[A-Z]+\]")


@lru_cache(maxsize=8)
def vocabulary(wordpiece: Any) -> dict[str, int]:
    """piece -> id, in the order of the ids, for a `tokenizers.Tokenizer`. Kept for all callers: do not change it."""
    found = wordpiece.get_vocab(with_added_tokens=True)
    return dict(sorted(found.items(), key=lambda item: item[1]))


def prefix(wordpiece: Any) -> str:
    """What stands in front of a piece that continues a word: "##" in BERT."""
    return getattr(wordpiece.model, "continuing_subword_prefix", None) or "##"


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found: the number of hits, and the first of them."""

    text: str  # what was searched for
    total: int
    table: pd.DataFrame  # piece, id, place ("begins a word", "continues a word", "special"), characters
    continuing: bool = False  # whether only pieces that continue a word were searched

    @property
    def more(self) -> int:
        """How many hits are not in the table."""
        return self.total - len(self.table)


def search(
    pieces: dict[str, int],
    text: str,
    how: How = "begins with",
    continuing: bool = False,
    limit: int = 100,
    mark: str = "##",
) -> Found:
    """The pieces that begin with, contain or end with a text; the shortest first, then in the order of the alphabet.

    text : without "##" it is compared with the piece's own characters; with "##" in front only with continuations.
    continuing : only pieces that continue a word.
    """
    if text.startswith(mark):
        text, continuing = text[len(mark) :], True
    hits = [
        piece
        for piece in pieces
        if text in piece and (not continuing or _continues(piece, mark)) and _matches(_bare(piece, mark), text, how)
    ]
    if text:
        hits.sort(key=lambda piece: (len(_bare(piece, mark)), _bare(piece, mark), piece))
    rows = [(p, pieces[p], _place(p, mark), len(_bare(p, mark))) for p in hits[:limit]]
    return Found(text, len(hits), pd.DataFrame(rows, columns=["piece", "id", "place", "characters"]), continuing)


def _matches(bare: str, text: str, how: How) -> bool:
    if how == "contains":
        return text in bare
    return bare.startswith(text) if how == "begins with" else bare.endswith(text)


def _continues(piece: str, mark: str) -> bool:
    return piece.startswith(mark) and len(piece) > len(mark)


def _bare(piece: str, mark: str) -> str:
    return piece[len(mark) :] if _continues(piece, mark) else piece


def _place(piece: str, mark: str) -> str:
    if _UNUSED.fullmatch(piece):
        return "unused"
    if _BRACKETED.fullmatch(piece):
        return "special"
    return "continues a word" if _continues(piece, mark) else "begins a word"


@lru_cache(maxsize=8)
def single_characters(wordpiece: Any) -> int:
    """How many characters are pieces that begin a word."""
    return sum(len(piece) == 1 for piece in vocabulary(wordpiece))


@lru_cache(maxsize=8)
def facts(wordpiece: Any) -> pd.DataFrame:
    """What the vocabulary is made of: fact, count, an example (from the middle). Kept for all: do not change it."""
    mark = prefix(wordpiece)
    groups: dict[str, list[str]] = {fact: [] for fact in _FACTS}
    for piece in vocabulary(wordpiece):
        place, bare = _place(piece, mark), _bare(piece, mark)
        groups["pieces in all"].append(piece)
        groups[place].append(piece)
        if place in _WORDS:
            if len(bare) == 1:
                groups[f"{place}, a single character"].append(piece)
            if bare.isdecimal():
                groups["made of digits only"].append(piece)
            if not bare.isascii() and any(c.isalpha() and not c.isascii() for c in bare):
                groups["with letters beyond a to z"].append(piece)
    rows = [(said, len(groups[fact]), _middle(groups[fact])) for fact, said in _FACTS.items()]
    longest = max((p for place in _WORDS for p in groups[place]), key=lambda p: len(_bare(p, mark)), default="")
    rows.append(("characters in the longest piece", len(_bare(longest, mark)), longest))
    return pd.DataFrame(rows, columns=["fact", "count", "example"])


_WORDS = ("begins a word", "continues a word")
_FACTS = {
    "pieces in all": "pieces in all",
    "begins a word": "begin a word, or are one",
    "continues a word": "continue a word",
    "begins a word, a single character": "single characters that begin a word",
    "continues a word, a single character": "single characters that continue a word",
    "made of digits only": "made of digits only",
    "with letters beyond a to z": "with letters beyond a to z",
    "special": "special",
    "unused": "unused rows, free for new words",
}


def _middle(some: list[str]) -> str:
    plain = [piece for piece in some if piece.isascii()] or some
    return plain[len(plain) // 2] if plain else ""


def look(found: Found, how: How, pieces: dict[str, int], mark: str = "##") -> Sentence:
    """What the search found, in a sentence."""
    if not found.text:
        continuing = sum(_continues(p, mark) for p in pieces)
        return say(
            "The vocabulary has {all}; {n} of them {verb} a word.",
            all=many(len(pieces), "piece"),
            n=f"{continuing:,}",
            verb="continues" if continuing == 1 else "continue",
        )
    text, some = Piece(found.text), "{n} piece" if found.total == 1 else "{n} pieces"
    if found.continuing:
        if not found.total:
            return say("No piece that continues a word " + _verb(how) + " {text}.", text=text)
        some += " that continues a word " if found.total == 1 else " that continue a word "
        return say(some + _verb(how, found.total) + " {text}.", n=f"{found.total:,}", text=text)
    if not found.total:
        return say("No piece " + _verb(how) + " {text}.", text=text)
    some = f"{some} {_verb(how, found.total)} " + "{text}; {text} itself is "
    whole = pieces.get(found.text)
    if whole is None:
        return say(some + "not a piece that begins a word.", n=f"{found.total:,}", text=text)
    return say(some + "number {id}.", n=f"{found.total:,}", text=text, id=f"{whole:,}")


def _verb(how: How, n: int = 1) -> str:
    return how if n == 1 else {"begins with": "begin with", "contains": "contain", "ends with": "end with"}[how]
