"""What each model sees: one sentence, one word, and what every model expects there from what it may read."""

import streamlit as st

from bert_explain.ui.frame import frame
from bert_explain.ui.parts import sees

with frame("What each model sees") as page:
    st.title("What each model sees")
    st.markdown(
        "One sentence, one hidden word, five readers. Word2Vec sees a heap of neighbours. ELMo's two models read up to the word, "
        "one from the left, one from the right. The decoder reads from the left. BERT reads everything but the word. "
        "**Whoever sees more should guess better**: choose a word, and see where that holds and where it does not."
    )

    @page.part
    def choose() -> None:
        sees.choose(page)

    choose()
    sees.depth(page, "fair")
