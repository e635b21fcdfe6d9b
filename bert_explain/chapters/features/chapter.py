"""Features: BERT frozen, a logistic regression on its vectors; which layer, which pooling, beside whom, how many examples."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

import streamlit as st

from bert_explain.analysis.sentence import Sentence
from bert_explain.chapters.features import figures, numbers, probe, questions, vectors
from bert_explain.chapters.features.numbers import Compared, Models
from bert_explain.errors import BadModel
from bert_explain.figures.chart import CHART
from bert_explain.kernel import tasks
from bert_explain.kernel.readings import many
from bert_explain.kernel.tasks import Task
from bert_explain.kernel.text import markdown
from bert_explain.learning.chapter import Chapter, Step
from bert_explain.learning.question import Question
from bert_explain.models import load_decoder, load_elmo, load_vectors
from bert_explain.models.batches import text_vectors, token_vectors
from bert_explain.training import fine_tuning
from bert_explain.ui import asking, printing, state
from bert_explain.ui.frame import Page
from bert_explain.ui.notice import tell
from bert_explain.ui.picture import picture
from bert_explain.ui.working import asked, working

TASK = state.Choice("task", numbers.TEXT_TASKS, numbers.ASKED_TASK)
COUNT = state.Choice("examples", tuple(map(str, vectors.COUNTS)), "200")
LAYERS_ASKED, POOLINGS_ASKED, GRID = asked("layers"), asked("poolings"), asked("grid")
BESIDE, CURVE, TABLE7, TUNED = asked("beside"), asked("curve"), asked("table7"), asked("tuned")

LEAD = (
    "BERT **as it is**, the *feature-based* way of the paper’s section 5.3: its vectors go into a small model, a logistic "
    "regression, and only that one learns. Here a text’s vector is the mean of its tokens’ vectors, and all is done five times, "
    "each time with other examples."
)
POOLED = "Three ways to make one vector of many: five draws of {n} examples each, as before."
INTERVALS = (
    "Bars: where 95 % of other draws of examples and test patterns lie. All ways get the same draws, so one can be clearly ahead "
    "of another though their bars overlap."
)
PAPER = (
    "The paper (Devlin et al. 2019, table 7): BERT-base on CoNLL-2003, a much larger data set, a two-layer LSTM on the frozen "
    "vectors, and learned weights in its sums; here a logistic regression on each word by itself, and sums in which each layer "
    "counts the same. So compare the order, not the numbers."
)

Result = TypeVar("Result")


def _key(page: Page, *more: object) -> tuple:
    return ("features", page.model.spec.fingerprint, *more)


def _task() -> tuple[Task, int]:
    """The chosen data set and number of examples, chosen here."""
    left, right = st.columns([4, 5], gap="medium")
    options = list(numbers.TEXT_TASKS)
    left.selectbox("Task", options, format_func=lambda name: tasks.TASKS[name][1], **state.bind(TASK, options=options))
    right.segmented_control("Examples in each draw", COUNT.options, **state.bind(COUNT))
    task, count = tasks.load(state.get(TASK)), int(state.get(COUNT))
    st.caption(_about(task, count))
    return task, count


def _about(task: Task, count: int | None = None) -> str:
    kinds = {"sequence": "One text, one label", "pair": "Two texts, one label", "token": "A tag for each word"}
    labels = f": {', '.join(task.labels)}" if task.kind != "token" else ""
    drawn = ""
    if count is not None:
        shown = vectors.shown(task, count)
        drawn = f" Five draws of {many(shown, 'example')} from {len(task.train):,}, {len(task.test):,} to test with."
        drawn += f" More than {shown} would make the draws too much alike." if shown < count else ""
    return f"{kinds[task.kind]}{labels}.{drawn}"


def _examples(step: str, task: Task, count: int) -> None:
    """Before there is a result: what is learned from."""
    title, note = f"{task.title}: some of the examples", "The first ones of the first draw."
    with picture(f"features-examples-{step}", title, note=note):
        printing.sheet(numbers.some_examples(task, count), hide_index=True, key=f"examples-{step}")


def _note(found: Compared, measure: str) -> str:
    return (
        f"{measure[0].upper()}{measure[1:]} on {many(found.tested, 'example')} of other patterns, mean of five draws of "
        f"{many(found.examples, 'example')}. {INTERVALS}"
    )


# the questions' pictures ----------------------------------------------------------------------------------------------
def _decided(page: Page, question: Question, which: state.Number, label: str, work: Callable[..., Compared]) -> Compared | None:
    """What decides a question: it is there where it was asked; else computed at a press."""
    key = _key(page, question.id)
    if asking.wanted(page, question):
        asking.evidence(page, question, asking.asked_here(page))
        return work(page.model)  # from what the evidence has left
    return working(which, key, label, lambda progress: work(page.model, progress), cost=numbers.LONG, what="a regression")


def _layer(page: Page) -> None:
    found = _decided(page, questions.LAYER, LAYERS_ASKED, "Try every layer", numbers.asked_layers)
    if found is not None:
        _ways(page, found, "features-layers", "Question types from each layer", numbers.layers_look(found), "right answers")


def _pooling(page: Page) -> None:
    found = _decided(page, questions.POOLING, POOLINGS_ASKED, "Try the three poolings", numbers.asked_poolings)
    if found is None:
        return
    look = numbers.pooled_look(found)
    code = (text_vectors, probe.on_vectors)
    with picture(
        "features-poolings",
        f"Three poolings of {found.table['way'].iloc[0]}",
        look=look,
        table=lambda: found.table,
        code=code,
        note=_note(found, "right answers"),
    ):
        chart = figures.rows_chart(found, page.palette, "right answers, of 1", "pooling")
        st.plotly_chart(chart, key="poolings", alt=look.plain(), **CHART)


def _ways(page: Page, found: Compared, key: str, title: str, look: Sentence, measure: str, more: str = "") -> None:
    code = (text_vectors, probe.on_vectors)
    note = f"{_note(found, measure)}{more}"
    with picture(key, title, look=look, table=lambda: found.table, code=code, note=note):
        chart = figures.ways_chart(found, page.palette, f"{measure}, of 1")
        st.plotly_chart(chart, key=f"chart-{key}", alt=look.plain(), **CHART)


# one's own choice -----------------------------------------------------------------------------------------------------
def _grid(page: Page) -> None:
    task, count = _task()
    cells = len(vectors.ways(page.model.n_layers)) * len(numbers.POOLINGS)
    label = f"Try all {cells} ways, five times each"

    def work(progress: Callable[..., None]) -> Compared:
        return numbers.grid(page.model, task, count, progress)

    found = working(
        GRID, _key(page, "grid", task.name, count), label, work, cost=numbers.LONG, primary=True, what="some hundred regressions"
    )
    if found is None:
        _examples("grid", task, count)
    else:
        measure = numbers.measure(task)
        look = numbers.grid_look(found)
        _ways(page, found, "features-grid", f"{task.title}: every layer, every pooling", look, measure, figures.legend(found))


def _beside(page: Page) -> None:
    task, count = _task()

    def work(progress: Callable[..., None]) -> Compared:
        progress(0.0, "The models are opened")
        return numbers.beside(_models(page), task, (count,), progress)[count]

    key = _key(page, "beside", task.name, count)
    found = working(BESIDE, key, "Compare them", work, cost=numbers.LONG, primary=True, what="some hundred regressions")
    if found is None:
        _examples("beside", task, count)
        return
    look = numbers.beside_look(found)
    note = (
        _note(found, numbers.measure(task))
        + " Vectors of a text's words are averaged. Of a model with layers, that layer counts in each draw which does best on "
        "patterns held out of the draw; the table says which."
    )
    with picture(
        "features-beside",
        f"{task.title}: whose vectors?",
        look=look,
        table=lambda: found.table,
        code=(probe.on_vectors, probe.on_words),
        note=note,
    ):
        chart = figures.rows_chart(found, page.palette, f"{numbers.measure(task)}, of 1", outlined=(found.table["who"].iloc[-1],))
        st.plotly_chart(chart, key="beside-chart", alt=look.plain(), **CHART)


def _models(page: Page) -> Models:
    """Who is compared. Called in a job: opening them takes a moment; who cannot be had is left out."""
    return Models(
        page.model,
        _had(load_decoder),
        _had(load_elmo),
        tuple(t for name in ("word2vec", "glove") if (t := _had(partial(load_vectors, name))) is not None),
    )


def _had(load: Callable[[], Result]) -> Result | None:
    with suppress(BadModel):
        return load()
    return None


def _curve(page: Page) -> None:
    options = list(numbers.TEXT_TASKS)
    st.selectbox("Task", options, format_func=lambda name: tasks.TASKS[name][1], **state.bind(TASK, options=options), width=360)
    task = tasks.load(state.get(TASK))
    st.caption(_about(task))

    def work(progress: Callable[..., None]) -> dict[int, Compared]:
        progress(0.0, "The texts are read")
        table = _had(load_vectors)
        some = Models(page.model, tables=() if table is None else (table,))
        return numbers.beside(some, task, numbers.counts_of(task), progress)

    found = working(CURVE, _key(page, "curve", task.name), "Draw it", work, cost=numbers.LONG, primary=True)
    if found is None:
        _examples("curve", task, vectors.COUNTS[0])
        return
    look = numbers.curve_look(found)
    with picture(
        "features-curve",
        f"{task.title}: after how many examples?",
        look=look,
        table=lambda: numbers.curve_table(found),
        code=(vectors.drawn, probe.on_vectors),
        note=f"Mean of five draws. {INTERVALS} Each step to the right is about twice as many examples.",
    ):
        chart = figures.curve_chart(found, page.palette, f"{numbers.measure(task)}, of 1")
        st.plotly_chart(chart, key="curve-chart", alt=look.plain(), **CHART)


def _table7(page: Page) -> None:
    task = tasks.load("names")
    st.caption(f"{_about(task, numbers.NAMES_EXAMPLES)} Each word is read from its first piece.")
    name = markdown(page.model.spec.title)

    def work(progress: Callable[..., None]) -> numbers.Table7:
        return numbers.table7(page.model, task, progress)

    frozen = working(TABLE7, _key(page, "table7"), f"Fill in the table with {name}", work, cost=numbers.LONG, primary=True)
    if frozen is None:
        _examples("table7", task, numbers.NAMES_EXAMPLES)
        return
    card = st.container()
    why = fine_tuning.unfit(page.model, task.kind)
    found = frozen.found if why else _tuned(page, task, frozen) or frozen.found
    look = numbers.table7_look(found)
    with (
        card,
        picture(
            "features-table7",
            "The paper's table 7 on names in text",
            look=look,
            table=lambda: found.table.assign(paper=found.table["paper"].map(lambda f1: f"{100 * f1:.1f}")),
            code=(token_vectors, probe.on_vectors, numbers.word_way),
            note=f"{_note(found, 'F1 of whole names')} {PAPER}",
        ),
    ):
        st.plotly_chart(
            figures.rows_chart(found, page.palette, "F1 of whole names, of 1", "way"),
            key="table7-chart",
            alt=look.plain(),
            **CHART,
        )
    if why:
        tell(why)


def _tuned(page: Page, task: Task, frozen: numbers.Table7) -> Compared | None:
    label = "Fine-tune it on the same five draws, too (it takes some minutes)"

    def work(progress: Callable[..., None]) -> Compared:
        return numbers.with_tuned(page.model, task, frozen, progress)

    return working(TUNED, _key(page, "tuned"), label, work, cost=2 * numbers.LONG, what="five trainings")


CHAPTER = Chapter(
    id="features",
    name="Features",
    steps=(
        Step("layer", "Which layer?", _layer, asks=questions.LAYER, lead=LEAD, owns=(LAYERS_ASKED,)),
        Step(
            "pooling",
            "Which pooling?",
            _pooling,
            asks=questions.POOLING,
            owns=(POOLINGS_ASKED,),
            lead=POOLED.format(n=numbers.ASKED_COUNT),
        ),
        Step("grid", "Every way", _grid, owns=(TASK, COUNT, GRID)),
        Step("beside", "Beside the others", _beside, owns=(BESIDE,)),
        Step("curve", "Learning curve", _curve, owns=(CURVE,)),
    ),
    deeper=(Step("table7", "The paper's table 7", _table7, owns=(TABLE7, TUNED)),),
)
