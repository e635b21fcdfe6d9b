import streamlit as st

from bert_explain.ui.frame import frame

with frame("Masked words") as page:
    st.title("Masked words")
