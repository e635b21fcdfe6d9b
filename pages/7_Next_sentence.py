import streamlit as st

from bert_explain.ui.frame import frame

with frame("Next sentence") as page:
    st.title("Next sentence")
