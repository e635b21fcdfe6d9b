"""Attention: every head at a glance, one head large, what heads do, and what happens without them."""

import streamlit as st

from bert_explain.ui.frame import frame
from bert_explain.ui.parts import attention

with frame("Attention") as page:
    st.title("Attention")
    st.markdown(
        "In every layer, every token looks at every token and takes a little of each. A **head** is one way to look; "
        f"its **weights** say how much goes where, and **a row adds up to 1**. {page.model.n_layers} layers with "
        f"{page.model.n_heads} heads each look at this text in {page.model.n_layers * page.model.n_heads} ways."
    )

    @page.part
    def heads() -> None:
        attention.heads(page)
        attention.facts(page)
        attention.rollout(page)
        attention.off(page)

    @page.part
    def bertviz() -> None:
        attention.bertviz(page)

    heads()
    bertviz()
