"""The sentence box, the same on every page: two sentences, example pairs, the count of tokens, the model."""

from __future__ import annotations

import streamlit as st

from bert_explain import models
from bert_explain.content import examples
from bert_explain.ui import cache, limits, state
from bert_explain.ui.params import LONGEST_TEXT


def draw() -> None:
    """Two text fields and what belongs to them, in one row (one column on a phone)."""
    with st.container(key="box"):
        a, b, more = st.columns([5, 5, 2], vertical_alignment="bottom")
        _field(a, "a", "Sentence A", "Type a sentence")
        _field(b, "b", "Sentence B", "A second sentence, or nothing")
        # On a server with several models this is where they are chosen, so the button says so.
        with more.popover("Examples, model" if len(models.entries()) > 1 else "Examples", width="stretch", key="examples"):
            _examples()
            _model()


def _field(column, name: str, label: str, placeholder: str) -> None:
    key = f"w-sentence-{name}"
    state.seed(key, state.get(name))
    column.text_input(
        label, key=key, placeholder=placeholder, max_chars=LONGEST_TEXT, autocomplete="off",
        on_change=_edited, args=(name,),
    )  # fmt: skip


def _edited(name: str) -> None:
    wanted = state.get("model")
    try:
        model = cache.model(wanted if wanted in models.entries() else models.default_name())
    except models.BadModel:
        state.put(**{name: st.session_state[f"w-sentence-{name}"]})
        return
    limits.edited(name, model)()


def _examples() -> None:
    st.caption("Pick a pair to begin with.")
    for i, pair in enumerate(examples.pairs()):
        st.button(
            pair.name, key=f"example-{i}", help=pair.why, type="tertiary", width="stretch",
            on_click=_take, args=(pair,),
        )  # fmt: skip


def _take(pair: examples.Pair) -> None:
    state.reset("mask", "put", "token")
    state.put(a=pair.a, b=pair.b)


def _model() -> None:
    known = models.entries()
    if len(known) < 2:
        return
    state.suggest(model=models.default_name())
    st.selectbox("Model", list(known), format_func=lambda name: known[name].title, **state.bind("model"))
    chosen = known.get(state.get("model") or models.default_name())
    if chosen is not None:
        st.caption(chosen.about)
