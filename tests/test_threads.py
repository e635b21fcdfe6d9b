"""Models are shared and only read: many threads at once get exactly what one thread gets."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from bert_explain import models
from bert_explain.query import Query
from bert_explain.trace import run

THREADS = 20
TEXT = "she walked to the bank of the cold river and looked at the clear water for a long time"
WORDS = TEXT.split()
QUERIES = [
    Query(" ".join(WORDS[: 3 + i % 14]), " ".join(WORDS[i % 9 :]) if i % 3 else "", masked=(2,) if i % 2 else ())
    for i in range(THREADS)
]
CHANGED = [
    q.but(positions="shuffled", seed=i) if i % 4 == 1 else q.but(heads_off=((i % 6, i % 12),)) if i % 4 == 2 else q
    for i, q in enumerate(QUERIES)
]


def everything(trace) -> list[np.ndarray]:
    head, step = trace.head(2, 3), trace.layer(4)
    return [
        trace.hidden,
        trace.attention,
        trace.nsp,
        trace.pooled,
        trace.embeddings.total,
        trace.mlm_logits([1]),
        head.scores,
        head.mixed,
        step.expanded,
        step.output,
        np.array([t.id for t in trace.tokens]),
    ]


def test_twenty_threads_get_what_one_gets(mini_bert):
    alone = [everything(run(mini_bert, query)) for query in CHANGED]
    start = threading.Barrier(THREADS)

    def one(i: int) -> list[np.ndarray]:
        start.wait()
        for _ in range(2):
            result = everything(run(mini_bert, CHANGED[(i * 7) % THREADS]))
        return result

    with ThreadPoolExecutor(THREADS) as pool:
        together = list(pool.map(one, range(THREADS)))
    for i, arrays in enumerate(together):
        for ours, theirs in zip(arrays, alone[(i * 7) % THREADS], strict=True):
            assert np.array_equal(ours, theirs)


def test_tokenizing_beside_someone_who_calls_the_tokenizer(mini_bert):
    """`tokenizer(..., truncation=True)` sets truncation on its backend; ours must not be cut by it."""
    text, stop = "water " * 400, threading.Event()

    def call() -> None:
        while not stop.is_set():
            mini_bert.tokenizer("a b c d e f", truncation=True, max_length=4, padding="max_length")

    caller = threading.Thread(target=call)
    caller.start()
    try:
        assert all(len(run(mini_bert, Query(text)).tokens) == 402 for _ in range(3))
    finally:
        stop.set()
        caller.join()


def test_inference_mode_is_on_in_a_new_thread_and_weights_want_no_gradient(mini_bert):
    with ThreadPoolExecutor(1) as pool:
        logits = pool.submit(lambda: mini_bert.mlm_logits(torch.zeros(1, 384))).result()
    assert not logits.requires_grad
    assert not any(p.requires_grad for p in mini_bert.module.parameters())
    assert not mini_bert.module.training


def test_readers_who_ask_at_once_get_one_model_loaded_once(monkeypatch):
    from bert_explain.models import registry

    opened = []
    monkeypatch.setattr(registry, "_loaded", {})
    real = registry.from_folder
    monkeypatch.setattr(registry, "from_folder", lambda *a: opened.append(a) or real(*a))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: models.load("mini-bert"), range(8)))
    assert len(opened) == 1
    assert all(model is found[0] for model in found)


def test_a_download_keeps_nobody_waiting_who_wants_another_model(monkeypatch, mini_bert):
    from bert_explain.models import hub, registry
    from bert_explain.models.loaded import Shelf

    started, release = threading.Event(), threading.Event()

    def slow(*_):
        started.set()
        assert release.wait(30)
        raise models.BadModel("broken off")

    monkeypatch.setattr(hub, "fetch", slow)
    monkeypatch.setattr(registry, "_loaded", Shelf())
    large = registry.entry("bert-large-uncased")
    with ThreadPoolExecutor(2) as pool:
        waiting = pool.submit(registry.fetch, large, lambda share, what: None)
        assert started.wait(30)
        try:
            assert pool.submit(models.load, "mini-bert").result(30).name == "mini-bert"
        finally:
            release.set()
        with pytest.raises(models.BadModel, match="broken off"):
            waiting.result()
