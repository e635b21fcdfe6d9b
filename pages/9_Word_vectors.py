"""Word vectors: one vector for each word, whatever sentence it stands in."""

import streamlit as st

from bert_explain.ui.frame import frame
from bert_explain.ui.parts import vectors

with frame("Word vectors") as page:
    st.title("Word vectors")
    st.markdown(
        "Before BERT, a program looked a word up in a table and found **one list of numbers** for it: a *word vector*. Words "
        "that are used alike have like numbers. That made words into something one can compare, add and draw."
    )

    @page.part
    def steps() -> None:
        vectors.draw(page)

    steps()
