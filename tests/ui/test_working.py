"""Long work beside a page: who is there to wait for it, and whose work it is."""

import threading
from types import SimpleNamespace

import pytest

from bert_explain.engines.jobs import CANCELLED, DONE, Jobs
from bert_explain.query import Query
from bert_explain.ui import cache, working

LONG_ENOUGH = 60  # seconds: reached only when something hangs


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_who_is_cut_off_for_a_moment_is_still_there(clock):
    connected = {"me"}
    there = working.Presence(connected.__contains__, clock)
    assert there("me")
    connected.clear()
    clock.now += working.AWAY - 1
    assert there("me")
    clock.now += 1
    assert not there("me")
    connected.add("me")
    assert there("me")


def test_being_cut_off_counts_from_when_one_was_there_last(clock):
    there = working.Presence(lambda who: False, clock)
    assert not there("nobody has ever seen this one")
    there.seen("me")
    for _ in range(3):
        clock.now += working.AWAY / 4
        assert there("me")  # asking for somebody who is away does not make them stay
    clock.now += working.AWAY / 4
    assert not there("me")


def test_those_who_are_long_gone_are_not_remembered(clock):
    there = working.Presence(lambda who: False, clock)
    for number in range(100):
        there.seen(f"reader {number}")
        clock.now += working.AWAY
    assert len(there._last) == 1


@pytest.mark.parametrize(("away", "state"), [(working.AWAY - 1, DONE), (working.AWAY, CANCELLED)])
def test_a_long_job_outlives_a_short_absence(away, state, clock):
    connected, begun, go = {"me"}, threading.Event(), threading.Event()
    jobs = Jobs(alive=working.Presence(connected.__contains__, clock))

    def work(progress):
        begun.set()
        assert go.wait(LONG_ENOUGH)
        progress(0.5)
        return "made"

    job = jobs.submit("a training", "me", work)
    assert begun.wait(LONG_ENOUGH)
    connected.clear()
    clock.now += away
    go.set()
    assert job.wait(LONG_ENOUGH)
    assert job.state == state


def test_a_forward_pass_of_a_job_is_a_pass_of_its_session(mini_bert, monkeypatch):
    whose = []
    turns = SimpleNamespace(run=lambda cost, session, work: (whose.append(session), work())[1])
    monkeypatch.setattr(cache, "TURNS", turns)
    jobs = Jobs()
    query = Query("One reader's sentence.")
    for name in ("me", "you"):
        assert jobs.submit(name, name, lambda progress: cache.aside("mini-bert", query)).wait(LONG_ENOUGH)
    cache.aside("mini-bert", query)
    assert whose == ["me", "you", ""]


def test_what_failed_is_not_begun_again_by_a_rerun(monkeypatch):
    """A training that failed after minutes would begin anew at any click, and once for each reader."""
    jobs, made, buttons = Jobs(), [], []
    monkeypatch.setattr(working, "JOBS", jobs)
    monkeypatch.setattr(working, "AT_ONCE", LONG_ENOUGH)
    page = SimpleNamespace(
        session_state={}, button=lambda label, **given: buttons.append((label, given)), progress=lambda *_: None
    )
    monkeypatch.setattr(working, "st", page)
    monkeypatch.setattr(working, "tell", lambda *_: None)
    monkeypatch.setattr(working.state, "own_key", str)

    def work(progress):
        made.append(1)
        if len(made) == 1:
            raise ValueError("the disk is full")
        return "made"

    for _ in range(3):
        assert working.awaited("try", ("key",), work, what="a try") is None
    assert len(made) == 1
    label, given = buttons[-1]
    assert label == "Try again"
    given["on_click"]()
    assert working.awaited("try", ("key",), work, what="a try") == "made"
    assert len(made) == 2
