"""OpenAI Transformer: the decoder on the same sentences: its mask, its next word, its writing, and why BERT hides words."""

import streamlit as st

from bert_explain.ui.frame import frame
from bert_explain.ui.parts import decoder, writing

with frame("OpenAI Transformer") as page:
    st.title("OpenAI Transformer")
    st.markdown(
        "Cover the rest of this line with your hand, and guess the next word. In 2018, months before BERT, the **OpenAI "
        "Transformer** (the first **GPT**) learned language from this exercise alone. It is a stack of the same layers as BERT, "
        "called a **decoder**: each word may look only at itself and at the words before it. The decoder here has the "
        "size and the vocabulary of mini-bert."
    )
    if decoder.ready(page):

        @page.part
        def masks() -> None:
            decoder.masks(page)

        masks()
        decoder.depth(page, "mask")

        @page.part
        def next_tokens() -> None:
            decoder.next_tokens(page)

        next_tokens()
        decoder.depth(page, "next")
        st.header("Writing", anchor="writing")
        st.markdown(
            "Whoever can guess the next word can write: choose one of the guesses, put it at the end, and guess again."
        )

        @page.part
        def write() -> None:
            writing.write(page)

        write()
        decoder.depth(page, "write")
        st.header("Why BERT hides words instead", anchor="why")
        st.markdown(
            "A reader knows a word from **both** sides. Why not just take the mask away? Choose a word above, and see."
        )

        @page.part
        def why() -> None:
            decoder.why(page)

        why()
        decoder.depth(page, "why")
        st.header("From guessing to tasks", anchor="tasks")

        @page.part
        def tasks() -> None:
            decoder.tasks(page)

        tasks()
        decoder.depth(page, "tasks")
