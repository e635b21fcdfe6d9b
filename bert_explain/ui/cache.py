"""What is kept for all readers of this server: models, traces. The only place with `st.cache_*`."""

from __future__ import annotations

import gc
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache, lru_cache, partial
from typing import Any, TypeVar

import streamlit as st

from bert_explain import models
from bert_explain.analysis import skipgram, vector_map
from bert_explain.analysis.attention import Link, telling_head
from bert_explain.analysis.masked_loss import Score
from bert_explain.analysis.masked_loss import score as masked_score
from bert_explain.analysis.next_sentence import Verdict
from bert_explain.analysis.next_sentence import verdict as next_verdict
from bert_explain.analysis.writing import Writing
from bert_explain.models import Encoder
from bert_explain.models.elmo import load_elmo
from bert_explain.models.vectors import Vectors, load_vectors
from bert_explain.query import Query
from bert_explain.sampling import Settings
from bert_explain.trace import Trace, run
from bert_explain.trace_decoder import DecoderTrace, run_decoder
from bert_explain.trace_elmo import ElmoTrace, run_elmo

TRACES = 32  # a trace of 512 tokens holds about 80 MB for mini-bert


@st.cache_resource(max_entries=TRACES, show_spinner=False)
def trace(model_name: str, query: Query) -> Trace:
    """The trace of a query, computed once for all readers who ask the same; read-only. Raises ExplainError."""
    return run(models.load(model_name), query)


@st.cache_resource(max_entries=512, show_spinner=False)
def telling(model_name: str, query: Query) -> Link:
    """The link that stands out in a trace: the layer, head and token that pictures begin with."""
    return telling_head(trace(model_name, query))


@st.cache_resource(max_entries=8192, show_spinner=False)
def score(model_name: str, query: Query, position: int) -> Score:
    """What the model gives the hidden piece at a position. Its trace is not kept: a sentence needs one for each token."""
    return masked_score(run(models.load(model_name), query), position)


@lru_cache(maxsize=8192)  # not st.cache_resource, where a hit costs half a millisecond: tables ask for many
def verdict(model_name: str, query: Query) -> Verdict:
    """Whether B follows A. Its trace is not kept: a table of pairs needs one for each row. Raises ExplainError."""
    return next_verdict(run(models.load(model_name), query))


@st.cache_resource(max_entries=TRACES, show_spinner=False)
def decoder_trace(
    model_name: str, text: str, text_b: str = "", replaced: tuple[tuple[int, int], ...] = (), lifted: bool = False
) -> DecoderTrace:
    """A text as the decoder reads it; `lifted`: without its mask. Raises ExplainError."""
    decoder = models.load_decoder(model_name)
    return run_decoder(decoder.lifted() if lifted else decoder, text, text_b, replaced)


@st.cache_resource(max_entries=256, show_spinner=False)
def writing(model_name: str, start: tuple[int, ...], settings: Settings) -> Writing:
    """What the decoder writes after these tokens, as far as any reader has had it written."""
    return Writing(models.load_decoder(model_name), start, settings)


@st.cache_resource(max_entries=TRACES, show_spinner=False)
def elmo_trace(model_name: str, text: str) -> ElmoTrace:
    """A text as ELMo's two models read it; read-only. Raises ExplainError."""
    return run_elmo(load_elmo(model_name), text)


_evidence: OrderedDict[Any, Any] = OrderedDict()
EVIDENCE = 512  # small tables


def evidence(key: Any, make: Callable[[], Made]) -> Made:
    """The table that decides a question, made once for (model, query, question). What raises is not kept."""
    if key in _evidence:
        return _evidence[key]
    made = _evidence[key] = make()
    while len(_evidence) > EVIDENCE:
        _evidence.popitem(last=False)
    return made


def model(name: str) -> Encoder:
    """A model by name. One that has to be fetched or is large shows its progress meanwhile. Raises BadModel."""
    name = name or models.default_name()
    if name not in _ready:
        _ready[name] = _shown(f"Loading {name[:80]}", partial(models.load, name))
    return _ready[name]


def vectors(name: str) -> Vectors:
    """A table of word vectors by name; one that has to be converted first shows its progress. Raises BadModel."""
    if name not in _tables:
        _tables[name] = _shown(f"Loading {name[:80]}", partial(load_vectors, name))
    return _tables[name]


@st.cache_resource(max_entries=64, show_spinner=False)
def word_map(table: str, words: tuple[str, ...], method: str, dimensions: int, seed: int) -> vector_map.WordMap | None:
    """Words of a table on a map: t-SNE takes a second."""
    return vector_map.draw(load_vectors(table), list(words), method, dimensions, seed)


@st.cache_resource(max_entries=16, show_spinner=False)
def learner(text: str, settings: skipgram.Settings) -> skipgram.Learner:
    """A small Word2Vec of a reader's text, as far as any reader has had it learned."""
    return skipgram.Learner(skipgram.read(text), settings)


def _shown(what: str, make: Callable[[Callable[[float, str], None]], Made]) -> Made:
    """What `make(progress)` gives, made in another thread; a bar when it takes longer than a moment."""
    seen = {"share": 0.0, "what": what}

    def progress(share: float, what: str) -> None:
        seen.update(share=share, what=what)

    bar = st.empty()
    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(make, progress)
        for _ in range(4):  # what is bundled is there before a bar would be worth showing
            if not job.done():
                time.sleep(0.05)
        while not job.done():
            bar.progress(seen["share"], seen["what"])
            time.sleep(0.25)
    bar.empty()
    return job.result()


Made = TypeVar("Made")
_ready: dict[str, Encoder] = {}
_tables: dict[str, Vectors] = {}
_warming = threading.Lock()


def warm() -> None:
    """Import, load and run once what every reader needs, then keep the garbage collector out of the way.

    Streamlit collects garbage after each run; with torch and plotly in memory that is the largest cost of a page.
    What is frozen here is not looked at again.
    """
    with _warming:
        _warm()


@cache
def _warm() -> None:
    import plotly.graph_objects  # noqa: F401  (each page would import it at its first picture)

    models.one_thread()
    for name in models.entries():
        try:
            _ready[name] = models.load(name)
            break
        except models.BadModel:  # the page says what is wrong with it, and goes on with the next one
            continue
    else:
        return
    first = run(_ready[name], Query("Warm words first.", "Then the reader's."))
    if first.spec.has_mlm:
        first.mlm_logits([1])
    with suppress(models.BadModel):  # the page on word vectors says what is wrong
        _tables["word2vec"] = load_vectors("word2vec")
    with suppress(models.BadModel):  # the page on ELMo says what is wrong
        load_elmo().encodings  # noqa: B018
    gc.collect()
    gc.freeze()
