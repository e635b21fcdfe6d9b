"""ELMo: two language models over characters, one a direction, and the mix of their layers."""

from __future__ import annotations

from bert_explain.chapters.elmo import draw as elmo
from bert_explain.chapters.elmo import draw_layers as elmo_layers
from bert_explain.chapters.elmo import numbers, questions
from bert_explain.learning.chapter import Chapter, Step
from bert_explain.ui import asking, state
from bert_explain.ui.frame import Page

LEAD = (
    "Read a sentence with a sheet of paper over the rest of it, and guess each next word. Then do it again **from the "
    "end**. ELMo (Peters et al. 2018) is two such readers: one goes forward, one goes backward. What they remember at a "
    "word is its vector, so the same word gets another vector in other company."
)


def _characters(page: Page) -> None:
    found = None
    if asking.answered(page, questions.LETTERS):  # then the picture begins with the word that was asked about
        _, found = numbers.spelled_word(asking.asked_here(page))
    elmo.which(page)
    elmo.characters(page, found.word if found and state.get("token") is None else "")
    if found:
        elmo.spelled(elmo.model(), found.typo, "misspelt", "The same word, misspelt")
    elmo.depth("characters")


def _directions(page: Page) -> None:
    elmo.which(page)
    elmo.directions(page)


def _guesses(page: Page) -> None:
    elmo.which(page)
    elmo.guesses(page)
    elmo.depth("bilm")


def _mix(page: Page) -> None:
    elmo.which(page)
    elmo_layers.mix(page)
    elmo.depth("mix")


def _drift(page: Page) -> None:
    elmo.which(page)
    elmo_layers.drift(page)


CHAPTER = Chapter(
    id="elmo",
    name="ELMo",
    ready=lambda page: elmo.ready(),
    steps=(
        Step("letters", "Letters", _characters, asks=questions.LETTERS, lead=LEAD),
        Step("directions", "Two directions", _directions, asks=questions.READ),
        Step("guesses", "Guess from left and right", _guesses, asks=questions.GUESS, owns=(elmo.K,)),
    ),
    deeper=(
        Step("mix", "Three layers, mixed", _mix, owns=elmo_layers.MIX),
        Step("drift", "In another sentence", _drift, owns=(elmo_layers.OTHER, elmo_layers.MEET)),
        Step("made-up", "A made-up word", elmo_layers.made_up, owns=(elmo_layers.MADE,)),
    ),
)
