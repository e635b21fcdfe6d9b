"""What to look for in the pictures of attention, said about this very text; layers and heads count from 1 in it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bert_explain.analysis.attention import View, link_in, telling_head, telling_lead, words
from bert_explain.analysis.remember import remember
from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.kernel import readings
from bert_explain.trace import Trace


@remember
def grid(trace: Trace) -> Sentence:
    """About all heads at once: which layer looks most at special tokens."""
    special = np.array([t.special for t in trace.tokens])
    share = trace.attention[..., special].sum(-1).mean((1, 2))  # (L,)
    most = int(np.argmax(share))
    names = list(dict.fromkeys(t.text for t in trace.tokens if t.special))
    return say(
        "Look for diagonals (a neighbour) and upright lines (one token that all look at): in layer {layer}, "
        "{share} of the attention goes to {special}.",
        layer=most + 1,
        share=readings.share(float(share[most])),
        special=say(
            readings.listed([f"{{n{i}}}" for i in range(len(names))]), **{f"n{i}": Piece(n) for i, n in enumerate(names)}
        ),
    )


NOTHING = say("There is nothing to show: this choice leaves no tokens of this text.")


def head(trace: Trace, layer: int, head: int, shown: View, row: int | None = None) -> Sentence:
    """About one head: its strongest link, or that of the row the reader chose."""
    evidence: tuple[readings.Best, ...] = ()
    link = link_in(trace, layer, head, shown, row) or link_in(trace, layer, head, shown)
    if link is None:
        return NOTHING
    pieces, tail = trace.pieces, ""
    telling = link[:4] == telling_head(trace)[:4] and abs(link.row - link.column) > 1 and shown.scaled_by is None
    if link.row == link.column:
        tail = ", which is itself"
    elif telling and words(trace.tokens)[[link.row, link.column]].all():
        lead = telling_lead(trace)
        tail = f": of all heads, {readings.called(lead, 'strongest')}"
        tail += f" link{'' if lead.leads else 's'} between two words that are not neighbours"
        evidence = (lead,)
    return say(
        "Look at the row {row}: it gives {weight:.2f} of {whole} to {column}{tail}.",
        row=Piece(pieces[link.row]),
        weight=link.weight,
        whole="its attention" if shown.scaled_by is None else "the attention that is shown",
        column=Piece(pieces[link.column]),
        tail=tail,
    ).because(*evidence)


def facts(table: pd.DataFrame) -> Sentence:
    """About the table of heads: the most common pattern, and the most pointed head."""
    counts = table["pattern"].value_counts()
    often, sharp = readings.best(counts, least=1), readings.best(table["entropy"], least=0.01, lowest=True)
    line = table.iloc[sharp.index]
    known = {
        "pattern": counts.index[0],
        "count": int(counts.iloc[0]),
        "n": len(table),
        "layer": int(line["layer"]),
        "head": int(line["head"]),
        "entropy": sharp.value,
        "tokens": float(2**sharp.value),
    }
    if often.many == 1:
        template = (
            "Every head shows one pattern, “{pattern}”. " if len(table) > 1 else "The only head shows the pattern “{pattern}”. "
        )
    elif often.leads:
        template = "The pattern seen most often here is “{pattern}”: {count} of {n} heads. "
    else:
        template = "No pattern is seen much more often than the next; {count} of {n} heads show “{pattern}”. "
    if sharp.many == 1:
        template += "It is as spread out as an even look at {tokens:.1f} tokens ({entropy:.2f} bits)."
    elif sharp.leads:
        template += "The most pointed one is layer {layer}, head {head}: {entropy:.2f} bits, as if it looked at {tokens:.1f} "
        template += "tokens."
    elif sharp.level == sharp.many:
        template += "No head is more pointed than the others: {entropy:.2f} bits, as if each looked at {tokens:.1f} tokens."
    else:
        template += "Several are about as pointed as layer {layer}, head {head}: {entropy:.2f} bits, as if it looked at "
        template += "{tokens:.1f} tokens."
    return say(template, **known).because(often, sharp)


def numbers(line: pd.Series) -> Sentence:
    """About one head, a line of `attention.facts`: its pattern and how spread out it is."""
    even, whole = 2 ** float(line["entropy"]), 2 ** (float(line["entropy"]) / max(float(line["of_most"]), 1e-9))
    kinds = {
        "broad": "It spreads its look over most of the text" if even > whole / 2 else "It spreads its look widely",
        "mixed": "No single pattern takes half of it",
    }
    return say(
        "{kind}. It is as spread out as an even look at {tokens:.1f} tokens ({entropy:.2f} bits, {of_most} of what "
        "there can be), and on average {distance:.1f} places away.",
        kind=kinds.get(line["pattern"], f"More than half of its attention fits one pattern: {line['pattern']}"),
        tokens=even,
        entropy=float(line["entropy"]),
        of_most=readings.share(float(line["of_most"])),
        distance=float(line["distance"]),
    )


def directions(table: pd.DataFrame) -> Sentence | None:
    """About a table of `attention.directions`: how much crosses over, or stays with the words. None without words."""
    if len(table) < 2:
        return None
    a, b = table.iloc[0], table.iloc[1]
    if len(table) == 2:
        return say(
            "The words give {own} of their attention to words, and {special} to special tokens.",
            own=readings.share(float(a[a["from"]])),
            special=readings.share(float(a["special tokens"])),
        )
    return say(
        "The words of A give {ab} of their attention to B, the words of B give {ba} to A; special tokens get {sa} and {sb}.",
        ab=readings.share(float(a["B"])),
        ba=readings.share(float(b["A"])),
        sa=readings.share(float(a["special tokens"])),
        sb=readings.share(float(b["special tokens"])),
    )


def rollout(trace: Trace, reached: np.ndarray, row: int) -> Sentence:
    """About attention.rollout(trace), (L, T, T): what one position is made of after the last layer."""
    mine, pieces = reached[-1, row].copy(), trace.pieces
    if len(mine) < 2:
        return say("There is only one token: all of it comes from itself.")
    own, mine[row] = float(mine[row]), np.nan
    most = readings.best(mine, least=0.01)
    tail = ", more than from any other token." if most.leads else ", and about as much from others."
    return say(
        "After layer {layer}, {own:.2f} of what stands at {row} still comes from {row} itself; {most:.2f} has come from {other}"
        + ("." if most.many == 1 else tail),
        layer=len(reached),
        own=own,
        row=Piece(pieces[row]),
        most=most.value,
        other=Piece(pieces[most.index]),
    ).because(most)


def lines(trace: Trace, layer: int, head: int, places: np.ndarray) -> Sentence:
    """About bertviz's views of the tokens at `places` (P,), which draw a weight as a line: the one to look for."""
    link = link_in(trace, layer, head, View(places, places))
    if link is None:
        return NOTHING
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
