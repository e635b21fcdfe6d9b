"""What the steps of the page on word vectors share: the choice of a table, missing words, the expanders."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from bert_explain.analysis import vectors as av
from bert_explain.content import words
from bert_explain.errors import ExplainError
from bert_explain.kernel.text import markdown
from bert_explain.models.vectors import Vectors, sources
from bert_explain.ui import cache, state
from bert_explain.ui.picture import explained, said


def table() -> Vectors:
    """The chosen table, with the card that says whose it is. Raises BadModel where none can be had."""
    known = sources()
    which = state.Choice("table", tuple(known))
    st.segmented_control(
        "Which word vectors", which.options, format_func=lambda name: markdown(known[name].title), **state.bind(which)
    )
    vectors = cache.vectors(state.get(which))
    made = f" Made {vectors.source}." if vectors.source else ""
    st.caption(markdown(f"{vectors.title}: {vectors.size:,} words, {vectors.width} numbers each.{made}"))
    if vectors.repaired:
        st.caption(markdown(av.repaired(vectors)))
    return vectors


def absent(vectors: Vectors, word: str, key: str, put: state.Text) -> None:
    """Say that a word has no vector, and offer those that are spelt alike."""
    said(av.missing(vectors, word))
    near = av.suggestions(vectors, word)
    if near:
        with st.container(horizontal=True):
            for number, other in enumerate(near):
                st.button(markdown(other), key=f"{key}-{number}", on_click=state.put, args=(put, other))


def ready() -> list[Vectors]:
    """Every table that can be had; what cannot be is said. Raises ExplainError where there is none."""
    found, wrong = [], None
    for name in sources():
        try:
            found.append(cache.vectors(name))
        except ExplainError as error:
            wrong = error
            st.caption(markdown(str(error)))
    if not found and wrong:
        raise wrong
    return found


def depth(vectors: Vectors, name: str) -> None:
    """More on demand, with this table's sizes filled in."""
    told = words.depth("vectors", name)
    sizes = {"@D": f"{vectors.width}", "@V": f"{vectors.size:,}".replace(",", "\\,")}

    def filled(text: str) -> str:
        for mark, value in sizes.items():
            text = text.replace(mark, value)
        return text

    explained(replace(told, title=filled(told.title), text=filled(told.text), formulas=tuple(map(filled, told.formulas))))
