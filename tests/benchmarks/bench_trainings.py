"""Ten readers who ask for a training at once, and one who edits: they are queued and told their place, the edits stay quick.

Readers without a browser; each of the ten opens a link that asks for a training of its own (another seed). The edits of one
who looks at heads are measured before and while they train, in one run: their ratio says what trainings cost others. No test
fails on time.

    pytest -s tests/benchmarks/bench_trainings.py          BENCH_TRAINERS=10   BENCH_EDITS=30
"""

import asyncio
import os
import re
import statistics
import sys
from pathlib import Path

import pytest

from bert_explain.models import registry
from bert_explain.training.fine_tuning import Recipe
from bert_explain.ui.working import number_of
from tests.benchmarks.headless import Reader, Server, app_server

pytestmark = pytest.mark.benchmark
TRAINERS, EDITS = int(os.environ.get("BENCH_TRAINERS", 10)), int(os.environ.get("BENCH_EDITS", 30))
AIM = 2.0  # times as long as an edit takes while nobody trains


def asking(server: Server, seed: int) -> Reader:
    """A reader whose link asks for a training of 400 examples and 20 epochs: it does not end while this is measured."""
    model = registry.load("mini-bert")
    recipe = Recipe(model.name, "sentiment", 400, "all", 20, 1e-4, seed)
    wanted = number_of(("fine-tuning", model.spec.fingerprint, recipe.name))
    params = {"mode": "explore", "step": "train", "examples": "400", "epochs": "20", "draw": str(seed), "trained": str(wanted)}
    return Reader(server.url, "Fine_tuning", params)


async def edits(reader: Reader, of: str) -> list[float]:
    took = []
    for i in range(EDITS):
        took.append((await reader.edit(f"She walked from the river to the house {of} {i}.")).seconds)
        await asyncio.sleep(0.2)
    return sorted(took)


async def measured(server: Server) -> tuple[list[float], list[float], list[Reader]]:
    editor = Reader(server.url, "Attention", {"mode": "explore"})
    await editor.open()
    await edits(editor, "warm")
    alone = await edits(editor, "alone")
    trainers = [asking(server, seed) for seed in range(TRAINERS)]
    for trainer in trainers:
        await trainer.open()
    beside = await edits(editor, "beside")
    for reader in (editor, *trainers):
        await reader.close()
    return alone, beside, [editor, *trainers]


@pytest.mark.skipif(sys.platform != "linux", reason="as the other benchmarks of readers")
def test_ten_trainings_at_once(tmp_path: Path, capsys) -> None:
    with app_server(tmp_path / "server.log") as server:
        alone, beside, readers = asyncio.run(measured(server))
    told = [" / ".join(reader.progress) for reader in readers[1:]]
    places = [int(found[1]) for text in told if (found := re.search(r"(\d+) trainings? (?:is|are) before yours", text))]
    with capsys.disabled():
        ratio = statistics.median(beside) / statistics.median(alone)
        print(f"\n{TRAINERS} trainings asked for at once, {EDITS} edits; {os.cpu_count()} processors")
        for name, times in (("alone", alone), ("beside them", beside)):
            print(f"an edit {name}: median {statistics.median(times):.3f} s, longest {times[-1]:.3f} s")
        print(f"ratio {ratio:.2f} (aim {AIM}); places told: {places}")
    assert not [problem for reader in readers for problem in reader.problems]
    threads = max(1, max(2, (os.cpu_count() or 1) - 1) - 1)  # that trainings may take
    assert places == list(range(threads, TRAINERS))
