"""Vectors of occurrences and indexes of sentences, kept for all readers of this server."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from bert_explain import models
from bert_explain.analysis import occurrences as oc
from bert_explain.analysis import sense_index, sense_search
from bert_explain.analysis.occurrences import Occurrence, Reader
from bert_explain.content import wordnet
from bert_explain.engines.cache import TRACES


def reader(key: str, model_name: str) -> Reader:
    """One of `occurrences.KINDS`; `model_name` is the encoder that BERT stands for. Raises ExplainError."""
    return oc.reader(key, models.load(model_name) if key == "bert" else None)


def vectors(key: str, model_name: str, there: tuple[Occurrence, ...]) -> np.ndarray:
    """(K, N, D) of these occurrences, read-only; a reader of static vectors gives one layer."""

    def make() -> np.ndarray:
        found = reader(key, model_name).vectors(there)
        found.flags.writeable = False
        return found

    return TRACES.get(("occurrences", key, model_name, there), make)


def word_vectors(key: str, model_name: str, word: str) -> np.ndarray:
    """(K, N, D) of WordNet's sentences with a word."""
    net = wordnet.load()
    return vectors(key, model_name, tuple(sense_search.occurrences(net, net.rows[word])))


def all_forms(key: str) -> np.ndarray:
    """(N, D) of every sentence of WordNet by a static table: the vectors of the words' forms alone."""
    net = wordnet.load()

    def make() -> np.ndarray:
        return reader(key, "").vectors(sense_search.occurrences(net, range(len(net.sentences))))[0].astype(np.float16)

    return TRACES.get(("forms", key), make)


@dataclass(eq=False)
class Job:
    """An index being built, once for all who wait for it."""

    done: int = 0
    of: int = 1
    future: Future = field(default_factory=Future)


_jobs: dict[tuple[str, str, int], Job] = {}
_starting = threading.Lock()
_one_at_a_time = threading.Lock()  # readers need the other cores


@lru_cache(maxsize=8)
def _on_disk(key: str, model_name: str, layer: int) -> Any:
    found = sense_index.opened(reader(key, model_name), layer, wordnet.load())
    if found is None:
        raise LookupError  # not kept by the cache: it may be built later
    return found


def index(key: str, model_name: str, layer: int) -> Any | None:
    """The index of one layer, if it is there, in memory or on disk."""
    job = _jobs.get((key, model_name, layer))
    if job is not None and job.future.done() and not job.future.exception():
        return job.future.result()
    try:
        return _on_disk(key, model_name, layer)
    except LookupError:
        return None


def building(key: str, model_name: str, layer: int) -> Job | None:
    """The job that builds this index just now, whoever asked for it."""
    job = _jobs.get((key, model_name, layer))
    return job if job is not None and not job.future.done() else None


def build(key: str, model_name: str, layer: int) -> Job:
    """Start to build an index in the background; the same job for all who ask for the same."""
    with _starting:
        job = building(key, model_name, layer)
        if job is None:
            job = _jobs[key, model_name, layer] = Job()
            one = reader(key, model_name)

            def progress(done: int, of: int) -> None:
                job.done, job.of = done, of

            net = wordnet.load()

            def work() -> None:
                try:
                    with _one_at_a_time:
                        job.future.set_result(sense_index.build(one, layer, net, progress))
                except BaseException as error:  # whoever waits is told
                    job.future.set_exception(error)
                    raise

            threading.Thread(target=work, name="sense-index", daemon=True).start()  # no server waits for it to stop
        return job
