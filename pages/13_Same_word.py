"""Same word, different company: one word in many sentences, and its vectors in five kinds of model."""

import streamlit as st

from bert_explain.ui.frame import frame
from bert_explain.ui.parts import same_word_search, same_word_views

with frame("Same word") as page:
    st.title("Same word, different company")
    st.markdown(
        "“You shall know a word by the company it keeps” (Firth 1957). The bank of a river and the bank with the money "
        "are written alike. A table of **word vectors** has one row for both. **ELMo**, the **decoder** and **BERT** make a new "
        "vector for the word in every sentence: a **contextual** one. Are those of one meaning nearer to each other?"
    )

    @page.part
    def headline() -> None:
        same_word_search.headline(page)

    headline()
    st.header("Try it: one word, up to twelve sentences", anchor="try")

    @page.part
    def views() -> None:
        same_word_views.draw(page)

    views()
    st.header("Where else does it mean this?", anchor="search")

    @page.part
    def search() -> None:
        same_word_search.search(page)

    search()
