"""The home page's pictures, as payloads for the components."""

from __future__ import annotations

from bert_explain.analysis.overview import Guess
from bert_explain.figures.payload import Band, Bar
from bert_explain.trace import Trace


def sum_of_rows(trace: Trace, position: int) -> list[Band]:
    """Token + segment + position = sum, for one token."""
    e, segment = trace.embeddings, ("segment_a", "segment_b")[trace.tokens[position].segment]
    return [
        Band("token", e.token[position], "token"),
        Band("segment", e.segment[position], segment, "+"),
        Band("position", e.position[position], "position", "+"),
        Band("sum", e.total[position], "hidden", "="),
    ]


def through_layers(trace: Trace, position: int) -> list[Band]:
    """One token's vector as it leaves the embeddings and each layer."""
    names = ["input", *(f"layer {n}" for n in range(1, trace.model.n_layers + 1))]
    return [Band(name, vector, "hidden") for name, vector in zip(names, trace.hidden[:, position], strict=True)]


def guesses(guess: Guess) -> list[Bar]:
    """The most probable pieces for a hidden word."""
    return [
        Bar(piece, p, mark="true word" if piece == guess.true_word else "")
        for piece, p in zip(guess.pieces, guess.probabilities, strict=True)
    ]


def follows(trace: Trace) -> list[Bar]:
    """The two probabilities of the next-sentence head."""
    return [Bar("B follows A", float(trace.nsp[0])), Bar("B does not follow", float(trace.nsp[1]))]
