"""Where one is in a chapter: its steps as links, "Go deeper", arrow keys, focus and what a screen reader is told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from bert_explain.figures import theme
from bert_explain.ui.components import modules

_HERE = Path(__file__).parent
_stepper = modules.component(
    "stepper",
    html='<nav aria-label="Steps"><ol></ol><button id="deeper" type="button" aria-expanded="false"></button>'
    '<ul hidden aria-label="Go deeper"></ul></nav><p role="status" aria-live="polite"></p>',
    css=f":host{{{theme.css_variables()}}}" + (_HERE / "stepper.css").read_text(encoding="utf-8"),
    js=(_HERE / "stepper.js").read_text(encoding="utf-8"),
)


def stepper(
    steps: Sequence[dict],
    deeper: Sequence[dict],
    current: str,
    *,
    address: str,
    first: str,
    every: str,
    focus: int,
    say: str,
    on_go,
) -> None:
    """Draw it. `steps`, `deeper` : {id, name, done}; `on_go(id)` is called with a step's id, before the rerun.

    address : the query of every step's link, but for the step itself. first : the step that a link need not name.
    every : id of "All on one page". focus : another number than last time moves the focus to the question. say : what a
    screen reader is told when it is another text than last time.
    """
    data: dict[str, Any] = {"steps": list(steps), "deeper": list(deeper), "current": current, "address": address}
    data |= {"first": first, "every": every, "focus": focus, "say": say}
    known = {one["id"] for one in (*steps, *deeper)} | {every}

    def went() -> None:
        to = st.session_state["stepper"].get("go")
        if isinstance(to, str) and to in known:
            on_go(to)

    _stepper(key="stepper", data=data, on_go_change=went)
