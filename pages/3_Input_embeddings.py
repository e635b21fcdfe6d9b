"""Input embeddings: three rows are added for each token, then LayerNorm; what each is worth, where it comes from."""

import streamlit as st

from bert_explain.ui.frame import frame
from bert_explain.ui.parts import embeddings

with frame("Input embeddings") as page:
    st.title("Input embeddings")
    st.markdown(
        "A model works with numbers. So each token is looked up in a table: its **row** there is a list of "
        f"{page.model.hidden_size} numbers, its **embedding**. A second row tells sentence A from B: the "
        "**segment**. A third tells the place in the text: the **position**. **The three are added, number by "
        "number.** Choose a token to follow."
    )

    @page.part
    def one_text() -> None:
        embeddings.choose(page)
        embeddings.one_token(page)
        embeddings.over_text(page)
        st.header("What each row is worth", anchor="worth")
        embeddings.remove(page)
        st.header("Where the rows come from", anchor="tables")
        left, right = st.columns(2, gap="medium")
        with left:
            embeddings.same_row(page)
        with right:
            embeddings.two_rows(page)

    @page.part
    def weights() -> None:
        embeddings.positions(page)

    one_text()
    weights()
