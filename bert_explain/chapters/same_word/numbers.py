"""What decides the questions of the chapter: which reader parts the meanings of a word, and after which layer BERT does."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bert_explain.analysis import same_word, senses
from bert_explain.analysis.occurrences import Occurrence
from bert_explain.analysis.sentence import Piece
from bert_explain.content import senses as content
from bert_explain.errors import ExplainError
from bert_explain.kernel.readings import signed
from bert_explain.learning.question import Ask, NotAskable, table
from bert_explain.query import Query

NAMES = {"word2vec": "Word2Vec", "elmo": "ELMo", "decoder": "the decoder", "bert": "BERT"}


def set_of(*texts: str) -> content.ExampleSet | None:
    """The first of the page's sets whose word stands in the texts."""
    for one in content.sets():
        if any(_has(text, one.word) for text in texts):
            return one
    return None


def _has(text: str, word: str) -> bool:
    try:
        return bool(same_word.find((same_word.Line(text),), word).occurrences)
    except ExplainError:
        return False


def occurrences(ask: Ask) -> tuple[content.ExampleSet, tuple[Occurrence, ...]]:
    """The set whose word stands in the text, and its sentences. Raises NotAskable."""
    found = set_of(ask.query.text_a, ask.query.text_b)
    if found is None:
        words = ", ".join(one.word for one in content.sets())
        raise NotAskable(f"This text has none of the words that there are sentences for: {words}.")
    return found, same_word.find(same_word.parse(found.lines), found.word).occurrences


def of_pieces(hidden: np.ndarray, tokens: Sequence, one: Occurrence) -> np.ndarray:
    """(K, T, H) -> (K, H): the mean over the pieces that touch the word; NaN where none does."""
    at = [t.position for t in tokens if t.span is not None and t.sentence == 0 and t.span[0] < one.end and one.start < t.span[1]]
    return hidden[:, at].mean(axis=1) if at else np.full((len(hidden), hidden.shape[-1]), np.nan)


def stack(ask: Ask, key: str, there: Sequence[Occurrence]) -> np.ndarray:
    """(K, N, D): what one reader makes of the word in every sentence, each read alone. Raises ExplainError."""
    rows = []
    for one in there:
        if key == "word2vec":
            rows.append(ask.models.vectors().vector(one.form)[None])
        elif key == "elmo":
            read = ask.models.elmo(one.text)
            at = [i for i, word in enumerate(read.words) if word.start < one.end and one.start < word.end]
            rows.append(read.layers[:, at].mean(axis=1))
        else:
            read = ask.run(Query(one.text)) if key == "bert" else ask.models.decoder(one.text)
            rows.append(of_pieces(read.hidden, read.tokens, one))
    return np.stack(rows, axis=1)


def who_parts(ask: Ask) -> pd.DataFrame:
    """Evidence: each reader's silhouette after its last layer. One that cannot be had is left out."""
    chosen, there = occurrences(ask)
    labels = [one.label for one in there]
    found = {}
    for key in NAMES:
        try:
            found[key] = senses.silhouette(stack(ask, key, there)[-1], labels)
        except ExplainError:
            continue
    rows = {key: (found.get(key, -1.0), signed(found[key]) if key in found else "") for key in NAMES}
    order = sorted(found, key=lambda key: -found[key])
    return table(
        rows,
        word=Piece(chosen.word),
        count=len(there),
        best=NAMES[order[0]],
        best_value=signed(found[order[0]]),
        second=NAMES[order[1]],
        second_value=signed(found[order[1]]),
        static=signed(found.get("word2vec", float("nan"))),
        bert=signed(found["bert"]),
    )


def where_parts(ask: Ask) -> pd.DataFrame:
    """Evidence: BERT's silhouette at the input, after the last layer, and the best of the layers between."""
    chosen, there = occurrences(ask)
    by_layer = [senses.silhouette(vectors, [one.label for one in there]) for vectors in stack(ask, "bert", there)]
    last = len(by_layer) - 1
    if last < 2:
        raise NotAskable("This model has fewer than two layers, so there is none in between.")
    middle = 1 + int(np.argmax(by_layer[1:last]))
    best = int(np.argmax(by_layer))
    rows = {"first": (by_layer[0], ""), "between": (by_layer[middle], f" (layer {middle})"), "last": (by_layer[last], "")}
    rows = {key: (value, f"{signed(value)}{where}") for key, (value, where) in rows.items()}
    return table(
        rows,
        word=Piece(chosen.word),
        count=len(there),
        layers=last,
        best="the input" if not best else f"layer {best}",
        best_value=signed(by_layer[best]),
        last_value=signed(by_layer[last]),
        input=signed(by_layer[0]),
    )
