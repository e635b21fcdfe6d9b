"""Jobs beside the page: one computation, progress, cancelling, order, threads that end. Events, no clocks."""

import gc
import os
import sys
import threading
import traceback
import weakref

import numpy as np
import pytest

from bert_explain.engines.jobs import (
    CANCELLED,
    DEAR,
    DONE,
    FAILED,
    HEAVY,
    NICE,
    Cancelled,
    Jobs,
    Pages,
    Turns,
    session_here,
)

LONG_ENOUGH = 60  # seconds: reached only when something hangs


class Gate:
    """Work that says when it runs, and goes on when it is told to."""

    def __init__(self, result="made", steps=1):
        self.result, self.steps = result, steps
        self.begun, self.go = threading.Event(), threading.Event()
        self.runs = 0

    def __call__(self, progress):
        self.runs += 1
        self.begun.set()
        for step in range(self.steps):
            assert self.go.wait(LONG_ENOUGH)
            progress((step + 1) / self.steps, f"step {step + 1}")
        return self.result


def ended(jobs):
    """All threads have come to their end."""
    for thread in threading.enumerate():
        if thread.name == "job":
            thread.join(LONG_ENOUGH)
    assert jobs.threads == 0


def test_a_job_gives_its_result_and_says_how_far_it_is():
    jobs, work = Jobs(), Gate(steps=4)
    job = jobs.submit("key", "me", work)
    assert work.begun.wait(LONG_ENOUGH)
    assert (job.state, job.over, job.share) == ("running", False, 0.0)
    work.go.set()
    assert job.wait(LONG_ENOUGH)
    assert (job.state, job.result, job.share, job.text) == (DONE, "made", 1.0, "step 4")
    ended(jobs)


def test_two_who_ask_for_the_same_share_one_computation():
    jobs, work = Jobs(), Gate()
    first, second = jobs.submit("key", "me", work), jobs.submit("key", "you", work)
    assert first is second
    work.go.set()
    assert first.wait(LONG_ENOUGH)
    assert work.runs == 1
    assert jobs.submit("key", "later", work).result == "made"
    jobs.drop("key")
    assert jobs.find("key") is None


def test_a_cancelled_job_stops_at_its_next_step_and_leaves_no_thread():
    jobs, work = Jobs(), Gate(steps=100)
    job = jobs.submit("key", "me", work)
    assert work.begun.wait(LONG_ENOUGH)
    jobs.cancel("key", "me")
    work.go.set()
    assert job.wait(LONG_ENOUGH)
    assert (job.state, job.result, job.text) == (CANCELLED, None, "step 1")
    ended(jobs)


def test_one_who_cancels_does_not_cancel_for_the_other():
    jobs, work = Jobs(), Gate()
    job = jobs.submit("key", "me", work)
    jobs.submit("key", "you", work)
    jobs.cancel("key", "me")
    work.go.set()
    assert job.wait(LONG_ENOUGH)
    assert job.state == DONE
    assert jobs.find("key", "me") is None
    assert jobs.find("key", "you") is job


def test_a_job_whose_sessions_are_gone_stops():
    there = {"me", "you"}
    jobs, work = Jobs(alive=lambda session: session in there), Gate(steps=100)
    job = jobs.submit("key", "me", work)
    assert work.begun.wait(LONG_ENOUGH)
    there.clear()
    work.go.set()
    assert job.wait(LONG_ENOUGH)
    assert job.state == CANCELLED
    ended(jobs)


def test_a_cancelled_job_begins_anew_when_it_is_asked_for_again():
    jobs, first, second = Jobs(), Gate(steps=2), Gate("again")
    job = jobs.submit("key", "me", first)
    assert first.begun.wait(LONG_ENOUGH)
    jobs.cancel("key", "me")
    new = jobs.submit("key", "me", second)
    assert new is not job
    first.go.set()
    second.go.set()
    assert new.wait(LONG_ENOUGH)
    assert job.wait(LONG_ENOUGH)
    assert (job.state, new.result) == (CANCELLED, "again")


def test_what_goes_wrong_is_told_and_not_kept():
    jobs = Jobs()

    def wrong(progress):
        raise ValueError("no such thing")

    job = jobs.submit("key", "me", wrong)
    assert job.wait(LONG_ENOUGH)
    assert (job.state, str(job.error)) == (FAILED, "no such thing")
    right = Gate()
    right.go.set()
    assert jobs.submit("key", "me", right).wait(LONG_ENOUGH)
    assert jobs.find("key").result == "made"


def test_a_session_has_one_job_running_and_the_other_sessions_go_before_its_second():
    jobs = Jobs(threads=2)
    mine, second, theirs = Gate(), Gate(), Gate()
    first = jobs.submit("mine", "me", mine, label="the first")
    behind = jobs.submit("second", "me", second)
    assert mine.begun.wait(LONG_ENOUGH)
    assert behind.state == "waiting"
    assert jobs.before(behind) is first
    jobs.submit("theirs", "you", theirs)
    assert theirs.begun.wait(LONG_ENOUGH)
    assert behind.state == "waiting"
    theirs.go.set()
    mine.go.set()
    assert second.begun.wait(LONG_ENOUGH)
    second.go.set()
    assert behind.wait(LONG_ENOUGH)
    ended(jobs)


def test_what_takes_a_moment_does_not_wait_for_the_same_sessions_work_of_minutes():
    jobs = Jobs(threads=3)
    index, heads, written, more = Gate(), Gate(), Gate(), Gate()
    jobs.submit("index", "me", index, cost=12_000, label="an index")
    jobs.submit("heads", "me", heads, cost=72)
    assert index.begun.wait(LONG_ENOUGH)
    assert heads.begun.wait(LONG_ENOUGH)
    moment = jobs.submit("written", "me", written, cost=20)
    assert written.begun.wait(LONG_ENOUGH)
    assert jobs.before(moment) is None
    behind = jobs.submit("more", "me", more, cost=10)
    assert behind.state == "waiting"
    assert jobs.before(behind) is moment
    for gate in (index, heads, written, more):
        gate.go.set()
    assert behind.wait(LONG_ENOUGH)
    ended(jobs)


def test_a_jobs_thread_knows_whose_work_it_does():
    jobs, work = Jobs(threads=2), Gate()
    mine = jobs.submit("mine", "me", lambda progress: session_here())
    theirs = jobs.submit("theirs", "you", lambda progress: session_here())
    assert mine.wait(LONG_ENOUGH)
    assert theirs.wait(LONG_ENOUGH)
    assert (mine.result, theirs.result, session_here()) == ("me", "you", "")

    def both(progress):
        work(progress)
        return session_here()

    shared = jobs.submit("shared", "b", both)
    jobs.submit("shared", "a", both)
    assert work.begun.wait(LONG_ENOUGH)
    jobs.cancel("shared", "a")
    work.go.set()
    assert shared.wait(LONG_ENOUGH)
    assert shared.result == "b"
    ended(jobs)


def test_cheap_jobs_go_before_dear_ones():
    jobs, order = Jobs(threads=1), []
    hold = Gate()
    jobs.submit("hold", "0", hold)
    assert hold.begun.wait(LONG_ENOUGH)
    waiting = [
        jobs.submit(cost, str(cost), lambda progress, cost=cost: order.append(cost), cost=cost) for cost in (600, 20, 72, 5)
    ]
    hold.go.set()
    assert all(job.wait(LONG_ENOUGH) for job in waiting)
    assert order == [5, 20, 72, 600]


def test_a_dear_job_is_not_overtaken_for_ever(monkeypatch):
    monkeypatch.setattr("bert_explain.engines.jobs.OVERTAKEN", 2)
    jobs, order = Jobs(threads=1), []
    hold = Gate()
    jobs.submit("hold", "0", hold)
    assert hold.begun.wait(LONG_ENOUGH)
    dear = jobs.submit("dear", "1", lambda progress: order.append("dear"), cost=600)
    cheap = [jobs.submit(i, str(i + 2), lambda progress, i=i: order.append(i), cost=1) for i in range(4)]
    hold.go.set()
    assert all(job.wait(LONG_ENOUGH) for job in (dear, *cheap))
    assert order == [0, 1, "dear", 2, 3]


def test_a_waiting_job_that_is_cancelled_never_begins():
    jobs, hold, never = Jobs(threads=1), Gate(), Gate()
    jobs.submit("hold", "me", hold)
    job = jobs.submit("never", "you", never)
    jobs.cancel("never", "you")
    assert job.wait(LONG_ENOUGH)
    hold.go.set()
    ended(jobs)
    assert (job.state, never.runs) == (CANCELLED, 0)


def test_a_session_that_leaves_takes_its_jobs_along():
    jobs, running, waiting = Jobs(threads=1), Gate(steps=9), Gate()
    first, second = jobs.submit("a", "me", running), jobs.submit("b", "me", waiting)
    assert running.begun.wait(LONG_ENOUGH)
    jobs.leave("me")
    running.go.set()
    assert first.wait(LONG_ENOUGH)
    assert (first.state, second.state) == (CANCELLED, CANCELLED)
    ended(jobs)


def test_closing_stops_everything():
    jobs, work = Jobs(), Gate(steps=9)
    job = jobs.submit("key", "me", work)
    assert work.begun.wait(LONG_ENOUGH)
    jobs.close()
    work.go.set()
    assert job.wait(LONG_ENOUGH)
    assert job.state == CANCELLED


def test_work_that_catches_every_exception_is_stopped_all_the_same():
    def stubborn(progress):
        try:
            progress(0.5)
        except Exception:
            return "went on"
        return "was not told"

    jobs, hold = Jobs(), threading.Event()

    def work(progress):
        hold.wait(LONG_ENOUGH)
        return stubborn(progress)

    job = jobs.submit("key", "me", work)
    jobs.cancel("key", "me")
    hold.set()
    assert job.wait(LONG_ENOUGH)
    assert job.state == CANCELLED
    assert issubclass(Cancelled, BaseException)
    assert not issubclass(Cancelled, Exception)


def test_what_finished_jobs_hold_is_bounded_and_the_newest_is_kept(monkeypatch):
    monkeypatch.setattr("bert_explain.engines.jobs.HELD", 2_500)
    jobs = Jobs()
    for n in range(4):
        assert jobs.submit(n, "me", lambda progress: np.zeros(1_000, np.uint8)).wait(LONG_ENOUGH)
        ended(jobs)
    assert [jobs.find(n) is not None for n in range(4)] == [False, False, True, True]
    assert jobs.submit("large", "me", lambda progress: np.zeros(9_000, np.uint8)).wait(LONG_ENOUGH)
    ended(jobs)
    assert [job.key for job in jobs.every] == ["large"]  # whoever waits for it finds it
    slow = Gate(np.zeros(2_000, np.uint8))
    first = jobs.submit("slow", "me", slow)
    assert slow.begun.wait(LONG_ENOUGH)
    assert jobs.submit("quick", "you", lambda progress: np.zeros(2_000, np.uint8)).wait(LONG_ENOUGH)
    slow.go.set()
    assert first.wait(LONG_ENOUGH)
    ended(jobs)
    assert [job.key for job in jobs.every] == ["slow"]  # the newest is the one that ended last


# pages go before heavy jobs


def test_a_heavy_job_gives_way_to_a_page_and_a_light_one_does_not(monkeypatch):
    pages, gave = Pages(), []
    jobs = Jobs(pages=pages)
    monkeypatch.setattr(pages, "give_way", gave.append)
    assert jobs.submit("light", "a", lambda progress: progress(0.5), cost=HEAVY - 1).wait(LONG_ENOUGH)
    assert gave == []
    assert jobs.submit("heavy", "a", lambda progress: progress(0.5), cost=HEAVY).wait(LONG_ENOUGH)
    assert len(gave) == 2  # where it begins, and at its step
    assert 0 <= max(gave) < LONG_ENOUGH  # no longer than the step took, some times over
    ended(jobs)


def test_giving_way_ends_with_the_last_page_that_is_drawn():
    pages, done = Pages(), threading.Event()
    assert pages.give_way(0)
    with pages:
        with pages:
            pass
        assert not pages.give_way(0)
        assert not pages.give_way(0.001)  # and no longer than that
        waiting = threading.Thread(target=lambda: pages.give_way(LONG_ENOUGH) and done.set())
        waiting.start()
    assert done.wait(LONG_ENOUGH)
    waiting.join(LONG_ENOUGH)


def test_a_page_that_fails_is_drawn_no_more():
    pages = Pages()
    with pytest.raises(KeyError), pages:
        raise KeyError
    assert pages.give_way(0)


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no niceness of their own here")
def test_a_heavy_jobs_thread_is_nicer_and_runs_nothing_else():
    def niceness(progress):
        return threading.get_native_id(), os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    jobs, usual = Jobs(threads=1), os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    gate = Gate()
    first = jobs.submit("first", "a", gate)
    assert gate.begun.wait(LONG_ENOUGH)  # the others wait in line, for one thread
    heavy, last = (jobs.submit(name, "b", niceness, cost=cost) for name, cost in (("heavy", HEAVY), ("last", HEAVY + 1)))
    gate.go.set()
    assert all(job.wait(LONG_ENOUGH) for job in (first, heavy, last))
    assert heavy.result[1] == last.result[1] == min(19, usual + NICE)
    light = jobs.submit("light", "a", niceness)
    assert light.wait(LONG_ENOUGH)
    assert light.result[1] == usual
    ended(jobs)


def test_a_heavy_job_that_gets_no_thread_fails_and_frees_its_place(monkeypatch):
    start = threading.Thread.start

    def refuses(thread):
        if thread._target is not None and thread._target.__name__ == "_work":
            raise RuntimeError("can't start new thread")
        start(thread)

    jobs = Jobs()
    monkeypatch.setattr(threading.Thread, "start", refuses)
    job = jobs.submit("heavy", "a", lambda progress: 7, cost=HEAVY)
    assert job.wait(LONG_ENOUGH)
    assert (job.state, str(job.error)) == (FAILED, "can't start new thread")
    monkeypatch.undo()
    again = jobs.submit("heavy", "a", lambda progress: 7, cost=HEAVY)
    assert again.wait(LONG_ENOUGH)
    assert again.result == 7
    ended(jobs)


def test_where_niceness_is_forbidden_a_heavy_job_is_done_all_the_same(monkeypatch):
    def forbidden():
        raise PermissionError

    monkeypatch.setattr("bert_explain.engines.jobs._be_nice", forbidden)
    jobs = Jobs()
    job = jobs.submit("heavy", "a", lambda progress: 7, cost=HEAVY)
    assert job.wait(LONG_ENOUGH)
    assert job.result == 7
    ended(jobs)


# turns of forward passes


def asked(turns, cost, session, work, order):
    thread = threading.Thread(target=lambda: turns.run(cost, session, lambda: (order.append((cost, session)), work())))
    thread.start()
    return thread


@pytest.fixture
def block():
    released = threading.Event()
    yield released
    released.set()


def until(true):
    """Wait for what another thread does next; a hang ends the test."""
    tick = threading.Event()
    for _ in range(LONG_ENOUGH * 100):
        if true():
            return
        tick.wait(0.01)
    raise AssertionError("it hangs")


def test_short_texts_are_read_before_long_ones(block):
    turns, order = Turns(places=1, long=100), []
    threads = [asked(turns, 10, "first", block.wait, order)]
    until(lambda: order)
    for count, (cost, session) in enumerate([(600, "a"), (300, "b"), (20, "c")], 1):
        threads.append(asked(turns, cost, session, lambda: None, order))
        until(lambda count=count: turns.waiting == count)
    block.set()
    for thread in threads:
        thread.join(LONG_ENOUGH)
    assert order[1:] == [(20, "c"), (300, "b"), (600, "a")]


def test_long_texts_leave_a_place_for_short_ones(block):
    turns, order = Turns(places=2, long=100), []
    threads = [asked(turns, 600, "a", block.wait, order), asked(turns, 600, "b", block.wait, order)]
    until(lambda: len(order) == 1 and turns.waiting == 1)
    short = asked(turns, 20, "c", lambda: None, order)
    short.join(LONG_ENOUGH)
    assert order[-1] == (20, "c")
    assert turns.waiting == 1
    block.set()
    for thread in threads:
        thread.join(LONG_ENOUGH)


def test_one_session_has_one_long_text_at_a_time(block):
    turns, order = Turns(places=4, long=100), []
    threads = [asked(turns, 600, "a", block.wait, order), asked(turns, 600, "a", block.wait, order)]
    until(lambda: len(order) == 1 and turns.waiting == 1)
    other = asked(turns, 600, "b", lambda: None, order)
    other.join(LONG_ENOUGH)
    assert order[-1] == (600, "b")
    block.set()
    for thread in threads:
        thread.join(LONG_ENOUGH)


def test_what_a_pass_raises_reaches_who_asked_and_frees_its_place():
    turns = Turns(places=1, long=100)
    with pytest.raises(ValueError, match="no"):
        turns.run(1, "a", lambda: (_ for _ in ()).throw(ValueError("no")))
    assert turns.run(1, "a", lambda: 7) == 7


def test_a_long_job_that_waits_knows_how_many_go_before_it():
    jobs = Jobs(threads=2)
    gates = [Gate() for _ in range(4)]
    made = [jobs.submit(i, f"reader {i}", gate, cost=DEAR * (2 if i == 1 else 1), label="long") for i, gate in enumerate(gates)]
    assert gates[0].begun.wait(LONG_ENOUGH)
    assert jobs.ahead(made[0]) == []  # it runs
    assert jobs.ahead(made[2]) == [made[0]]
    assert jobs.ahead(made[3]) == [made[0], made[2]]
    assert jobs.ahead(made[1]) == [made[0], made[2], made[3]]  # the dearest, though it came second
    light = Gate()
    short = jobs.submit("light", "another", light, cost=1)
    assert light.begun.wait(LONG_ENOUGH)  # a short one has a thread of its own
    assert jobs.ahead(short) == []
    jobs.cancel(2, "reader 2")
    assert jobs.ahead(made[3]) == [made[0]]
    for gate in (*gates, light):
        gate.go.set()
    assert jobs.wait(LONG_ENOUGH)
    ended(jobs)


def test_what_failed_holds_nothing_that_its_work_had_in_hand():
    """An error's frames hold their locals: the traces of a long text, for as long as the job is remembered."""
    jobs, held = Jobs(), []

    class Large:
        pass

    def inner():
        large = Large()
        held.append(weakref.ref(large))
        raise ValueError("inner")

    def work(progress):
        large = Large()
        held.append(weakref.ref(large))
        try:
            inner()
        except ValueError as error:
            raise RuntimeError("outer") from error

    job = jobs.submit("key", "me", work)
    assert job.wait(LONG_ENOUGH)
    gc.collect()
    assert job.state == FAILED
    assert [one() for one in held] == [None, None]
    assert [frame.name for frame in traceback.extract_tb(job.error.__traceback__)][-1] == "work"  # the log still says where


def test_who_waits_is_who_is_still_there():
    jobs, work = Jobs(alive=lambda session: session != "gone"), Gate()
    for session in ("me", "you", "gone"):
        jobs.submit("key", session, work)
    assert jobs.waiting_for("key") == {"me", "you"}
    assert jobs.waiting_for("another") == frozenset()
    work.go.set()
    ended(jobs)
