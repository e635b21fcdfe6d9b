"""What is kept for all readers of this server: models, traces, what is read off them; see `engines.cache`."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import suppress
from functools import cache, partial
from typing import TypeVar

import streamlit as st

from bert_explain import models
from bert_explain.analysis import skipgram, vector_map
from bert_explain.analysis.attention import Link, telling_head
from bert_explain.analysis.masked_loss import Score
from bert_explain.analysis.masked_loss import score as masked_score
from bert_explain.analysis.next_sentence import Verdict
from bert_explain.analysis.next_sentence import verdict as next_verdict
from bert_explain.analysis.writing import Writing
from bert_explain.engines.cache import LAID, TRACES, fits
from bert_explain.engines.jobs import LONG, TURNS, Progress
from bert_explain.models import Encoder
from bert_explain.models.decoder import decoder_ready
from bert_explain.models.elmo import elmo_ready, load_elmo
from bert_explain.models.vectors import Vectors, load_vectors, vectors_ready
from bert_explain.query import Query
from bert_explain.sampling import Settings
from bert_explain.tokenize import Cut, Token, tokenize
from bert_explain.trace import Trace, run, run_all
from bert_explain.trace_decoder import DecoderTrace, run_decoder
from bert_explain.trace_elmo import MOST_WORDS, ElmoTrace, run_elmo, split
from bert_explain.ui import state
from bert_explain.ui.working import loaded, session

Made = TypeVar("Made")
Tell = Callable[[int], None]  # is told how many of several are there
_LAST = "_last_model"  # in the session: the model that was there last


def trace(model_name: str, query: Query) -> Trace:
    """The trace of a query, computed once for all readers who ask the same; read-only.

    Raises ExplainError, also for a text whose trace would not fit into what this server keeps.
    """
    found = TRACES.peek(("trace", model_name, query))
    return _run(models.load(model_name), query, ("trace", model_name, query)) if found is None else found


def _run(model: Encoder, query: Query, key: tuple | None = None) -> Trace:
    """One forward pass, when its turn has come; kept under `key`, if there is one."""
    tokens = len(laid(model, query))
    fits(model.spec, tokens)

    def make() -> Trace:
        return _all(model, [query], tokens)[0]

    return make() if key is None else TRACES.get(key, make, model.spec.trace_bytes(tokens))


def together(model_name: str, queries: Sequence[Query]) -> None:
    """Make the traces of short texts that are all about to be asked for in few passes, which is cheaper than one by one.

    Long texts are left to `trace`: they gain nothing, and what would not fit is said there.
    """
    missing = [query for query in dict.fromkeys(queries) if TRACES.peek(("trace", model_name, query)) is None]
    if len(missing) < 2:
        return
    model = models.load(model_name)
    spec, counts = model.spec, {query: len(laid(model, query)) for query in missing}
    if sum(map(spec.trace_bytes, counts.values())) > TRACES.limit:
        return
    for some in (some for some in passes(counts) if len(some) > 1):
        for query, one in zip(some, _all(model, some, sum(map(counts.__getitem__, some))), strict=True):
            TRACES.get(("trace", model_name, query), partial(_given, one), spec.trace_bytes(counts[query]))


def passes(counts: Mapping[Made, int]) -> list[list[Made]]:
    """Texts, by what names them, and how many tokens each has: a list for each pass, fewer than LONG together or one alone."""
    found: list[list[Made]] = []
    room = 0
    for name, count in counts.items():
        if count > room:
            found.append([])
            room = LONG - 1
        found[-1].append(name)
        room -= count
    return found


def _all(model: Encoder, queries: Sequence[Query], tokens: int) -> list[Trace]:
    """The traces of texts with so many tokens together, in one pass, when its turn has come."""
    return TURNS.run(tokens, session(), partial(run_all, model, queries, [_laid(model, query) for query in queries]))


def _given(one: Trace) -> Trace:
    return one


def laid(model: Encoder, query: Query) -> tuple[Token, ...]:
    """The tokens of a query, laid out once for the many that ask. Raises BadQuery."""
    return _laid(model, query)[0]


def _laid(model: Encoder, query: Query) -> tuple[tuple[Token, ...], Cut]:
    return LAID.get((model.spec.name, model.spec.fingerprint, query), lambda: tokenize(model, query))


def aside(model_name: str, query: Query) -> Trace:
    """The trace of a query that is one of many, and is not kept: those that are would be pushed out. Raises ExplainError."""
    return _run(models.load(model_name), query)


def aside_all(model_name: str, queries: Sequence[Query]) -> list[Trace]:
    """The same of several short texts, in one pass. Raises ExplainError."""
    model = models.load(model_name)
    tokens = sum(len(laid(model, query)) for query in queries)
    fits(model.spec, tokens)
    return _all(model, queries, tokens)


def telling(model_name: str, query: Query) -> Link:
    """The link that stands out in a trace: the layer, head and token that pictures begin with."""
    return TRACES.get(("telling", model_name, query), lambda: telling_head(trace(model_name, query)))


def scores(model_name: str, asked: Sequence[tuple[Query, int]], tell: Tell) -> list[Score]:
    """What the model gives the hidden piece at a position, of each of these. Raises ExplainError."""
    each = {("score", model_name, *one): (one[0], partial(masked_score, position=one[1])) for one in asked}
    return _read(model_name, each, tell)


def verdicts(model_name: str, asked: Sequence[Query], tell: Tell) -> list[Verdict]:
    """Whether B follows A, of each of these. Raises ExplainError."""
    kept = {query: ("verdict", model_name, query) for query in asked}
    found = dict(zip(kept, _read(model_name, {key: (query, next_verdict) for query, key in kept.items()}, tell), strict=True))
    return [found[query] for query in asked]


def _read(model_name: str, asked: Mapping[tuple, tuple[Query, Callable[[Trace], Made]]], tell: Tell) -> list[Made]:
    """What is read off one trace each, by the key under which it is kept. The traces are not: there are too many of them.

    tell : is told, before each pass, how many are there.
    """
    model, counts = models.load(model_name), {}
    for key, (query, _) in asked.items():
        if TRACES.peek(key) is None:
            counts[key] = len(laid(model, query))
            fits(model.spec, counts[key])
    done = len(asked) - len(counts)
    for some in passes(counts):
        tell(done)
        made = _all(model, [asked[key][0] for key in some], sum(map(counts.__getitem__, some)))
        for key, one in zip(some, made, strict=True):
            TRACES.get(key, partial(asked[key][1], one))
        done += len(some)

    def alone(query: Query, read: Callable[[Trace], Made]) -> Made:  # where it was pushed out meanwhile
        return read(_run(model, query))

    return [TRACES.get(key, partial(alone, *one)) for key, one in asked.items()]


def decoder_trace(
    model_name: str, text: str, text_b: str = "", replaced: tuple[tuple[int, int], ...] = (), lifted: bool = False
) -> DecoderTrace:
    """A text as the decoder reads it; `lifted`: without its mask. Raises ExplainError."""
    key = ("decoder", model_name, text, text_b, replaced, lifted)
    found = TRACES.peek(key)
    if found is not None:
        return found
    decoder = models.load_decoder(model_name)
    decoder = decoder.lifted() if lifted else decoder
    tokens = len(tokenize(decoder, Query(text, text_b))[0])
    fits(decoder.spec, tokens)

    def make() -> DecoderTrace:
        return TURNS.run(tokens, session(), partial(run_decoder, decoder, text, text_b, replaced))

    return TRACES.get(key, make, decoder.spec.trace_bytes(tokens))


def writing(model_name: str, start: tuple[int, ...], settings: Settings) -> Writing:
    """What the decoder writes after these tokens, as far as any reader has had it written."""
    key = ("writing", model_name, start, settings)
    return TRACES.get(key, lambda: Writing(models.load_decoder(model_name), start, settings))


def elmo_trace(model_name: str, text: str) -> ElmoTrace:
    """A text as ELMo's two models read it; read-only. Raises ExplainError."""
    key = ("elmo", model_name, text)
    found = TRACES.peek(key)
    if found is not None:
        return found
    model = load_elmo(model_name)
    words = min(len(split(text)), MOST_WORDS)
    fits(model.spec, words, "words")

    def make() -> ElmoTrace:
        return TURNS.run(words, session(), partial(run_elmo, model, text))

    return TRACES.get(key, make, model.spec.trace_bytes(words))


def evidence(key: Hashable, make: Callable[[], Made]) -> Made:
    """The table that decides a question, made once for (model, query, question). What raises is not kept."""
    return TRACES.get(("evidence", key), make)


def model(name: str) -> Encoder:
    """A model by name. While one is opened, which may take long, the page says so, and ends there. Raises BadModel."""
    name = name or models.default_name()

    def load(progress: Progress) -> Encoder:
        return models.load(name)

    return loaded(("model", name), f"Loading {name[:80]}", partial(models.ready, name), load, _other_model)


def in_view(name: str) -> None:
    """This model is the one in view: it comes back when the reader cancels the opening of another."""
    st.session_state[_LAST] = name or models.default_name()


def _other_model() -> None:
    """Callback: the model that this reader had before, or the default one, instead of one that takes too long."""
    before = st.session_state.get(_LAST, "")
    state.put(model="" if before == models.default_name() else before)


def vectors(name: str) -> Vectors:
    """A table of word vectors by name; while one is converted the page shows how far that is. Raises BadModel."""

    def instead() -> None:
        state.put(table="word2vec")

    ready, load = partial(vectors_ready, name), partial(load_vectors, name)
    return loaded(("vectors", name), f"Loading {name[:80]}", ready, load, instead)


def decoder() -> models.Decoder:
    """This server's decoder; while it is opened the page shows so. Raises BadModel."""
    return loaded(("decoder",), "Loading the decoder", decoder_ready, lambda progress: models.load_decoder())


def elmo() -> models.Elmo:
    """This server's ELMo, with what its pictures need of its vocabulary. Raises BadModel."""

    def load(progress: Progress) -> models.Elmo:
        found = load_elmo()
        progress(0.5, "ELMo reads its own vocabulary")
        found.encodings  # noqa: B018
        return found

    return loaded(("elmo",), "Loading ELMo", elmo_ready, load)


def word_map(table: str, words: tuple[str, ...], method: str, dimensions: int, seed: int) -> vector_map.WordMap | None:
    """Words of a table on a map: t-SNE takes half a second, many words some seconds."""
    key = ("map", table, words, method, dimensions, seed)
    return TRACES.get(key, lambda: vector_map.draw(load_vectors(table), list(words), method, dimensions, seed))


def learner(text: str, settings: skipgram.Settings) -> skipgram.Learner:
    """A small Word2Vec of a reader's text, as far as any reader has had it learned."""
    return TRACES.get(("learner", text, settings), lambda: skipgram.Learner(skipgram.read(text), settings))


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
            ready = models.load(name)
            break
        except models.BadModel:  # the page says what is wrong with it, and goes on with the next one
            continue
    else:
        return
    first = run(ready, Query("Warm words first.", "Then the reader's."))
    if first.spec.has_mlm:
        first.mlm_logits([1])
    with suppress(models.BadModel):  # the page on word vectors says what is wrong
        load_vectors("word2vec")
    with suppress(models.BadModel):  # the page on ELMo says what is wrong
        load_elmo().encodings  # noqa: B018
    gc.collect()
    gc.freeze()
