"""Fifty readers at once, on all chapters, each of whom edits every five seconds: how long an edit takes to be answered.

Readers without a browser; the time goes from the message to the end of the page's run. No test fails on time.

    pytest -s tests/benchmarks/bench_readers.py          BENCH_READERS=50   BENCH_SECONDS=60
"""

import asyncio
import os
import random
import statistics
import sys
from pathlib import Path

import pytest

from bert_explain.ui.stages import STAGES
from tests.benchmarks.headless import Reader, Server, app_server

pytestmark = pytest.mark.benchmark
READERS, SECONDS, EVERY = int(os.environ.get("BENCH_READERS", 50)), float(os.environ.get("BENCH_SECONDS", 60)), 5.0
AIM = 0.3  # seconds, in 95 of 100 edits
NOUNS = [
    "river",
    "town",
    "house",
    "garden",
    "church",
    "school",
    "market",
    "station",
    "bridge",
    "field",
    "wood",
    "shop",
    "lake",
    "hill",
    "road",
    "farm",
]


def sentence(draw: random.Random) -> str:
    """A sentence that nobody else is likely to have typed."""
    one, two, three = draw.sample(NOUNS, 3)
    return f"She walked from the {one} to the {two} {draw.randrange(10**6)}, and the {three} was cold."


async def reading(
    server: Server, number: int, until: asyncio.Event, took: list[tuple[str, float]], opened: list[float]
) -> Reader:
    """One reader, who thinks, edits, thinks again, until it is over."""
    draw, stage = random.Random(number), STAGES[number % len(STAGES)]
    mode = ("explore", "guided")[number // len(STAGES) % 2]
    reader = Reader(server.url, stage.path, {"mode": mode})
    opened.append((await reader.open()).seconds)
    while not until.is_set():
        await asyncio.sleep(draw.expovariate(1 / EVERY))
        if until.is_set():
            break
        took.append((stage.name, (await reader.edit(sentence(draw))).seconds))
    await reader.close()
    return reader


async def crowd(server: Server) -> tuple[list[tuple[str, float]], list[float], list[str]]:
    until, took, opened = asyncio.Event(), [], []
    tasks = []
    for number in range(READERS):
        tasks.append(asyncio.create_task(reading(server, number, until, took, opened)))
        await asyncio.sleep(0.2)
    while len(opened) < READERS and not any(task.done() for task in tasks):
        await asyncio.sleep(0.1)
    took.clear()  # from here on all are there
    await asyncio.sleep(SECONDS)
    until.set()
    readers = await asyncio.gather(*tasks)
    return took, opened, [problem for reader in readers for problem in reader.problems]


@pytest.mark.skipif(sys.platform != "linux", reason="reads the server's processor time from /proc")
def test_fifty_readers(tmp_path: Path, capsys) -> None:
    with app_server(tmp_path / "server.log") as server:
        took, opened, problems = asyncio.run(crowd(server))
        used = server.seconds
    times = sorted(seconds for _, seconds in took)

    def share(part: float) -> float:
        return times[min(len(times) - 1, int(part * len(times)))]

    with capsys.disabled():
        print(f"\n{READERS} readers, {len(times) / SECONDS:.1f} edits a second for {SECONDS:.0f} s; {os.cpu_count()} processors")
        print(f"opened in {statistics.median(opened):.2f} s (median), {max(opened):.2f} s at most")
        print(f"edit answered: p50 {share(0.5):.3f} s, p95 {share(0.95):.3f} s (aim {AIM}), p99 {share(0.99):.3f} s")
        print(f"processor time of the server in all: {used:.0f} s")
        for stage in STAGES:
            own = [seconds for name, seconds in took if name == stage.name]
            if own:
                print(f"  {stage.name:<22}{len(own):>5} edits, median {statistics.median(own):.3f} s, longest {max(own):.3f} s")
    assert not problems
    assert times
