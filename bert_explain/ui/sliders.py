"""A slider over a model's layers, or its heads."""

from __future__ import annotations

from typing import Any

import streamlit as st

from bert_explain.ui import state


def counted(name: str, count: int, model: str = "This model", **options: Any) -> None:
    """The slider of the choice `name` ("layer" or "head"), from 1 to `count`; where there is one only, a sentence says so.

    model : what has so many. options : of st.slider.
    """
    if count > 1:
        st.slider(name.capitalize(), 1, count, **options, **state.bind(name))
    else:
        st.text(f"{model} has one {name}.")
