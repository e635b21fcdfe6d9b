"""Home: what BERT is in six sentences, and the reader's own pair going through all of it at once."""

import streamlit as st

from bert_explain.ui.frame import frame
from bert_explain.ui.parts import home

with frame("Text") as page:
    st.title("See how BERT works")
    st.markdown(
        "BERT is a model that **reads**. It cuts a text into **tokens**, pieces of words, and turns each into a list of "
        "numbers. Layer by layer, every token looks at **every other token**, to its left and to its right, and takes a "
        "little of each; this looking is called **attention**. So the same word gets other numbers in other company. "
        "BERT learned this from plain text by two exercises: guess the **masked words**, and tell whether one sentence "
        "**follows** another. What it learned can then be used for nearly any task with language."
    )
    st.caption(
        "Type your own sentences above. Everything on these pages is computed from them, now, by the encoder that runs here."
    )
    home.walk(page)
    st.header("Where to go next", anchor="where-next")
    home.doors()
