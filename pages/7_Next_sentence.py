"""Next sentence: does B follow A, how the model decides, how it learned to, and what it gets wrong."""

import streamlit as st

from bert_explain.ui.frame import frame
from bert_explain.ui.parts import next_sentence, sentence_pairs

with frame("Next sentence") as page:
    st.title("Next sentence")
    st.markdown(
        "While BERT learned to guess hidden words, it had a second exercise: two sentences, and one question. **Does B "
        "follow A in a text, or was B taken from somewhere else?** The answer is read off a single vector, that of "
        "`[CLS]`, which by the last layer has looked at both sentences. This is **next-sentence prediction**."
    )

    if page.model.has_nsp:
        left, right = st.columns([4, 5], gap="medium")
        with left:

            @page.part
            def answer() -> None:
                next_sentence.answer(page)

            answer()
        with right:

            @page.part
            def changes() -> None:
                next_sentence.changes(page)

            changes()

        @page.part
        def decision() -> None:
            next_sentence.decision(page)

        decision()
        st.header("Many pairs at once", anchor="many")

        @page.part
        def table() -> None:
            sentence_pairs.table(page)

        table()

    st.header("How BERT was trained on this", anchor="training")
    st.markdown("Nobody wrote labels. The pairs come from plain text and a coin: heads, B is what follows; tails, it is not.")

    @page.part
    def drawing() -> None:
        sentence_pairs.drawing(page)

    drawing()
    next_sentence.words("training")
    st.header("What it is known to get wrong", anchor="wrong")
    if page.model.has_nsp:

        @page.part
        def probes() -> None:
            sentence_pairs.probes(page)

        probes()
    next_sentence.words("wrong")
