"""Train Word2Vec here: a text, its windows and drawn words, and the vectors that move while it learns."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections.abc import Callable
from typing import Any

import streamlit as st

from bert_explain.analysis import skipgram
from bert_explain.analysis.skipgram import Learner, Run, Settings, Text
from bert_explain.chapters.vectors import figures as figures
from bert_explain.chapters.vectors import skipgram_map
from bert_explain.content import words
from bert_explain.content.vectors import paragraph
from bert_explain.engines.jobs import Progress
from bert_explain.figures.chart import CHART
from bert_explain.kernel.readings import many
from bert_explain.ui import cache, state
from bert_explain.ui.components import bars, token_row
from bert_explain.ui.frame import Page
from bert_explain.ui.notice import tell
from bert_explain.ui.packed import PackedText
from bert_explain.ui.picture import explained, picture
from bert_explain.ui.working import asked, working

TEXT = PackedText("learn", "")  # '' is the paragraph that the app brings
WINDOW = state.Number("window", 1, 5, 2)
NEGATIVES = state.Number("drawn", 1, 10, 5)
PASSES = state.Number("passes", 5, 200, 60)
WIDTH = state.Number("width", 2, 50, 16)
DRAW = state.Number("start", 0, 9999, 0)  # the seed
TRAINED = asked("trained")
AFTER = state.Number("after", 0, 200, 200)  # the pass looked at; the last one until the reader chooses
PLACE = state.Number("place", 0, skipgram.MOST_WORDS, 1)  # of the centre word in the text
PAIR = state.Number("pair", 0, 9, 0)
ONLY = PackedText("watch", "")  # the words on the map; '' for the most frequent
PARAMS = (TEXT, WINDOW, NEGATIVES, PASSES, WIDTH, DRAW, TRAINED, AFTER, PLACE, PAIR, ONLY)
LONGEST = 150_000  # characters of a text
TOLD = "learn-told"  # what was wrong with the last upload; in the session
SHOW_EVERY = 1.5  # seconds between two states of the map while it learns: slow browsers must keep up
TRAINING = 300  # forward passes that take as long as a training, about: ten seconds at most
AROUND = 40  # words of the text that are shown


def draw(page: Page) -> None:
    """The text and the settings; what is learned from at one place; the words on their way."""
    given = state.get(TEXT)
    raw = given if given.strip() else paragraph()
    settings = Settings(*(state.get(p) for p in (WIDTH, WINDOW, NEGATIVES, PASSES, DRAW)))
    text = skipgram.read(raw)
    _source(text, settings)
    if len(text.vocabulary) < 3 or not skipgram.passes_possible(text, settings):
        st.text("There is too little to learn from: at least three different words are needed, some in one sentence.")
        return
    watched = skipgram_map.shown_words(text, state.get(ONLY).split())[:60]
    place = min(state.get(PLACE), len(text.ids) - 1)
    chosen = text.vocabulary[text.ids[place]]
    learned = _learned(page, raw, settings, watched, chosen)
    run = skipgram.untrained(text, settings) if learned is None else learned
    at = max(bisect_right(run.passes, state.get(AFTER)) - 1, 0)
    if learned is not None:
        at = _after(run, at)
        _moving(page, run, at, watched, chosen)
    _lesson(run, at, place)
    told = words.depth("vectors", "train")
    explained(
        told,
        f"Here: {len(run.text.vocabulary)} words, {settings.width} numbers each, "
        f"{len(skipgram.pairs(run.text, settings.window)[0]):,} pairs in a pass.",
    )


def _learned(page: Page, raw: str, settings: Settings, watched: list[str], chosen: str) -> Run | None:
    """The finished training; None until it is asked for, and while it learns: then a bar, and the words on their way."""
    learner = cache.learner(raw, settings)

    def work(progress: Progress) -> Run:
        while learner.reach(learner.total):
            progress(learner.made / learner.total, f"Learning: {learner.made} of {learner.total} passes")
        return learner.run(learner.total)

    return working(
        TRAINED,
        (raw, settings),
        "Train Word2Vec on this text",
        work,
        cost=TRAINING,
        what="a training of Word2Vec",
        primary=True,
        button="train",
        cancel="Stop learning",
        on_ask=lambda: state.put(AFTER, AFTER.high),
        meanwhile=_on_their_way(page, learner, watched, chosen),
    )


def _on_their_way(page: Page, learner: Learner, watched: list[str], chosen: str) -> Callable[[], None]:
    """Draws the map of a training that goes on, a new one at most every SHOW_EVERY seconds."""
    drawn: dict[str, Any] = {"at": -1, "until": 0.0}
    palette = page.palette

    def draw() -> None:
        if learner.made != drawn["at"] and time.monotonic() >= drawn["until"]:
            run = learner.run(learner.made)
            last = len(run.passes) - 1
            drawn["chart"] = figures.moving_map(skipgram_map.paths(run, watched), last, watched, chosen, palette)
            drawn["alt"] = skipgram_map.look(run, last, chosen).plain()
            drawn["at"], drawn["until"] = len(run.loss), time.monotonic() + SHOW_EVERY
        st.plotly_chart(drawn["chart"], key="learn-moving", alt=drawn["alt"], **CHART)

    return draw


# the text and the settings
def _source(text: Text, settings: Settings) -> None:
    with st.expander("The text to learn from, and the settings", expanded=False):
        key = "learn-text"
        st.text_area(
            "Text",
            **state.seeded(key, state.get(TEXT) or paragraph()),
            height=160,
            max_chars=LONGEST,
            on_change=_typed,
            args=(key,),
        )
        up = "learn-file"
        st.file_uploader("Or a text file (UTF-8, at most 2 MB)", ["txt"], key=up, on_change=_uploaded, args=(up,))
        tell(st.session_state.get(TOLD, []), "warning")
        columns = st.columns(5)
        labels = ("Window", "Words drawn for each pair", "Passes", "Numbers a word", "Seed")
        for column, label, param in zip(columns, labels, (WINDOW, NEGATIVES, PASSES, WIDTH, DRAW), strict=True):
            column.number_input(label, param.low, param.high, **state.bind(param))
    possible = skipgram.passes_possible(text, settings)
    parts = [f"{many(len(text.ids), 'word')} of text, {len(text.vocabulary):,} different."]
    if text.left_out:
        parts.append(
            f"{text.left_out:,} more words are left out: the first {skipgram.MOST_WORDS:,} are read, and the "
            f"{skipgram.MOST_VOCABULARY:,} most frequent ones get a vector."
        )
    if 0 < possible < settings.passes:
        made = f"{many(possible, 'pass', 'passes')} {'is' if possible == 1 else 'are'} made"
        parts.append(f"For a text of this length {made} instead of {settings.passes}.")
    st.caption(" ".join(parts))


def _typed(key: str) -> None:
    typed = st.session_state[key]
    st.session_state[TOLD] = []
    state.put(TEXT, "" if typed.strip() == paragraph() else typed)


def _uploaded(key: str) -> None:
    file = st.session_state[key]
    st.session_state[TOLD] = []
    if file is None:
        return
    try:
        text = file.getvalue().decode("utf-8-sig")
    except UnicodeDecodeError:
        st.session_state[TOLD] = ["That file is not a text in UTF-8. Save it as UTF-8 and try again; nothing was changed."]
        return
    if not text.strip():
        st.session_state[TOLD] = ["That file is empty; nothing was changed."]
        return
    if len(text) > LONGEST:
        st.session_state[TOLD] = [f"The file has {len(text):,} characters; the first {LONGEST:,} were taken."]
    state.put(TEXT, text[:LONGEST])


# the words on their way
def _after(run: Run, at: int) -> int:
    key = "learn-after"
    st.select_slider("After how many passes", run.passes, **state.seeded(key, run.passes[at]), on_change=_slid, args=(key,))
    return at


def _slid(key: str) -> None:
    state.put(AFTER, st.session_state[key])


def _moving(page: Page, run: Run, at: int, watched: list[str], chosen: str) -> None:
    places = skipgram_map.paths(run, watched)
    with picture(
        "moving",
        "The vectors while they learn",
        look=skipgram_map.look(run, at, chosen),
        table=lambda: skipgram_map.table(run, watched, places),
        code=(skipgram.train, skipgram.step, skipgram_map.paths, figures.moving_map),
        note=words.notes("vectors").moving,
    ):
        left, right = st.columns([5, 3], gap="medium")
        with left:
            chart = figures.moving_map(places, at, watched, chosen, page.palette)
            st.plotly_chart(chart, key="learn-map", alt=skipgram_map.look(run, at, chosen).plain(), **CHART)
        with right:
            st.text(f"Nearest to {chosen} after {many(run.passes[at], 'pass', 'passes')}")
            near = skipgram_map.near(run, at, chosen)
            bars(figures.neighbour_bars(near), key="learn-near", label=f"Nearest to {chosen} in the small training")
            st.text("How wrong it still is, pass by pass")
            line = figures.loss_line(run.loss, run.passes[at], page.palette)
            st.plotly_chart(line, key="learn-loss", alt="Mean loss of a pair after each pass", **CHART)
            st.caption(words.notes("vectors").loss)
        key = "learn-watch"
        st.text_input(
            "Words on the map (empty: the most frequent)",
            **state.seeded(key, state.get(ONLY)),
            max_chars=1000,
            on_change=_watch,
            args=(key,),
        )


def _watch(key: str) -> None:
    state.put(ONLY, st.session_state[key].strip())


# windows and negative samples
def _lesson(run: Run, at: int, place: int) -> None:
    text = run.text
    drawn = skipgram.draws(text, run.settings, run.passes[at])
    table = skipgram.lesson(run, at, place)
    with picture(
        "lesson",
        "What is learned at one place",
        look=skipgram_map.look_window(text, place, drawn),
        table=lambda: table,
        code=(skipgram.pairs, skipgram.noise, skipgram.draws, skipgram.lesson),
        note=words.notes("vectors").lesson,
    ):
        first = min(max(place - AROUND // 2, 0), max(len(text.ids) - AROUND, 0))
        around = range(first, min(first + AROUND, len(text.ids)))
        window = [0 < abs(i - place) <= run.settings.window and text.sentence[i] == text.sentence[place] for i in around]
        token_row(
            [text.vocabulary[text.ids[i]] for i in around],
            key="learn-row",
            label="The text: choose the centre of the window",
            chosen={place - first},
            shade=[0.6 if inside else 0.0 for inside in window],
            notes=["centre" if i == place else "neighbour" if inside else "" for i, inside in zip(around, window, strict=True)],
            on_pick=lambda i: _place(first + i),
        )
        if len(text.ids) > AROUND:
            st.number_input(
                f"Place in the text, 0 to {len(text.ids) - 1}",
                0,
                len(text.ids) - 1,
                width=220,
                **_placed(place),
            )
        pairs = list(dict.fromkeys(zip(table["pair"], table["pair with"], strict=True)))
        if not pairs:
            return
        chosen = min(state.get(PAIR), len(pairs) - 1)
        st.text(f"The pairs of “{text.vocabulary[text.ids[place]]}” here: choose one")
        token_row(
            [name for _, name in pairs],
            key="learn-pairs",
            label="The pairs: choose a neighbour",
            chosen={chosen},
            on_pick=lambda i: state.put(PAIR, i),
        )
        shown = table[table["pair"] == pairs[chosen][0]]
        st.text(f"What the vectors say: does “{text.vocabulary[text.ids[place]]}” go with ...")
        bars(figures.lesson_bars(shown), key="learn-lesson", label="The neighbour and the words drawn against it")


def _place(to: int) -> None:
    state.put(PLACE, to)
    state.put(PAIR, 0)


def _placed(place: int) -> dict:
    return {**state.seeded("learn-place", place), "on_change": lambda: _place(st.session_state["learn-place"])}
