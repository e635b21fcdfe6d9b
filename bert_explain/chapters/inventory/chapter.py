"""Before and after: twelve questions before the walk and after it, a result by idea, and a code that the reader keeps.

Nothing is stored: the answers stand in the page's own session until it is left, and in the code and the file that are taken
along. No right answer is on the page before the form is finished.
"""

from __future__ import annotations

import random
from html import escape
from pathlib import Path
from typing import Any

import streamlit as st

from bert_explain.analysis.sentence import Sentence, say
from bert_explain.kernel.readings import listed, many
from bert_explain.kernel.readings import share as written
from bert_explain.kernel.text import csv, markdown
from bert_explain.learning import inventory
from bert_explain.learning.chapter import Chapter, Step
from bert_explain.learning.inventory import UNKNOWN, Answers, BadCode, Choice, Item
from bert_explain.learning.question import words_of
from bert_explain.ui import own, stages, state
from bert_explain.ui.frame import Page
from bert_explain.ui.notice import tell

WORDS = words_of(Path(__file__).with_name("words.toml"))
FORM = WORDS["form"]
ITEMS = tuple(
    Item(one["id"], one["idea"], one["text"], one["right"], tuple(Choice(**o) for o in one["option"]), one["page"])
    for one in WORDS["item"]
)
_ANSWERS, _SEED, _MISSED, _BACK = "_inventory", "_inventory_seed", "_inventory_missed", "_inventory_back"
_GIVEN = "_inventory_given"  # of a form that is not finished: what a field holds is gone when another page is opened


def _draw(page: Page) -> None:
    answers: Answers | None = st.session_state.get(_ANSWERS)
    if answers is None:
        st.markdown(WORDS["lead"])
        st.caption(WORDS["kept"])
        _form()
        _given_back(None)
    else:
        _result(answers)


def _shuffled(item: Item) -> list[str]:
    """The options in an order that holds for this visit; "I do not know" last."""
    seed = st.session_state.setdefault(_SEED, random.randrange(2**31))
    names = [option.id for option in item.options]
    random.Random(f"{seed}-{item.id}").shuffle(names)
    return [*names, UNKNOWN]


def _key(item: Item) -> str:
    return f"inventory-{item.id}"


def _form() -> None:
    given = st.session_state.get(_GIVEN, {})
    with st.form("inventory", border=False):
        for number, item in enumerate(ITEMS, 1):
            texts = {option.id: markdown(own.plain(option.text)) for option in item.options} | {UNKNOWN: "I do not know"}
            label = f"**{number}. {markdown(own.plain(item.text))}**"
            names = _shuffled(item)
            chosen = names.index(given[item.id]) if given.get(item.id) in names else None
            st.radio(label, names, index=chosen, format_func=texts.get, key=_key(item))
        st.form_submit_button(WORDS["finish"], type="primary", key="inventory-finish", on_click=_finish)
    left = st.session_state.pop(_MISSED, None)
    if left:
        tell(f"{'Question' if len(left) == 1 else 'Questions'} {listed([str(n) for n in left])}: no answer yet.", "warning")


def _finish() -> None:
    """Callback: the answers, once there is one for each item."""
    given: dict[str, Any] = {item.id: st.session_state.get(_key(item)) for item in ITEMS}
    left = inventory.missing(ITEMS, given)
    if left:
        st.session_state[_MISSED], st.session_state[_GIVEN] = left, given
    else:
        st.session_state[_ANSWERS] = given
    state.touched()


def _anew() -> None:
    """Callback: an empty form."""
    for name in (_ANSWERS, _SEED, _MISSED, _BACK, _GIVEN, *map(_key, ITEMS)):
        st.session_state.pop(name, None)
    state.touched()


def _result(answers: Answers) -> None:
    right, dunno = inventory.right(ITEMS, answers), inventory.unknown(ITEMS, answers)
    times = "never" if not dunno else many(dunno, "time")
    st.html(_said(say(WORDS["known"], right=right, count=len(ITEMS), unknown=times)))
    left, beside = st.columns([7, 4], gap="large")
    with beside:
        st.markdown("**Your code**")
        st.code(inventory.encode(FORM, ITEMS, answers), language=None)
        st.caption(WORDS["code"])
        before = _given_back(answers)
        st.download_button(
            "Download as CSV",
            csv(inventory.by_idea(ITEMS, answers, before)),
            "before_and_after.csv",
            "text/csv",
            key="inventory-csv",
            on_click="ignore",
            icon=":material/download:",
        )
        st.button("An empty form", key="inventory-anew", type="tertiary", on_click=_anew)
    with left:
        for number, item in enumerate(ITEMS, 1):
            _idea(number, item, answers, before)


def _idea(number: int, item: Item, answers: Answers, before: Answers | None) -> None:
    """One idea: what was answered, what is right, and where to try it."""
    good = answers[item.id] == item.right
    chosen = item.option(answers[item.id])
    lines = [f"<h3>{'✓' if good else '✗'} {number}. {escape(item.idea)}</h3>", f"<p>{escape(own.plain(item.text))}</p>"]
    lines.append(f"<p>You said: {escape(own.plain(chosen.text) if chosen else 'I do not know')}.</p>")
    if not good:
        lines.append(f"<p>Right is: <b>{escape(own.plain(item.answer.text))}</b>.</p>")
    if before is not None:
        earlier = item.option(before[item.id])
        mark = "✓" if before[item.id] == item.right else "✗"
        lines.append(f"<p>Before: {mark} {escape(own.plain(earlier.text) if earlier else 'I do not know')}.</p>")
    st.html(f'<div class="idea">{"".join(lines)}</div>')
    if item.page and not good:
        stage = stages.of_chapter(item.page)
        st.page_link(
            stage.file, label=f"Try it: {stage.name}", icon=":material/arrow_forward:", query_params=state.address(stage.name)
        )


def _given_back(answers: Answers | None) -> Answers | None:
    """The field for an earlier code, and what is said of it. Before the form is finished nothing of it is shown."""
    code = st.text_input(
        WORDS["back"],
        key=_BACK,
        max_chars=40,
        autocomplete="off",
        placeholder=f"{FORM}-….-….",
        on_change=state.touched,
    )
    if not (code or "").strip():
        return None
    try:
        before = inventory.decode(FORM, ITEMS, code)
    except BadCode as error:
        tell(str(error), "warning")
        return None
    if answers is None:
        tell(WORDS["waits"].format(count=len(ITEMS)))
        return None
    count, first, then = len(ITEMS), inventory.right(ITEMS, before), inventory.right(ITEMS, answers)
    st.html(_said(say(WORDS["compared"], before=first, after=then, count=count)))
    gained = inventory.gain(first, then, count)
    more = WORDS["nothing_left"] if gained is None else WORDS["gained"].format(gain=written(gained))
    st.caption(f"{more} {WORDS['same_form']}")
    return before


def _said(sentence: Sentence) -> str:
    return f'<p class="look" role="status">{sentence.html()}</p>'


CHAPTER = Chapter(
    id="inventory", name="Before and after", title="Before and after", steps=(Step("form", "Before and after", _draw),)
)
