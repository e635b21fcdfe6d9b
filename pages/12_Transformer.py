"""Transformer: the encoder-decoder of 2017, which half became GPT and which BERT, and how large they are."""

import streamlit as st

from bert_explain.ui.frame import frame
from bert_explain.ui.parts import transformer

with frame("Transformer") as page:
    st.title("Transformer")
    st.markdown(
        "BERT is one half of an older machine. In 2017 the **Transformer** was built to translate: an **encoder** reads "
        "a sentence, a **decoder** writes it in another language. A year later GPT took the decoder, and BERT took the "
        "encoder. Almost every box in this picture is at work on one of these pages."
    )

    @page.part
    def halves() -> None:
        transformer.halves(page)

    halves()
    st.header("How large is it?", anchor="size")
    st.markdown(
        "All that such a model has learned is a long list of numbers, its **parameters**. How many there are follows "
        "from a handful of sizes: anyone can count them."
    )

    @page.part
    def models() -> None:
        transformer.models(page)

    models()
    transformer.depth("conventions")

    @page.part
    def checked() -> None:
        transformer.checked(page)

    checked()

    @page.part
    def own() -> None:
        transformer.own(page)

    own()
    transformer.depth("count")
