"""Replicate the paper: ten results that papers report, measured again on the model at hand."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from bert_explain.chapters.replicate import (
    both_ways,
    cone,
    figures,
    frozen,
    heads,
    looks,
    negation,
    pipeline,
    questions,
    regions,
    roles,
    syntax,
)
from bert_explain.chapters.replicate import trial as trials
from bert_explain.chapters.replicate.bench import Live
from bert_explain.chapters.replicate.draw_table import Rows, below, edit, rows_of
from bert_explain.chapters.replicate.trial import Outcome, Row, Trial
from bert_explain.figures import senses as sense_figures
from bert_explain.figures.chart import CHART
from bert_explain.kernel import relations
from bert_explain.kernel.readings import many
from bert_explain.kernel.text import csv
from bert_explain.learning.chapter import Chapter, Step
from bert_explain.learning.question import Question, words_of
from bert_explain.ui import stages, state
from bert_explain.ui.frame import Page
from bert_explain.ui.notice import tell
from bert_explain.ui.picture import picture
from bert_explain.ui.working import asked, working

WORDS = words_of(Path(__file__).with_name("words.toml"))["trial"]


def _draw(trial: Trial, rows: Rows, run: state.Number, page: Page) -> None:
    """The rows, the run, what came out. What is found stands above the rows it was found with."""
    words = WORDS[trial.id]
    found: list[Outcome] = []
    with picture(
        f"replicate-{trial.id}",
        "The paper, and this model",
        table=lambda: trials.table(found[0]) if found else pd.DataFrame({"what": ["Nothing has been run yet."]}),
        code=trial.code,
        note=words["done"],
    ):
        st.markdown(f"**The paper.** {words['paper']}")
        above = st.container()
    now = _rows(trial, rows, page)
    with above:
        outcome = _run(trial, now, run, page)
        if outcome is not None:
            found.append(outcome)
            _show(trial, outcome, now, page)


def _rows(trial: Trial, param: Rows, page: Page) -> tuple[Row, ...]:
    """The table of rows; those that can be used. What is wrong with the others is said below it."""
    with picture(
        f"rows-{trial.id}",
        "The rows",
        note="Edit a cell, add a row at the foot, mark rows to delete them, or paste rows from a spreadsheet. What is changed is "
        "run again when you ask for it.",
    ):
        every = edit(trial, param)
        good, bad = trials.sorted_out(Live(page.model.name, page.model), trial, every)
        tell(bad, "warning")
        below(trial, param, every)
    return good


def _run(trial: Trial, rows: tuple[Row, ...], run: state.Number, page: Page) -> Outcome | None:
    """What the trial found; while it is not there, the button or the progress."""
    if len(rows) < 2:
        tell("There are fewer than two rows that can be used: add some to the table.")
        return None
    model = page.model

    def work(progress: Callable[..., None]) -> Outcome:
        return trial.work(Live(model.name, model), rows, progress)

    return working(
        run,
        ("trial", trial.id, model.name, rows),
        f"{WORDS[trial.id]['run']} ({many(len(rows), 'row')})",
        work,
        cost=trial.cost(model.spec, len(rows)),
        what=WORDS[trial.id]["title"],
        primary=True,
    )


def _show(trial: Trial, outcome: Outcome, rows: tuple[Row, ...], page: Page) -> None:
    spec = page.model.spec
    verdict = trials.verdict(outcome)
    st.html(f'<p class="look" role="status">{verdict.html()}</p>')
    tell(outcome.left_out)
    st.html(_measures(outcome))
    figure = figures.shares(outcome.measures, page.palette)
    chart = _by_layer(trial, outcome, page)
    if chart is not None:
        st.plotly_chart(chart, key=state.own_key(f"chart-{trial.id}"), alt=verdict.plain(), **CHART)
    elif figure is not None:
        st.plotly_chart(figure, key=state.own_key(f"shares-{trial.id}"), alt=verdict.plain(), **CHART)
    if trial is syntax.TRIAL:
        _show_heads(outcome)
    lines = "".join(f"<li>{sentence.html()}</li>" for sentence in trials.reasons(trial, outcome, spec, rows))
    st.download_button(
        "Download what came out for each row",
        csv(outcome.rows),
        f"replicate-{trial.id}-rows.csv",
        "text/csv",
        key=state.own_key(f"outcome-{trial.id}"),
        on_click="ignore",
        type="tertiary",
        icon=":material/download:",
    )
    st.html(f'<h4 class="why">Why they differ, or agree</h4><ul class="why">{lines}</ul>')


def _show_heads(outcome: Outcome) -> None:
    """A press for each relation: Attention, on the reader's own sentence, at the head that finds it."""
    target = stages.of_chapter("attention")
    with st.container(horizontal=True, gap="small", key=state.own_key("heads-found")):
        for name in relations.RELATIONS:
            if f"{name}_layer" not in outcome.facts:
                continue
            layer, head = (int(outcome.facts[f"{name}_{what}"]) + 1 for what in ("layer", "head"))
            if st.button(f"Show me the head for {name}", key=state.own_key(f"show-{name}"), icon=":material/arrow_forward:"):
                link = state.address(target.name, layer=layer, head=head)
                st.switch_page(target.file, query_params={**link, "step": "heads"})


def _by_layer(trial: Trial, outcome: Outcome, page: Page) -> Any | None:
    if trial is looks.TRIAL:
        return figures.by_kind(outcome.by, page.palette)
    if trial is heads.TRIAL:
        return figures.fewer_heads(outcome.by, page.palette)
    if trial is cone.TRIAL:
        return figures.likeness(outcome.by, page.palette, "bert")
    if trial is pipeline.TRIAL:
        return figures.up_to(outcome.by, page.palette)
    if trial is regions.TRIAL:
        chance = outcome.facts["chance"]
        return sense_figures.by_layer(outcome.by, page.palette, what="same meaning", percent=True, chance=chance)
    return None


def _measures(outcome: Outcome) -> str:
    """The measures as a table of the page, so that it is read and printed whole."""

    def together(text: str) -> str:
        """A number and its sign do not part at the end of a line."""
        return re.sub(r"(?<=\d) (?=[%×])", "\u00a0", escape(text))

    head = "".join(f'<th scope="col">{name}</th>' for name in ("", "the paper", "this model", "95 % interval", "rests on"))
    lines = "".join(
        f'<tr><th scope="row">{escape(m.name)}</th><td>{together(m.paper or "–")}</td><td><b>{together(m.here)}</b></td>'
        f"<td>{together(m.interval)}</td><td>{escape(many(m.n, m.units.removesuffix('s'), m.units))}</td></tr>"
        for m in outcome.measures
    )
    return f'<div class="measures" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>'


def _step(trial: Trial, question: Question | None = None) -> Step:
    rows, run = rows_of(trial), asked(f"run-{trial.id}")
    words = WORDS[trial.id]
    return Step(
        trial.id,
        words["title"],
        partial(_draw, trial, rows, run),
        asks=question,
        needs=trial.needs,
        owns=(rows, run),
        lead=f"**The claim.** {words['claim']}",
    )


CHAPTER = Chapter(
    id="replicate",
    name="Replicate the paper",
    steps=(
        _step(negation.TRIAL),
        _step(looks.TRIAL, questions.PREVIOUS),
        _step(cone.TRIAL, questions.CONE),
    ),
    deeper=(
        _step(roles.TRIAL),
        _step(heads.TRIAL),
        _step(regions.TRIAL),
        _step(syntax.TRIAL),
        _step(pipeline.TRIAL),
        _step(frozen.TRIAL),
        _step(both_ways.TRIAL),
    ),
)
