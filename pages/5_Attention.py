import streamlit as st

from bert_explain.ui.frame import frame

with frame("Attention") as page:
    st.title("Attention")
