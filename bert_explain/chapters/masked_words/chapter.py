"""Masked words: hide a word, see what BERT expects; the 80/10/10 recipe and its loss."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from bert_explain.analysis import masked_words as mw
from bert_explain.analysis.sentence import Sentence, say
from bert_explain.chapters.masked_words import draw as masked_words
from bert_explain.chapters.masked_words import draw_whom, numbers, questions
from bert_explain.figures import masked_words as figures
from bert_explain.figures.payload import Bar
from bert_explain.kernel.text import markdown
from bert_explain.learning.chapter import Chapter, Need, Step
from bert_explain.learning.question import Ask
from bert_explain.ui.asking import asked_here
from bert_explain.ui.components import bars
from bert_explain.ui.frame import Page

HEAD = (Need.MASKED_WORDS,)


def _lead(page: Page) -> str:
    return (
        "Hide a word, and let the model guess it from the words around it, on both sides. BERT learned language from this. A "
        f"hidden word becomes `[MASK]`; the vector there goes through the **masked-word head**, which gives each of "
        f"{page.model.vocab_size:,} pieces a **probability**."
    )


def _expected(page: Page) -> pd.DataFrame:
    ask = asked_here(page)
    return mw.predictions(numbers.hidden(ask), ask.position, numbers.KEPT)


def _reading(page: Page) -> Sentence:
    return mw.look_predictions(_expected(page), page.model.vocab_size)


def _draw_expected(page: Page) -> None:
    bars(figures.prediction_bars(_expected(page)), key="expected-bars", label="Most probable pieces for the hidden word")


def _with_not(page: Page) -> pd.DataFrame:
    facts = numbers.with_not(asked_here(page)).attrs["facts"]
    return pd.DataFrame(
        {
            "text": ["as it stands", "with “not”"],
            "probability": [facts["p_before"], facts["p_after"]],
            "rank": [facts["old"], facts["new"]],
        }
    )


def _reading_not(page: Page) -> Sentence:
    facts = numbers.with_not(asked_here(page)).attrs["facts"]
    return say("Look at the two bars: {word} has {before}, and {after} with a “not”.", **_only(facts, "word", "before", "after"))


def _draw_not(page: Page) -> None:
    items = [
        Bar(row.text, row.probability, "probability", note=f"number {row.rank:,}", signal=True)
        for row in _with_not(page).itertuples()
    ]
    bars(items, key="not-bars", label="Probability of the hidden word, without and with a not")


def _together(page: Page) -> pd.DataFrame:
    return numbers.together(asked_here(page))


def _draw_two(page: Page) -> None:
    ask = asked_here(page)
    facts = numbers.two_gaps(ask).attrs["facts"]
    left, right = st.columns(2, gap="medium")
    with left:
        st.caption(f"The gap of “{facts['right']}”, both hidden")
        bars(_list(ask, facts, filled=False), key="two-open", label="The second gap's list, both gaps open")
    with right:
        st.caption(f"The same gap, with “{markdown(facts['one'])}” written into the other")
        bars(_list(ask, facts, filled=True), key="two-filled", label="The second gap's list, the first one filled")


def _list(ask: Ask, facts: dict, filled: bool) -> list[Bar]:
    trace, position = numbers.second_gap(ask, filled)
    return [bar for bar in figures.prediction_bars(mw.predictions(trace, position, 5)) if bar.text]


def _only(facts: dict, *names: str) -> dict:
    return {name: facts[name] for name in names}


def _hide(page: Page) -> None:
    masked_words.hide(page)
    masked_words.guesses(page)
    if page.model.has_mlm:
        masked_words.depth(page, "head")


def _scores(page: Page) -> None:
    masked_words.scores(page)
    masked_words.depth(page, "score")


def _recipe(page: Page) -> None:
    masked_words.recipe(page)
    masked_words.depth(page, "recipe")


def _whom_lead(page: Page) -> str:
    return (
        "The sentences below speak of somebody by a profession, and none says whether a man or a woman is meant. What the model "
        "puts into the gap it has from the texts it read, not from the sentence."
    )


CHAPTER = Chapter(
    id="masked_words",
    name="Masked words",
    steps=(
        Step(
            "expected",
            "Guess the word",
            _draw_expected,
            asks=questions.EXPECTED,
            needs=HEAD,
            lead=_lead,
            numbers=_expected,
            reading=_reading,
            code=(mw.predictions,),
        ),
        Step(
            "not",
            "A little “not”",
            _draw_not,
            asks=questions.NOT,
            needs=HEAD,
            numbers=_with_not,
            reading=_reading_not,
            code=(numbers.with_not,),
        ),
        Step("two", "Two gaps", _draw_two, asks=questions.TWO, needs=HEAD, numbers=_together, code=(numbers.two_gaps,)),
    ),
    deeper=(
        Step(
            "hide",
            "Hide any word",
            _hide,
            owns=(
                masked_words.UNIT,
                masked_words.WHICH,
                masked_words.K,
                masked_words.OWN,
                "mask",
            ),
        ),
        Step("every", "Hide each word once", _scores, needs=HEAD, owns=(masked_words.SCORED, masked_words.REST)),
        Step("recipe", "How BERT was trained on this", _recipe, owns=(masked_words.DRAW,)),
        Step("whom", "He or she?", draw_whom.whom, needs=HEAD, lead=_whom_lead, owns=(draw_whom.ASKED, draw_whom.JOB)),
    ),
)
