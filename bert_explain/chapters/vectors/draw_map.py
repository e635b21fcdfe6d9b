"""A list of words on a map, with the true neighbours in a table beside it."""

from __future__ import annotations

import streamlit as st

from bert_explain.analysis import vector_map
from bert_explain.analysis import vectors as av
from bert_explain.chapters.vectors import figures as figures
from bert_explain.chapters.vectors.draw_table import depth, table
from bert_explain.content import words
from bert_explain.content.vectors import lists
from bert_explain.figures.chart import CHART
from bert_explain.kernel.readings import many
from bert_explain.ui import cache, printing, state
from bert_explain.ui.frame import Page
from bert_explain.ui.packed import PackedText
from bert_explain.ui.picture import picture, said

LIST = PackedText("list", lists()[0].words)
METHOD = state.Choice("method", vector_map.METHODS)
DIMENSIONS = state.Choice("axes", ("2-D", "3-D"))
DRAW = state.Number("tsne", 0, 9999, 0)  # the seed of t-SNE
LONGEST = 10_000  # characters of a list
SAID = 3  # missing words that are answered one by one


def draw(page: Page) -> None:
    """The list's field, the map, the table."""
    vectors = table()
    with st.container(horizontal=True):
        for number, one in enumerate(lists()):
            st.button(one.name, key=f"list-{number}", on_click=state.put, args=(LIST, one.words))
    st.text_area("Words, with spaces or commas between them", max_chars=LONGEST, height=80, **state.bind(LIST))
    asked = vector_map.word_list(state.get(LIST))
    there = [word for word in asked if vectors.index(word) is not None]
    there = list({vectors.index(word): word for word in there}.values())  # "Paris" and "paris" are one point
    shown = there[: vector_map.MOST]
    lacking = [word for word in asked if vectors.index(word) is None]
    method, dimensions = state.get(METHOD), int(state.get(DIMENSIONS)[0])
    found = cache.word_map(vectors.name, tuple(shown), method, dimensions, state.get(DRAW) if method == "t-SNE" else 0)
    rows = None if found is None else vector_map.table(vectors, found)
    with picture(
        "word-map",
        f"{many(len(shown), 'word')} on a map",
        look=None if found is None or rows is None else vector_map.look(found, rows),
        table=None if rows is None else lambda: rows,
        code=(vector_map.draw, vector_map.table, figures.word_map),
        note=words.notes("vectors").map + (f" {words.notes('vectors').tsne}" if method == "t-SNE" else ""),
    ):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.segmented_control("How to flatten", METHOD.options, **state.bind(METHOD))
            st.segmented_control("Axes", DIMENSIONS.options, **state.bind(DIMENSIONS))
            if method == "t-SNE":
                st.number_input("Seed", DRAW.low, DRAW.high, width=160, **state.bind(DRAW))
        if found is None or rows is None:
            st.text("A map needs at least three words that have a vector; t-SNE needs four.")
        else:
            left, right = st.columns([5, 3], gap="medium")
            with left:
                chart = figures.word_map(found, rows, "", page.palette)
                alt = vector_map.look(found, rows).plain()
                st.plotly_chart(chart, key="vectors-map", alt=alt, **CHART)
            with right:
                st.text("The true nearest word of the list")
                printing.sheet(
                    rows[["word", "nearest", "cosine", "map agrees"]],
                    hide_index=True,
                    key="map-near",
                    height=460,
                    column_config={"cosine": st.column_config.NumberColumn(format="%.2f")},
                )
        if len(there) > len(shown):
            st.caption(f"The first {len(shown)} of {len(there)} words are drawn.")
        for word in lacking[:SAID]:
            said(av.missing(vectors, word))
        if len(lacking) > SAID:
            st.caption(f"Without a vector too: {many(len(lacking) - SAID, 'word')} more of the list.")
    depth(vectors, "map")
