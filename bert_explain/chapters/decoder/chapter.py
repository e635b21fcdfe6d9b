"""OpenAI Transformer: a decoder, which sees only the past, and writes."""

from __future__ import annotations

import streamlit as st

from bert_explain.chapters.decoder import draw as decoder
from bert_explain.chapters.decoder import draw_writing as writing
from bert_explain.chapters.decoder import questions
from bert_explain.learning.chapter import Chapter, Step
from bert_explain.ui import asking
from bert_explain.ui.frame import Page

LEAD = (
    "Cover the rest of this line with your hand, and guess the next word. In 2018, months before BERT, the **OpenAI "
    "Transformer** (the first **GPT**) learned language from this exercise alone. It is a stack of the same layers as BERT, "
    "called a **decoder**. The decoder here has the size and the vocabulary of mini-bert."
)
MASK = " In a decoder, each word may look only at itself and at the words before it."
WRITING = "Whoever can guess the next word can write: choose one of the guesses, put it at the end, and guess again."
WHY = "A reader knows a word from **both** sides. Why not just take the mask away? Choose a word, and see."


def _lead(page: Page) -> str:
    """What a word may look at is asked first."""
    told = not asking.wanted(page, questions.MOVED) or asking.answered(page, questions.MOVED)
    return LEAD + MASK if told else LEAD


def _masks(page: Page) -> None:
    decoder.masks(page)
    decoder.depth(page, "mask")


def _next(page: Page) -> None:
    decoder.next_tokens(page)
    decoder.depth(page, "next")


def _write(page: Page) -> None:
    writing.write(page)
    decoder.depth(page, "write")


def _why(page: Page) -> None:
    st.markdown(WHY)
    decoder.why(page)
    decoder.depth(page, "why")


def _tasks(page: Page) -> None:
    decoder.tasks(page)
    decoder.depth(page, "tasks")


CHAPTER = Chapter(
    id="decoder",
    name="OpenAI Transformer",
    ready=decoder.ready,
    steps=(
        Step("mask", "The mask", _masks, asks=questions.MOVED, lead=_lead),
        Step("surprise", "Surprise", _next, asks=questions.SURPRISE, owns=(decoder.K,)),
        Step("write", "Write", _write, asks=questions.FAR, lead=WRITING, owns=writing.PARAMS),
    ),
    deeper=(
        Step("why", "Why BERT hides words instead", _why),
        Step("tasks", "From guessing to tasks", _tasks, owns=(decoder.TASK,)),
    ),
)
