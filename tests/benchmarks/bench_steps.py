"""What an edit costs on every step of every chapter: processor time, as a multiple of one traced run, and bytes sent.

A reader without a browser edits Sentence A in Explore mode; the processor time is the server's own, the traced run is
measured in this process, in the same minute. The first edits, which load what a step needs, do not count. Work that goes on
beside the page is in the figure as far as it is done before the next edit. No test fails on time.

    pytest -s tests/benchmarks/bench_steps.py          BENCH_STEPS=elmo,sees: of these chapters only
"""

import asyncio
import os
import statistics
import sys
import time
from pathlib import Path

import pytest

from bert_explain import chapters, models
from bert_explain.learning.chapter import Step
from bert_explain.query import Query
from bert_explain.trace import run
from bert_explain.ui.stages import STAGES
from tests.benchmarks.headless import Reader, Server, app_server

pytestmark = pytest.mark.benchmark
EDITS, FIRST = 8, 3
AIM, BYTES = 3.5, 40_000  # traced runs; bytes
WORDS = ("river", "town", "house", "garden", "church", "school", "market", "station", "bridge", "field", "wood", "shop")


def text(step: str, number: int) -> str:
    """Another sentence each time, of the length of the first example, with a word that many questions ask about."""
    return f"She walked to the bank of the {WORDS[number % len(WORDS)]} {number} {step}."


def traced_run() -> float:
    """Seconds of processor time of one traced run, the median of twenty."""
    models.one_thread()
    model, took = models.load(), []
    for number in range(25):
        start = time.process_time()
        run(model, Query(text("run", number), "The water was cold and clear."))
        took.append(time.process_time() - start)
    return statistics.median(took[5:])


async def measured(server: Server, path: str, step: Step) -> tuple[float, float, float]:
    """Seconds of processor time, bytes and messages of an edit."""
    reader = Reader(server.url, path, {"mode": "explore", "step": step.id})
    await reader.open()
    for number in range(FIRST):
        await reader.edit(text(step.id, number))
    before, runs = server.seconds, []
    for number in range(FIRST, FIRST + EDITS):
        runs.append(await reader.edit(text(step.id, number)))
    used = (server.seconds - before) / EDITS
    await reader.close()
    assert not reader.problems, (path, step.id, reader.problems)
    return used, statistics.median(r.size for r in runs), statistics.median(r.messages for r in runs)


@pytest.mark.skipif(sys.platform != "linux", reason="reads the server's processor time from /proc")
def test_an_edit_on_every_step(tmp_path: Path, capsys) -> None:
    only = {name for name in os.environ.get("BENCH_STEPS", "").split(",") if name}
    with app_server(tmp_path / "server.log") as server:
        one, rows = traced_run(), []
        for stage in STAGES:
            chapter = chapters.load(stage.chapter)
            if only and chapter.id not in only:
                continue
            for step in chapter.every:
                used, size, messages = asyncio.run(measured(server, stage.path, step))
                rows.append((f"{stage.name}: {step.id}", used, used / one, size, messages))
    with capsys.disabled():
        print(f"\none traced run: {1e3 * one:.1f} ms; aim: {AIM} of them, {BYTES:,} bytes")
        print(f"{'step':<40}{'processor':>12}{'runs':>7}{'bytes':>10}{'messages':>10}")
        for name, used, ratio, size, messages in sorted(rows, key=lambda row: -row[2]):
            marks = "*" * (ratio > AIM) + "!" * (size > BYTES)
            print(f"{name:<40}{1e3 * used:>9.0f} ms{ratio:>7.1f}{size:>10,.0f}{messages:>10.0f} {marks}")
    assert rows
