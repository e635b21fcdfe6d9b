"""Stores bounded by bytes: what is kept, what goes, who waits. Events, no clocks."""

import gc
import threading
import weakref
from dataclasses import fields

import numpy as np
import pandas as pd
import pytest

from bert_explain.core.store import Store, megabytes, size_of
from bert_explain.engines import cache
from bert_explain.models import registry
from bert_explain.query import Query
from bert_explain.tokenize import tokenize
from bert_explain.trace import run

LONG_ENOUGH = 60


KEY = size_of("a")  # of one letter: a key may be a text of thousands


def block(size):
    return np.zeros(size, dtype=np.uint8)


def room(*sizes):
    """Bytes of blocks and of their keys."""
    return sum(size + KEY for size in sizes)


def test_a_long_key_counts():
    store = Store(100_000)
    store.get(("a", "word " * 2_000), lambda: block(10))
    assert store.nbytes > 10_000


def test_what_is_kept_is_made_once():
    store, made = Store(1000), []
    for _ in range(3):
        assert store.get("a", lambda: made.append(1) or "value") == "value"
    assert made == [1]
    assert len(store) == 1


def test_none_is_a_value_like_any_other():
    store, made = Store(1000), []
    for _ in range(3):
        assert store.get("a", lambda: made.append(1)) is None
    assert made == [1]


def test_the_least_recently_used_goes_first():
    store = Store(room(10, 10, 10))
    for key in "abc":
        store.get(key, lambda: block(10))
    store.get("a", lambda: pytest.fail("a is kept"))
    store.get("d", lambda: block(10))
    assert store.peek("b") is None
    assert all(store.peek(key) is not None for key in "acd")
    assert store.nbytes == room(10, 10, 10)


def test_a_value_larger_than_all_is_given_and_not_kept():
    store = Store(room(10, 10, 10))
    store.get("s", lambda: block(10))
    assert store.get("l", lambda: block(room(31, 10))).size == room(31, 10)
    assert store.peek("l") is None
    assert store.peek("s") is not None


def test_room_is_made_before_a_large_value_is():
    store = Store(room(10, 10, 10))
    for key in "abc":
        store.get(key, lambda: block(10))
    seen = []

    def make():
        seen.append(store.nbytes)
        return block(room(25))

    store.get("l", make, expected=room(25, 10))
    assert seen == [0]  # what is expected leaves room for none of the tens
    assert store.nbytes == room(25) + KEY


def test_large_values_are_not_made_side_by_side():
    store, order = Store(30), []
    begun, go = threading.Event(), threading.Event()

    def first():
        order.append("first")
        begun.set()
        assert go.wait(LONG_ENOUGH)
        order.append("first made")
        return block(20)

    one = threading.Thread(target=lambda: store.get("1", first, expected=20))
    one.start()
    assert begun.wait(LONG_ENOUGH)
    two = threading.Thread(target=lambda: store.get("2", lambda: order.append("second") or block(20), expected=20))
    two.start()
    small = threading.Thread(target=lambda: store.get("3", lambda: block(5), expected=5))
    small.start()
    small.join(LONG_ENOUGH)  # what fits beside it does not wait
    assert order == ["first"]
    go.set()
    one.join(LONG_ENOUGH)
    two.join(LONG_ENOUGH)
    assert order == ["first", "first made", "second"]
    assert store.nbytes <= 30


def test_who_asks_for_what_is_being_made_waits_for_it():
    store, made, found = Store(100), [], []
    begun, go = threading.Event(), threading.Event()

    def make():
        made.append(1)
        begun.set()
        assert go.wait(LONG_ENOUGH)
        return "value"

    threads = [threading.Thread(target=lambda: found.append(store.get("a", make))) for _ in range(5)]
    threads[0].start()
    assert begun.wait(LONG_ENOUGH)
    for thread in threads[1:]:
        thread.start()
    go.set()
    for thread in threads:
        thread.join(LONG_ENOUGH)
    assert (made, found) == ([1], ["value"] * 5)


def test_an_error_goes_to_who_asks_and_is_not_kept():
    store = Store(100)
    with pytest.raises(ValueError, match="no"):
        store.get("a", lambda: (_ for _ in ()).throw(ValueError("no")), expected=90)
    assert store.get("a", lambda: "yes", expected=90) == "yes"


def test_who_waits_for_what_is_stopped_makes_it(caplog):
    """Whoever makes a value may be stopped; that says nothing to the others who asked for it."""

    class Stopped(BaseException):
        pass

    store, found = Store(100), []
    begun, go = threading.Event(), threading.Event()

    def stopped():
        begun.set()
        go.wait(10)
        raise Stopped

    def first():
        with pytest.raises(Stopped):
            store.get("a", stopped)

    one = threading.Thread(target=first)
    one.start()
    begun.wait(10)
    two = threading.Thread(target=lambda: found.append(store.get("a", lambda: "made")))
    two.start()
    go.set()
    one.join(10)
    two.join(10)
    assert found == ["made"]


def test_sizes_are_measured_from_arrays(mini_bert):
    assert size_of(block(1000)) == 1000
    token = tokenize(mini_bert, Query("the bank"))[0][1]
    assert token.nbytes == pytest.approx(sum(size_of(getattr(token, f.name)) for f in fields(token)), rel=0.3)
    assert size_of(block(1000)[:10]) == 1000  # a part keeps the whole in memory
    assert 2000 < size_of({"a": block(1000), "b": [block(1000)]}) < 2600
    assert size_of(pd.DataFrame({"a": np.zeros(1000)})) > 8000
    trace = run(mini_bert, Query("The bank of the river."))
    arrays = trace.hidden.nbytes + trace.attention.nbytes + trace.embeddings.nbytes
    assert arrays < size_of(trace) < 1.2 * arrays


@pytest.mark.parametrize(("said", "found"), [("7", 7), ("", 512), ("-3", 512), ("many", 512), ("٣", 512), ("0", 0)])
def test_the_limit_is_read_from_the_environment(monkeypatch, said, found):
    monkeypatch.setenv("BERT_EXPLAIN_TRACE_MEMORY", said)
    assert megabytes("BERT_EXPLAIN_TRACE_MEMORY", 512) == found * 1_000_000
    assert cache.TRACES.limit == found * 1_000_000


def test_many_long_texts_stay_under_the_bound(mini_bert):
    """600 words each: more than the model reads, so every trace has all 512 tokens and 85 MB."""
    size = mini_bert.spec.trace_bytes(512)
    store, alive, most = Store(3 * size), weakref.WeakSet(), 0
    for number in range(6):
        query = Query(f"number {number} " + "the water of the river was cold and clear " * 67)

        def make(query=query):
            trace = run(mini_bert, query)
            alive.add(trace)
            return trace

        store.get(query, make, expected=size)
        gc.collect()
        most = max(most, len(alive))
        assert store.nbytes <= store.limit
    assert most == 2  # three do not fit with what their tokens take, so two are kept
    assert len(store) == 2


def test_a_text_whose_trace_would_not_fit_is_refused_before_it_is_run(mini_bert, monkeypatch):
    spec = mini_bert.spec
    monkeypatch.setenv("BERT_EXPLAIN_TRACE_MEMORY", "20")
    cache.fits(spec, 100)
    with pytest.raises(cache.TooLarge) as refused:
        cache.fits(spec, 512)
    told = str(refused.value)
    assert told.startswith(
        "This text has 512 tokens. What mini-bert computes for it, the attention of every head included, takes"
    )
    possible = int(told.split("Shorten it to ")[1].split()[0])
    assert spec.trace_bytes(possible) <= 20_000_000 < spec.trace_bytes(possible + 1)
    monkeypatch.setenv("BERT_EXPLAIN_TRACE_MEMORY", "0")
    with pytest.raises(cache.TooLarge, match=r"Choose a smaller model\.$"):
        cache.fits(spec, 512)


def test_a_copy_of_a_model_that_is_let_go_takes_nothing_with_it(mini_bert):
    trace = run(mini_bert, Query("the bank"))
    copy = registry.from_folder(registry.ASSETS / "mini-bert", "copy", "A copy")
    assert copy.spec.reads_as == mini_bert.spec.reads_as
    del copy
    gc.collect()
    assert trace.model is mini_bert  # the numbers of a trace are asked of it
    assert run(mini_bert, Query("the river")).model is mini_bert
