"""Tokens: from text to the numbers that the encoder reads."""

import streamlit as st

from bert_explain.ui.frame import frame
from bert_explain.ui.parts import tokens

with frame("Tokens") as page:
    st.title("Tokens")
    st.markdown(
        f"BERT does not read words. It reads **pieces** from a list of {len(page.model.tokenizer):,}, its "
        "**vocabulary**. A common word is one piece; a rare one is put together from several. Every piece has a "
        "number, its **id**, and the ids are all that the model ever sees of your text. Pieces and the special marks "
        "around them are called **tokens**."
    )

    @page.part
    def wordpiece() -> None:
        tokens.pieces(page)
        tokens.look_ups(page)

    wordpiece()
    tokens.rule(page)

    @page.part
    def before() -> None:
        tokens.cleaning(page)
        tokens.unknown(page)

    before()

    @page.part
    def told() -> None:
        tokens.told(page)
        tokens.padding(page)

    told()
    tokens.special_tokens()

    @page.part
    def vocabulary() -> None:
        tokens.ways(page)
        tokens.search(page)

    vocabulary()
