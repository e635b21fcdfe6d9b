"""ELMo: characters, two language models, layers, and the mix of them."""

import streamlit as st

from bert_explain.ui.frame import frame
from bert_explain.ui.parts import elmo, elmo_layers

with frame("ELMo") as page:
    st.title("ELMo")
    st.markdown(
        "Read a sentence with a sheet of paper over the rest of it, and guess each next word. Then do it again **from the "
        "end**. ELMo (Peters et al. 2018) is two such readers: one goes forward, one goes backward. What they remember at a "
        "word is its vector, so the same word gets another vector in other company."
    )
    if elmo.ready():

        @page.part
        def which() -> None:
            elmo.which(page)

        which()
        elmo.head("characters")

        @page.part
        def characters() -> None:
            elmo.characters(page)

        characters()
        elmo.depth("characters")
        elmo.head("directions")

        @page.part
        def directions() -> None:
            elmo.directions(page)

        directions()

        @page.part
        def guesses() -> None:
            elmo.guesses(page)

        guesses()
        elmo.depth("bilm")
        elmo.head("layers")

        @page.part
        def mix() -> None:
            elmo_layers.mix(page)

        mix()
        elmo.depth("mix")

        @page.part
        def drift() -> None:
            elmo_layers.drift(page)

        drift()
        elmo.head("made-up")

        @page.part
        def made_up() -> None:
            elmo_layers.made_up(page)

        made_up()
