import streamlit as st

from bert_explain.ui.frame import frame

with frame("Input embeddings") as page:
    st.title("Input embeddings")
