"""Masked words: hide a word and see what the model expects in its place."""

import streamlit as st

from bert_explain.ui.frame import frame
from bert_explain.ui.parts import masked_words

with frame("Masked words") as page:
    st.title("Masked words")
    st.markdown(
        "Hide a word, and let the model guess it from the words around it, on both sides. This is the exercise BERT learned "
        "language from. A hidden word becomes the token `[MASK]`; the vector at its place goes through the **masked-word "
        f"head**, which gives every one of the {page.model.vocab_size:,} pieces a **probability**. They add up to 1."
    )

    @page.part
    def hide() -> None:
        masked_words.hide(page)

    hide()
    if page.model.has_mlm:

        @page.part
        def guesses() -> None:
            masked_words.guesses(page)

        guesses()
        with st.expander("From the vector to the probabilities"):
            st.markdown(
                "The vector $h$ that leaves the last layer at the masked place has $H$ numbers. The head turns it into one "
                "number for each of the $V$ pieces, its **logit**, and the softmax turns logits into probabilities:"
            )
            st.latex(r"x = \mathrm{LayerNorm}(\mathrm{GELU}(W h + b)), \qquad p = \mathrm{softmax}(E\,x + c)")
            st.markdown(
                f"Here $H = {page.model.hidden_size}$ and $V = {page.model.vocab_size:,}$. $E$, of shape $V \\times H$, is the "
                "token table that also begins the walk: the more a piece's embedding points the way of $x$, the higher its "
                "logit. The **rank** of a piece is its place when all are sorted by probability. (Devlin et al. 2019, section 3.1.)"
            )

        @page.part
        def scores() -> None:
            masked_words.scores(page)

        scores()
        with st.expander("What the sentence score is"):
            st.markdown(
                "A model that reads left to right gives a sentence a probability. BERT does not: it looks at both sides. But "
                "one can hide each token $w_t$ alone, take the probability of the true one given all others, and add up the "
                "logarithms. The sum is the **pseudo-log-likelihood** (Salazar et al. 2020):"
            )
            st.latex(
                r"\mathrm{PLL}(w) = \sum_{t} \ln P(w_t \mid w_{\setminus t}), \qquad \mathrm{PPPL} = e^{-\mathrm{PLL} / T}"
            )
            st.markdown(
                "PPPL, the **pseudo-perplexity**, reads as: the model was as unsure as if it had to choose among so many pieces. "
                "Pieces of one word give each other away; hiding the later ones too is fairer (Kauf and Ivanova 2023)."
            )

        st.header("How BERT was trained on this", anchor="training")

        @page.part
        def recipe() -> None:
            masked_words.recipe(page)

        recipe()
        with st.expander("Why 10 % random and 10 % unchanged?"):
            st.markdown(masked_words.WHY)
