"""A component's script and style, which go to a browser once a visit: as a module at an address of this server.

Without this each mount carries them (Streamlit sends them along with the data). A mount then carries a few lines, which ask
for the module; its address is named after what it holds, so a browser may keep it for good. Where no such address is served
(plain `streamlit run`, a test without a server) a mount carries the whole, as Streamlit does it.

A module that cannot be had leaves the picture's numbers as a plain table.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

ROUTE = "components"
_modules: dict[str, str] = {}
_served = False
# What a module exports besides: its style goes into a root once. Not in the loader, which travels with every mount.
_STYLED = """
const styleSheet = new CSSStyleSheet();
styleSheet.replaceSync(STYLE);
export const adopt = (root) => {
  if (!root.adoptedStyleSheets.includes(styleSheet)) root.adoptedStyleSheets = [...root.adoptedStyleSheets, styleSheet];
};
"""
_LOADER, _PLAIN = (Path(__file__).with_name(name).read_text(encoding="utf-8") for name in ("loader.js", "plain.js"))


def serve() -> None:
    """From now on modules are asked for at ROUTE."""
    global _served
    _served = True


def served() -> bool:
    """Whether they can be asked for."""
    return _served


def find(name: str) -> str | None:
    """The module of that name."""
    return _modules.get(name)


def component(name: str, *, js: str, css: str = "", html: str | None = None, first: bool = False) -> Callable[..., Any]:
    """As `st.components.v2.component`; its script and style are fetched once where this server hands them out.

    first : it stands on every page, and brings along what all show whose module cannot be had.
    """
    module = js + _STYLED.replace("STYLE", json.dumps(css))
    file = f"{name}-{hashlib.sha256(module.encode()).hexdigest()[:16]}.js"
    _modules[file] = module
    whole = st.components.v2.component(f"bert_explain_{name}", js=js, css=css or None, html=html)
    once = st.components.v2.component(
        f"bert_explain_{name}_once", js=(_PLAIN if first else "") + _LOADER.replace("MODULE", f"{ROUTE}/{file}"), html=html
    )

    def mount(**given: Any) -> Any:
        return (once if _served else whole)(**given)

    return mount
