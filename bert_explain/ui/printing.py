"""Print: a press draws every step of the chapter, below each other, then opens the browser's own dialog.

While it lasts, the page is drawn in the light colours, and tables that scroll on the screen have a whole copy for the paper.
How it looks there stands in print.css. In Guided mode a step whose question is open is printed with its question only.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pandas as pd
import streamlit as st

from bert_explain.kernel.readings import many
from bert_explain.ui import state
from bert_explain.ui.notice import tell

_HERE = Path(__file__).parent
CSS = (_HERE / "print.css").read_text(encoding="utf-8")
_ON, _NUMBER = "_printing", "_printed"
MOST = 2_000  # rows of a table on paper
_dialog = st.components.v2.component("bert_explain_print", js=(_HERE / "components" / "printing.js").read_text(encoding="utf-8"))


def begin(chapter: str) -> None:
    """Callback: this chapter is to be printed."""
    st.session_state[_ON] = chapter
    st.session_state[_NUMBER] = 1 + secrets.randbits(31)  # the browser's tab outlives a session, and knows what it printed last
    state.touched()


def over() -> None:
    """Callback: it was printed, or is not to be."""
    st.session_state.pop(_ON, None)
    state.touched()


def on(chapter: str = "") -> bool:
    """Whether the page is drawn to be printed; of this chapter, where one is named. Another page ends it."""
    now = st.session_state.get(_ON)
    if now and chapter and now != chapter:
        st.session_state.pop(_ON, None)
        return False
    return bool(now)


def offer(chapter: str) -> None:
    """The press that begins it."""
    st.button(
        "Print",
        key="print",
        type="tertiary",
        icon=":material/print:",
        help="Draws every step of this chapter, then opens the print dialog",
        on_click=begin,
        args=(chapter,),
    )


class Progress:
    """What stands above the steps while they are drawn: how many are, and a way out."""

    def __init__(self, steps: int, veiled: int) -> None:
        self._steps, self._done = steps, 0
        with st.container(key="printing"):
            self._bar = st.progress(0.0, f"Step 1 of {steps} is drawn for print")
            if veiled:
                are = "is" if veiled == 1 else "are"
                tell(
                    f"{many(veiled, 'question')} of this chapter {are} open: the answer is not printed, and steps without a "
                    "question are left out. Answer first, or print in Explore mode."
                )
            st.button("Do not print", key="print-off", on_click=over)

    def step(self) -> None:
        """One more is drawn."""
        self._done += 1
        if self._done < self._steps:
            self._bar.progress(self._done / self._steps, f"Step {self._done + 1} of {self._steps} is drawn for print")
        else:
            self._bar.empty()

    def dialog(self) -> None:
        """All are there: the browser waits until it has painted them, and opens its dialog."""
        _dialog(key="print-dialog", data={"number": st.session_state.get(_NUMBER, 0)}, on_done_change=over, default={"done": 0})


def head(texts: Sequence[str], model: str) -> None:
    """On paper only: the sentences that everything is about, and the model."""
    said = "".join(f'<p dir="auto">{escape(text)}</p>' for text in texts if text.strip())
    st.html(f'<div class="print-only print-head">{said}<p class="soft">{escape(model)}</p></div>')


def foot() -> None:
    """On paper only: the address that opens this again."""
    where = st.context.url or ""
    query = urlencode(state.full())
    if where:
        st.html(f'<p class="print-only print-foot">{escape(where.split("?")[0])}{"?" if query else ""}{escape(query)}</p>')


def sheet(frame: pd.DataFrame, *, key: str, **options: Any) -> Any:
    """st.dataframe, and for the paper all of its rows."""
    shown = st.dataframe(frame, key=key, **options)
    copy(frame, options.get("column_config"), hide_index=bool(options.get("hide_index")))
    return shown


def copy(frame: pd.DataFrame, config: dict | None = None, *, hide_index: bool = True) -> None:
    """On paper only, while it is printed: a table as text, whole."""
    if on():
        st.html(f'<div class="print-only">{whole(frame, config or {}, hide_index)}</div>')


def whole(frame: pd.DataFrame, config: dict, hide_index: bool = True) -> str:
    """A table as HTML, every cell escaped; names of columns as the page has them, columns without one left out."""
    columns = [name for name in frame.columns if not (name in config and config[name] is None)]
    titles = [_title(config.get(name), name) for name in columns]
    index = [] if hide_index else [str(i) for i in frame.index]
    top = "".join(f"<th>{escape(title)}</th>" for title in ([""] if index else []) + titles)
    lines = []
    for number, row in enumerate(frame[columns].head(MOST).itertuples(index=False)):
        cells = ([index[number]] if index else []) + [_cell(value) for value in row]
        lines.append(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>")
    more = f"<p>And {len(frame) - MOST:,} more rows.</p>" if len(frame) > MOST else ""
    return f'<table class="sheet"><thead><tr>{top}</tr></thead><tbody>{"".join(lines)}</tbody></table>{more}'


def _title(config: Any, name: Any) -> str:
    label = config.get("label") if isinstance(config, dict) else config
    return label if isinstance(label, str) and label else str(name)


def _cell(value: Any) -> str:
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, float | np.floating):
        number = float(value)
        if np.isnan(number):
            return "–"
        return ("< 0.001" if number > 0 else "> \u22120.001") if 0 < abs(number) < 0.0005 else f"{number:.3g}"
    return "–" if value is None or value is pd.NA else str(value)
