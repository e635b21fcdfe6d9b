"""A picture in its card: title, what to look for, the picture, and under it its table, its code, its link, its file."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from html import escape

import pandas as pd
import streamlit as st

from bert_explain.analysis.sentence import Sentence
from bert_explain.content.words import Depth
from bert_explain.kernel.text import csv, markdown
from bert_explain.ui.components import tools

TABLE, CODE = "as a table", "show the code"


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
    with st.container(border=True, key=f"pic-{key}"):
        st.subheader(markdown(title), anchor=f"pic-{key}")
        if look is not None:
            said(look)
        yield
        if note:
            st.caption(note)
        foot(key, title, table, code)


def said(look: Sentence | str) -> None:
    """What to look for, set off by a rule. Tokens in it are escaped."""
    st.html(f'<p class="look">{look.html() if isinstance(look, Sentence) else escape(look)}</p>')


def explained(told: Depth, here: str = "") -> None:
    """The formula and the tensors, for those who ask; `here` is a quiet line about this text."""
    with st.expander(told.title):
        st.markdown(told.text)
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
        st.dataframe(shown, hide_index=True, key=f"table-{key}", height=min(420, 38 + 35 * len(shown)))
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
