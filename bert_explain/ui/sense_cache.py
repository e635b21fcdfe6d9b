"""Vectors of occurrences and indexes of sentences, kept for all readers of this server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bert_explain import models
from bert_explain.analysis import occurrences as oc
from bert_explain.analysis import sense_index, sense_search
from bert_explain.analysis.occurrences import Occurrence, Reader
from bert_explain.content import wordnet
from bert_explain.engines.cache import TRACES
from bert_explain.errors import ExplainError
from bert_explain.models.batches import Progress


def reader(key: str, model_name: str) -> Reader:
    """One of `occurrences.KINDS`; `model_name` is the encoder that BERT stands for. Raises ExplainError."""
    return oc.reader(key, models.load(model_name) if key == "bert" else None)


def vectors(key: str, model_name: str, there: tuple[Occurrence, ...], progress: Progress | None = None) -> np.ndarray:
    """(K, N, D) of these occurrences, read-only; a reader of static vectors gives one layer. progress : told (done, of)."""

    def make() -> np.ndarray:
        found = reader(key, model_name).vectors(there, progress=progress)
        found.flags.writeable = False
        return found

    return TRACES.get(("occurrences", key, model_name, there), make)


def every_reader(
    model_name: str, there: tuple[Occurrence, ...], progress: Callable[[float, str], None]
) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """What each of `occurrences.KINDS` makes of these occurrences, and why others are left out. For a job."""
    stacks: dict[str, np.ndarray] = {}
    failures: list[str] = []
    for number, (key, title) in enumerate(oc.KINDS.items()):

        def told(done: int, of: int, number: int = number, title: str = title) -> None:
            share = (number + done / max(of, 1)) / len(oc.KINDS)
            progress(share, f"{title} has read {done:,} of {of:,} sentences")

        try:
            progress(number / len(oc.KINDS), f"{title} is loaded")
            stacks[key] = vectors(key, model_name, there, told)
        except ExplainError as error:
            failures.append(f"{title} is left out. {error}")
    return stacks, tuple(failures)


def with_word(word: str) -> tuple[Occurrence, ...]:
    """WordNet's sentences with a word."""
    net = wordnet.load()
    return tuple(sense_search.occurrences(net, net.rows[word]))


def word_vectors(key: str, model_name: str, word: str, progress: Progress | None = None) -> np.ndarray:
    """(K, N, D) of WordNet's sentences with a word."""
    return vectors(key, model_name, with_word(word), progress)


def all_forms(key: str) -> np.ndarray:
    """(N, D) of every sentence of WordNet by a static table: the vectors of the words' forms alone."""
    net = wordnet.load()

    def make() -> np.ndarray:
        return reader(key, "").vectors(sense_search.occurrences(net, range(len(net.sentences))))[0].astype(np.float16)

    return TRACES.get(("forms", key), make)


def index(key: str, model_name: str, layer: int, progress: Progress) -> Any:
    """The index of one layer: opened, where it is on disk, else built; minutes. Raises ExplainError."""
    one, net = reader(key, model_name), wordnet.load()
    found = sense_index.opened(one, layer, net)
    if found is not None:
        return found
    built = sense_index.build(one, layer, net, progress)
    kept = sense_index.opened(one, layer, net)  # from the disk, where it could be written: it takes no memory there
    return built if kept is None else kept
