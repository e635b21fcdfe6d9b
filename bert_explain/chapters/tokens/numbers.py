"""What decides the questions of the chapter: into how many pieces a word is cut, and what is left of how it was written."""

from __future__ import annotations

import unicodedata

import pandas as pd

from bert_explain.analysis.sentence import Piece
from bert_explain.core.tokens import Token
from bert_explain.learning.question import Ask, NotAskable, table

MORE = 4  # pieces from which on the option is "or more"


def words(ask: Ask) -> list[list[Token]]:
    """The text's own words, each as its pieces, in reading order."""
    found: dict[tuple, list[Token]] = {}
    for token in ask.trace.tokens:
        if token.span is not None and token.sentence is not None and not token.special:
            found.setdefault((token.sentence, token.word), []).append(token)
    return list(found.values())


def written(ask: Ask, pieces: list[Token]) -> str:
    """A word as the reader wrote it."""
    text = (ask.query.text_a, ask.query.text_b)[pieces[0].sentence]
    return text[pieces[0].span[0] : pieces[-1].span[1]]


def cut(ask: Ask) -> pd.DataFrame:
    """Evidence: how many pieces the text's longest word has (of equals, the one cut into most)."""
    able = [w for w in words(ask) if written(ask, w).isalpha()]
    if not able:
        raise NotAskable("This text has no word of letters to cut.")
    longest = max(able, key=lambda w: (len(written(ask, w)), len(w)))
    count = min(len(longest), MORE)
    rows = {str(n): (float(n == count), "") for n in range(1, MORE + 1)}
    rows[str(count)] = (1.0, " ".join(t.original for t in longest))
    if longest[0].original_id == ask.trace.spec.unknown_id:
        raise NotAskable("The longest word here is one that the model cannot read at all.")
    return table(
        rows, word=Piece(written(ask, longest)), pieces=Piece(" ".join(t.original for t in longest)), count=len(longest),
        much="piece" if len(longest) == 1 else "pieces",
    )  # fmt: skip


def left(ask: Ask) -> pd.DataFrame:
    """Evidence: what the tokenizer makes of a word that is written with a capital or an accent: the same, plain, or unknown."""
    mark = ask.trace.spec.continuing
    able = [w for w in words(ask) if written(ask, w).isalpha() and written(ask, w) != _plain(written(ask, w))]
    if not able:
        raise NotAskable("No word of this text has a capital or an accent that could be lost.")
    word = max(able, key=lambda w: (not written(ask, w).isascii(), len(written(ask, w))))
    own = written(ask, word)
    read = "".join(t.original.removeprefix(mark) if i else t.original for i, t in enumerate(word))
    where = "unknown" if word[0].original_id == ask.trace.spec.unknown_id else "same" if read == own else "plain"
    rows = {name: (float(name == where), read if name == where else "") for name in ("same", "plain", "unknown")}
    return table(rows, word=Piece(own), read=Piece(read), plain=Piece(_plain(own)))


def _plain(word: str) -> str:
    """Lower case, without accents."""
    return "".join(c for c in unicodedata.normalize("NFD", word.lower()) if not unicodedata.combining(c))
