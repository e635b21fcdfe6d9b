"""Masked words: hide a word and see what the model expects in its place."""

import streamlit as st

from bert_explain.ui.frame import frame
from bert_explain.ui.parts import masked_words

with frame("Masked words") as page:
    st.title("Masked words")
    st.markdown(
        "Hide a word, and let the model guess it from the words around it, on both sides. This is the exercise "
        "that BERT learned language from. A hidden word becomes the token `[MASK]`; the vector at its place goes "
        f"through the **masked-word head**, which gives each of the {page.model.vocab_size:,} pieces a "
        "**probability**. They add up to 1."
    )

    @page.part
    def hide() -> None:
        masked_words.hide(page)

    hide()

    @page.part
    def guesses() -> None:
        masked_words.guesses(page)

    guesses()
    if page.model.has_mlm:
        masked_words.depth(page, "head")

        @page.part
        def scores() -> None:
            masked_words.scores(page)

        scores()
        masked_words.depth(page, "score")

    @page.part
    def recipe() -> None:
        masked_words.recipe(page)

    st.header("How BERT was trained on this", anchor="training")
    recipe()
    masked_words.depth(page, "recipe")
