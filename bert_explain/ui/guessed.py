"""What was guessed on the whole walk, by idea: the guess, sure or not, and what the model said. Kept in the page only."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import streamlit as st

from bert_explain import chapters
from bert_explain.analysis.sentence import Sentence, say
from bert_explain.engines.cache import TRACES
from bert_explain.errors import ExplainError
from bert_explain.kernel.readings import many
from bert_explain.learning.question import Guess, Question
from bert_explain.query import Query
from bert_explain.ui import asking, own, stages, state
from bert_explain.ui.frame import Page

NONE = "Nothing is guessed yet. On the walk each step asks first; what you guess is gathered here, beside what the model said."


@dataclass(frozen=True)
class Line:
    """One guess. `right`: None where it was only shown, a word of one's own, or is not known any more."""

    stage: stages.Stage
    title: str
    step: str
    texts: tuple[str, str]
    given: Guess
    said: Sentence | None  # "You said ...; the model ..."; None where the model would have to be asked at length again
    right: bool | None


def lines(page: Page) -> list[Line]:
    """The guesses of this visit with this model, in the order of the pages."""
    given = [(key, guess) for key, guess in asking.guesses().items() if key[0] == page.model.name]
    found = []
    for stage in stages.STAGES:
        chapter = chapters.load(stage.chapter) if given else None
        for step in chapter.steps if chapter else ():
            if step.asks is None:
                continue
            for (_, a, b, name), guess in given:
                if name == step.asks.id:
                    found.append(_line(page, stage, step.title, step.id, step.asks, Query(a, b), guess))
    return found


def _line(page: Page, stage: stages.Stage, title: str, step: str, question: Question, query: Query, guess: Guess) -> Line:
    def line(said: Sentence | None = None, right: bool | None = None) -> Line:
        return Line(stage, title, step, (query.text_a, query.text_b), guess, said, right)

    ask = asking.asked_of(page, question, query)
    kept = TRACES.peek(("evidence", asking.place_of(page, question, ask)))
    if kept is None and question.long:
        return line()
    try:
        table = asking.evidence(page, question, ask) if kept is None else kept
        options = question.choices(ask, table)
        told = own.sentence(asking.said_of(question, ask, table, options, guess))
    except ExplainError:
        return line()
    return line(told, None if guess.shown or not options else guess.right(question.answer(table)))


def in_short(found: list[Line]) -> Sentence:
    """How many were guessed, and how often as the model had it; of the sure ones apart."""
    judged = [line for line in found if line.right is not None]
    sure = [line for line in judged if line.given.sure]
    shown = sum(line.given.shown for line in found)
    parts = [say("Of {n} you had {right} as the model has it", n=many(len(judged), "choice"), right=sum(x.right for x in judged))]
    if sure:
        parts.append(say("you were sure of {n}, and {right} of these were so", n=len(sure), right=sum(x.right for x in sure)))
    if not judged:
        parts = [say("You have chosen no answer yet")]
    if shown:
        parts.append(say("{n} you had shown to you", n=shown))
    return say("{all}.", all="; ".join(part.plain() for part in parts))


def summary(page: Page) -> None:
    """The comparison, by idea; or that nothing is guessed yet, and where to begin."""
    found = lines(page)
    if not found:
        st.markdown(NONE)
        first = stages.of_chapter("tokens")
        st.page_link(
            first.file,
            label="**Begin**: guess first, then see",
            icon=":material/arrow_forward:",
            query_params=state.address(first.name, mode="guided"),
        )
        return
    here = (page.query.text_a, page.query.text_b)
    with st.container(key="all-guessed"):
        st.html(f'<p class="look" role="status">{in_short(found).html()}</p>')
        for stage in dict.fromkeys(line.stage for line in found):
            own = [line for line in found if line.stage is stage]
            items = "".join(_item(line, here) for line in own)
            st.html(f'<div class="idea"><h3>{escape(stage.name)}</h3><ul class="by-idea">{items}</ul></div>')
        st.caption(asking.KEPT)
        st.button("Forget my guesses", key="forget", type="tertiary", on_click=asking.forget)


def _item(line: Line, here: tuple[str, str]) -> str:
    given = line.given
    sure = "shown" if given.shown else "sure" if given.sure else "not sure"
    told = line.said.html() if line.said else "It has to be asked again: open its step, and the model answers."
    text = " / ".join(escape(text) for text in line.texts if text)
    of = f'<small dir="auto">{text}</small>' if line.texts != here and text else ""
    return f"<li><b>{escape(line.title)}</b> <i>({sure})</i><br>{told}{of}</li>"
