"""Everything that takes longer than half a second runs here: beside the page, watched, stopped at a word.

A job is one piece of work, `work(progress) -> result`, done once for all sessions that ask for the same key. It runs in one
of a few threads; `progress(share, text)` says how far it is, and is where it stops when nobody wants it any more. Cheap
jobs go before dear ones, and a session has one job running at a time, so nobody's long work holds the others up. Work of
many seconds gives way to the pages that readers wait for (`PAGES`).

    job = JOBS.submit(("heads", query), session, work, cost=72)
    job.share, job.text ... job.result
"""

from __future__ import annotations

import itertools
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Hashable
from contextlib import suppress
from typing import Any, TypeVar

from bert_explain.core.store import MEGABYTE, size_of

Result = TypeVar("Result")
Progress = Callable[..., None]  # progress(share from 0 to 1, text)

WAITING, RUNNING, DONE, FAILED, CANCELLED = "waiting", "running", "done", "failed", "cancelled"
DEAR = 1_000  # forward passes from which a job takes minutes
LIGHT = 30  # forward passes below which a job takes a moment
HEAVY = 200  # forward passes from which a job gives way to the pages; such jobs never take every thread
GIVEN = 2.0  # times as long as a step of such a job took, it waits at most: on the busiest server it goes on a third as fast
NICE = 10  # what its thread adds to its own niceness, where threads have one
OVERTAKEN = 20  # jobs that may go before one that came earlier
FINISHED = 64  # jobs whose result is kept for whoever asks next
HELD = 200 * MEGABYTE  # and the most that they hold together, but for the newest


class Pages:
    """The pages that are being drawn: what readers wait for. `with PAGES: draw()`, from any thread.

    Python runs one thread at a time: a training that takes its every turn makes fifty readers wait twice as long.
    """

    def __init__(self) -> None:
        self._drawn = 0
        self._changed = threading.Condition()

    def __enter__(self) -> None:
        with self._changed:
            self._drawn += 1

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._drawn -= 1
            if not self._drawn:
                self._changed.notify_all()

    def give_way(self, seconds: float) -> bool:
        """Wait until no page is being drawn, and no longer than that; whether none is."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._drawn, seconds)


PAGES = Pages()
_mine = threading.local()  # of a thread: the job that it runs


def session_here() -> str:
    """Whose job this thread runs: of one of the sessions that wait for it. "" where it runs none."""
    job = getattr(_mine, "job", None)
    return "" if job is None else min(tuple(job.sessions), default="")


def _rank(job: Job) -> tuple[bool, float, int]:
    """Who goes first: who was overtaken too often, then who is cheaper, then who came earlier."""
    return job._overtaken < OVERTAKEN, job.cost, job._number


def _nothing(progress: Progress) -> None:
    """The work of a job that is over."""


class Cancelled(BaseException):
    """Raised inside a job's work by `progress`, when nobody waits for it any more. Let it pass."""


class Job:
    """One piece of work, and how it stands. Read from any thread."""

    def __init__(self, key: Hashable, work: Callable[[Progress], Any], cost: float, label: str) -> None:
        self.key, self.cost, self.label = key, cost, label
        self.sessions: set[str] = set()
        self.share, self.text = 0.0, ""
        self.state = WAITING
        self.result: Any = None
        self.error: BaseException | None = None
        self.logged = False  # whether the log has the error
        self.size = 0  # bytes of the result
        self.ends = CANCELLED  # the state that it will have when it is over
        self._work: Callable[[Progress], Any] = work
        self._overtaken = 0
        self._number = self._ended = 0
        self._stopped = threading.Event()
        self._over = threading.Event()

    @property
    def weight(self) -> int:
        """0: takes a moment, 1: some seconds, 2: minutes. A session has one job of each running."""
        return (self.cost >= LIGHT) + (self.cost >= DEAR)

    @property
    def over(self) -> bool:
        """Whether it is done, failed or cancelled."""
        return self._over.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is over; False when the time is up first."""
        return self._over.wait(timeout)


class Jobs:
    """A few threads and the jobs that wait for them. A thread lives while there is work, and no longer.

    threads : how many jobs run at the same time.
    alive : whether a session is still there; a job that only sessions wait for that are gone stops at its next step.
    pages : to which heavy jobs give way.
    """

    def __init__(self, threads: int = 2, alive: Callable[[str], bool] = lambda session: True, pages: Pages | None = None) -> None:
        self._threads, self.alive, self._pages = threads, alive, pages or Pages()
        self._jobs: dict[Hashable, Job] = {}
        self._waiting: list[Job] = []
        self._running: set[Job] = set()
        self._workers = 0
        self._numbers = itertools.count()
        self._lock = threading.RLock()

    def submit(
        self, key: Hashable, session: str, work: Callable[[Progress], Result], *, cost: float = 1.0, label: str = ""
    ) -> Job:
        """The job of this key: the one that is there, joined, or a new one. One that failed or was cancelled begins anew.

        cost : about how many forward passes it takes; the cheaper of two goes first.
        label : what it is, in a few words, for those who wait behind it.
        """
        with self._lock:
            job = self._jobs.get(key)
            if job is not None and (job.state in (FAILED, CANCELLED) or job._stopped.is_set()):
                job = None
            if job is None:
                job = self._jobs[key] = Job(key, work, cost, label)
                job._number = next(self._numbers)
                self._waiting.append(job)
                self._forget_old()
            job.sessions.add(session)
            self._start()
            return job

    def find(self, key: Hashable, session: str | None = None) -> Job | None:
        """The job of this key; of this session's only, where one is named."""
        with self._lock:
            job = self._jobs.get(key)
            return job if job is not None and (session is None or session in job.sessions) else None

    def waiting_for(self, key: Hashable) -> frozenset[str]:
        """The sessions that wait for the job of this key, and are still there."""
        with self._lock:
            job = self._jobs.get(key)
            return frozenset() if job is None else frozenset(filter(self.alive, job.sessions))

    def before(self, job: Job) -> Job | None:
        """The job of the same session that this one waits for, if it does."""
        with self._lock:
            running = (other for other in self._running if other is not job and other.weight == job.weight)
            return next((other for other in running if other.sessions & job.sessions), None)

    def ahead(self, job: Job) -> list[Job]:
        """Of a long job that waits: the long ones that run, and those that go before it. Empty for any other job."""
        with self._lock:
            if job not in self._waiting or job.cost < HEAVY:
                return []
            rank = _rank(job)
            waiting = sorted((o for o in self._waiting if o.cost >= HEAVY and _rank(o) < rank), key=_rank)
            return [*(other for other in self._running if other.cost >= HEAVY), *waiting]

    def cancel(self, key: Hashable, session: str) -> None:
        """This session waits no longer. When nobody does, the job stops at its next step, or never begins."""
        with self._lock:
            job = self._jobs.get(key)
            if job is None or job.over:
                return
            job.sessions.discard(session)
            if not job.sessions:
                self._stop(job)

    def leave(self, session: str) -> None:
        """The session is over: it waits for nothing any more."""
        with self._lock:
            for job in list(self._jobs.values()):
                self.cancel(job.key, session)

    def drop(self, key: Hashable) -> None:
        """Forget a job that is over: its result has been taken."""
        with self._lock:
            job = self._jobs.get(key)
            if job is not None and job.over:
                del self._jobs[key]

    def close(self) -> None:
        """Stop everything, as at the end of the server."""
        with self._lock:
            for job in list(self._jobs.values()):
                if not job.over:
                    self._stop(job)

    @property
    def every(self) -> list[Job]:
        """The jobs that are there: those that wait, that run, and that are over and not dropped yet."""
        with self._lock:
            return list(self._jobs.values())

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until every job that is there now is over; False when the time is up first."""
        return all(job.wait(timeout) for job in self.every)

    @property
    def threads(self) -> int:
        """Threads that are there now."""
        return self._workers

    def _stop(self, job: Job) -> None:
        job._stopped.set()
        if job in self._waiting:
            self._waiting.remove(job)
            self._end(job, CANCELLED)

    def _start(self) -> None:
        """A thread more, where there is work for one."""
        if self._workers < self._threads and self._next() is not None:
            self._workers += 1
            threading.Thread(target=self._serve, name="job", daemon=True).start()  # no server waits for it to stop

    def _serve(self) -> None:
        while True:
            with self._lock:
                job = self._next()
                if job is None:
                    self._workers -= 1
                    return
                self._take(job)
            self._run(job)

    def _next(self) -> Job | None:
        """The next to run: cheapest first, one of a session and weight at a time; one overtaken too often goes first."""
        busy = {(session, job.weight) for job in self._running for session in job.sessions}
        full = sum(job.cost >= HEAVY for job in self._running) >= max(1, self._threads - 1)

        def may(job: Job) -> bool:
            mine = {(session, job.weight) for session in job.sessions}
            return not mine <= busy and not (full and job.cost >= HEAVY)

        free = [job for job in self._waiting if may(job)]
        return min(free, key=_rank, default=None)

    def _take(self, job: Job) -> None:
        self._waiting.remove(job)
        for other in self._waiting:
            other._overtaken += other._number < job._number
        self._running.add(job)
        job.state = RUNNING

    def _run(self, job: Job) -> None:
        if job.cost < HEAVY:
            self._work(job)
        else:  # in a thread of its own: it cannot take its niceness back, and the threads that it begins inherit it
            apart = threading.Thread(target=self._work, args=(job,), name="job", daemon=True)
            try:
                apart.start()
                apart.join()
            except RuntimeError as error:  # no more threads
                job.error, job.ends = error, FAILED
        with self._lock:
            self._running.discard(job)
            self._end(job, job.ends)
            self._start()

    def _work(self, job: Job) -> None:
        """Do a job's work in this thread."""
        heavy, begun = job.cost >= HEAVY, time.monotonic()
        if heavy:
            with suppress(OSError):  # where it is forbidden, it is done all the same
                _be_nice()

        def progress(share: float, text: str = "") -> None:
            nonlocal begun
            if heavy:
                self._pages.give_way(GIVEN * (time.monotonic() - begun))
                begun = time.monotonic()
            job.share, job.text = min(max(float(share), 0.0), 1.0), text or job.text
            if job._stopped.is_set() or not any(map(self.alive, tuple(job.sessions))):
                raise Cancelled

        _mine.job = job
        try:
            progress(0.0)
            job.result = job._work(progress)
            job.size = size_of(job.result)
            job.ends = DONE
        except Cancelled:
            job.ends = CANCELLED
        except BaseException as error:  # whoever waits is told
            _let_go(error)
            job.error, job.ends = error, FAILED
        finally:
            _mine.job = None

    def _end(self, job: Job, state: str) -> None:
        job.state = state
        job._work = _nothing  # what it held is let go
        job._ended = next(self._numbers)
        job._over.set()
        self._forget_old()

    def _forget_old(self) -> None:
        """Those that ended first go first; one that is forgotten is done anew by whoever asks."""
        over = sorted((job for job in self._jobs.values() if job.over), key=lambda job: job._ended)
        held = sum(job.size for job in over)
        for n, job in enumerate(over[:-1]):
            if len(over) - n <= FINISHED and held <= HELD:
                break
            held -= job.size
            del self._jobs[job.key]


def _let_go(error: BaseException | None) -> None:
    """What the frames of an error hold, such as the traces of a long text: their lines stay, for the log."""
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__cause__ or error.__context__


def _be_nice() -> None:
    """Let this thread's arithmetic go after that of others, where threads have a niceness of their own (Linux)."""
    if sys.platform == "linux":
        mine = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, mine, min(19, os.getpriority(os.PRIO_PROCESS, mine) + NICE))


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


JOBS = Jobs(threads=max(2, cores() - 1), pages=PAGES)


class Turns:
    """Forward passes that readers wait for, let in a few at a time: short ones first, and long ones never in every place.

    places : how many run at the same time; of the long ones one fewer, where there is more than one place.
    """

    def __init__(self, places: int, long: float) -> None:
        self._places, self._long = places, long
        self._running: list[tuple[float, str]] = []
        self._waiting: list[tuple[float, int, str]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()

    def run(self, cost: float, session: str, work: Callable[[], Result]) -> Result:
        """What `work()` gives, when its turn has come. A session has one long one at a time."""
        me = (cost, next(self._numbers), session)
        with self._changed:
            self._waiting.append(me)
            while self._first() != me:
                self._changed.wait()
            self._waiting.remove(me)
            self._running.append((cost, session))
            self._changed.notify_all()
        try:
            return work()
        finally:
            with self._changed:
                self._running.remove((cost, session))
                self._changed.notify_all()

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def _first(self) -> tuple[float, int, str] | None:
        if len(self._running) >= self._places:
            return None
        long = [session for cost, session in self._running if cost >= self._long]
        full = len(long) >= max(1, self._places - 1)
        may = [one for one in self._waiting if one[0] < self._long or not (full or one[2] in long)]
        return min(may, default=None)


LONG = 200  # tokens from which a text is a long one
TURNS = Turns(places=cores(), long=LONG)
