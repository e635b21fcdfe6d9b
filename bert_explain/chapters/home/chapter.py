"""Home: what BERT is in six sentences, and the reader's own pair going through all of it at once."""

from __future__ import annotations

import streamlit as st

from bert_explain.chapters.home import draw as home
from bert_explain.chapters.home import numbers
from bert_explain.learning.chapter import Chapter, Step
from bert_explain.ui import asking, guessed, stages, state
from bert_explain.ui.components.opening import opening
from bert_explain.ui.frame import Page

SIX = (
    "BERT is a model that **reads**. It cuts a text into **tokens**, pieces of words, and turns each into a list of "
    "numbers. Layer by layer, every token looks at **every other token**, to its left and to its right, and takes a "
    "little of each; this looking is called **attention**. So the same word gets other numbers in other company. "
    "BERT learned this from plain text by two exercises: guess the **masked words**, and tell whether one sentence "
    "**follows** another. What it learned can then be used for nearly any task with language."
)
LIVE = "Everything here is computed from the two sentences above, now. Type your own."


def _start(page: Page) -> None:
    words, picture = st.columns([4, 6], gap="large")
    with words:
        st.markdown(SIX)
        st.caption(LIVE)
        _doors()
    with picture:
        drawn = numbers.opening(page.trace, page.position)
        opening(drawn, key="opening", label=numbers.in_words(drawn))


def _doors() -> None:
    """Two ways in: the walk that asks before it shows, and everything at once."""
    first, attention = stages.of_chapter("tokens"), stages.of_chapter("attention")
    with st.container(key="doors"):
        st.page_link(
            first.file,
            label="**Begin**: guess first, then see",
            icon=":material/arrow_forward:",
            query_params=state.address(first.name, mode="guided"),
        )
        st.page_link(
            attention.file,
            label="Show me everything",
            icon=":material/grid_view:",
            query_params=state.address(attention.name, mode="explore"),
        )


def _walk(page: Page) -> None:
    """The end of the walk: what was guessed beside what the model said, then all stages at once."""
    st.header("What you guessed", anchor="guessed")
    guessed.summary(page)
    st.header("All stages at once", anchor="stages")
    if state.get("mode") == "guided" and not st.session_state.get(_SHOWN) and _tells(page):
        asking.veil("It shows what the walk asks")
        st.button("Just show me", key="show-walk", type="tertiary", on_click=_show)
    else:
        home.walk(page)
    st.header("Where to go next", anchor="where-next")
    home.doors()
    test = stages.of_chapter("inventory")
    st.page_link(test.file, label=f"{test.name}: twelve questions", icon=":material/checklist:", query_params=state.address())


_SHOWN = "_walk_shown"


def _tells(page: Page) -> bool:
    """Whether all stages at once would tell what the walk has not asked yet."""
    return not asking.guesses() or any(asking.to_come(page, *step) is not None for step in (asking.GUESSED, asking.JUDGED))


def _show() -> None:
    st.session_state[_SHOWN] = True
    state.touched()


CHAPTER = Chapter(
    id="home",
    name="Text",
    title="See how BERT works",
    steps=(Step("start", "See how BERT works", _start),),
    deeper=(Step("walk", "The end of the walk", _walk),),
)
