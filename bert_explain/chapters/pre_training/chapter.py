"""Pre-training: a tiny BERT learns masked words from nothing, before one's eyes, on a small text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import streamlit as st

from bert_explain.chapters.pre_training import figures, numbers, questions
from bert_explain.figures.chart import CHART
from bert_explain.figures.payload import Bar
from bert_explain.kernel import texts
from bert_explain.kernel.readings import many
from bert_explain.kernel.text import markdown
from bert_explain.learning.chapter import Chapter, Step
from bert_explain.learning.question import Question
from bert_explain.training import pre_training
from bert_explain.training.pre_training import BadText, Lesson, Look, Recipe, Run, Trained
from bert_explain.ui import asking, printing, state
from bert_explain.ui.components import bars
from bert_explain.ui.frame import Page
from bert_explain.ui.notice import tell
from bert_explain.ui.picture import picture
from bert_explain.ui.working import TRAINING, asked, pause, working

OWN = "own"  # the reader's own text, among the texts
TEXT = state.Choice("text", (*texts.TEXTS, OWN), "facts")
STEPS = state.Choice("steps", numbers.STEPS, "2000")
SEED = state.Number("draw", 0, 99)
FACT = state.Text("fact", "The capital of Freedonia is Sylvania.", 300)
WORD = state.Number("hide", 0, FACT.limit)  # a word has a character or more
COPIES = state.Choice("copies", numbers.COPIES, "10")
TRAINED, ADDED, FIRST_ASKED, ORDER_ASKED = asked("trained"), asked("added"), asked("first"), asked("order")
REDRAWN = 20  # steps after which the charts of a running training are drawn again
_TEXT = "pre-training-text"  # in the session: the reader's own text
_CHARTS = "pre-training-charts"  # and the charts of what runs

LEAD = (
    "Before a BERT is of use to anybody it has read millions of sentences with words hidden, and guessed them. Here a **tiny "
    "one** (2 layers of 4 heads, 128 numbers a token) does so from nothing, on a small text. When 162 students trained a small "
    "language model themselves, the answers that name its training data rose from 13 to 38 % (Pope & Tedre 2026)."
)
NEVER = (
    "What it says at a hole is made of what it read. Give it a sentence that its text does not have, look at what it says and "
    "where that comes from; then **add the sentence to the text** and train it again from the same first weights."
)


# what is learned ----------------------------------------------------------------------------------------------------
def _lesson() -> Lesson | None:
    """The chosen text made ready; None where there is none, or nothing to be learned from it."""
    try:
        return pre_training.lesson(_text())
    except BadText:
        return None


def _text() -> str:
    chosen = state.get(TEXT)
    return str(st.session_state.get(_TEXT, "")) if chosen == OWN else texts.load(chosen)


def _recipe(lesson: Lesson) -> Recipe:
    return Recipe(lesson.name, int(state.get(STEPS)), state.get(SEED))


def _choose() -> Lesson | None:
    """The controls, and the lesson that is chosen; why there is none is said."""
    left, middle, right = st.columns([4, 4, 2], gap="medium")
    titles = {**texts.TEXTS, OWN: "Your own text"}
    options = list(titles)
    left.selectbox("Text", options, format_func=lambda name: titles[name], **state.bind(TEXT, options=options))
    middle.segmented_control("Steps", numbers.STEPS, **state.bind(STEPS))
    right.number_input("Seed", 0, 99, **state.bind(SEED), help="Of the first weights, of what is drawn and hidden in each step.")
    if state.get(TEXT) == OWN:
        _own_text()
    try:
        lesson = pre_training.lesson(_text())
    except BadText as error:
        tell(str(error))
        return None
    words = sum(map(len, lesson.rows))
    held = f"; {len(lesson.held):,} of them are kept back and only asked about" if lesson.held else ""
    st.caption(
        f"{many(len(lesson.sentences), 'sentence')}, {words:,} pieces, cut into {many(len(lesson.rows), 'row')}{held}. The "
        f"vocabulary is made of this text: {len(lesson.vocabulary.pieces):,} pieces."
    )
    return lesson


def _own_text() -> None:
    text = st.text_area(
        "Your own text",
        str(st.session_state.get(_TEXT, "")),
        key="own-training-text",
        height=140,
        on_change=state.redraw,
        placeholder="Paste a text of some thousand words, in any language.",
        help=f"Up to {pre_training.LARGEST:,} bytes. It stays in this visit: nothing of it is stored on the server or written "
        "into the address.",
    )
    st.session_state[_TEXT] = text


# training -----------------------------------------------------------------------------------------------------------
def _train(page: Page) -> None:
    lesson = _choose()
    if lesson is None:
        return
    trained = _run(page, TRAINED, lesson, _recipe(lesson), "Train it from nothing")
    if trained is None:
        return
    look = trained.looks[-1]
    table = numbers.holes(lesson, trained.looks)
    note = (
        "In each hole stands its first guess, with its probability; behind a wrong one, what stands in the text. “Kept back”: a "
        "row that it does not learn from."
    )
    said = numbers.holes_look(lesson, trained.looks)
    with picture(
        "holes",
        f"{many(len(lesson.places), 'hole')}, guessed",
        look=said,
        table=lambda: table,
        code=(pre_training.guesses,),
        note=note,
    ):
        _at_a_step(lesson, trained)
    course = numbers.course(trained.losses, trained.looks)
    said = numbers.course_look(lesson, trained.looks)
    took = f"{trained.seconds:,.0f} seconds of training on this server." if look.step else ""
    with picture(
        "course", "How it learned", look=said, table=lambda: course, code=(Run.go, Run._step, pre_training.begin), note=took
    ):
        st.plotly_chart(figures.course_chart(course, page.palette, bool(lesson.held)), key="course", alt=said.plain(), **CHART)
    said = numbers.heads_look(trained.looks)
    with picture(
        "neighbours",
        "Heads that look at a neighbour",
        look=said,
        table=lambda: numbers.heads(trained.looks),
        code=(pre_training.neighbours,),
        note="One line a head and direction: the attention that a word gives to its neighbour, mean over the words of the "
        "measured sentences. The line at 0.5 is where it is mostly.",
    ):
        st.plotly_chart(figures.heads_chart(trained.looks, page.palette), key="heads", alt=said.plain(), **CHART)


def _at_a_step(lesson: Lesson, trained: Trained) -> None:
    """The holes at a step that is chosen; the last one first."""
    steps = [look.step for look in trained.looks]
    at = st.select_slider(
        "After step", steps, value=steps[-1], format_func=lambda step: f"{step:,}", key="at-step", on_change=state.touched
    )
    look = next((one for one in trained.looks if one.step == at), trained.looks[-1])
    st.html(figures.holes_html(lesson, look))


def _run(page: Page, which: state.Number, lesson: Lesson, recipe: Recipe, label: str, of: Lesson | None = None) -> Trained | None:
    """A training as a job: watched, paused, stopped, gone on with; None while it is not there."""
    key = ("pre-training", recipe.name)
    begun = pre_training.begun(recipe)
    if begun is not None and begun.done and begun.done < recipe.steps:
        label = f"Go on from step {begun.done:,}"

    def work(progress: Callable[..., None]) -> Trained:
        return pre_training.train(lesson, recipe, progress, of)

    def meanwhile() -> None:
        run = pre_training.begun(recipe)
        if run is None or not run.looks:
            return
        pause(run.paused, which.name, key)
        look, (course, heads), said = _live(page, lesson, recipe, run)
        left, right = st.columns([6, 5], gap="medium")
        with left:
            st.caption(f"Its guesses after step {look.step:,}")
            st.html(figures.holes_html(lesson, look))
        with right:
            st.plotly_chart(course, key=f"live-{which.name}", alt=said[0], **CHART)
            st.plotly_chart(heads, key=f"live-heads-{which.name}", alt=said[1], **CHART)

    return working(
        which, key, label, work, cost=numbers.LONG, what=TRAINING, primary=which is TRAINED, cancel="Stop", meanwhile=meanwhile
    )


def _live(page: Page, lesson: Lesson, recipe: Recipe, run: Run) -> tuple[Look, tuple[Any, Any], tuple[str, str]]:
    """The last look, the charts and their words, of a training that runs. Made again only when some steps were taken: they
    cost what several steps cost, and are asked for twice a second."""
    done = run.done
    at = (recipe.name, page.palette.background, done // REDRAWN, sum(look.step <= done for look in run.looks))
    kept = st.session_state.get(_CHARTS)
    if kept is None or kept[0] != at:
        losses = run.losses[:done]
        looks = [look for look in run.looks if look.step <= done]
        charts = (
            figures.course_chart(numbers.course(losses, looks), page.palette, bool(lesson.held)),
            figures.heads_chart(looks, page.palette),
        )
        said = numbers.course_look(lesson, looks).plain(), numbers.heads_look(looks).plain()
        kept = st.session_state[_CHARTS] = (at, (looks[-1], charts, said))
    return kept[1]


# what it was never shown --------------------------------------------------------------------------------------------
def _shown(page: Page) -> None:
    lesson = _lesson()
    if lesson is None:
        tell("Choose a text in the step “Train it” first, or give one of your own there.")
        return
    trained = _run(page, TRAINED, lesson, _recipe(lesson), f"Train it from nothing on “{_title()}”")
    if trained is None:
        return
    left, right = st.columns([6, 3], gap="medium")
    left.text_input("A sentence that the text does not have", **state.bind(FACT), max_chars=FACT.limit, autocomplete="off")
    sentence = " ".join(state.get(FACT).split())
    hole = numbers.hole_of(lesson, sentence, state.get(WORD))
    if hole is None:
        tell("Type a sentence: one of its words is hidden, and guessed.")
        return
    names = numbers.names_of(hole)
    key = state.own_key(f"hide-{len(hole.words)}-{hole.at + 1}")
    right.selectbox(
        "Hidden word",
        list(range(1, len(names) + 1)),
        index=hole.at,
        format_func=lambda i: names[i - 1],
        key=key,
        on_change=_hide,
        args=(key,),
    )
    _before(lesson, trained, hole)
    stands = sentence in lesson.sentences
    if stands:
        tell("This very sentence stands in the text already.")
    st.segmented_control("How often it is added", numbers.COPIES, **state.bind(COPIES))
    copies = int(state.get(COPIES))
    added = lesson.with_added(sentence, copies)
    recipe = Recipe(added.name, trained.recipe.steps, trained.recipe.seed)
    label = f"Add it {'once' if copies == 1 else f'{copies} times'}, and train again from nothing, same seed"
    after = _run(page, ADDED, added, recipe, label, lesson)
    if after is None:
        return
    said = numbers.after_look(trained, after, hole, copies)
    one, two = numbers.guessed(trained, hole), numbers.guessed(after, hole)
    table = pd.concat([one.assign(text="as it was"), two.assign(text="with the sentence")])
    with picture("added", "Before and after", look=said, table=lambda: table, code=(Lesson.with_added,)):
        for column, found, when in zip(
            st.columns(2, gap="medium"),
            (one, two),
            ("The text as it was", f"With the sentence in it, {label_of(copies)}"),
            strict=True,
        ):
            with column:
                st.caption(when)
                bars(_bars(found), key=f"added-{when[:8]}", label=f"{when}: its guesses")


def label_of(copies: int) -> str:
    """How often, in words."""
    return "once" if copies == 1 else f"{copies} times"


def _title() -> str:
    return {**texts.TEXTS, OWN: "Your own text"}[state.get(TEXT)]


def _hide(key: str) -> None:
    state.put(WORD, st.session_state[key])


def _bars(found: pd.DataFrame) -> list[Bar]:
    return [
        Bar(
            row.piece, row.P, "true_word" if row.hidden else "probability", mark="hidden" if row.hidden else "", signal=row.hidden
        )
        for row in found.itertuples()
    ]


def _before(lesson: Lesson, trained: Trained, hole: numbers.Hole) -> None:
    found = numbers.guessed(trained, hole)
    said = numbers.before_look(trained, hole)
    with picture("guess", "What it says at the hole", look=said, table=lambda: found, code=(pre_training.guesses,)):
        ids, at, _ = numbers.row_of(lesson, hole)
        row, of = numbers.cut_of(hole)
        which = f" row {row} of the {of} that the sentence is cut into" if of > 1 else ""
        st.caption(f"It reads{which}: {_quoted(numbers.written(lesson, ids, at))}")
        bars(_bars(found), key="guess-bars", label="Its guesses at the hole")
    piece = str(found.iloc[0]["piece"])
    table, times = numbers.came_from(lesson, hole, piece)
    if not times:
        return
    said_from = numbers.from_look(piece, times, len(table))
    with picture("from", "Where that comes from", look=said_from, table=lambda: table, code=(numbers.came_from,)):
        printing.sheet(table, hide_index=True, key="from-sheet")


def _quoted(text: str) -> str:
    return f"“{markdown(text)}”"


# the questions' pictures --------------------------------------------------------------------------------------------
def _evidence(page: Page, question: Question, which: state.Number) -> Trained | None:
    """The training that decides a question: there already where it was asked; else begun at a press."""
    if asking.wanted(page, question):
        asking.evidence(page, question, asking.asked_here(page))
        return numbers.trained_for_questions(lambda *_: None)
    recipe = numbers.asked_recipe()
    label = f"Train a tiny BERT for {numbers.ASKED_STEPS} steps"
    return working(
        which, ("pre-training", recipe.name), label, numbers.trained_for_questions, cost=numbers.LONG / 10, what=TRAINING
    )


def _first(page: Page) -> None:
    trained = _evidence(page, questions.FIRST, FIRST_ASKED)
    if trained is None:
        return
    found = asking.evidence(page, questions.FIRST, asking.asked_here(page))
    look = next(one for one in trained.looks if one.step == numbers.EARLY)
    said = asking.capital(questions.FIRST.said("fact", found))
    table = numbers.holes(trained.lesson, [one for one in trained.looks if one.step <= numbers.EARLY])
    with picture("first", f"Ten holes after {numbers.EARLY} steps", look=said, table=lambda: table, code=(pre_training.look,)):
        st.html(figures.holes_html(trained.lesson, look))


def _order(page: Page) -> None:
    trained = _evidence(page, questions.ORDER, ORDER_ASKED)
    if trained is None:
        return
    found = asking.evidence(page, questions.ORDER, asking.asked_here(page))
    said = asking.capital(questions.ORDER.said("fact", found))
    course = numbers.course(trained.losses, trained.looks)
    table = course.dropna(subset="measured loss").drop(columns="loss")
    with picture("order", "What is learned first", look=said, table=lambda: table, code=(pre_training.look,)):
        st.plotly_chart(figures.groups_chart(course, page.palette), key="order-chart", alt=said.plain(), **CHART)


CHAPTER = Chapter(
    id="pre_training",
    name="Pre-training",
    steps=(
        Step("first", "The first guesses", _first, asks=questions.FIRST, lead=LEAD, owns=(FIRST_ASKED,)),
        Step("order", "What is learned first", _order, asks=questions.ORDER, owns=(ORDER_ASKED,)),
        Step("train", "Train it", _train, owns=(TEXT, STEPS, SEED, TRAINED)),
        Step(
            "shown",
            "What it was never shown",
            _shown,
            lead=NEVER,
            owns=(FACT, WORD, COPIES, ADDED),
        ),
    ),
)
