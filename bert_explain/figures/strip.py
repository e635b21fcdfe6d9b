"""The pipeline strip's payload: one small picture a stage, ready to be drawn."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from bert_explain.analysis import overview
from bert_explain.figures.payload import encode
from bert_explain.kernel.folding import fold
from bert_explain.kernel.readings import many, percent
from bert_explain.query import Query
from bert_explain.trace import Trace

MOST_PIECES = 40


def thumbnails(trace: Trace, position: int, run: Callable[[Query], Trace], veiled: Collection[str] = ()) -> dict[str, Any]:
    """Everything the strip draws. `run` gives the trace of another query: of the one with the chosen word hidden.

    veiled : the pictures that are not to be seen yet; their numbers are not even computed.
    """
    shown = [trace.tokens[i] for i in fold(len(trace.tokens), MOST_PIECES, keep=[position]).places]
    make: dict[str, Callable[[], Any]] = {
        "text": lambda: [len(text) for text in (trace.query.text_a, trace.query.text_b)],
        "tokens": lambda: [[len(t.text.lstrip("#")), overview.token_role(t)] for t in shown],
        "embeddings": lambda: _shades(overview.embedding_strips(trace, position)),
        "layers": lambda: _shades(overview.hidden_strips(trace, position)),
        "attention": lambda: _shades(overview.head_map(trace)),
        "words": lambda: _words(trace, overview.hidden_word(trace, position, run)),
        "next": lambda: None if trace.nsp is None or not trace.is_pair else _probability(float(trace.nsp[0])),
        "outputs": lambda: _shades(overview.cosines(trace)),
    }
    return {name: VEILED if name in veiled else one() for name, one in make.items()}


VEILED = "veiled"


def alternatives(trace: Trace, thumbs: dict[str, Any]) -> dict[str, str]:
    """The same pictures in words, for screen readers and as tips."""
    words = thumbs["words"]
    told: dict[str, Callable[[], str]] = {
        "text": lambda: f"{thumbs['text'][0]} and {many(thumbs['text'][1], 'character')}",
        "tokens": lambda: many(len(trace.tokens), "token"),
        "embeddings": lambda: f"{trace.embeddings.total.shape[1]} numbers for each token",
        "layers": lambda: many(trace.spec.n_layers, "layer"),
        "attention": lambda: many(trace.spec.n_layers * trace.spec.n_heads, "head"),
        "words": lambda: words if isinstance(words, str) else f"first guess {words['pieces'][0]}, {percent(words['p'][0])}",
        "next": lambda: _no_verdict(trace) if thumbs["next"] is None else f"{percent(thumbs['next'])} that {trace.query.follows}",
        "outputs": lambda: f"{many(len(trace.tokens), 'vector')} of {trace.spec.hidden_size}",
    }
    veiled = {name for name, drawn in thumbs.items() if isinstance(drawn, str) and drawn == VEILED}
    return {name: "comes later" if name in veiled else one() for name, one in told.items()}


def _no_verdict(trace: Trace) -> str:
    if trace.nsp is None:
        return "no such head"
    return "no sentence A" if 1 in trace.sentences else "no sentence B"


def _words(trace: Trace, guess: overview.Guess | None) -> dict[str, Any] | str:
    if guess is None:
        return "nothing to hide" if trace.spec.has_mlm else "no such head"
    return {"pieces": guess.pieces, "p": [float(f"{p:.4g}") for p in guess.probabilities]}


def _probability(p: float) -> float:
    """Four digits, and never a rounded 0 or 1."""
    return round(p, 4) if p in (0.0, 1.0) else min(max(round(p, 4), 0.0001), 0.9999)


def _shades(values: np.ndarray) -> dict[str, Any]:
    """A table of -1..1 as one byte a cell, off by at most 1/254: a shade of a picture so small shows no more."""
    return {"columns": values.shape[1], "cells": encode(np.rint(np.clip(values, -1, 1) * 127).astype(np.int8))}
