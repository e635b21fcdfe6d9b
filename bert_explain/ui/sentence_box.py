"""The first row of every page: two sentences, examples and model, the list of chapters, Guided or Explore.

On a phone the sentences fold to one line, a press away from being edited; style sheets decide which of the two is seen.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from bert_explain import models
from bert_explain.content import examples
from bert_explain.errors import ExplainError
from bert_explain.kernel.text import markdown
from bert_explain.models import allowed
from bert_explain.ui import fetching, limits, stages, state
from bert_explain.ui.params import LONGEST_TEXT

if TYPE_CHECKING:
    from bert_explain.ui.frame import Page

_EDITING = "_editing"


def draw(page: Page) -> None:
    """Everything in one row; on a phone in two."""
    editing = st.session_state.get(_EDITING, False)
    with st.container(key="box-open" if editing else "box"):
        folded, a, b, more, where, mode = st.columns([1, 10, 10, 4.9, 3.3, 5], gap="small", vertical_alignment="center")
        with folded:
            _folded(editing)
        _field(a, "a", "Sentence A", "Type a sentence")
        _field(b, "b", "Sentence B", "A second sentence, or nothing")
        # On a server with several models this is where they are chosen, so the button says so.
        many = len(models.entries()) > 1 or allowed.settings().any_model
        with more.popover(
            "Examples, model" if many else "Examples", width="stretch", key="examples", on_change=state.touched
        ) as opened:
            if opened.open:
                _examples()
                _model()
                st.caption(_count(page))
        with where.popover("Chapters", width="stretch", key="chapters", on_change=state.touched) as opened:
            if opened.open:
                _chapters()
        with mode:
            st.segmented_control(
                "Guided asks before it shows",
                ("guided", "explore"),
                format_func=str.capitalize,
                label_visibility="collapsed",
                width="stretch",
                **state.bind("mode"),
            )


def _folded(editing: bool) -> None:
    """On a phone: both sentences in one line, a button that opens the fields."""
    with st.container(key="folded"):
        if editing:
            st.button("Done", key="fold", on_click=_fold, args=(False,), width="stretch")
            return
        both = " / ".join(text for text in (state.get("a"), state.get("b")) if text.strip()) or "No sentence yet"
        st.html(f'<p class="folded" dir="auto">{escape(both[:200])}</p>')
        st.button("Edit the sentences", key="unfold", on_click=_fold, args=(True,), icon=":material/edit:", width="stretch")


def _fold(editing: bool) -> None:
    st.session_state[_EDITING] = editing
    state.touched()


def _field(column, name: str, label: str, placeholder: str) -> None:
    wanted, first = state.get(name), state.fresh()
    held = column.text_input(
        label,
        **state.seeded(f"w-sentence-{name}", wanted),
        placeholder=placeholder,
        max_chars=LONGEST_TEXT,
        autocomplete="off",
        label_visibility="collapsed",
        on_change=_edited,
        args=(name,),
    )
    if first and held != wanted:  # the browser held it while the server was away: it is newer than the address
        state.put(**{name: held})


def _edited(name: str) -> None:
    """Callback: what is tied to a piece stays where the same piece stands. While the model is still loading, nothing does."""
    model = models.ready(fetching.shown())
    if model is not None:
        limits.edited(name, model)()
        return
    state.reset("mask", "put", "token")
    state.put(**{name: st.session_state[f"w-sentence-{name}"]})


def _count(page: Page) -> str:
    try:
        return limits.count(page.trace) if models.ready(fetching.shown()) is not None else ""
    except ExplainError:
        return ""


def _examples() -> None:
    st.caption("Pick a pair to begin with.")
    for i, pair in enumerate(examples.pairs()):
        st.button(
            pair.name,
            key=f"example-{i}",
            help=pair.why,
            type="tertiary",
            width="stretch",
            on_click=_take,
            args=(pair,),
        )


def _take(pair: examples.Pair) -> None:
    state.reset("mask", "put", "token")
    state.put(a=pair.a, b=pair.b)


def _chapters() -> None:
    """Every page, in reading order."""
    for group in stages.GROUPS:
        st.caption(group)
        for stage in stages.STAGES:
            if stage.group == group:
                st.page_link(stage.file, label=stage.name, query_params=state.address(stage.name), width="stretch")


def _model() -> None:
    """The models that can be had; where any may be loaded, a field for its name on the hub."""
    wanted = state.get("model") or models.default_name()
    known = {name: one for name, one in models.entries().items() if name == wanted or models.may_download() or models.here(one)}
    chosen = known.get(wanted) or fetching.entry(wanted)
    if chosen is not None:
        known.setdefault(wanted, chosen)
    if len(known) > 1:
        state.suggest(model=models.default_name())
        options = list(known)
        st.selectbox("Model", options, format_func=lambda name: _titled(known[name]), **state.bind("model", options=options))
        if chosen is not None:
            st.caption(markdown(chosen.about))
    if allowed.settings().any_model:
        st.text_input(
            "Another model of the Hugging Face hub",
            key="any-model",
            placeholder="owner/name",
            max_chars=120,
            autocomplete="off",
            on_change=_any_model,
        )


def _titled(entry: models.Entry) -> str:
    if models.here(entry):
        return markdown(entry.title)
    return markdown(
        f"{entry.title}, not here yet" if entry.size is None else f"{entry.title}, {fetching.megabytes(entry.size)} to fetch"
    )


def _any_model() -> None:
    if wanted := st.session_state["any-model"].strip():
        state.put(model=wanted)
