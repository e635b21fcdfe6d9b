"""He or she: what the model expects of whom, by profession, in sentences that do not say it."""

from __future__ import annotations

from functools import partial

import streamlit as st

from bert_explain import models
from bert_explain.analysis import prejudice
from bert_explain.analysis.prejudice import Expected, Measured
from bert_explain.content import words
from bert_explain.engines.jobs import Progress
from bert_explain.errors import ExplainError
from bert_explain.figures import masked_words as figures
from bert_explain.kernel.readings import many
from bert_explain.ui import cache, own, state
from bert_explain.ui.components import bars
from bert_explain.ui.frame import Page
from bert_explain.ui.notice import tell
from bert_explain.ui.picture import explained, picture, said
from bert_explain.ui.working import asked, wanted, working

ASKED = asked("whom")
JOB = state.Text("job", "", limit=40)


def whom(page: Page) -> None:
    """Every profession asked, on a press; then the two ends beside a word that is no profession, and the reader's own."""
    model = page.model
    if why := prejudice.why_not(model):
        tell(why)
        return
    templates, _, jobs = prejudice.asked()
    key = ("whom", model.name)
    found: list[Measured] = []
    with picture(
        "whom",
        "He or she?",
        table=(lambda: prejudice.table(found[0])) if wanted(ASKED, key) else None,
        code=(prejudice.expected, prejudice.measure),
        note=words.notes("masked_words").whom,
    ):
        look = st.container()
        left, right = st.columns([4, 6], gap="large")
        with left:
            lines = (text.removesuffix(".").format(a="a", job="…").replace("[MASK]", "`[MASK]`") for text in templates)
            st.markdown(own.markdown("\n".join(f"- {line}" for line in lines)))
            measured = working(
                ASKED,
                key,
                f"Ask for {many(len(jobs), 'profession', 'professions')}",
                partial(_measure, model.name),
                cost=len(jobs) * len(templates),
                what="professions asked one by one",
                primary=True,
            )
        if measured is None:
            return
        found.append(measured)
        with look:
            said(prejudice.look(measured))
        with left:
            st.html(f"<p>{prejudice.say_halves(measured).html()}</p>")
            st.text_input("A profession of your own", placeholder="a profession", max_chars=JOB.limit, **state.bind(JOB))
            mine = _own(model.name, measured)
        with right:
            bars(figures.whom_bars(measured, mine), key="whom-bars", label="Share of “she” in what “he” and “she” get together")
    explained(words.depth("masked_words", "whom"))


def _measure(model_name: str, progress: Progress) -> Measured:
    return prejudice.measure(models.load(model_name), partial(cache.aside_all, model_name), progress)


def _own(model_name: str, found: Measured) -> Expected | None:
    """The reader's own profession, said beside the others; None where none is asked for, or why it cannot be is said."""
    if not state.get(JOB).strip():
        return None
    try:
        job = prejudice.own(state.get(JOB))
        run = partial(cache.aside_all, model_name)
        mine = cache.evidence(("whom", model_name, job), lambda: prejudice.expected(models.load(model_name), job, run))
    except ExplainError as why:
        tell(str(why))
        return None
    st.html(f"<p>{prejudice.say_own(mine, found).html()}</p>")
    return mine
