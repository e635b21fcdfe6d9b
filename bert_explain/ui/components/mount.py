"""Registers the components and mounts them; what a reader picks is checked before Python code sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from bert_explain.figures import payload, theme
from bert_explain.ui.components import modules

_HERE = Path(__file__).parent


def define(name: str, reading: str = "") -> Callable[..., Any]:
    """The component made of shared.js + `name`.js and shared.css + `name`.css.

    reading : "cells" for a drawn picture read cell by cell, "items" for a list of elements; adds cells.js or items.js.
    """
    script = _bare(_read("shared.js") + (_read(f"{reading}.js") if reading else "") + _read(f"{name}.js"))
    style = f":host{{{theme.css_variables()}}}" + _bare(_read("shared.css") + _read(f"{name}.css"))
    return modules.component(name, js=script, css=style)


def mount(
    component: Callable[..., Any],
    data: Mapping[str, Any] | bytes,
    *,
    key: str,
    sizes: tuple[int, ...] = (),
    on_pick: Callable[..., None] | None = None,
    width: str = "stretch",
) -> None:
    """Show a component. A pick calls `on_pick(*indices)` before the rerun, each index an int with 0 <= index < size.

    Anything else that a browser sends is dropped. What a page of this server is sent is packed.
    """

    def picked() -> None:
        place = st.session_state[key].get("pick")
        if on_pick is not None and _is_place(place, sizes):
            on_pick(*place)

    if modules.served() and not isinstance(data, bytes):
        data = payload.packed(data)
    component(key=key, data=data, width=width, on_pick_change=picked)


def _is_place(value: Any, sizes: tuple[int, ...]) -> bool:
    return (
        isinstance(value, list)
        and len(value) == len(sizes)
        and all(type(i) is int and 0 <= i < size for i, size in zip(value, sizes, strict=True))
    )


def _read(name: str) -> str:
    path = _HERE / name
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _bare(code: str) -> str:
    """Without indentation and the lines that are comments: it travels with every component of a page."""
    lines = (line.strip() for line in code.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith(("//", "/*", "* ", "*/")))
