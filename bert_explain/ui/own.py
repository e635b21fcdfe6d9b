"""Words of ours that name special tokens, with those of the model in view (see `kernel.own_tokens`)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from bert_explain.analysis.sentence import Sentence
from bert_explain.core.spec import Specials
from bert_explain.kernel import own_tokens

_SPECIAL = "_special_tokens"  # of the model in view


def speaks_of(special: Specials) -> None:
    """From here on, whose tokens are meant."""
    st.session_state[_SPECIAL] = special


def plain(text: str) -> str:
    """Plain text with the model's own tokens: titles, labels, what is escaped later."""
    special = st.session_state.get(_SPECIAL)
    return own_tokens.plain(text, special) if special else text


def markdown(text: str) -> str:
    """Markdown of ours with the model's own tokens."""
    special = st.session_state.get(_SPECIAL)
    return own_tokens.in_markdown(text, special) if special else text


def sentence(said: Sentence) -> Sentence:
    """A computed sentence with the model's own tokens in our part of it; pieces that fill it stay as they are."""
    special = st.session_state.get(_SPECIAL)
    if not special:
        return said
    values: dict[str, Any] = {name: sentence(v) if isinstance(v, Sentence) else v for name, v in said.values.items()}
    own: dict[str, str] = {}

    def gap(token: Any, _: bool) -> str:
        name = f"own_{token.id}"
        own[name] = token.text
        return f"{{{name}}}"

    template = own_tokens.renamed(said.template, special, gap)
    return replace(said, template=template, values=values | own)
