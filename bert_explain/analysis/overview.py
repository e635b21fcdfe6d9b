"""The whole pipeline in small: the numbers behind the strip's thumbnails, each from this very trace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics.pairwise import cosine_similarity

from bert_explain.analysis.attention import telling_head
from bert_explain.core.tokens import word_text
from bert_explain.query import Query
from bert_explain.trace import Token, Trace

LARGEST = 32  # tokens a thumbnail can show side by side
DIMENSIONS = 40  # numbers of a vector that a thumbnail has room for


@dataclass(frozen=True)
class Guess:
    """The most probable pieces for one hidden word, best first."""

    position: int
    pieces: tuple[str, ...]
    probabilities: tuple[float, ...]
    true_word: str | None  # None when the reader typed [MASK]


def telling_token(tokens: Sequence[Token], word: str = "") -> int:
    """Position of the token to begin with: the given word where it occurs, else the longest word (the first of equals).

    0, the [CLS] token, when there is no ordinary token at all.
    """
    ordinary = [t for t in tokens if not t.special]
    cut = {t.position - 1 for t in ordinary if t.continues}  # pieces with another piece of their word behind
    for t in ordinary:
        if word and not t.continues and t.position not in cut and word_text([t]).casefold() == word.casefold():
            return t.position
    whole = [t for t in ordinary if t.original.isalpha()] or ordinary
    return max(whole, key=lambda t: len(t.original)).position if whole else 0


def guess(trace: Trace, position: int, k: int = 4) -> Guess | None:
    """What the masked-word head says at a position of a trace in which it is masked; None without such a head."""
    if not trace.spec.has_mlm:
        return None
    logits = trace.mlm_logits([position])[0].astype(np.float64)  # (V,)
    best = np.argpartition(-logits, k)[:k]
    best = best[np.argsort(-logits[best])]
    shifted = np.exp(logits - logits.max())
    pieces = tuple(trace.text_of(int(i)) for i in best)
    token = trace.tokens[position]
    known = None if token.original_id == trace.spec.mask_id else token.original
    return Guess(position, pieces, tuple(float(p) for p in shifted[best] / shifted.sum()), known)


def embedding_strips(trace: Trace, position: int) -> np.ndarray:
    """(3, DIMENSIONS): the first numbers of the token, segment and position rows of one token, each scaled to -1..1."""
    e = trace.embeddings
    rows = np.stack([e.token[position], e.segment[position], e.position[position]])[:, :DIMENSIONS]
    largest = np.abs(rows).max(axis=1, keepdims=True)
    return rows / np.where(largest == 0, 1, largest)


def hidden_strips(trace: Trace, position: int) -> np.ndarray:
    """(L + 1, 24): the first numbers of one token's vector after each layer, scaled to -1..1 by the 98th percentile."""
    rows = trace.hidden[:, position, :24]
    return np.clip(rows / max(float(np.percentile(np.abs(rows), 98)), 1e-9), -1, 1)


def head_map(trace: Trace) -> np.ndarray:
    """(n, n), n <= LARGEST: the most telling head's weights, pooled by maximum when there are more tokens."""
    link = telling_head(trace)
    return pool(trace.attention[link.layer, link.head])


def all_cosines(trace: Trace) -> np.ndarray:
    """(T, T): cosine between the output vectors of every two tokens, -1..1."""
    return cosine_similarity(trace.hidden[-1])


def cosines(trace: Trace) -> np.ndarray:
    """(n, n), n <= LARGEST: `all_cosines`, pooled like `head_map`."""
    return pool(all_cosines(trace))


def hidden_word(trace: Trace, position: int, run: Callable[[Query], Trace], k: int = 5) -> Guess | None:
    """The guess for the reader's first masked word, else for the token at `position`, masked for this one look.

    run : gives the trace of another query. None without a masked-word head, or where `position` is a special token.
    """
    if not trace.spec.has_mlm:
        return None
    masked = [t.position for t in trace.tokens if t.masked]
    if masked:
        return guess(trace, masked[0], k)
    hidden = one_look(trace.query, trace.tokens, position)
    return None if hidden is None else guess(run(hidden), position, k)


def one_look(query: Query, tokens: Sequence[Token], position: int) -> Query | None:
    """The query with the token at `position` hidden; None where the reader has hidden one, or where it is a special token."""
    if tokens[position].special or any(t.masked for t in tokens):
        return None
    return query.but(masked=(position,))


def pool(matrix: np.ndarray, largest: int = LARGEST) -> np.ndarray:
    """(T, T) -> (n, n), n = min(T, largest): the largest value of each block, so that no strong cell disappears."""
    size = len(matrix)
    if size <= largest:
        return matrix
    edges = np.linspace(0, size, largest, endpoint=False).astype(int)
    return np.maximum.reduceat(np.maximum.reduceat(matrix, edges, axis=0), edges, axis=1)


def token_role(token: Token) -> str:
    """How a token is drawn: masked, special, or by its segment (theme roles)."""
    return "masked" if token.masked else "special" if token.special else ("segment_a", "segment_b")[token.segment]
