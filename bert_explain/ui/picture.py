"""A picture in its card: title, what to look for, the picture, and under it its table, its code, its link, its file."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from html import escape
from typing import Any

import pandas as pd
import streamlit as st

from bert_explain.analysis.sentence import Sentence
from bert_explain.content.glossary import hard_words
from bert_explain.content.words import Depth
from bert_explain.kernel.text import csv, markdown
from bert_explain.ui import own, printing
from bert_explain.ui.components import tools

TABLE, CODE = "as a table", "show the code"
_CARDS = "_cards"  # the cards of the one step in view, in their order; None: every card stands open
_HEADED = "_headed"  # the heading that stands above the step's cards


def fold_all_but_the_first(on: bool) -> None:
    """From here on, until it is said otherwise: the first card stands open, and each further one is a press away.

    A part that is redrawn by itself finds its cards as they were.
    """
    st.session_state[_CARDS] = {} if on else None


def headed(title: str) -> None:
    """From here on this heading stands above the cards: one of the same title need not show it again."""
    st.session_state[_HEADED] = title


def folding() -> bool:
    """Whether one step is in view that shows one card and folds the rest."""
    return st.session_state.get(_CARDS) is not None


@contextmanager
def aside(label: str, key: str) -> Iterator[None]:
    """What stands beside the one idea of a step: a press away where cards are folded, all of it at once; else as it is."""
    if not folding():
        with st.container():
            yield
        return
    cards = st.session_state[_CARDS]
    with st.expander(label, key=f"aside-{key}"):
        st.session_state[_CARDS] = None
        try:
            yield
        finally:
            st.session_state[_CARDS] = cards


def places() -> tuple[Any, Any]:
    """Two places in a card, for controls and for what they change; where cards are folded the picture stands first."""
    if folding():
        picture_first = st.container()
        return st.container(), picture_first
    return st.container(), st.container()


def beside(key: str, widths: int | Sequence[float] = 2, place: Any = st, gap: str = "medium") -> Any:
    """Columns that are looked at together. Where cards are folded they stand side by side on a phone too, and the row is moved
    sideways; else they stand below each other there."""
    return (place.container(key=f"beside-{key}") if folding() else place).columns(widths, gap=gap)


@contextmanager
def _card(key: str, title: str) -> Iterator[None]:
    cards = st.session_state.get(_CARDS)
    if cards is not None and cards.setdefault(key, len(cards)) > 0:
        with st.expander(markdown(title), key=f"fold-{key}"), st.container(key=f"pic-{key}"):
            yield
        return
    with st.container(border=True, key=f"pic-{key}"):
        with st.container(key=f"again-{key}") if title == st.session_state.get(_HEADED) else nullcontext():
            st.subheader(markdown(title), anchor=f"pic-{key}")
        yield


@contextmanager
def picture(
    key: str,
    title: str,
    *,
    look: Sentence | str | None = None,
    table: Callable[[], pd.DataFrame] | None = None,
    code: Sequence[Callable] = (),
    note: str | None = None,
) -> Iterator[None]:
    """A card. The body of the `with` draws the picture.

    look : one sentence computed from this trace, of the form "look at ..., it does ..., because ...".
    table : gives the same numbers as a DataFrame; called only when the reader opens it.
    code : the functions that made the picture; their source is shown on demand.
    note : a quiet line under the picture.
    """
    title, note = own.plain(title), own.markdown(note or "")
    with _card(key, title):
        if look is not None:
            said(look)
        hard_words_of(look.template if isinstance(look, Sentence) else look or "", note)
        yield
        if note:
            st.caption(note)
        foot(key, title, table, code)


def said(look: Sentence | str) -> None:
    """What to look for, set off by a rule. Tokens in it are escaped."""
    told = own.sentence(look).html() if isinstance(look, Sentence) else escape(own.plain(look))
    st.html(f'<p class="look">{told}</p>')


def hard_words_of(*texts: str) -> None:
    """What a beginner does not know of these words of ours, each explained by a press; nothing where there is nothing."""
    found = hard_words(" ".join(texts))
    if found:
        each = (f"<details><summary>{escape(t.name)}?</summary><p>{escape(own.plain(t.text))}</p></details>" for t in found)
        st.html(f'<div class="terms">{"".join(each)}</div>')


def explained(told: Depth, here: str = "") -> None:
    """The formula and the tensors, for those who ask; `here` is a quiet line about this text."""
    with st.expander(own.markdown(told.title)):
        st.markdown(own.markdown(told.text))
        hard_words_of(told.text)
        for formula in told.formulas:
            st.latex(formula)
        if here:
            st.caption(here)


def foot(key: str, title: str, table: Callable[[], pd.DataFrame] | None = None, code: Sequence[Callable] = ()) -> None:
    """The quiet line under a picture, and what it opens."""
    options = [name for name, there in ((TABLE, table), (CODE, code)) if there]
    with st.container(key=f"foot-{key}", horizontal=True, gap="small", vertical_alignment="center"):
        opened = (
            st.pills(markdown(f"More about the picture “{title}”"), options, key=f"open-{key}", label_visibility="collapsed")
            if options
            else None
        )
        tools(key=f"tools-{key}", name=key)
    if opened == TABLE and table:
        shown = table()
        printing.sheet(shown, hide_index=True, key=f"table-{key}", height=min(420, 38 + 35 * len(shown)))
        st.download_button(
            "Download CSV",
            csv(shown),
            f"{key}.csv",
            "text/csv",
            key=f"csv-{key}",
            on_click="ignore",
            type="tertiary",
            icon=":material/download:",
        )
    if opened == CODE:
        st.code("\n\n".join(inspect.getsource(function) for function in code), language="python", wrap_lines=True)
