"""What to look for in the pictures of attention, said about this very text; layers and heads count from 1 in it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bert_explain.analysis.attention import View, link_in, telling_head, words
from bert_explain.analysis.remember import remember
from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.trace import Trace


@remember
def grid(trace: Trace) -> Sentence:
    """About all heads at once: which layer looks most at special tokens."""
    special = np.array([t.special for t in trace.tokens])
    share = trace.attention[..., special].sum(-1).mean((1, 2))  # (L,)
    most = int(np.argmax(share))
    return say(
        "Look for diagonals (a neighbour) and upright lines (one token that all look at): in layer {layer}, "
        "{share:.0%} of the attention goes to {special}.",
        layer=most + 1,
        share=float(share[most]),
        special=Piece("[CLS]") if special.sum() == 1 else "[CLS] and [SEP]",
    )


def head(trace: Trace, layer: int, head: int, shown: View, row: int | None = None) -> Sentence:
    """About one head: its strongest link, or that of the row the reader chose."""
    link = link_in(trace, layer, head, shown, row) or link_in(trace, layer, head, shown)
    if link is None:
        return say("There is nothing to show: this choice leaves no tokens of this text.")
    pieces, tail = trace.pieces, ""
    telling = link[:4] == telling_head(trace)[:4] and abs(link.row - link.column) > 1
    if link.row == link.column:
        tail = ", which is itself"
    elif telling and words(trace.tokens)[[link.row, link.column]].all():
        tail = ", the strongest link between two words apart from each other, anywhere in this text"
    return say(
        "Look at the row {row}: it gives {weight:.2f} of {whole} to {column}{tail}.",
        row=Piece(pieces[link.row]),
        weight=link.weight,
        whole="its attention" if shown.scaled_by is None else "the attention that is shown",
        column=Piece(pieces[link.column]),
        tail=tail,
    )


def facts(table: pd.DataFrame) -> Sentence:
    """About the table of heads: the most common pattern, and the most pointed head."""
    counts = table["pattern"].value_counts()
    sharp = table.loc[table["entropy"].idxmin()]
    return say(
        "The pattern seen most often here is “{pattern}”: {count} of {n} heads. The most pointed one is layer {layer}, "
        "head {head}: {entropy:.2f} bits, as if it looked at {tokens:.1f} tokens.",
        pattern=counts.index[0],
        count=int(counts.iloc[0]),
        n=len(table),
        layer=int(sharp["layer"]),
        head=int(sharp["head"]),
        entropy=float(sharp["entropy"]),
        tokens=float(2 ** sharp["entropy"]),
    )


def numbers(line: pd.Series) -> Sentence:
    """About one head, a line of `attention.facts`: its pattern and how spread out it is."""
    kinds = {"broad": "It looks at many tokens at once", "mixed": "No single pattern takes half of it"}
    return say(
        "{kind}. It is as spread out as an even look at {tokens:.1f} tokens ({entropy:.2f} bits, {of_most:.0%} of the "
        "most there can be), and on average {distance:.1f} places away.",
        kind=kinds.get(line["pattern"], f"More than half of its attention fits one pattern: {line['pattern']}"),
        tokens=2 ** float(line["entropy"]),
        entropy=float(line["entropy"]),
        of_most=float(line["of_most"]),
        distance=float(line["distance"]),
    )


def directions(table: pd.DataFrame) -> Sentence | None:
    """About a table of `attention.directions`: how much crosses over, or stays with the words. None without words."""
    if len(table) < 2:
        return None
    a, b = table.iloc[0], table.iloc[1]
    if len(table) == 2:
        return say(
            "The words give {own:.0%} of their attention to words, and {special:.0%} to special tokens.",
            own=float(a[a["from"]]),
            special=float(a["special tokens"]),
        )
    return say(
        "The words of A give {ab:.0%} of their attention to B, the words of B give {ba:.0%} to A; special tokens get "
        "{sa:.0%} and {sb:.0%}.",
        ab=float(a["B"]),
        ba=float(b["A"]),
        sa=float(a["special tokens"]),
        sb=float(b["special tokens"]),
    )


def rollout(trace: Trace, reached: np.ndarray, row: int) -> Sentence:
    """About attention.rollout(trace), (L, T, T): what one position is made of after the last layer."""
    mine, pieces = reached[-1, row].copy(), trace.pieces
    if len(mine) < 2:
        return say("There is only one token: all of it comes from itself.")
    own, mine[row] = float(mine[row]), -1.0
    other = int(np.argmax(mine))
    return say(
        "After layer {layer}, {own:.2f} of what stands at {row} still comes from {row} itself; {most:.2f} has come "
        "from {other}, more than from any other token.",
        layer=len(reached),
        own=own,
        row=Piece(pieces[row]),
        most=float(mine[other]),
        other=Piece(pieces[other]),
    )


def lines(trace: Trace, layer: int, head: int, places: np.ndarray) -> Sentence:
    """About bertviz's views of the tokens at `places` (P,), which draw a weight as a line: the one to look for."""
    link = link_in(trace, layer, head, View(places, places))
    return say(
        "Each line is a weight: the stronger the line, the more attention. In layer {layer}, head {head} (for bertviz, "
        "layer {l}, head {h}), look for the line from {row} to {column}: {weight:.2f}.",
        layer=layer + 1,
        head=head + 1,
        l=layer,
        h=head,
        row=Piece(trace.pieces[link.row]),
        column=Piece(trace.pieces[link.column]),
        weight=link.weight,
    )
