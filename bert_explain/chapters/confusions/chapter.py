"""What people get wrong: a card for each confusion, asked first; at the press the model is run, and the numbers answer."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from bert_explain.analysis.sentence import Sentence, say
from bert_explain.chapters.confusions.numbers import BETWEEN
from bert_explain.chapters.confusions.questions import CARDS, OUTCOME, TRUE, WORDS, Card
from bert_explain.figures.payload import Bar
from bert_explain.kernel.text import markdown
from bert_explain.learning.chapter import Chapter, Step
from bert_explain.learning.question import NotAskable
from bert_explain.ui import asking, own, working
from bert_explain.ui.components import bars
from bert_explain.ui.frame import Page
from bert_explain.ui.notice import tell
from bert_explain.ui.picture import picture


def _drawn(name: str, card: Card, asked: working.state.Number) -> Callable[[Page], None]:
    def draw(page: Page) -> None:
        here = asking.asked_here(page)
        if asking.wanted(page, card):
            found = asking.evidence(page, card, here)  # committed, or not to be asked of this text: shown at once
            _card(name, card, found, "" if asking.answered(page, card) else "between")
            return
        st.markdown(f"**{markdown(own.plain(card.words['ask']))}**")
        found = _run(page, card, here, asked)
        if isinstance(found, str):
            tell(found)
        elif found is not None:
            _card(name, card, found, "explored")

    return draw


def _run(page: Page, card: Card, here: asking.Ask, asked: working.state.Number) -> pd.DataFrame | str | None:
    """The evidence once the reader has pressed, made beside the page; a sentence where this text or model has none."""
    make = asking.work_of(page, card, here)

    def work(progress: Callable[..., None]) -> pd.DataFrame | str:
        try:
            return make(progress)
        except NotAskable as error:
            return str(error)

    key = ("card", card.id, here.trace.spec.name, here.query, here.position)
    return working.working(asked, key, WORDS["run"], work, cost=card.cost if card.long else 4, primary=True)


def verdict(card: Card, found: pd.DataFrame) -> Sentence:
    """Whether the statement is true here, and the numbers."""
    if found.attrs[OUTCOME].kind == BETWEEN:
        return say("Neither true nor false here: {told}", told=card.told(found))
    return say("{verdict} here: {told}", verdict="True" if card.answer(found) == TRUE else "False", told=card.told(found))


def _card(name: str, card: Card, found: pd.DataFrame, said: str) -> None:
    outcome = found.attrs[OUTCOME]
    with picture(
        f"card-{name}",
        card.words["step"],
        look=verdict(card, found) if said else None,
        note=WORDS["own"] if card.own else WORDS["carried"],
        table=lambda: table(found),
        code=(card.judge,),
    ):
        items = [Bar(bar.text, bar.value, "probability", shown=bar.shown, signal=bar.signal) for bar in outcome.bars]
        bars(items, key=f"bars-card-{name}", label=f"What the model gave: {own.plain(card.words['step'])}")
        st.caption(f"Asked again and again: {markdown(own.plain(card.words['asked']))}.")


def table(found: pd.DataFrame) -> pd.DataFrame:
    """The bars as a table: what, number as written, length."""
    drawn = found.attrs[OUTCOME].bars
    return pd.DataFrame({"what": [bar.text for bar in drawn], "number": [bar.shown for bar in drawn]})


def _step(name: str, card: Card) -> Step:
    asked = working.asked(f"run_{name}")
    lead = WORDS["lead"] if name == next(iter(CARDS)) else ""  # said once
    return Step(name, card.words["step"], _drawn(name, card, asked), asks=card, owns=(asked,), lead=lead)


CHAPTER = Chapter(
    id="confusions",
    name="What people get wrong",
    steps=tuple(_step(name, card) for name, card in CARDS.items()),
)
