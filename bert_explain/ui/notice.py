"""Sentences to the reader, outside a picture: plain text, escaped, never read as markdown or HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Literal

import streamlit as st


def tell(texts: str | Sequence[str], kind: Literal["note", "warning"] = "note") -> None:
    """One box with one line a sentence; nothing when there is nothing to say."""
    lines = [texts] if isinstance(texts, str) else list(texts)
    if lines:
        body = "".join(f"<p>{escape(line)}</p>" for line in lines)
        st.html(f'<div class="notice {kind}" role="{"alert" if kind == "warning" else "status"}">{body}</div>')
