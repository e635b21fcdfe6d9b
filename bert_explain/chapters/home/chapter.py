"""Home: what BERT is in six sentences, and the reader's own pair going through all of it at once."""

from __future__ import annotations

import streamlit as st

from bert_explain.learning.chapter import Chapter, Step
from bert_explain.ui.frame import Page
from bert_explain.ui.parts import home


def _draw(page: Page) -> None:
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


CHAPTER = Chapter(id="home", name="Text", title="See how BERT works", steps=(Step("start", "See how BERT works", _draw),))
