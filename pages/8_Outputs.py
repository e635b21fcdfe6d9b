import streamlit as st

from bert_explain.ui.frame import frame

with frame("Outputs") as page:
    st.title("Outputs")
