"""The home page's pictures, as payloads for the components."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bert_explain.analysis import attention, tokens
from bert_explain.analysis.overview import LARGEST, Guess, all_cosines
from bert_explain.analysis.sentence import Sentence
from bert_explain.chapters.home import stations as said_of
from bert_explain.figures.payload import Band, Bar
from bert_explain.kernel.folding import fold
from bert_explain.trace import Trace


@dataclass(frozen=True)
class Station:
    """One stage on the home page: what is drawn, what is said, and the same as a table and as code."""

    name: str
    kind: str  # which component draws it
    drawn: Any
    alt: str
    look: Sentence
    table: Callable[[], pd.DataFrame]
    code: tuple[Callable, ...]


def stations(trace: Trace, position: int, guess: Guess | None) -> list[Station]:
    """Every stage of this pair, with the token at `position` followed through."""

    def station(name: str, kind: str, drawn: Any, alt: str, table: Callable[[], pd.DataFrame], *code: Callable) -> Station:
        look = said_of.words(trace, guess) if name == "Masked words" else said_of.SAID[name](trace, position)
        return Station(name, kind, drawn, alt, look, table, code)

    rows, path = sum_of_rows(trace, position), through_layers(trace, position)
    words = guesses(guess) if guess else []
    verdict = follows(trace) if trace.is_pair else []
    first, second = trace.query.names
    places = np.array(shown(trace, position))
    near = all_cosines(trace)[np.ix_(places, places)]
    pieces = [trace.pieces[i] for i in places]
    return [
        station("Tokens", "tokens", trace.tokens, "Tokens", lambda: tokens.table(trace), tokens.table),
        station(
            "Input embeddings",
            "bands",
            rows,
            "The rows of the token's embedding, and their sum",
            lambda: band_table(rows),
            sum_of_rows,
        ),
        station("Inside a layer", "bands", path, "The token's vector after each layer", lambda: band_table(path), through_layers),
        station(
            "Attention", "heads", trace.attention, "Every head of every layer", lambda: attention.facts(trace), attention.facts
        ),
        station("Masked words", "bars", words, "Most probable pieces for the hidden word", lambda: bar_table(words), guesses),
        station(
            "Next sentence",
            "bars",
            verdict,
            f"Does sentence {second} follow sentence {first}?",
            lambda: bar_table(verdict),
            follows,
        ),
        station(
            "Outputs",
            "matrix",
            near,
            "Cosine between the output vectors of every two tokens",
            lambda: pd.DataFrame(near, columns=_at(pieces, places)).assign(token=pieces),
            all_cosines,
        ),
    ]


def shown(trace: Trace, position: int) -> tuple[int, ...]:
    """The tokens of the table of cosines: all, else both ends, the chosen one and the one nearest to it."""
    near = said_of.nearest(trace, position)
    return fold(len(trace.tokens), LARGEST, keep=[position, *([] if near is None else [near])]).places


def band_table(bands: Sequence[Band]) -> pd.DataFrame:
    """One row a dimension, one column a band."""
    return pd.DataFrame({band.name: band.values for band in bands}).rename_axis("dimension").reset_index()


def bar_table(bars: Sequence[Bar]) -> pd.DataFrame:
    """One row a bar."""
    return pd.DataFrame([(bar.text, bar.value) for bar in bars], columns=["piece", "probability"])


def _at(pieces: Sequence[str], places: Iterable[int]) -> list[str]:
    """Each piece with its place in the text: pieces that are alike are two columns."""
    return [f"{piece} ({place})" for piece, place in zip(pieces, places, strict=True)]


def sum_of_rows(trace: Trace, position: int) -> list[Band]:
    """Token + segment + position = sum, for one token; no segment row where the model has none."""
    e, segment = trace.embeddings, ("segment_a", "segment_b")[trace.tokens[position].segment]
    return [
        Band("token", e.token[position], "token"),
        *([Band("segment", e.segment[position], segment, "+")] if trace.spec.has_segments else []),
        Band("position", e.position[position], "position", "+"),
        Band("sum", e.total[position], "hidden", "="),
    ]


def through_layers(trace: Trace, position: int) -> list[Band]:
    """One token's vector as it leaves the embeddings and each layer."""
    names = ["input", *(f"layer {n}" for n in range(1, trace.spec.n_layers + 1))]
    return [Band(name, vector, "hidden") for name, vector in zip(names, trace.hidden[:, position], strict=True)]


def guesses(guess: Guess) -> list[Bar]:
    """The most probable pieces for a hidden word."""
    return [
        Bar(piece, p, mark="true word" if piece == guess.true_word else "")
        for piece, p in zip(guess.pieces, guess.probabilities, strict=True)
    ]


def follows(trace: Trace) -> list[Bar]:
    """The two probabilities of the next-sentence head; nothing without one."""
    if trace.nsp is None:
        return []
    first, second = trace.query.names
    return [Bar(f"{second} follows {first}", float(trace.nsp[0])), Bar(f"{second} does not follow", float(trace.nsp[1]))]
