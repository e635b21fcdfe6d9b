"""Outputs: one vector for each token, how alike they are, a map of them, and files to take them away in."""

import streamlit as st

from bert_explain.ui.frame import frame
from bert_explain.ui.parts import outputs

with frame("Outputs") as page:
    st.title("Outputs")
    st.markdown(
        "What leaves BERT is **one vector for each token**: a list of numbers that says what the token means in this "
        "very sentence. Guessing words, judging sentences, searching, sorting: everything built on BERT begins with "
        "these numbers."
    )

    @page.part
    def vectors() -> None:
        outputs.draw(page)

    vectors()
