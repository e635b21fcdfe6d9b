"""Which containers of a page are near the window: the names that the browser has seen so far."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from bert_explain.ui import state

_HERE = Path(__file__).parent
_near = st.components.v2.component("bert_explain_near", js=(_HERE / "near.js").read_text(encoding="utf-8"))


def near(keys: Sequence[str]) -> set[str]:
    """The keys of st.container that are, or were, near the window. One observer over all of them."""
    found = _near(key="near", data={"keys": list(keys)}, on_seen_change=state.touched, default={"seen": []}).seen
    return {name for name in found or () if name in keys} if isinstance(found, list) else set()
