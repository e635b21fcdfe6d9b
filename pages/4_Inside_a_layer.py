"""Inside a layer: one head by hand, then the rest of the layer, then the paths through all layers."""

import streamlit as st

from bert_explain.ui.frame import frame
from bert_explain.ui.parts import layer

with frame("Inside a layer") as page:
    st.title("Inside a layer")
    st.markdown(
        "A layer changes every token's vector in two moves. First **attention**: the token looks at the others and "
        "gathers a little from each. Then the **feed-forward network** works on what was gathered. "
        "**Every number below can be worked out by hand.**"
    )

    @page.part
    def inside() -> None:
        layer.controls(page)
        layer.draw(page)

    inside()
