"""Which words are masked: what a click hides, what cannot be hidden, where a hidden word stands in another trace."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.core.tokens import marks, same_piece, word_text
from bert_explain.errors import BadQuery
from bert_explain.query import Query
from bert_explain.trace import Token, Trace

WHOLE, ONE = "whole word", "one piece"


def can_be_masked(token: Token) -> bool:
    """False for special tokens, and for a [MASK] that the reader typed: it is masked already."""
    return not token.special and not (token.masked and token.original == token.text)


def word_of(tokens: Sequence[Token], position: int) -> tuple[int, ...]:
    """Positions of all pieces of the word at `position`; itself alone for a special token."""
    at = tokens[position]
    if at.word is None:
        return (position,)
    return tuple(t.position for t in tokens if (t.sentence, t.word) == (at.sentence, at.word))


def toggle(tokens: Sequence[Token], masked: Sequence[int], position: int, unit: str = WHOLE) -> tuple[int, ...]:
    """The masked positions after a click at `position`: its word, or the one piece, is hidden or shown again.

    A word of which only some pieces are hidden becomes hidden as a whole.
    Raises BadQuery for a token that cannot be masked, saying why.
    """
    if not 0 <= position < len(tokens):
        raise BadQuery(f"There is no token {position}: this text has the positions 0 to {len(tokens) - 1}.")
    now, token = set(masked), tokens[position]
    word = set(word_of(tokens, position) if unit == WHOLE else (position,))
    if word <= now:
        return tuple(sorted(now - word))
    if reason := why_not(token):
        raise BadQuery(reason)
    return tuple(sorted(now | word))


def why_not(token: Token) -> str:
    """Why a token cannot be masked, for the reader; nothing where it can."""
    if token.special:
        return f"{token.original} is a special token: it is no word of the text, so it cannot be masked. Choose a word."
    return "" if can_be_masked(token) else f"The text itself says {token.text} here. Type a word in its place to show it."


def suggest(tokens: Sequence[Token], chosen: int) -> int | None:
    """A good word to hide first: the chosen token if it can be masked, else the longest word, else None."""
    able = [t for t in tokens if can_be_masked(t)]
    if any(t.position == chosen for t in able):
        return chosen
    if not able:
        return None
    words = {t.position: "".join(tokens[p].original for p in word_of(tokens, t.position)) for t in able}
    letters = {position: sum(c.isalpha() for c in word) for position, word in words.items()}
    return max(letters, key=lambda position: (letters[position], -position))


def hidden_positions(tokens: Sequence[Token]) -> tuple[int, ...]:
    """Where the encoder reads [MASK]: masked by a click, or typed."""
    return tuple(t.position for t in tokens if t.masked)


def true_id(trace: Trace, position: int) -> int | None:
    """Vocabulary id of the piece that stood there; None where the text itself says [MASK]."""
    original = trace.tokens[position].original_id
    return None if original == trace.spec.mask_id else original


def say_hidden(tokens: Sequence[Token], position: int | None) -> Sentence:
    """How many tokens are hidden and that they are guessed apart; where none is, the word that `suggest` proposes."""
    n = len(hidden_positions(tokens))
    if n > 1:
        return say(
            "{n} tokens are hidden. The model guesses each on its own: it does not know what it guesses for the "
            "others, so the guesses need not fit together.",
            n=n,
        )
    if n == 1:
        typed = why_not(tokens[hidden_positions(tokens)[0]])
        if typed:
            return say(
                "One token is hidden: the text itself says {mask}. Type a word in its place to show it, or hide more.",
                mask=Piece(tokens[hidden_positions(tokens)[0]].text),
            )
        return say("One token is hidden. Click it again to show it, or hide more.")
    if position is None:
        return say("There is no word to hide yet. Type a sentence above.")
    word = word_text([tokens[p] for p in word_of(tokens, position)])
    return say("Nothing is hidden yet. Click a word, or begin with {word}.", word=Piece(word))


def hidden_table(trace: Trace) -> pd.DataFrame:
    """Every token as it was written and as the encoder reads it: position, written, read, masked, special."""
    rows = [(t.position, t.original, t.text, t.masked, t.special) for t in trace.tokens]
    return pd.DataFrame(rows, columns=["position", "written", "read", "masked", "special"])


def without_changes(trace: Trace) -> Query:
    """The same sentences with the same words masked and no other intervention.

    Masks are matched by the characters they hide, not by number: without [SEP], or with the sentences swapped,
    the same word stands at another position.
    """
    there = zip(trace.tokens, marks(trace.tokens), strict=True)
    hidden = {mark for t, mark in there if t.masked and t.span is not None}
    tokens, _ = trace.tokenize(trace.query.plain())
    return trace.query.plain().but(
        masked=[t.position for t, mark in zip(tokens, marks(tokens), strict=True) if mark in hidden and can_be_masked(t)]
    )


def same_place(trace: Trace, position: int, other: Trace) -> int | None:
    """Position in `other` of the token at `position` in `trace`, matched by its characters; None if not there."""
    return same_piece(trace.tokens, position, other.tokens)
