"""Same word, different company: one word in up to twelve sentences under five models."""

from __future__ import annotations

import streamlit as st

from bert_explain.chapters.same_word import draw as same_word
from bert_explain.chapters.same_word import draw_search as same_word_search
from bert_explain.chapters.same_word import draw_views as same_word_views
from bert_explain.chapters.same_word import numbers, questions
from bert_explain.learning.chapter import Chapter, Step
from bert_explain.learning.question import Question
from bert_explain.ui import asking
from bert_explain.ui.frame import Page

LEAD = (
    "“You shall know a word by the company it keeps” (Firth 1957). The bank of a river and the bank with the money "
    "are written alike. A table of **word vectors** has one row for both. **ELMo**, the **decoder** and **BERT** make a new "
    "vector for the word in every sentence: a **contextual** one. Are those of one meaning nearer to each other?"
)

_ASKED = "_same_word_asked"  # the text whose set was shown at first


def _asked_about(page: Page, question: Question) -> None:
    """After an answer, the set that was asked about is the one that is shown first."""
    texts = page.query.text_a, page.query.text_b
    if asking.answered(page, question) and st.session_state.get(_ASKED) != texts:
        st.session_state[_ASKED] = texts
        found = numbers.set_of(*texts)
        if found is not None:
            same_word.begin_with(found.name)


def _squares(page: Page) -> None:
    _asked_about(page, questions.READERS)
    same_word_views.squares(page)


def _layers(page: Page) -> None:
    _asked_about(page, questions.LAYER)
    same_word_views.story(page)


CHAPTER = Chapter(
    id="same_word",
    name="Same word",
    steps=(
        Step(
            "sentences",
            "One word, some sentences",
            _squares,
            asks=questions.READERS,
            lead=LEAD,
            owns=(
                same_word.SET,
                same_word.WORD,
                same_word.LINES,
                same_word.FEW,
                same_word.PICK,
                same_word.LOT,
                same_word.DEEP,
            ),
        ),
        Step("layers", "Layer by layer", _layers, asks=questions.LAYER),
        Step("measured", "Measured on WordNet", same_word_search.headline, asks=questions.NEAREST, owns=(same_word_search.BY,)),
    ),
    deeper=(
        Step("closer", "One model, closer", same_word_views.closer, owns=(same_word_views.SEEN,)),
        Step(
            "search",
            "Where else does it mean this?",
            same_word_search.search,
            owns=(
                same_word_search.SCOPE,
                same_word_search.AGAINST,
                same_word_search.AFTER,
                same_word_search.ENTRY,
                same_word_search.HITS,
                same_word_search.INDEXED,
            ),
        ),
    ),
)
