"""Arithmetic with words: the sum, number by number, and the words nearest to it, in every table side by side."""

from __future__ import annotations

import streamlit as st

from bert_explain.analysis import vectors as av
from bert_explain.chapters.vectors import analogies
from bert_explain.chapters.vectors import figures as figures
from bert_explain.chapters.vectors.analogies import Term
from bert_explain.chapters.vectors.draw_table import depth, ready
from bert_explain.content import words
from bert_explain.content.vectors import analogies as examples
from bert_explain.engines.cache import TRACES
from bert_explain.errors import BadQuery
from bert_explain.models.vectors import Vectors
from bert_explain.ui import state
from bert_explain.ui.components import bands, bars
from bert_explain.ui.frame import Page
from bert_explain.ui.notice import tell
from bert_explain.ui.picture import aside, beside, picture, said

SUM = state.Text("sum", "", limit=200)  # empty: the one that is shown until another is chosen
WITH = state.Flag("given")  # the words of the sum stay in the ranking
ANSWERS = 8


def draw(page: Page, first: str = "") -> None:
    """The sum's field, and one card for each table. `first` : the sum that is shown until the reader chooses another."""
    tables = ready()
    text, key = state.get(SUM) or first or examples()[0].text, state.own_key("sum")
    with aside("Another sum", "sum"):
        with st.container(horizontal=True):
            for number, example in enumerate(examples()):
                st.button(example.text.replace("-", "−"), key=f"sum-{number}", on_click=state.put, args=(SUM, example.text))
        left, right = st.columns([3, 2], vertical_alignment="bottom")
        left.text_input(
            "Your own: words with + and − between them",
            max_chars=SUM.limit,
            **state.seeded(key, text),
            on_change=_typed,
            args=(key,),
        )
        right.toggle("Keep the words of the sum in the ranking", **state.bind(WITH))
        st.caption(words.notes("vectors").left_in if state.get(WITH) else words.notes("vectors").left_out)
    hoped = next((example.hoped for example in examples() if example.text == " ".join(text.lower().split())), "")
    try:
        terms = analogies.parse(text)
    except BadQuery as error:
        tell(str(error), "warning")
        return
    for vectors in tables:
        _card(vectors, analogies.apart(vectors, terms), hoped)
    depth(tables[0], "sum")


def _typed(key: str) -> None:
    state.put(SUM, st.session_state[key])


def _card(vectors: Vectors, terms: tuple[Term, ...], hoped: str) -> None:
    lacking = analogies.absent(vectors, terms)
    key, title = f"sum-{vectors.name}", f"The sum in {vectors.title}: {vectors.width} numbers a word"
    if lacking:
        with picture(key, title):
            for word in lacking:
                said(av.missing(vectors, word))
        return
    added, of = analogies.add(vectors, terms), ("sum", vectors.name, terms)  # no text of the reader's changes them
    table = TRACES.get(of, lambda: analogies.ranking(vectors, added, ANSWERS))
    ranks = TRACES.get((*of, "given"), lambda: analogies.given_ranks(vectors, added))
    answer = next(iter(table.loc[~table["given"], "word"]), "")
    with picture(
        key,
        title,
        look=analogies.look(table, hoped),
        table=lambda: table,
        code=(analogies.add, analogies.ranking, av.nearest, figures.sum_bands),
        note=words.notes("vectors").sum,
    ):
        left, right = beside(key, [5, 4], gap="large")
        with left:
            unit = av.units(vectors, [vectors.row(answer)])[0] if answer else None
            bands(figures.sum_bands(added, answer, unit), key=f"bands-{key}", label="The words, their sum, the nearest word")
        with right:
            bars(
                figures.ranking_bars(table, state.get(WITH), hoped),
                key=f"bars-{key}",
                label="The words nearest to the sum, with the words given"
                if state.get(WITH)
                else "The words nearest to the sum, without the words given",
            )
            if (told := analogies.say_given(ranks)) is not None:
                st.text(told.plain())
