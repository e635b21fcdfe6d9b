"""The frame of every page: head, sentence box, pipeline strip, notices; back and next at the foot.

    with frame("Tokens") as page:
        st.title("Tokens")

        @page.part
        def pieces() -> None: ...
        pieces()
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, Literal

import streamlit as st

from bert_explain import models
from bert_explain.analysis.overview import telling_token
from bert_explain.content import examples
from bert_explain.content.glossary import terms
from bert_explain.errors import ExplainError
from bert_explain.figures import theme
from bert_explain.figures.strip import alternatives, thumbnails
from bert_explain.models import Encoder
from bert_explain.query import Query
from bert_explain.trace import Trace
from bert_explain.ui import cache, limits, sentence_box, stages, state
from bert_explain.ui.components.strip import strip
from bert_explain.ui.notice import tell

_ICON = str(Path(__file__).resolve().parents[2] / "assets" / "images" / "icon.png")
_CSS = Path(__file__).with_name("app.css").read_text(encoding="utf-8")
_STYLE = f"<style>:root{{{theme.css_variables()}}}{_CSS}</style>"


class Page:
    """What a page looks at. Everything is read anew at each access, so that fragments see the latest choice."""

    def __init__(self) -> None:
        self._version = -1
        self._kept: dict[str, Any] = {}

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
    def before(self) -> Trace:
        """The same sentences and masks without any other intervention; `trace` itself when there is none."""
        return self._once("before", lambda: cache.trace(self.model.name, _without_changes(self.query)))

    @property
    def palette(self) -> theme.Palette:
        """The colours of the reader's theme."""
        return theme.palette(st.context.theme.type)

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
        if chosen is not None and chosen < len(self.trace.tokens):
            return chosen
        query = self.query
        word = next((p.word for p in examples.pairs() if (p.a, p.b) == (query.text_a, query.text_b)), "")
        return telling_token(self.trace, word)

    def part(self, draw: Callable[[], None]) -> Callable[[], None]:
        """A part of a page that redraws by itself (st.fragment). What it cannot show, it says; the rest stays alive."""

        @st.fragment
        @wraps(draw)
        def run() -> None:
            if state.take_rerun():
                st.rerun()  # the change concerns the whole page, the strip too
            try:
                _seed_widgets(self)
                draw()
            except ExplainError as error:
                tell(str(error), "warning")
            state.write()

        return run


def _without_changes(query: Query) -> Query:
    return Query(query.text_a, query.text_b, masked=query.masked)


@contextmanager
def frame(name: str) -> Iterator[Page]:
    """Everything around a page's own parts. `name` is a stage's name. See the module's docstring."""
    title = "bert_explain: see how BERT works" if name == "Text" else f"{name} · bert_explain"
    st.set_page_config(page_title=title, page_icon=_ICON, layout="wide", initial_sidebar_state="collapsed")
    st.html(_STYLE)
    cache.warm()
    state.begin(name)
    page = Page()
    with st.container(key="frame", gap="small"):
        sentence_box.draw()
        count = st.empty()
        shown = _pipeline(page, name)
        if shown:
            count.caption(limits.count(page.trace))
        late = st.empty()
    if shown:
        try:
            yield page
        except ExplainError as error:
            tell(str(error), "warning")
    else:
        st.stop()
    with late:  # a page's own parameters are read, and found wanting, after the notices above were shown
        tell(state.notices(), "warning")
    _foot(name)
    state.end()


def _model_name() -> str:
    wanted = state.get("model")
    return wanted if wanted in models.entries() else models.default_name()


def _pipeline(page: Page, name: str) -> bool:
    """The strip and what there is to say about text and choices. False when no model can be had at all."""
    _check_model()
    try:
        limits.check(page.model)
        trace = page.trace
        thumbs = thumbnails(trace, page.position, lambda query: cache.trace(page.model.name, query))
        says = alternatives(trace, thumbs)
    except models.BadModel as error:
        tell(str(error), "warning")
        return False
    _seed_widgets(page)
    went = strip(name, thumbs, says)
    if went is not None:
        st.switch_page(went.file, query_params=state.address())
    limits.say(page)
    return True


def _check_model() -> None:
    """A model that cannot be had: say why, and go on with the default one."""
    wanted = state.get("model")
    try:
        if wanted and wanted not in models.entries():
            raise models.BadModel(f"There is no model called “{wanted[:80]}” on this server.")
        cache.model(_model_name())
    except models.BadModel as error:
        if _model_name() == models.default_name() and wanted in ("", models.default_name()):
            other = next((n for n in models.entries() if n != models.default_name()), None)
            if other is None:
                return
            state.put(model=other)
        else:
            state.put(model="")
        state.take_rerun()
        state.notice(f"{error} {cache.model(_model_name()).title} is shown instead.")


def _seed_widgets(page: Page) -> None:
    """Choices the reader has not made yet take the most telling layer, head and token in widgets."""
    state.suggest(layer=page.layer + 1, head=page.head + 1, token=page.position)


def _foot(name: str) -> None:
    at = stages.index(name)
    with st.container(key="foot", horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        _step(at - 1, "Back", "left")
        with st.popover("Glossary", type="tertiary", key="glossary", on_change="rerun") as glossary:
            if glossary.open:
                st.markdown("\n\n".join(f"**{term.name}**: {term.text}" for term in terms()))
        _step(at + 1, "Next", "right")


def _step(to: int, words: str, side: Literal["left", "right"]) -> None:
    if not 0 <= to < len(stages.STAGES):
        st.space("small")
        return
    icon = {"left": ":material/arrow_back:", "right": ":material/arrow_forward:"}[side]
    stage = stages.STAGES[to]
    st.page_link(
        stage.file, label=f"{words}: {stage.name}", icon=icon, icon_position=side, query_params=state.address()
    )  # fmt: skip
