"""Long work on a page: a button that asks for it, progress and "Cancel" while it runs, its result when it is there.

    table = working(TRIED, key, "Try all 72 heads", lambda progress: ..., cost=72)
    if table is None:
        return

The work runs beside the page (`engines.jobs`): what is clicked meanwhile is answered at once. That it was asked for stands
in the address, as a number that belongs to `key`: a link shows the result again, an edit offers the button anew, and what
other readers had made is never shown unasked (only made once for all).
"""

from __future__ import annotations

import logging
import math
import time
import zlib
from collections.abc import Callable, Collection, Hashable, Sequence
from typing import Literal, Protocol, TypeVar

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from bert_explain.engines.cache import TRACES
from bert_explain.engines.jobs import CANCELLED, DONE, FAILED, JOBS, WAITING, Job, Progress, session_here
from bert_explain.errors import ExplainError
from bert_explain.kernel.readings import many
from bert_explain.kernel.text import markdown
from bert_explain.ui import state
from bert_explain.ui.notice import tell

LOOK = 0.4  # seconds between two looks at a job
AT_ONCE = 0.2  # seconds that are waited for a result before a bar is drawn
AWAY = 120  # seconds without a connection after which a session is gone; as long as Streamlit keeps it for a browser to come back
NUMBERS = 999_999_999
TRAINING = "a training"  # what a training is called for those who wait behind it
_ASKED, _STOPPED = "_working", "_stopped"  # in the session: name of the work -> key of what was asked for, or stopped, last
_SEEN = "_worked_of"  # in the session: name of the work -> the page's run in which it was last drawn, and the text it was of

Result = TypeVar("Result")


def asked(name: str) -> state.Number:
    """The parameter of an address that says which work was asked for; a step that has `working` owns it."""
    return state.Number(name, 0, NUMBERS)


class Presence:
    """Which sessions are still there. A phone that is locked, or a network that is changed, cuts the connection: that alone
    throws no work away.

    connected : whether a session has a connection now. clock : seconds.
    """

    def __init__(self, connected: Callable[[str], bool], clock: Callable[[], float] = time.monotonic) -> None:
        self._connected, self._clock = connected, clock
        self._last: dict[str, float] = {}  # session -> when it was there last

    def seen(self, who: str) -> None:
        """It is there just now."""
        now = self._clock()
        if who not in self._last:
            for one, at in list(self._last.items()):
                if now - at >= AWAY:
                    self._last.pop(one, None)
        self._last[who] = now

    def __call__(self, who: str) -> bool:
        """Whether it is connected, or was within AWAY seconds."""
        if self._connected(who):
            self.seen(who)
            return True
        return self._clock() - self._last.get(who, -math.inf) < AWAY


_present = JOBS.alive = Presence(lambda who: not runtime.exists() or runtime.get_instance().is_active_session(who))


def session() -> str:
    """Whose visit this is; in a job's thread, whose job. One for all elsewhere."""
    context = get_script_run_ctx(suppress_warning=True)
    if context is None:
        return session_here()
    _present.seen(context.session_id)
    return context.session_id


def number_of(key: Hashable) -> int:
    """The number in an address that belongs to this work; another text, model or setting has another one."""
    return zlib.crc32(repr(key).encode("utf-8", "surrogatepass")) % NUMBERS + 1


def wanted(which: state.Number, key: Hashable) -> bool:
    """Whether the reader, or the link, asked for this very work."""
    return state.get(which) == number_of(key)


def ask(which: state.Number, key: Hashable, also: Callable[[], None] | None = None) -> None:
    """Callback: do this work; and what else the press changes."""
    state.put(which, number_of(key))
    if also is not None:
        also()


def forget(key: Hashable) -> None:
    """The result of this work is of no use any more: whoever asks next has it made anew."""
    TRACES.forget(("work", (key, ())))


def working(
    which: state.Number,
    key: Hashable,
    label: str,
    work: Callable[[Progress], Result],
    *,
    also: Hashable = (),
    cost: float = 1.0,
    what: str = "",
    primary: bool = False,
    disabled: bool = False,
    button: str = "",
    cancel: str = "Cancel",
    on_ask: Callable[[], None] | None = None,
    meanwhile: Callable[[], None] | None = None,
) -> Result | None:
    """The result of `work(progress)`, or None while it is not there; then what stands in its place is drawn here.

    which : made by `asked`; in the address it says that the reader asked for this.
    key : everything that the result depends on, written by `repr`; the result is kept under it for all readers.
    also : what the result depends on besides; a reader who has asked once need not ask again when only this changes.
    label : of the button that asks for it.
    work : calls progress(share, text) often, and ends with a result that is not None. It may raise ExplainError.
    cost : about how many forward passes it takes: cheap work goes before dear work.
    what : what is being done, for those who wait behind it; the label by default.
    button : the key of the button that asks; one of its own by default. cancel : label of the one that stops it.
    on_ask : what the press changes besides.
    meanwhile : draws what can be seen of it already, each time it is looked at.
    """
    if not wanted(which, key):
        leave(which.name)
        name = button or state.own_key(f"ask-{which.name}")
        style: Literal["primary", "secondary"] = "primary" if primary else "secondary"
        st.button(label, key=name, type=style, disabled=disabled, on_click=ask, args=(which, key, on_ask))
        return None
    found = _done(which.name, (key, also), work, cost, what or label)
    if not isinstance(found, Job):
        return found
    if found.over:
        _said(found)
        st.button("Try again", key=state.own_key(f"again-{which.name}"), on_click=JOBS.drop, args=(found.key,))
    else:
        watch(which.name, found, lambda: state.put(which, which.default), meanwhile, cancel)
    return None


class Held(Protocol):
    """Who holds a training; true while it is paused."""

    watchers: Callable[[], Collection[str]]

    def put(self, who: str, held: bool) -> None: ...

    def by(self, who: str) -> bool: ...


def pause(held: Held, name: str, key: Hashable) -> None:
    """A switch that pauses the work of this key; where others wait for it too, it goes on until all of them pause it."""
    at = state.own_key(f"pause-{name}")

    def changed() -> None:
        held.put(session(), bool(st.session_state[at]))
        state.touched()

    held.watchers = lambda: JOBS.waiting_for((key, ()))
    st.toggle("Pause", value=held.by(session()), key=at, on_change=changed)
    if held.by(session()) and not held:
        st.caption("Others watch this training too: it goes on until all of them pause it.")


def awaited(
    name: str,
    key: Hashable,
    work: Callable[[Progress], Result],
    *,
    cost: float = 1.0,
    what: str,
    cancel: str = "Cancel",
    stop: Callable[[], None] | None = None,
    meanwhile: Callable[[], None] | None = None,
) -> Result | None:
    """As `working`, for what a page shows unasked and what takes a moment only with long texts or on a busy server.

    name : tells it apart from other work of this page.
    cancel : label of the button that stops it. stop : callback of it, where something else is to be seen then; otherwise
    the page says that it was stopped, and offers to go on.
    meanwhile : draws what can be seen of it already, each time it is looked at.
    """
    stopped = st.session_state.setdefault(_STOPPED, {})
    again = state.own_key(f"again-{name}")

    def go_on() -> None:
        stopped.pop(name, None)
        JOBS.drop(key)  # where it failed

    if stopped.get(name) == key:
        leave(name)
        tell("This was stopped before it was done.")
        st.button("Go on", key=again, on_click=go_on)
        return None
    found = _done(name, key, work, cost, what)
    if not isinstance(found, Job):
        return found
    if found.over:
        _said(found)
        st.button("Try again", key=again, on_click=go_on)
    else:
        watch(name, found, stop or (lambda: stopped.update({name: key})), meanwhile, cancel)
    return None


def at_a_press(
    which: state.Number,
    key: Hashable,
    of: Hashable,
    label: str,
    work: Callable[[Progress], Result],
    *,
    cost: float = 1.0,
    what: str = "",
) -> Result | None:
    """As `awaited` when its step comes into view, or another choice is made there; after an edit of the text as `working`.

    Dozens of runs of a model are too much for every edit, and what was opened is shown unasked.

    of : the text. label : of the button that asks after an edit. The rest as in `working`.
    """
    seen, name, now = st.session_state.setdefault(_SEEN, {}), state.own_key(which.name), state.runs()
    run, text = seen.get(name, (0, of))
    edited = run >= now - 1 and text != of
    if edited and not wanted(which, key) and TRACES.peek(("work", key)) is None:
        seen[name] = now, text
        leave(which.name)
        st.caption("Not worked out yet for the text as it is now.")
        st.button(label, key=state.own_key(f"ask-{which.name}"), on_click=ask, args=(which, key))
        return None
    seen[name] = now, of
    return awaited(which.name, key, work, cost=cost, what=what or label)


def _done(name: str, key: Hashable, work: Callable[[Progress], Result], cost: float, label: str) -> Result | Job:
    """The result, if it is there or comes at once; else the job, which runs on or has failed."""
    kept = TRACES.peek(("work", key))
    if kept is not None:
        return kept
    leave(name, key)
    failed = JOBS.find(key)
    if failed is not None and failed.state == FAILED:
        return failed  # it is not begun anew unasked: on a busy server that would go on for ever
    job = JOBS.submit(key, session(), work, cost=cost, label=label)
    st.session_state.setdefault(_ASKED, {})[name] = key
    if not job.wait(AT_ONCE) or job.state != DONE:
        return job
    kept = TRACES.get(("work", key), lambda: job.result)  # first: who looks in between would have it made again
    JOBS.drop(key)
    return kept


def leave(name: str, unless: Hashable = None) -> None:
    """What was asked for under this name before is not waited for any more: it is of another text, or was taken back."""
    before = st.session_state.get(_ASKED, {}).get(name)
    if before is not None and before != unless:
        JOBS.cancel(before, session())
        del st.session_state[_ASKED][name]


def _said(job: Job) -> None:
    """Why there is no result."""
    if job.state == FAILED:
        tell(why(job), "warning")
    else:
        tell("This was stopped before it was done.")


def why(job: Job) -> str:
    """What went wrong, for the reader; what is a fault of ours goes to the log."""
    if isinstance(job.error, ExplainError):
        return str(job.error)
    if not job.logged:
        job.logged = True
        logging.getLogger(__name__).error("%s failed", job.label, exc_info=job.error)
    return "This could not be done; the server's log says why."


def watch(
    name: str,
    job: Job,
    stop: Callable[[], None],
    meanwhile: Callable[[], None] | None = None,
    cancel: str = "Cancel",
    doing: str = "",
) -> None:
    """Looks at a job again and again, while it runs; draws the whole page when it is over. `doing`: what is said of it."""
    key, at = job.key, state.own_key(name)

    def stopped() -> None:
        JOBS.cancel(key, session())
        stop()
        state.touched()

    def look() -> None:
        now = JOBS.find(key, session())
        if now is None or now.over:
            st.rerun()  # the whole page: what shows the result may stand in more than one place
        bar(now, doing)
        if cancel:
            st.button(cancel, key=f"cancel-{at}", on_click=stopped)
        if meanwhile is not None and now.state != WAITING:  # another's work may be what it shows
            meanwhile()

    look.__qualname__ = f"watch-{at}"
    st.fragment(look, run_every=LOOK)()


def bar(job: Job, doing: str = "") -> None:
    """How far a job is, or what it waits for.

    doing : what is said of it, in the place of what it says itself: of a question's work that may tell the answer.
    """
    if job.state == WAITING:
        before = JOBS.before(job)
        if before is not None and session() in before.sessions:
            st.progress(0.0, markdown(f"Waits for: {before.label}"))
        else:
            st.progress(0.0, place_of([one.label for one in JOBS.ahead(job)]))
    else:
        st.progress(job.share, markdown(doing or job.text or job.label))


def place_of(labels: Sequence[str]) -> str:
    """What is said of a job that waits for these: how many, and what they are where all are trainings."""
    if not labels:
        return "Waits for its turn on this server"
    one, more = ("training", "trainings") if set(labels) == {TRAINING} else ("long piece of work", "long pieces of work")
    n = len(labels)
    return f"Waits for its turn on this server: {many(n, one, more)} {'is' if n == 1 else 'are'} before yours"


def loaded(
    key: Hashable,
    label: str,
    ready: Callable[[], Result | None],
    work: Callable[[Progress], Result],
    instead: Callable[[], None] | None = None,
) -> Result:
    """What the page cannot do without, such as a model: made beside the page, with a bar; the page ends here until it is there.

    ready : gives it where it is there already. work : makes it, and has it kept where `ready` looks.
    instead : callback of "Cancel": choose another. Without one it cannot be cancelled: there is nothing else to be shown.
    Raises what the work raises. Where no page is drawn, in a job of its own say, the work is simply done.
    """
    made: list[Result] = []

    def make(progress: Progress) -> None:
        """No result: a job whose reader went elsewhere would hold a whole model."""
        value = work(progress)
        progress(1.0)
        made.append(value)

    def silent(share: float, text: str = "") -> None:
        """Nobody looks at a bar."""

    found = ready()
    if found is not None:
        JOBS.drop(key)
        return found
    if get_script_run_ctx(suppress_warning=True) is None:
        return work(silent)
    job = JOBS.submit(key, session(), make, cost=0.0, label=label)
    if not job.wait(AT_ONCE):
        watch("loading", job, instead or (lambda: None), cancel="Cancel" if instead else "")
        state.write()  # the page ends here, and its choices stand in the address all the same
        st.stop()
    JOBS.drop(key)
    if job.state == FAILED and job.error is not None:
        raise job.error
    if job.state == CANCELLED:
        st.rerun()
    found = made[0] if made else ready()
    return work(silent) if found is None else found  # let go again since, or too large to be kept at all
