"""The decoder reading: its mask beside BERT's, what it expects at every place, and why BERT hides words instead.

T tokens, V pieces. Position i of the decoder predicts the token at i + 1 (Radford et al. 2018, section 3.1, eq. 1), so a
token's probability is read one position before it. Surprise is -ln p, in nats; perplexity is e to its mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import log_softmax

from bert_explain.analysis.attention import words
from bert_explain.analysis.masked_words import best, leading, piece_text, rank_of
from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.errors import BadQuery
from bert_explain.kernel import readings
from bert_explain.kernel.readings import percent
from bert_explain.query import Query
from bert_explain.trace import Token, Trace
from bert_explain.trace_decoder import DecoderTrace

CHUNK = 64  # positions whose V probabilities are held at a time


def coloured(tokens: Sequence[Token]) -> list[Token]:
    """The tokens with the reader's sentence as segment: the decoder reads none, the pictures colour A and B."""
    return [replace(t, segment=t.sentence or 0) for t in tokens]


# who may look where
def seen(trace: DecoderTrace, layer: int, head: int) -> np.ndarray:
    """(T, T) one head's weights, with NaN where the mask forbids the look: the future of each token."""
    weights = trace.attention[layer, head].astype(np.float64)
    weights[np.triu_indices(len(weights), 1)] = np.nan
    return weights


def ahead(attention: np.ndarray) -> float:
    """The share of one head's attention (T, T) that goes to later tokens, averaged over the rows."""
    return float(np.triu(attention, 1).sum() / len(attention))


def look_masks(decoder: DecoderTrace, bert: Trace, layer: int, head: int) -> Sentence:
    """What the two maps of one layer and head differ in. `bert` may have fewer layers or heads: its last one is taken."""
    theirs = bert.attention[min(layer, bert.spec.n_layers - 1), min(head, bert.spec.n_heads - 1)]
    count = len(decoder.tokens)
    if count < 2:
        return say("There is one token only: nothing comes later, so nothing is forbidden.")
    return say(
        "Look at the upper right half: the decoder may not look there, so {forbidden:,} of its {all:,} weights are exactly 0. "
        "This head of BERT spends {share} of its attention there, on tokens that come later.",
        forbidden=count * (count - 1) // 2,
        all=count * count,
        share=percent(ahead(theirs)),
    )


def telling_head(trace: DecoderTrace, beside: Trace | None = None) -> tuple[int, int]:
    """(layer, head) that looks most at other words of the text, on average over the words: many heads look at [CLS] only. Where
    the text has fewer than two words, at other tokens than the first and itself.

    beside : an encoder of as many layers and heads on the same text; the share that its same head spends on later tokens
        counts as well (the product of the two), so that what the mask forbids is seen beside it.
    """
    ordinary = words(trace.tokens)
    if ordinary.sum() < 2:
        ordinary = np.arange(len(trace.tokens)) > 0
    rows = np.flatnonzero(ordinary)[1:]
    if not rows.size:
        return 0, 0
    others = np.outer(np.ones(len(ordinary)), ordinary) * ~np.eye(len(ordinary), dtype=bool)
    seen = np.array([(weights * others)[:, rows].sum((1, 2)) for weights in trace.attention])  # (L, A)
    if beside is not None and beside.attention.shape[:2] == seen.shape:
        seen = seen * np.array([[ahead(weights) for weights in layer] for layer in beside.attention])
    layer, head = np.unravel_index(int(np.argmax(seen)), seen.shape)
    return int(layer), int(head)


def masks_table(decoder: DecoderTrace, layer: int, head: int) -> pd.DataFrame:
    """One head's weights, one row a pair that may look: from, to, their positions, weight."""
    rows, columns = np.tril_indices(len(decoder.tokens))
    pieces = np.array(decoder.pieces, dtype=object)
    weights = decoder.attention[layer, head][rows, columns]
    return pd.DataFrame({"position": rows, "from": pieces[rows], "looked_at": columns, "to": pieces[columns], "weight": weights})


# the next token at every place
def next_tokens(trace: DecoderTrace) -> pd.DataFrame:
    """How expected each token was, given those before it. T - 1 rows: nothing stands before [CLS].

    Columns: position (of the token), piece, after (the token before it), probability, rank (from 1), surprise (nats),
    expected (the piece that led there) and expected_probability.
    """
    rows = []
    for first in range(0, len(trace.tokens) - 1, CHUNK):
        places = range(first, min(first + CHUNK, len(trace.tokens) - 1))
        logits = trace.logits(places).astype(np.float64)  # (P, V)
        for at, row, logs in zip(places, logits, log_softmax(logits, axis=1), strict=True):
            true, winner = trace.tokens[at + 1], int(row.argmax())
            rows.append(
                {
                    "position": at + 1,
                    "piece": true.text,
                    "after": trace.tokens[at].text,
                    "probability": float(np.exp(logs[true.id])),
                    "rank": rank_of(row, true.id),
                    "surprise": float(-logs[true.id]),
                    "expected": piece_text(trace, winner),
                    "expected_probability": float(np.exp(logs[winner])),
                }
            )
    return pd.DataFrame(rows)


def perplexity(table: pd.DataFrame) -> float:
    """e to the mean surprise: among how many equally likely pieces the model had to choose, on average."""
    return float(np.exp(table["surprise"].mean()))


def look_next(table: pd.DataFrame, size: int) -> Sentence:
    """The token of `next_tokens` that surprised most, and the whole text's perplexity; `size` is V."""
    if len(table) == 1:
        only = table.iloc[0]
        return say(
            "There is one token to guess, {piece}. The decoder gave it {share}, and had expected {expected}.",
            piece=Piece(only["piece"]),
            share=percent(only["probability"]),
            expected=Piece(only["expected"]),
        )
    low, high = readings.best(table["surprise"], least=0.01, lowest=True), readings.best(table["surprise"], least=0.01)
    least, most = table.iloc[low.index], table.iloc[high.index]
    begin = "Look at the tallest bar: {most} surprised the decoder most. It gave it {low}, and had expected {expected}. "
    if not high.leads:
        begin = "Look at {most}: the decoder gave it {low}, and had expected {expected}; another token surprised it as much. "
    middle = "{least} surprised it least, with {high}. " if low.leads else ""
    return say(
        begin + middle + "Perplexity {perplexity:,.1f}: on average it was as unsure as if it had to "
        "choose among so many pieces. Without any knowledge it would be {size:,}.",
        most=Piece(most["piece"]),
        low=percent(most["probability"]),
        expected=Piece(most["expected"]),
        least=Piece(least["piece"]),
        high=percent(least["probability"]),
        perplexity=perplexity(table),
        size=size,
    ).because(low, high)


def predictions(trace: DecoderTrace, position: int, k: int = 5) -> pd.DataFrame:
    """The pieces that the decoder expected at `position`, from the tokens before it; as `masked_words.predictions`.

    Raises BadQuery for position 0: nothing stands before it.
    """
    if not 1 <= position < len(trace.tokens):
        raise BadQuery(f"Nothing is predicted at position {position}: the places go from 1 to {len(trace.tokens) - 1}.")
    logits = trace.logits([position - 1])[0].astype(np.float64)
    return leading(trace, logits, trace.tokens[position].id, k)


def look_predictions(table: pd.DataFrame, read: int) -> Sentence:
    """What to look for in a table from `predictions`; `read` is how many tokens stand before the place."""
    first, true = table.iloc[0], table[table["mark"] == "true word"].iloc[0]
    known = {"first": Piece(first["piece"]), "share": percent(first["probability"]), "true": Piece(true["piece"])}
    before = f"{read} tokens before it" if read > 1 else "token before it"
    if true["id"] == first["id"]:
        return say("From the {before} the decoder expects {first}, with {share}: right.", before=before, **known)
    return say(
        "From the {before} the decoder expects {first}, with {share}. The text goes on with {true}, its number {rank:,}, "
        "with {its}.",
        before=before,
        rank=int(true["rank"]),
        its=percent(true["probability"]),
        **known,
    )


# why BERT hides words instead
@dataclass(frozen=True, slots=True)
class Swap:
    """One token exchanged for another, in both models."""

    position: int
    piece: str  # what stands there
    other: str  # what is put there
    id: int  # its row in the decoder's token table


def swap(trace: DecoderTrace, position: int) -> Swap:
    """The token at `position` for the piece that the decoder finds likeliest there besides it and the special ones."""
    there = trace.tokens[position]
    special = trace.spec.special.ids
    for i in best(trace.logits([position - 1])[0].astype(np.float64), len(special) + 2).tolist():
        if i != there.id and i not in special:
            return Swap(position, there.text, piece_text(trace, i), i)
    raise BadQuery("There is no other piece to put there.")


def swapped(query: Query, position: int, other: int) -> Query:
    """The same text with the piece of that id at one position."""
    return query.but(replaced=((position, other),))


def moved(before: Trace, after: Trace) -> np.ndarray:
    """(T,) how far each token's last state turned: 1 - cosine, exactly 0 where not one number changed."""
    x, y = before.hidden[-1].astype(np.float64), after.hidden[-1].astype(np.float64)
    cosine = (x * y).sum(1) / (np.linalg.norm(x, axis=1) * np.linalg.norm(y, axis=1))
    return np.where((x == y).all(1), 0.0, np.maximum(1 - cosine, 0.0))


def moved_table(tokens: Sequence[Token], at: Swap, decoder: np.ndarray, bert: np.ndarray) -> pd.DataFrame:
    """One row a token: position, piece, side ("before", "itself", "after"), and `moved` in the decoder and in BERT."""
    side = ["before" if t.position < at.position else "after" if t.position > at.position else "itself" for t in tokens]
    columns = {"position": range(len(tokens)), "piece": [t.text for t in tokens], "side": side}
    return pd.DataFrame({**columns, "decoder": decoder, "bert": bert})


def look_moved(table: pd.DataFrame, at: Swap) -> Sentence:
    """Which states moved when one word was exchanged, of a table from `moved_table`."""
    before = table[table["side"] == "before"]
    count, moved_ = len(before), int((before["bert"] > 0).sum())
    known = {
        "piece": Piece(at.piece),
        "other": Piece(at.other),
        "still": int((before["decoder"] == 0).sum()),
        "count": count,
        "moved": moved_,
        "only": Piece(before.iloc[0]["piece"]),
    }
    begin = "Look to the left of {piece}, which is exchanged for {other}: "
    if count == 1:
        keeps = "keeps every digit" if known["still"] else "changes"
        return say(
            begin + "the one earlier state, {only}, {keeps} in the decoder, and {moves} in BERT.",
            keeps=keeps,
            moves="moves" if moved_ else "does not move",
            **known,
        )
    top = readings.best(before["bert"], least=1e-4)
    most = ", {most} most" if top.leads and moved_ > 1 else ""
    end = ": every state holds something of every word." if moved_ == count else "."
    return say(
        begin
        + "in the decoder {still} of the {count} earlier states keep every digit. In BERT {moved} of them "
        + ("moves" if moved_ == 1 else "move")
        + most
        + end,
        most=Piece(before.iloc[top.index]["piece"]),
        **known,
    ).because(top)


def in_sight(
    position: int, decoder: DecoderTrace, lifted: DecoderTrace, hidden: Trace | None, open_: Trace | None
) -> pd.DataFrame:
    """The probability of the true token at `position`, with and without a sight of it. One row a way of reading.

    hidden, open_ : BERT's traces of the text with this token masked and as it is; None where BERT reads other pieces.
    Columns: model, sees (bool), way, probability, rank, best (the piece that leads).
    """
    truth = decoder.tokens[position].id
    ways = [
        ("decoder", False, "decoder, from left", decoder.logits([position - 1])[0]),
        ("decoder", True, "decoder, unmasked", lifted.logits([position - 1])[0]),
    ]
    if hidden is not None and open_ is not None:
        ways += [
            ("BERT", False, "BERT, hidden", hidden.mlm_logits([position])[0]),
            ("BERT", True, "BERT, in sight", open_.mlm_logits([position])[0]),
        ]
    rows = []
    for model, sees, way, found in ways:
        logits = found.astype(np.float64)
        p = float(np.exp(log_softmax(logits)[truth]))
        rows.append((model, sees, way, p, rank_of(logits, truth), piece_text(decoder, int(logits.argmax()))))
    return pd.DataFrame(rows, columns=["model", "sees", "way", "probability", "rank", "best"])


def look_sight(table: pd.DataFrame, piece: str) -> Sentence:
    """What a sight of the word does, of a table from `in_sight`."""
    row = {(r.model, r.sees): r for r in table.itertuples()}
    known = {"piece": Piece(piece), "left": percent(row["decoder", False].probability)}
    seen = row["decoder", True].probability
    left = row["decoder", False].probability
    known["lifted"] = percent(seen)
    if seen > max(0.5, 2 * left):
        reads = "It was never trained to look ahead, and yet it reads the answer off."
    elif seen > 1.25 * left:
        reads = "It was never trained to look ahead: the sight of the word helps, but is not simply read off."
    else:
        reads = "It was never trained to look ahead: the sight of the word is of no use to it."
    start = "The decoder gives {piece} {left} from the left. With its mask lifted it could see the word, and gives it {lifted}. "
    if ("BERT", True) not in row:
        return say(start + reads, **known)
    open_, hidden = row["BERT", True].probability, row["BERT", False].probability
    end = "The first is copying, only the second is a guess." if open_ > 1.25 * hidden else "Here the sight of it adds little."
    return say(
        start + reads + " BERT, which was trained with both sides and some words in sight, gives it {open} in sight, {hidden} "
        "hidden. " + end,
        **known,
        open=percent(open_),
        hidden=percent(hidden),
    )


# tuned for a task
TASK_TOKENS = {"start": "[start]", "delimiter": "[delimiter]", "extract": "[extract]"}


def task_input(tokens: Sequence[Token], parts: Sequence[str], turned: bool, most: int = 60) -> list[Token]:
    """One input row of a task: the tokens of A and B (exchanged when `turned`), and the task's own tokens between them.

    parts : "A", "B", "start", "delimiter", "extract" in their order (Radford et al. 2018, figure 1).
    most : of each sentence so many tokens are shown.
    """
    sentence = {"A": int(turned), "B": int(not turned)}
    shown: list[Token] = []
    for part in parts:
        if part in TASK_TOKENS:
            shown.append(replace(tokens[0], text=TASK_TOKENS[part], original=TASK_TOKENS[part]))
        else:
            shown += [t for t in coloured(tokens) if t.sentence == sentence[part]][:most]
    return shown


def task_table(rows: Sequence[Sequence[Token]]) -> pd.DataFrame:
    """All input rows of a task, one line a token: input (from 1), position in it (from 0), token, sentence."""
    return pd.DataFrame(
        [
            (number, at, token.text, "" if token.sentence is None else "AB"[token.sentence])
            for number, row in enumerate(rows, 1)
            for at, token in enumerate(row)
        ],
        columns=["input", "position", "token", "sentence"],
    )
