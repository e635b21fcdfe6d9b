"""A training that is stopped, left, or cut off with its server leaves no thread and no half-written file."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from bert_explain.engines.jobs import CANCELLED, DONE, Jobs
from bert_explain.kernel.tasks import Task
from bert_explain.models.loaded import MODELS
from bert_explain.training import fine_tuning as ft
from bert_explain.training.fine_tuning import Recipe, Watch
from tests.tiny import tiny_bert
from tests.training.test_fine_tuning import sentences

WAIT = 60  # seconds: reached only when something hangs
LONG = Recipe("tiny", "liked", 40, "all", 2_000, 1e-3)


@pytest.fixture
def begun():
    """A long training in a job, after its first steps: the jobs, the job, its watch, the readers who are there."""
    task = Task("liked", "Liked", "sequence", ("no", "yes"), sentences(40), sentences(16), None)
    here, watch = {"reader"}, Watch()
    jobs = Jobs(threads=2, alive=lambda who: who in here)
    model = tiny_bert()
    job = jobs.submit("key", "reader", lambda progress: ft.made(model, task, LONG, progress, watch), cost=2_000)
    until(lambda: len(watch.losses) > 2)
    yield jobs, job, watch, here, model
    here.clear()
    jobs.close()
    jobs.wait(WAIT)


def until(holds):
    end = time.monotonic() + WAIT
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def nothing_is_left(jobs, job, model):
    assert job.wait(WAIT)
    assert job.state == CANCELLED
    until(lambda: jobs.threads == 0)
    for thread in threading.enumerate():
        if thread.name == "job":
            thread.join(WAIT)
    assert ft.kept(model, LONG) is None


def test_stopped_by_the_reader(begun):
    jobs, job, _, _, model = begun
    jobs.cancel("key", "reader")
    nothing_is_left(jobs, job, model)


def test_the_page_is_closed(begun):
    jobs, job, _, here, model = begun
    here.clear()
    nothing_is_left(jobs, job, model)


def test_the_page_is_closed_while_it_is_paused(begun):
    jobs, job, watch, here, model = begun
    watch.paused.put("reader", True)
    until(lambda: job.text.startswith("Paused"))
    here.clear()
    nothing_is_left(jobs, job, model)


def test_the_server_closes(begun):
    jobs, job, _, _, model = begun
    jobs.close()
    nothing_is_left(jobs, job, model)


def test_a_long_pause_ends_by_itself(monkeypatch):
    monkeypatch.setattr(ft, "PATIENCE", 0.2)
    task = Task("liked", "Liked", "sequence", ("no", "yes"), sentences(16), sentences(8), None)
    watch, jobs = Watch(), Jobs()
    watch.paused.put("reader", True)
    model, recipe = tiny_bert(), Recipe("tiny", "liked", 16, "all", 1, 1e-3, 5)
    job = jobs.submit("key", "reader", lambda progress: ft.made(model, task, recipe, progress, watch), cost=2_000)
    assert job.wait(WAIT)
    assert job.state == DONE
    assert len(watch.losses) == 1
    MODELS.forget(("tuned", model.spec.reads_as, recipe))


CUT_OFF = """
import sys, time
from bert_explain.engines.jobs import JOBS
from bert_explain.kernel.tasks import Task
from bert_explain.training import fine_tuning as ft
from tests.tiny import tiny_bert
from tests.training.test_fine_tuning import sentences
from tests.training.test_fine_tuning_stops import LONG
task = Task("liked", "Liked", "sequence", ("no", "yes"), sentences(40), sentences(16), None)
watch = ft.Watch()
JOBS.submit("key", "", lambda progress: ft.made(tiny_bert(), task, LONG, progress, watch), cost=2_000)
while len(watch.losses) < 3:
    time.sleep(0.01)
print("trains", flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT], ids=["ended", "Ctrl+C"])
def test_the_server_is_ended_in_the_middle(tmp_path, how):
    """It ends at once, waits for no training, and nothing lies in the folder for passing files."""
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    process = subprocess.Popen(
        [sys.executable, "-c", CUT_OFF],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # whoever runs the tests in the background ignores it
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"trains\n"
        before = sorted(tmp_path.rglob("*"))
        process.send_signal(how)
        process.wait(20)
        assert before == sorted(tmp_path.rglob("*")) == []
    finally:
        process.kill()
        process.wait()


def test_a_folder_that_cannot_be_finished_is_not_left_half(tmp_path, monkeypatch):
    task = Task("liked", "Liked", "sequence", ("no", "yes"), sentences(16), sentences(8), None)
    tuned = ft.train(tiny_bert(), task, Recipe("tiny", "liked", 16, "head", 1, 1e-3))

    def full(*_, **__):
        raise OSError("No space left on device")

    monkeypatch.setattr(ft.json, "dumps", full)
    with pytest.raises(OSError, match="No space"):
        ft.save(tuned, tmp_path / "tuned")
    assert list(tmp_path.iterdir()) == []
