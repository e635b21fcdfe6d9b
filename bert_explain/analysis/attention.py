"""Reading the attention of every head: the link that stands out, what each head does, what flows where.

T tokens, L layers, A heads. A weight w[i, j] says how much of its attention token i (row) gives to token j (column);
each row of a head adds up to 1. Layers, heads and positions count from 0, but from 1 in the table of `facts`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from bert_explain.analysis.remember import remember
from bert_explain.core.spec import Specials
from bert_explain.kernel import own_tokens
from bert_explain.kernel.readings import Best, best
from bert_explain.trace import Token, Trace

MAJORITY = 0.5  # a head is named after a pattern that takes more than half of its attention (Clark et al. 2019, 3.1)
BROAD = 0.8  # else "broad" when its entropy is above this share of the largest possible
PATTERNS = {  # the pattern's name, and the column of `facts` that holds its share
    "to [CLS]": "cls",
    "to [SEP]": "sep",
    "itself": "self",
    "previous token": "previous",
    "next token": "next",
    "same word": "same",
}
DIRECTIONS = {  # name: (sentence of the row, sentence of the column); 0 = A, 1 = B, None = every token
    "everything": (None, None),
    "within A": (0, 0),
    "within B": (1, 1),
    "A to B": (0, 1),
    "B to A": (1, 0),
}


def patterns(special: Specials) -> dict[str, str]:
    """PATTERNS, with a model's own tokens in the names."""
    return {own_tokens.plain(name, special): column for name, column in PATTERNS.items()}


class Link(NamedTuple):
    """One weight of one head."""

    layer: int
    head: int
    row: int  # the position that looks
    column: int  # the position looked at
    weight: float


@dataclass(frozen=True)
class View:
    """Which part of a head is shown: rows (R,) and columns (C,), positions in ascending order."""

    rows: np.ndarray
    columns: np.ndarray
    scaled_by: np.ndarray | None = None  # columns over which a row is scaled to add up to 1; None: not scaled

    def of(self, weights: np.ndarray) -> np.ndarray:
        """The shown block of weights (..., T, T) -> (..., R, C). A row that gives those columns nothing stays zero."""
        if self.scaled_by is None and weights.shape[-2:] == (len(self.rows), len(self.columns)):
            return weights  # all of it: not copied
        block = weights[..., self.rows[:, None], self.columns[None, :]]
        if self.scaled_by is None:
            return block
        total = weights[..., self.rows[:, None], self.scaled_by[None, :]].sum(-1, keepdims=True)
        return np.divide(block, total, out=np.zeros_like(block), where=total > 0)

    def share(self, weights: np.ndarray) -> float:
        """Of the shown rows' attention in weights (T, T), the part in the shown columns: a mean over rows, 0 to 1."""
        if not len(self.rows):
            return 0.0
        return float(weights[self.rows[:, None], self.columns[None, :]].sum(-1).mean())


def view(trace: Trace, direction: str = "everything", specials: bool = True, renormalise: bool = False) -> View:
    """What is shown when the reader asks for one direction, or for no special tokens.

    Within A means: rows of sentence A, columns of sentence A. With `specials`, `[CLS]` and each `[SEP]` count with the
    sentence they stand in. A block may be empty (no sentence B).
    """
    source, target = DIRECTIONS[direction]
    owner = owners(trace)
    keep = np.array([specials or not t.special for t in trace.tokens])
    rows, columns = (np.flatnonzero(keep & ((owner == side) | (side is None))) for side in (source, target))
    return View(rows, columns, columns if renormalise else None)


def window(trace: Trace, shown: View, row: int, column: int, most: int = 64) -> View:
    """The rows and columns nearest to `row`, `most` of each; special tokens' columns and `column` stay too."""
    special = np.array([t.special or t.position == column for t in trace.tokens])
    columns = np.union1d(_near(shown.columns, row, most), shown.columns[special[shown.columns]])
    return replace(shown, rows=_near(shown.rows, row, most), columns=columns)


def _near(places: np.ndarray, centre: int, most: int) -> np.ndarray:
    start = np.clip(np.searchsorted(places, centre) - most // 2, 0, max(0, len(places) - most))
    return places[start : start + most]


def owners(trace: Trace) -> np.ndarray:
    """(T,) the reader's sentence, 0 = A, 1 = B, in which each token stands.

    `[CLS]` counts with the sentence that is read first, each added `[SEP]` with the sentence that it ends.
    """
    current = first = int(trace.query.swapped)
    found = []
    for token in trace.tokens:
        current = current if token.sentence is None else token.sentence
        found.append(current)
        if token.sentence is None and token.position > 0:  # a [SEP]: what follows is the other sentence
            current = 1 - first
    return np.array(found)


def words(tokens: tuple[Token, ...]) -> np.ndarray:
    """(T,) True for an ordinary word: not special, not masked, with at least one letter or digit."""
    return np.array([not t.special and not t.masked and any(c.isalnum() for c in t.text) for t in tokens])


def telling_head(trace: Trace) -> Link:
    """The strongest single weight between two different words that are not neighbours: a head worth opening first.

    Words are ordinary words (`words`); two pieces of one word do not count. Where the text has no two such words the
    rule is loosened: neighbours count too, then every token.
    """
    return _telling(trace)[0]


def telling_lead(trace: Trace) -> Best:
    """That weight beside the next strongest of all weights that it was chosen from, in whatever head."""
    return _telling(trace)[1]


@remember
def _telling(trace: Trace) -> tuple[Link, Best]:
    word = [(t.sentence, t.word) if t.word is not None else t.position for t in trace.tokens]
    ordinary = words(trace.tokens)
    two = ordinary[:, None] & ordinary[None, :] & np.array([[a != b for b in word] for a in word])
    place = np.arange(len(word))
    apart = np.abs(place[:, None] - place[None, :]) > 1
    allowed = next(rule for rule in (two & apart, two, np.ones_like(two)) if rule.any())  # (T, T)
    seen = [np.where(allowed, weights, -1.0) for weights in trace.attention]  # L times (A, T, T)
    layer = int(np.argmax([at.max() for at in seen]))
    head, row, column = (int(i) for i in np.unravel_index(np.argmax(seen[layer]), seen[layer].shape))
    # The next strongest of all is in this head, or leads another one: no need to sort every weight.
    own = np.partition(seen[layer][head].ravel(), -min(2, seen[layer][head].size))[-2:]
    tops = np.stack([at.max((1, 2)) for at in seen])  # (L, A)
    tops[layer, head] = -1.0
    return Link(layer, head, row, column, float(own[-1])), best([*own, tops.max()], least=0.01)


def link_in(trace: Trace, layer: int, head: int, shown: View, row: int | None = None) -> Link | None:
    """The link of one head that is worth reading, inside the view: in one row, if a row is given, its strongest weight.

    Without a row: the text's most telling link when it is in this head, else the strongest between two ordinary words,
    else the strongest of all. None when nothing is shown.
    """
    rows = shown.rows if row is None else shown.rows[shown.rows == row]
    if not len(rows) or not len(shown.columns):
        return None
    block = replace(shown, rows=rows).of(trace.attention[layer, head])
    telling = telling_head(trace)
    if row is None and telling[:2] == (layer, head) and telling.row in rows and telling.column in shown.columns:
        i, j = np.searchsorted(rows, telling.row), np.searchsorted(shown.columns, telling.column)
    else:
        ordinary = words(trace.tokens)
        different = rows[:, None] != shown.columns[None, :]
        between = ordinary[rows][:, None] & ordinary[shown.columns][None, :] & different
        seen = np.where(between, block, -1.0) if row is None and between.any() else block
        i, j = np.unravel_index(np.argmax(seen), seen.shape)
    return Link(layer, head, int(rows[i]), int(shown.columns[j]), float(block[i, j]))


@remember
def facts(trace: Trace) -> pd.DataFrame:
    """One line for each head, L x A lines in the order of the layers. All shares are means over rows, from 0 to 1.

    layer, head : from 1, as on the page.
    pattern : the name in `patterns` whose share is largest, if that is above MAJORITY (Clark et al. 2019, "What does BERT
        look at?", section 3.1 counts heads with more than half on the next or previous token); else "broad" if the
        entropy is above BROAD of its maximum; else "mixed".
    entropy : mean over rows of -sum w log2 w, in bits. `of_most`: its share of log2 T, the entropy of an even look.
    distance : mean over rows of sum w |i - j|, in tokens.
    cls, sep, self : share given to `[CLS]`, to every `[SEP]` together, to the token itself.
    previous, next : share given to the neighbour, over the rows that have one.
    same : share given to other places with the same piece, over the rows that have such a place; 0 when none has.
        `[MASK]` and `[UNK]` stand for words that may differ, and do not count.
    off : True when the head is switched off in this run.
    """
    t = len(trace.tokens)
    special_tokens, place = trace.spec.special, np.arange(t)
    ids = np.array([token.id for token in trace.tokens])
    special = np.array([token.special for token in trace.tokens])
    away = np.abs(place[:, None] - place[None, :]).astype(np.float32)
    # Two masked or two unknown words read the same piece, and are not the same word for that.
    a_word = ~special & ~np.isin(ids, [row for row in (trace.spec.mask_id, trace.spec.unknown_id) if row is not None])
    same = (ids[:, None] == ids[None, :]) & a_word[:, None] & (away > 0)
    twins = same.any(1)
    w = trace.attention
    columns = {
        "entropy": entropy(w).mean(-1),
        "distance": np.einsum("laij,ij->la", w, away) / t,
        "cls": w[..., ids == special_tokens.start.id].sum(-1).mean(-1),
        "sep": w[..., ids == special_tokens.end.id].sum(-1).mean(-1),
        "self": np.trace(w, axis1=2, axis2=3) / t,
        "previous": np.trace(w, -1, 2, 3) / max(1, t - 1),
        "next": np.trace(w, 1, 2, 3) / max(1, t - 1),
        "same": np.einsum("laij,ij->la", w, same.astype(np.float32)) / max(1, twins.sum()),
    }
    at = [(layer, head) for layer in range(w.shape[0]) for head in range(w.shape[1])]
    table = pd.DataFrame({"layer": [layer + 1 for layer, _ in at], "head": [head + 1 for _, head in at]})
    for name, values in columns.items():
        table[name] = values.ravel().astype(float)
    table.insert(3, "of_most", table["entropy"] / np.log2(t) if t > 1 else 0.0)
    table.insert(2, "pattern", [_pattern(line, patterns(special_tokens)) for line in table.to_dict("records")])
    table["off"] = [pair in trace.query.heads_off for pair in at]
    return table


def entropy(weights: np.ndarray) -> np.ndarray:
    """(..., T, T) -> (..., T): -sum w log2 w of each row, in bits; 0 log 0 counts as 0."""
    return -np.einsum("...ij,...ij->...i", weights, np.log2(np.maximum(weights, np.finfo(np.float32).tiny)))


def _pattern(line: dict, names: dict[str, str]) -> str:
    most = max(names, key=lambda name: line[names[name]])
    if line[names[most]] > MAJORITY:
        return most
    return "broad" if line["of_most"] > BROAD else "mixed"


def directions(trace: Trace, layer: int, head: int) -> pd.DataFrame:
    """From which sentence to which: for the words of A, the words of B and the special tokens, the share of their
    attention that each of the three groups gets. A line for each group that is there; its shares add up to 1.
    """
    owner = owners(trace)
    special = np.array([t.special for t in trace.tokens])
    groups = {"A": (owner == 0) & ~special, "B": (owner == 1) & ~special, "special tokens": special}
    w = trace.attention[layer, head]
    lines = [
        {"from": source, **{target: float(w[rows][:, columns].sum(-1).mean()) for target, columns in groups.items()}}
        for source, rows in groups.items()
        if rows.any()
    ]
    return pd.DataFrame(lines)


@remember
def rollout(trace: Trace) -> np.ndarray:
    """(L, T, T): after each layer, how much of each input token (column) has reached each position (row).

    Attention rollout, Abnar & Zuidema 2020, "Quantifying Attention Flow in Transformers", section 3: averaged heads,
    the residual connection counts for one half, and layers are multiplied: R_l = (0.5 mean_heads(W_l) + 0.5 I) R_(l-1).
    Rows add up to 1.
    """
    mixed = 0.5 * trace.attention.mean(1) + 0.5 * np.eye(len(trace.tokens), dtype=np.float32)  # (L, T, T)
    reached = [mixed[0]]
    for layer in mixed[1:]:
        reached.append(layer @ reached[-1])
    return np.stack(reached)


def table(trace: Trace, layer: int, head: int, shown: View) -> pd.DataFrame:
    """The shown weights of one head as a table: a line for each token that looks, a column for each looked at."""
    return labelled(trace, shown.of(trace.attention[layer, head]), shown.rows, shown.columns)


def labelled(trace: Trace, values: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> pd.DataFrame:
    """values (R, C) with the tokens as names; positions make them unique."""
    pieces = trace.pieces
    frame = pd.DataFrame(np.round(values, 4), columns=[f"{j} {pieces[j]}" for j in columns])
    frame.insert(0, "token", [f"{i} {pieces[i]}" for i in rows])
    return frame
