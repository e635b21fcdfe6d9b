"""The frame of every page: sentence box, strip, stepper; the one step in view, asked first; back and next at the foot.

`show("attention")` draws a chapter (see learning/chapter.py). Nothing here knows a chapter by name.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from html import escape
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlencode

import streamlit as st

from bert_explain import chapters, models
from bert_explain.analysis.overview import one_look, telling_token
from bert_explain.content import examples
from bert_explain.content.glossary import terms
from bert_explain.core.places import ASSETS
from bert_explain.engines.jobs import PAGES
from bert_explain.errors import ExplainError
from bert_explain.figures import theme
from bert_explain.figures.strip import alternatives, thumbnails
from bert_explain.learning.chapter import ALL, CHECK, Chapter, Step
from bert_explain.learning.question import NotAskable, Question
from bert_explain.models import Encoder
from bert_explain.query import Query
from bert_explain.tokenize import Token
from bert_explain.trace import Trace
from bert_explain.ui import asking, cache, fetching, limits, own, printing, sentence_box, stages, state
from bert_explain.ui.components.near import near
from bert_explain.ui.components.stepper import stepper
from bert_explain.ui.components.strip import strip
from bert_explain.ui.notice import tell
from bert_explain.ui.params import GLOBAL, TEXTS
from bert_explain.ui.picture import fold_all_but_the_first, hard_words_of, headed, picture

_ICON = str(ASSETS / "images" / "icon.png")
_CSS = Path(__file__).with_name("app.css").read_text(encoding="utf-8")
# In one line: Streamlit looks at each line of it in every run.
_STYLE = " ".join(f"<style>:root{{{theme.css_variables()}}}{_CSS}{printing.CSS}</style>".split())


class Page:
    """What a page looks at. Everything is read anew at each access, so that fragments see the latest choice."""

    def __init__(self, chapter: Chapter | None = None) -> None:
        self._words = {(p.a, p.b): p.word for q in (chapter.questions if chapter else ()) for p in q.pairs if p.word}
        self._version = -1
        self._kept: dict[str, Any] = {}
        self.links: Callable[[], None] = _nothing  # draws the links at the foot anew

    def _once(self, name: str, make: Callable[[], Any]) -> Any:
        """What `make` gives, made once for each state of the reader's choices: parts ask for it dozens of times."""
        if self._version != state.version():
            self._version, self._kept = state.version(), {}
        if name not in self._kept:
            self._kept[name] = make()
        return self._kept[name]

    @property
    def model(self) -> Encoder:
        """The chosen encoder; the default one when the chosen one cannot be had (a notice says why)."""
        return self._once("model", lambda: cache.model(_model_name()))

    @property
    def query(self) -> Query:
        """The reader's sentences with every intervention."""
        return self._once("query", lambda: limits.query(self.model))

    @property
    def trace(self) -> Trace:
        """The trace that every picture shows."""
        return self._once("trace", lambda: cache.trace(self.model.name, self.query))

    @property
    def tokens(self) -> tuple[Token, ...]:
        """The tokens of `query`, known before anything is computed."""
        return self._once("tokens", lambda: cache.laid(self.model, self.query))

    @property
    def palette(self) -> theme.Palette:
        """The colours of the reader's theme."""
        return theme.palette("light" if printing.on() else st.context.theme.type)

    @property
    def layer(self) -> int:
        """The chosen layer, from 0; the most telling head's until the reader chooses."""
        chosen = state.get("layer")
        return min(chosen, self.model.n_layers) - 1 if chosen else cache.telling(self.model.name, self.query).layer

    @property
    def head(self) -> int:
        """The chosen head, from 0; the most telling one until the reader chooses."""
        chosen = state.get("head")
        return min(chosen, self.model.n_heads) - 1 if chosen else cache.telling(self.model.name, self.query).head

    @property
    def position(self) -> int:
        """The chosen token's position; the most telling word's until the reader chooses."""
        chosen = state.get("token")
        if chosen is not None and chosen < len(self.tokens):
            return chosen
        return telling_token(self.tokens, self.example_word)

    @property
    def example_word(self) -> str:
        """The word that an example pair, or a pair that a question carries, is about; "" for the reader's own sentences."""
        texts = (self.query.text_a, self.query.text_b)
        return next((p.word for p in examples.pairs() if (p.a, p.b) == texts), self._words.get(texts, ""))

    def earlier(self, chapter: Chapter) -> Question | None:
        """The question of an earlier chapter that is asked again at this one's end: one that was answered surely and
        otherwise first, else the nearest chapter's that can be asked here."""
        return self._once("earlier", lambda: self._earlier(chapter))

    def _earlier(self, chapter: Chapter) -> Question | None:
        at = [stage.chapter for stage in stages.STAGES].index(chapter.id)
        before = [q for stage in reversed(stages.STAGES[:at]) for q in chapters.load(stage.chapter).questions if not q.long]
        for question in sorted(before, key=lambda q: not asking.missed_surely(self, q)):
            try:
                if not question.why_not(asking.evidence(self, question, asking.asked_of(self, question, self.query.plain()))):
                    return question
            except ExplainError:
                continue
        return None

    def part(self, draw: Callable[[], None]) -> Callable[[], None]:
        """A part of a page that redraws by itself (st.fragment). What it cannot show, it says; the rest stays alive."""

        @st.fragment
        @wraps(draw)
        def run() -> None:
            if state.take_rerun():
                st.rerun()  # the change concerns the whole page, the strip too
            with PAGES:
                self.links()  # first: what waits for something ends the run here
                try:
                    _seed_widgets(self)
                    draw()
                except ExplainError as error:
                    tell(str(error), "warning")
                state.write()

        return run


_STEPS: dict[str, state.Choice] = {}
_FOCUS, _DRAWN, _VISIT = "_focus", "_drawn", "_visited"


def step_param(chapter: Chapter) -> state.Choice:
    """The parameter "step" of a chapter's address."""
    if chapter.id not in _STEPS:
        names = [step.id for step in chapter.every]
        _STEPS[chapter.id] = state.Choice("step", (*names, CHECK, ALL), names[0])
    return _STEPS[chapter.id]


def show(name: str) -> None:
    """A whole page: the chapter of that folder. `show("attention")`."""
    with PAGES:
        _show(name)


def _show(name: str) -> None:
    chapter, stage = chapters.load(name), stages.of_chapter(name)
    title = "bert_explain: see how BERT works" if not stage.path else f"{stage.name} · bert_explain"
    st.set_page_config(page_title=title, page_icon=_ICON, layout="wide", initial_sidebar_state="collapsed")
    st.html(_STYLE)
    cache.warm()
    at = step_param(chapter)
    renamed = {old: new for old, new in chapter.renamed.items() if st.query_params.get(old) not in at.options}
    if state.begin(stage.name, [at, *chapter.params], renamed):
        _understand(chapter, at)
    page = Page(chapter)
    with st.container(key="frame", gap="small"):
        sentence_box.draw(page)
        shown = _pipeline(page, stage, chapter, at)
        late = st.empty()
    body = st.container(key="body")
    _foot(page, stage, chapter)  # before the chapter: its parts draw the links anew
    with body:
        if shown:
            try:
                _chapter(page, chapter, at)
            except ExplainError as error:
                tell(str(error), "warning")
        printing.foot()
    with late:  # a page's own parameters are read, and found wanting, after the notices above were shown
        tell(state.notices(), "warning")
    state.end()


def _understand(chapter: Chapter, at: state.Choice) -> None:
    """What an address says of mode and step, where it does not name them: links of an earlier day go on working."""
    given = state.in_address()
    old = next((to for (name, value), to in chapter.old_steps.items() if state.told(name) == value), None)
    known = {*GLOBAL, *chapter.renamed, *(param.name for param in chapter.params), *(name for name, _ in chapter.old_steps)}
    views = (given & known) - TEXTS
    if "mode" not in given and views:
        state.settle(mode="explore")
    if "step" not in given and (old or views):
        owner = chapter.owner(views)
        to = old or (owner.id if owner else "")
        if to:
            state.settle(step=to)


def _pipeline(page: Page, stage: stages.Stage, chapter: Chapter, at: state.Choice) -> bool:
    """The strip and what there is to say about text and choices. False, after a sentence, when there is no trace to be shown."""
    _check_model()
    try:
        limits.check(page.model)
        own.speaks_of(page.model.spec.special)
        veiled = _veiled(page, stage, chapter, at)
        if "words" not in veiled:
            _both(page)
        trace = page.trace
        thumbs = thumbnails(trace, page.position, lambda query: cache.trace(page.model.name, query), veiled)
        says = alternatives(trace, thumbs)
    except ExplainError as error:
        tell(str(error), "warning")
        limits.undo()
        return False
    _seed_widgets(page)
    went = strip(stage.name, thumbs, says)
    if went is not None:
        st.switch_page(went.file, query_params=state.address(went.name))
    limits.say(page)
    return True


def _both(page: Page) -> None:
    """The two traces that the strip needs, the text's and that with one word hidden, in one pass."""
    hidden = one_look(page.query, page.tokens, page.position) if page.model.spec.has_mlm else None
    if hidden is not None:
        cache.together(page.model.name, (page.query, hidden))


def _veiled(page: Page, stage: stages.Stage, chapter: Chapter, at: state.Choice) -> set[str]:
    """The strip's pictures that would tell an answer: from this stage on, until this chapter's last question is answered.

    Where an earlier chapter's question is asked once more of this text, all that follows the text, until it is answered.
    """
    if state.get("mode") != "guided":
        return set()
    walk = [one for one in stages.STAGES if one.picture]
    again = page.earlier(chapter) if state.get(at) == CHECK else None
    if again is not None and not asking.answered(page, again):
        return {one.picture for one in walk if one.picture != "text"}
    done = all(asking.answered(page, question) for question in chapter.questions)
    here = walk.index(stage) if stage in walk else 0
    if stage not in walk:  # a page before or beside the walk: nothing of it has been reached, or everything
        if stage.group in (stages.BESIDE, stages.USING):
            return set() if done else set(chapter.hides)
        return {one.picture for one in walk if one.picture != "text"}
    return {one.picture for one in walk[here + 1 if done else here :] if one.picture != "text"}


def _chapter(page: Page, chapter: Chapter, at: state.Choice) -> None:
    now = state.get(at)
    steps, deeper = _known(page, chapter)
    _head(page, chapter, at, now, steps, deeper)
    if chapter.ready is not None and not chapter.ready(page):
        return
    if printing.on(chapter.id):
        _printed(page, chapter)
    elif now == ALL:
        _everything(page, chapter)
    elif now == CHECK:
        page.part(lambda: _check(page, chapter))()
    else:
        step = chapter.step(now) or chapter.every[0]
        _part(page, chapter, step)()
    _turn(page, chapter, at, now)


def _known(page: Page, chapter: Chapter) -> tuple[list[dict], list[dict]]:
    def told(step: Step) -> dict:
        done = step.asks is not None and asking.answered(page, step.asks)
        return {"id": step.id, "name": own.plain(step.title), "done": done}

    steps = [told(step) for step in chapter.steps]
    if chapter.questions:
        steps.append({"id": CHECK, "name": "Check yourself", "done": False})
    return steps, [told(step) for step in chapter.deeper]


def _head(page: Page, chapter: Chapter, at: state.Choice, now: str, steps: list[dict], deeper: list[dict]) -> None:
    """The chapter's name and its stepper, in one line."""
    with st.container(key="chapter-head", horizontal=True, vertical_alignment="center", gap="small"):
        st.title(chapter.title or chapter.name, anchor=False, width="content")
        if len(steps) + len(deeper) > 1:
            names = [one["id"] for one in (*steps, *deeper)]
            here = next((one["name"] for one in (*steps, *deeper) if one["id"] == now), "All on one page")
            place = f"Step {names.index(now) + 1} of {len(steps)}: {here}" if now in names[: len(steps)] else here
            said = f"{place}. {sum(one['done'] for one in steps)} answered."
            stepper(
                steps,
                deeper,
                now,
                address=urlencode(state.address()),
                first=chapter.every[0].id,
                every=ALL,
                focus=st.session_state.get(_FOCUS, 0),
                say=said,
                on_go=lambda to: _go(at, to),
            )


def _go(at: state.Choice, to: str) -> None:
    """Callback: another step of this chapter."""
    st.session_state[_FOCUS] = st.session_state.get(_FOCUS, 0) + 1
    state.put(at, to)
    state.redraw()


def _part(page: Page, chapter: Chapter, step: Step, *, among: bool = False) -> Callable[[], None]:
    """One step, redrawn by itself. among : others stand on the same page."""

    def run() -> None:
        state.draw_at(step.id if among else "")
        fold_all_but_the_first(not among and state.get("mode") == "guided")
        headed("")
        _step(page, chapter, step)

    run.__qualname__ = f"step-{chapter.id}-{step.id}"
    return page.part(run)


def _step(page: Page, chapter: Chapter, step: Step) -> None:
    lacks = step.lacks(page.model.spec)
    if lacks:
        _step_heading(step)
        tell(lacks)
        return
    question = step.asks
    if question is None or not asking.wanted(page, question):
        _step_heading(step, page, chapter.title)
        if question is not None:
            st.button(
                "Guess first",
                key=f"guess-first-{question.id}",
                type="tertiary",
                icon=":material/psychology_alt:",
                on_click=asking.guess_first,
                args=(page, question),
            )
        _drawn(page, step)
        return
    left, right = st.columns([4, 7], gap="medium")
    with left, st.container(key=f"asks-{step.id}"):
        answered = asking.answered(page, question)
        if not answered:
            _lead(page, step)
        open_ = asking.draw(page, question, asking.asked_here(page), title=own.plain(step.title))
        if answered and step.lead:  # what was read before the guess makes room for what the guess has shown
            with st.expander("What this step is about", key=f"lead-{step.id}"):
                _lead(page, step)
    with right:
        if not open_:
            asking.veil()
            return
        try:
            _drawn(page, step)
        except NotAskable:  # said beside the question already
            return


def _step_heading(step: Step, page: Page | None = None, title: str = "") -> None:
    headed(step.title)
    if step.title != title:  # a chapter of one step has its heading already
        st.html(f'<h2 class="step" tabindex="-1" data-step-heading="{step.id}">{escape(own.plain(step.title))}</h2>')
    if page is not None:
        _lead(page, step)


def _lead(page: Page, step: Step) -> None:
    lead = step.lead(page) if callable(step.lead) else step.lead
    if lead:
        st.markdown(own.markdown(lead))
        hard_words_of(lead)


def _drawn(page: Page, step: Step) -> None:
    numbers = step.numbers
    if numbers is None:
        step.draw(page)
        return
    look = step.reading(page) if step.reading else None
    with picture(step.id, step.title, look=look, table=lambda: numbers(page), code=step.code):
        step.draw(page)


def _everything(page: Page, chapter: Chapter) -> None:
    """All steps below each other, each drawn when it comes near; once drawn it stays."""
    names = [step.id for step in chapter.every]
    drawn: set[str] = st.session_state.setdefault(_DRAWN, {}).setdefault(chapter.id, set())
    every = bool(st.session_state.get("_draw_everything"))
    reported = near([f"slot-{name}" for name in names])
    drawn |= {name for name in names if every or f"slot-{name}" in reported} | set(names[:1])
    open_ = _open(page, chapter) if state.get("mode") == "guided" else []
    for step in chapter.every:
        with st.container(key=f"slot-{step.id}"):
            if open_ and step.asks is None and step in chapter.deeper:
                _step_heading(step)
                asking.veil("It is drawn when the chapter's questions are answered: it might tell")
            elif step.id in drawn:
                _part(page, chapter, step, among=True)()
            else:
                _step_heading(step)
                asking.veil("It is drawn when it comes near")


def _open(page: Page, chapter: Chapter) -> list[Step]:
    """The steps whose question is to be asked, and is not answered."""
    asked = [step for step in chapter.every if step.asks is not None and asking.wanted(page, step.asks)]
    return [step for step in asked if step.asks is not None and not asking.answered(page, step.asks)]


def _printed(page: Page, chapter: Chapter) -> None:
    """All steps, drawn for the paper; then the dialog. While a question is open, a step without one might tell its answer."""
    open_ = _open(page, chapter)
    steps = [step for step in chapter.every if not open_ or step.asks is not None]
    progress = printing.Progress(len(steps), len(open_))
    printing.head((page.query.text_a, page.query.text_b), page.model.title)
    for step in steps:
        with st.container(key=f"slot-{step.id}"):
            _part(page, chapter, step, among=True)()
        progress.step()
    progress.dialog()


def _check(page: Page, chapter: Chapter) -> None:
    """Check yourself: a question of this chapter on another sentence, one of an earlier chapter on this one."""
    st.html('<h2 class="step" tabindex="-1" data-step-heading="check">Check yourself</h2>')
    left, right = st.columns(2, gap="large")
    with left, st.container(key="check-own"):
        st.caption("From this chapter, another sentence")
        _of_this_chapter(page, chapter)
    with right, st.container(key="check-earlier"):
        st.caption("From an earlier chapter, your sentence")
        _of_an_earlier_one(page, chapter)
    _summary(page, chapter)


def _of_this_chapter(page: Page, chapter: Chapter) -> None:
    quick = [question for question in chapter.questions if not question.long]
    if not quick:
        tell("This chapter's questions take a while to decide: they are asked in its steps.")
        return
    for question in reversed(quick):
        found = asking.first_askable(page, question, question.pairs[::-1])
        if found is not None:
            asking.draw(page, question, found[1], of=found[0])
            return
    tell("With this model none of the chapter's questions can be asked of its sentences.")


def _of_an_earlier_one(page: Page, chapter: Chapter) -> None:
    """Page.earlier, asked."""
    question = page.earlier(chapter)
    if question is None:
        tell("No earlier chapter has a question that can be asked of this text.")
    else:
        asking.draw(page, question, asking.asked_of(page, question, page.query.plain()))


def _summary(page: Page, chapter: Chapter) -> None:
    """What was guessed in this chapter, quietly."""
    asked = [
        (own.plain(step.title), step.asks) for step in chapter.steps if step.asks is not None and asking.answered(page, step.asks)
    ]
    if not asked:
        return
    with st.container(key="guessed"):
        st.html(asking.summary(page, asked))
        st.caption(asking.KEPT)
        st.button("Forget my guesses", key="forget", type="tertiary", on_click=asking.forget)


def _turn(page: Page, chapter: Chapter, at: state.Choice, now: str) -> None:
    """Back and on, within the chapter."""
    names = [step.id for step in chapter.steps] + ([CHECK] if chapter.questions else [])
    if now not in names or len(names) < 2:
        return
    place = names.index(now)
    titles = {**{step.id: own.plain(step.title) for step in chapter.steps}, CHECK: "Check yourself"}
    with st.container(key="turn", horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        if place:
            to = names[place - 1]
            st.button(
                f"Back: {titles[to]}", key="turn-back", type="tertiary", icon=":material/arrow_back:", on_click=_go, args=(at, to)
            )
        else:
            st.space("small")
        if place + 1 < len(names):
            to = names[place + 1]
            st.button(
                f"Next: {titles[to]}",
                key="turn-next",
                type="tertiary",
                icon=":material/arrow_forward:",
                icon_position="right",
                on_click=_go,
                args=(at, to),
            )


def _model_name() -> str:
    return fetching.shown()


def _check_model() -> None:
    """A model that cannot be had: say why, and go on with the default one."""
    wanted = state.get("model")
    try:
        if refused := fetching.refusal(wanted):
            raise models.BadModel(refused)
        cache.model(_model_name())
        cache.in_view(_model_name())
        fetching.offer()
    except models.BadModel as error:
        for other in ("", *(name for name in models.entries() if name != models.default_name())):
            if other == wanted:
                continue
            state.put(model=other)
            try:
                title = cache.model(_model_name()).title
            except models.BadModel:
                continue
            state.take_rerun()
            state.notice(f"{error} {title} is shown instead.")
            return
        state.put(model=wanted)  # none can be had: the page says why
        state.take_rerun()


def _seed_widgets(page: Page) -> None:
    """Choices the reader has not made yet take the most telling layer, head and token in widgets."""
    state.suggest(layer=page.layer + 1, head=page.head + 1, token=page.position)


def _foot(page: Page, stage: stages.Stage, chapter: Chapter) -> None:
    at = stages.index(stage.name) if stage in stages.STAGES else None
    with st.container(key="foot", horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        back = _page_link(None if at is None else at - 1, "Back", "left")
        printing.offer(chapter.id)
        with st.popover("Glossary", type="tertiary", key="glossary", on_change=state.touched) as glossary:
            if glossary.open:
                st.markdown("\n\n".join(f"**{term.name}**: {own.markdown(term.text)}" for term in terms()))
        next_ = _page_link(None if at is None else at + 1, "Next", "right")

    def links() -> None:
        back()
        next_()

    page.links = links
    links()


def _page_link(to: int | None, words: str, side: Literal["left", "right"]) -> Callable[[], None]:
    """Where the link to a page beside this one stands; what is given back draws it, with the choices as they are then."""
    if to is None or not 0 <= to < len(stages.STAGES):
        st.space("small")
        return _nothing
    icon = {"left": ":material/arrow_back:", "right": ":material/arrow_forward:"}[side]
    stage, slot = stages.STAGES[to], st.empty()

    def link() -> None:
        slot.page_link(
            stage.file,
            label=f"{words}: {stage.name}",
            icon=icon,
            icon_position=side,
            query_params=state.address(stage.name),
        )

    return link


def _nothing() -> None:
    """No link stands here."""
