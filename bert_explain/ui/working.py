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
import zlib
from collections.abc import Callable, Hashable
from typing import TypeVar

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from bert_explain.engines.cache import TRACES
from bert_explain.engines.jobs import CANCELLED, DONE, FAILED, JOBS, WAITING, Job, Progress
from bert_explain.errors import ExplainError
from bert_explain.ui import state
from bert_explain.ui.notice import tell

LOOK = 0.4  # seconds between two looks at a job
AT_ONCE = 0.2  # seconds that are waited for a result before a bar is drawn
NUMBERS = 999_999_999
_ASKED = "_working"  # in the session: parameter's name -> key of the job that was asked for last

Result = TypeVar("Result")


def asked(name: str) -> state.Number:
    """The parameter of an address that says which work was asked for; a step that has `working` owns it."""
    return state.Number(name, 0, NUMBERS)


def session() -> str:
    """Whose visit this is; one for all where no page is drawn."""
    context = get_script_run_ctx(suppress_warning=True)
    return "" if context is None else context.session_id


def _alive(who: str) -> bool:
    return not runtime.exists() or runtime.get_instance().is_active_session(who)


JOBS.alive = _alive


def number_of(key: Hashable) -> int:
    """The number in an address that belongs to this work; another text, model or setting has another one."""
    return zlib.crc32(repr(key).encode("utf-8", "surrogatepass")) % NUMBERS + 1


def wanted(which: state.Number, key: Hashable) -> bool:
    """Whether the reader, or the link, asked for this very work."""
    return state.get(which) == number_of(key)


def ask(which: state.Number, key: Hashable) -> None:
    """Callback: do this work."""
    state.put(which, number_of(key))


def working(
    which: state.Number,
    key: Hashable,
    label: str,
    work: Callable[[Progress], Result],
    *,
    cost: float = 1.0,
    what: str = "",
    primary: bool = False,
    disabled: bool = False,
    meanwhile: Callable[[], None] | None = None,
) -> Result | None:
    """The result of `work(progress)`, or None while it is not there; then what stands in its place is drawn here.

    which : made by `asked`; in the address it says that the reader asked for this.
    key : everything that the result depends on, written by `repr`; the result is kept under it for all readers.
    label : of the button that asks for it.
    work : calls progress(share, text) often, and ends with a result that is not None. It may raise ExplainError.
    cost : about how many forward passes it takes: cheap work goes before dear work.
    what : what is being done, for those who wait behind it; the label by default.
    meanwhile : draws what can be seen of it already, each time it is looked at.
    """
    if not wanted(which, key):
        _leave(which)
        name = state.own_key(f"ask-{which.name}")
        style = "primary" if primary else "secondary"
        st.button(label, key=name, type=style, disabled=disabled, on_click=ask, args=(which, key))
        return None
    kept = TRACES.peek(("work", key))
    if kept is not None:
        return kept
    _leave(which, key)
    job = JOBS.submit(key, session(), work, cost=cost, label=what or label)
    st.session_state.setdefault(_ASKED, {})[which.name] = key
    if job.wait(AT_ONCE):
        return _taken(which, job)
    _watch(which, key, meanwhile)
    return None


def _leave(which: state.Number, unless: Hashable = None) -> None:
    """What was asked for here before is of another text: it is not waited for any more."""
    before = st.session_state.get(_ASKED, {}).get(which.name)
    if before is not None and before != unless:
        JOBS.cancel(before, session())
        del st.session_state[_ASKED][which.name]


def _taken(which: state.Number, job: Job) -> object | None:
    """The result of a job that is over, kept for all; or a sentence that says why there is none, and the button again."""
    if job.state == DONE:
        result = TRACES.get(("work", job.key), lambda: job.result)
        JOBS.drop(job.key)
        return result
    if job.state == FAILED:
        tell(why(job), "warning")
    elif job.state == CANCELLED:
        tell("This was stopped before it was done.")
    JOBS.drop(job.key)
    st.button("Try again", key=state.own_key(f"again-{which.name}"), on_click=ask, args=(which, job.key))
    return None


def why(job: Job) -> str:
    """What went wrong, for the reader; what is a fault of ours goes to the log."""
    if isinstance(job.error, ExplainError):
        return str(job.error)
    logging.getLogger(__name__).error("%s failed", job.label, exc_info=job.error)
    return "This could not be done; the server's log says why."


def _watch(which: state.Number, key: Hashable, meanwhile: Callable[[], None] | None) -> None:
    name = state.own_key(which.name)

    def look() -> None:
        job = JOBS.find(key, session())
        if job is None or job.over:
            st.rerun()  # the whole page: what shows the result may stand in more than one place
        bar(job)
        st.button("Cancel", key=f"cancel-{name}", on_click=_cancel, args=(which, key))
        if meanwhile is not None:
            meanwhile()

    look.__qualname__ = f"watch-{name}"
    st.fragment(look, run_every=LOOK)()


def bar(job: Job) -> None:
    """How far a job is, or what it waits for."""
    if job.state == WAITING:
        before = JOBS.before(job)
        own = before is not None and session() in before.sessions
        st.progress(0.0, f"Waits for: {before.label}" if own else "Waits for its turn on this server")
    else:
        st.progress(job.share, job.text or job.label)


def _cancel(which: state.Number, key: Hashable) -> None:
    JOBS.cancel(key, session())
    state.put(which, which.default)


def loaded(key: Hashable, label: str, work: Callable[[Progress], Result], instead: Callable[[], None]) -> Result:
    """What the page cannot do without, such as a model: made beside the page, with a bar; the page ends here until it is there.

    instead : callback of "Cancel": choose another.
    Raises what the work raises.
    """
    job = JOBS.submit(key, session(), work, cost=0.0, label=label)
    if not job.wait(AT_ONCE):
        _wait_for(key, instead)
        st.stop()
    JOBS.drop(key)
    if job.state == FAILED:
        raise job.error
    if job.state == CANCELLED:
        st.rerun()
    return job.result


def _wait_for(key: Hashable, instead: Callable[[], None]) -> None:
    def stop() -> None:
        JOBS.cancel(key, session())
        instead()

    def look() -> None:
        job = JOBS.find(key, session())
        if job is None or job.over:
            st.rerun()
        bar(job)
        st.button("Cancel", key="cancel-loading", on_click=stop)

    st.fragment(look, run_every=LOOK)()
