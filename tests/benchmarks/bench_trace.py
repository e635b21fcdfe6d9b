"""What a traced run costs beside Hugging Face's bare forward pass. Prints a table; never fails on time.

Both in one process, on one thread, in turns (traced, bare, traced, bare, ...), after a warm-up; the figure is the
median of the pairs' ratios, so that whatever else the machine does falls on both. "Traced" is everything from the texts
to the Trace: tokenizing, embeddings, every layer with its attention, next sentence. "Bare" is `BertForPreTraining` on
ready ids with output_attentions and output_hidden_states; it also puts every position through the masked-word head,
which a Trace does when asked. "No heads" is the ratio to the encoder alone (`BertModel`), the stricter comparison.

    python tests/benchmarks/bench_trace.py          or          pytest -s tests/benchmarks/bench_trace.py
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

import pytest  # noqa: E402
import torch  # noqa: E402

from bert_explain import models  # noqa: E402
from bert_explain.models.encoder import Encoder, from_hugging_face  # noqa: E402
from bert_explain.query import Query  # noqa: E402
from bert_explain.trace import run  # noqa: E402

LENGTHS = (16, 64, 128)
AIM = 1.15


def random_base(tokenizer) -> Encoder:
    """BERT-base's sizes, 110 million random numbers: time does not depend on their values."""
    from transformers import BertConfig, BertForPreTraining

    torch.manual_seed(0)
    module = BertForPreTraining._from_config(BertConfig(), attn_implementation="eager")
    return from_hugging_face("random-base", "random BERT-base", module, tokenizer)


def seconds(call) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def measure(model: Encoder, length: int, pairs: int) -> tuple[float, float, float, float]:
    """(ratio to the bare pass, ratio to the bare encoder, milliseconds traced, milliseconds bare), medians."""
    query = Query("the " * (length // 2 - 1), "water " * (length - length // 2 - 2))
    tokens = run(model, query).tokens
    assert len(tokens) == length
    ids, segments = (torch.tensor([[getattr(t, name) for t in tokens]]) for name in ("id", "segment"))

    def bare(module):
        with torch.inference_mode():
            module(ids, token_type_ids=segments, output_attentions=True, output_hidden_states=True)

    calls = (lambda: run(model, query), lambda: bare(model.module), lambda: bare(model.module.bert))
    for call in calls:
        call()
    times = [[seconds(call) for call in calls] for _ in range(pairs)]
    median = statistics.median
    return (
        median(t / b for t, b, _ in times),
        median(t / e for t, _, e in times),
        1e3 * median(t for t, _, _ in times),
        1e3 * median(b for _, b, _ in times),
    )


def table(pairs: int = 0) -> list[tuple]:
    """Print the table; the rows, for the test."""
    torch.set_num_threads(1)
    mini = models.load("mini-bert")
    rows = []
    print(f"\n{'model':18}{'tokens':>7}{'traced':>10}{'bare':>10}{'ratio':>8}{'no heads':>10}   aim: at most {AIM}")
    for model, number in ((mini, pairs or 60), (random_base(mini.tokenizer), pairs or 12)):
        for length in LENGTHS:
            ratio, encoder, traced, bare = measure(model, length, number)
            rows.append((model.name, length, ratio, encoder))
            print(f"{model.name:18}{length:7}{traced:7.1f} ms{bare:7.1f} ms{ratio:8.2f}{encoder:10.2f}")
    return rows


@pytest.mark.benchmark
def test_traced_run_beside_a_bare_forward_pass(capsys):
    with capsys.disabled():
        rows = table()
    assert len(rows) == 2 * len(LENGTHS)
    assert all(ratio > 0 for _, _, ratio, _ in rows)


if __name__ == "__main__":
    table()
