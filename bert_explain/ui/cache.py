"""What is kept for all readers of this server: models, traces. The only place with `st.cache_*`."""

from __future__ import annotations

import gc
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache, lru_cache

import streamlit as st

from bert_explain import models
from bert_explain.analysis.attention import Link, telling_head
from bert_explain.analysis.masked_loss import Score
from bert_explain.analysis.masked_loss import score as masked_score
from bert_explain.analysis.next_sentence import Verdict
from bert_explain.analysis.next_sentence import verdict as next_verdict
from bert_explain.models import Encoder
from bert_explain.query import Query
from bert_explain.trace import Trace, run

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


def model(name: str) -> Encoder:
    """A model by name. One that has to be fetched or is large shows its progress meanwhile. Raises BadModel."""
    name = name or models.default_name()
    if name in _ready:
        return _ready[name]
    seen = {"share": 0.0, "what": f"Loading {name[:80]}"}

    def progress(share: float, what: str) -> None:
        seen.update(share=share, what=what)

    bar = st.empty()
    with ThreadPoolExecutor(1) as pool:
        job = pool.submit(models.load, name, progress)
        for _ in range(4):  # a bundled model is there before a bar would be worth showing
            if not job.done():
                time.sleep(0.05)
        while not job.done():
            bar.progress(seen["share"], seen["what"])
            time.sleep(0.25)
    bar.empty()
    _ready[name] = job.result()
    return _ready[name]


_ready: dict[str, Encoder] = {}
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
    if first.model.has_mlm:
        first.mlm_logits([1])
    gc.collect()
    gc.freeze()
