"""A model that is chosen and is not on this machine: what is said, and a button, with its size, that has it fetched.

A link fetches nothing and asks nobody: only a press begins a job, and only where whoever runs the server allows it.
"""

from __future__ import annotations

import streamlit as st

from bert_explain import models
from bert_explain.engines.jobs import DEAR, DONE, FAILED, JOBS, Job
from bert_explain.kernel.text import markdown
from bert_explain.models import Entry
from bert_explain.ui import state, working
from bert_explain.ui.notice import tell

_SIZES, _FAILED = "_sizes", "_fetch_failed"  # in the session: bytes that the hub told of a model; why the last press gave nothing


def entry(name: str) -> Entry | None:
    """The model of that name, where it may be loaded."""
    return models.entry(name) if name else None


def shown() -> str:
    """The name of the model that the page shows: the chosen one, or the default one while that cannot be had."""
    wanted = state.get("model")
    chosen = entry(wanted) if wanted else None
    return wanted if chosen is not None and models.here(chosen) else models.default_name()


def refusal(name: str) -> str:
    """Why a model cannot be had here at all; "" where it can, or may be fetched."""
    if not name:
        return ""
    chosen = entry(name)
    if chosen is None:
        if name.startswith("tuned-"):
            where = "Any task model" if name.endswith("-layer") else "Fine-tuning"
            return f"The model “{name[:80]}” was trained on this server and is held no longer: train it again in {where}."
        return f"There is no model called “{name[:80]}” on this server: whoever runs it decides which may be loaded."
    if models.here(chosen) or models.may_download():
        return ""
    return f"{chosen.title} is not on this machine, and this server fetches no models for its readers."


def offer() -> None:
    """For a chosen model that is not here and may be fetched: its size on a button; how far it is while it comes."""
    chosen = entry(state.get("model")) if state.get("model") else None
    if chosen is None or models.here(chosen):
        return
    first = entry(models.default_name())
    instead = first.title if first else "mini-bert"
    with st.container(key="fetch", border=True):
        job = _running(chosen)
        if job is not None:
            working.watch("fetch", job, lambda: None)
            return
        if failed := st.session_state.get(_FAILED, {}).get(chosen):
            tell(f"{failed} {instead} is shown instead.", "warning")
        else:
            tell(f"{chosen.title} is not on this machine. {instead} is shown instead.")
        size = chosen.size or st.session_state.get(_SIZES, {}).get(chosen)
        with st.container(horizontal=True, vertical_alignment="center"):
            if size is None:
                st.button("Ask the Hugging Face hub how large it is", key="fetch-size", on_click=_begin, args=(chosen, None))
            else:
                label = f"Fetch {markdown(chosen.title)} ({megabytes(size)})"
                st.button(label, key="fetch-it", type="primary", on_click=_begin, args=(chosen, size))
            st.button(f"Stay with {markdown(instead)}", key="fetch-not", type="tertiary", on_click=_stay)
        st.caption("It is kept on this machine for everybody; after that no network is needed.")


def megabytes(size: int) -> str:
    """A size as a reader judges it."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{max(1, round(size / 1e6))} MB"


def _key(chosen: Entry, size: int | None) -> tuple:
    return ("fetch" if size else "size", chosen)


def _begin(chosen: Entry, size: int | None) -> None:
    """Callback: ask the hub for a model, or for its size. Nothing else does."""
    state.touched()
    st.session_state.setdefault(_FAILED, {}).pop(chosen, None)
    if not models.may_download():  # a button of a page that was open before the settings were others
        return
    if size is None:
        JOBS.submit(
            _key(chosen, None),
            working.session(),
            lambda progress: models.plan(chosen.where, chosen.title, chosen.revision),
            cost=DEAR,
            label=f"{chosen.title}: asking the hub",
        )
    else:
        JOBS.submit(
            _key(chosen, size),
            working.session(),
            lambda progress: models.fetch(chosen, progress, size),
            cost=DEAR,
            label=f"{chosen.title} is fetched",
        )


def _stay() -> None:
    st.session_state.pop(_FAILED, None)
    state.put(model="")


def _running(chosen: Entry) -> Job | None:
    """The job that this reader began; one that is over is taken up and forgotten."""
    for size in (None, 1):
        key = _key(chosen, size)
        job = JOBS.find(key, working.session())
        if job is None:
            continue
        if not job.over:
            return job
        JOBS.drop(key)
        if job.state == FAILED:
            st.session_state.setdefault(_FAILED, {})[chosen] = working.why(job)
        elif job.state == DONE and size is None:
            st.session_state.setdefault(_SIZES, {})[chosen] = job.result.size
    return None
