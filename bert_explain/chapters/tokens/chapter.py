"""Tokens: how WordPiece cuts words, step by step; normalisation; special tokens; the vocabulary."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from bert_explain.analysis.sentence import Sentence, say
from bert_explain.chapters.tokens import draw as tokens
from bert_explain.chapters.tokens import numbers, questions
from bert_explain.figures.payload import Bar
from bert_explain.learning.chapter import Chapter, Need, Step
from bert_explain.learning.question import NotAskable
from bert_explain.ui import asking
from bert_explain.ui.components import bars, token_row
from bert_explain.ui.frame import Page

WORDPIECE = (Need.WORDPIECE,)
MOST_BARS = 7  # as many words as stand on one screen with their question


def _lead(page: Page) -> str:
    return (
        f"BERT reads **pieces** from a list of {len(page.model.tokenizer):,}, its **vocabulary**. Each has a number, its "
        "**id**, and the ids are all that it sees of your text. Pieces and the marks around them are **tokens**."
    )


def _lead_look_ups(page: Page) -> str:
    asked = (
        "the vocabulary is asked one beginning at a time."
        if page.model.spec.has_wordpiece
        else "the merges of its training decide, one after the other."
    )
    return f"A common word is one piece; a rare one is put together from several. Which, {asked}"


def _words(page: Page) -> pd.DataFrame:
    return numbers.cuts(page.trace, _cleaned(page))


def _cleaned(page: Page) -> bool:
    """Whether words are shown as the cleaning leaves them: not before the next step has asked what it leaves."""
    return asking.to_come(page, "tokens", "lost") is None


def _reading(page: Page) -> Sentence:
    try:
        return numbers.look_cut(page.trace)
    except NotAskable as error:
        return say("{why}", why=str(error))


def _draw_cut(page: Page) -> None:
    """The pieces of the word that is asked about, with their ids, and how many pieces each other word becomes."""
    found = _words(page)
    if found.empty:
        st.caption("Put a word into sentence A to see how it is cut.")
        return
    word = numbers.word_to_cut(page.trace)
    token_row(
        word.pieces,
        key="cut-pieces",
        label="The pieces of one word, with their ids",
        colour="word",
        notes=[str(page.trace.tokens[p].id) for p in word.positions],
    )
    kept = found.loc[sorted(found["number"].nlargest(MOST_BARS).index)]
    asked, most = numbers.cut_word(page.trace, _cleaned(page)), int(found["number"].max())
    items = [
        Bar(
            row.word,
            row.number / most,
            "token",
            note=row.pieces if row.number > 1 else "",
            shown=str(row.number),
            signal=row.word == asked,
        )
        for row in kept.itertuples()
    ]
    bars(items, key="cut-bars", label="Number of pieces of each word")
    if len(kept) < len(found):
        st.caption(f"{len(kept)} of {len(found)} different words, those cut most; the table has all.")


def _look_ups(page: Page) -> None:
    tokens.pieces(page)
    if page.model.spec.has_wordpiece:
        tokens.look_ups(page)
        tokens.rule(page)
    else:
        tokens.merges(page)


def _special(page: Page) -> None:
    tokens.told(page)
    tokens.special_tokens(page)


CHAPTER = Chapter(
    id="tokens",
    name="Tokens",
    renamed={"step": "lookup"},
    steps=(
        Step(
            "cut",
            "Cut a word",
            _draw_cut,
            asks=questions.CUT,
            lead=_lead,
            numbers=_words,
            reading=_reading,
            code=(numbers.word_to_cut, numbers.cuts),
        ),
        Step("lost", "What is lost", tokens.cleaning, asks=questions.LEFT),
    ),
    deeper=(
        Step(
            "look-ups",
            "Look-up by look-up",
            _look_ups,
            owns=(tokens.LOOKUP, tokens.WORD, "token"),
            lead=_lead_look_ups,
        ),
        Step("unknown", "Words it cannot read", tokens.unknown, needs=WORDPIECE),
        Step("told", "What the model is told", _special),
        Step("padding", "Padding", tokens.padding),
        Step("ways", "Three ways to cut", tokens.ways, needs=WORDPIECE),
        Step("vocabulary", "The vocabulary", tokens.search, needs=WORDPIECE, owns=(tokens.FIND, tokens.HOW, tokens.ONLY)),
    ),
)
