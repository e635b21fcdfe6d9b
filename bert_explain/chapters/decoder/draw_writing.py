"""The decoder writing, word by word: start, settings, step, run and stop, and how each choice was made."""

from __future__ import annotations

import streamlit as st

from bert_explain import sampling
from bert_explain.analysis import writing as wr
from bert_explain.chapters.decoder import analysis as dec
from bert_explain.chapters.decoder import figures as figures
from bert_explain.chapters.decoder.draw import reading
from bert_explain.content import words
from bert_explain.engines.jobs import Progress
from bert_explain.figures.chart import CHART
from bert_explain.kernel.readings import many
from bert_explain.sampling import Settings
from bert_explain.trace_decoder import DecoderTrace, generate
from bert_explain.ui import cache, state
from bert_explain.ui.components import token_row
from bert_explain.ui.frame import Page
from bert_explain.ui.notice import tell
from bert_explain.ui.picture import picture, said
from bert_explain.ui.working import awaited, leave


class Hundredths(state.Number):
    """A share, kept in the address as a whole number of hundredths."""

    def to_widget(self, value: int) -> float:
        return value / 100

    def from_widget(self, value: float) -> int:
        return round(100 * value)


BEGIN = state.Number("begin", 0, 511, None)  # the token after which writing begins
MADE = state.Number("made", 0, 400)  # tokens written
AT = state.Number("at", 0, 400)  # which of them is looked at, from 1; 0 = the last
RUN = state.Number("run", 1, 60, 20)
HEAT = Hundredths("heat", 0, 200, 80)
TOP_K = state.Number("topk", 0, 100, 40)
TOP_P = Hundredths("topp", 5, 100, 95)
DRAW = state.Number("draw", 0, 9999)
PARAMS = (BEGIN, MADE, AT, RUN, HEAT, TOP_K, TOP_P, DRAW)


def write(page: Page) -> None:
    """The text so far and the buttons; under it, how the chosen token was chosen."""
    trace = reading(page)
    begin = _begin(trace)
    settings = Settings(state.get(HEAT) / 100, state.get(TOP_K), state.get(TOP_P) / 100, state.get(DRAW))
    writing = cache.writing(trace.spec.name, tuple(t.id for t in trace.tokens[: begin + 1]), settings)
    with picture(
        "write",
        "Let it write",
        look="Choose where to begin, then press “Next word”, or let it run. Every press is a pass through the model."
        if not state.get(MADE)
        else None,
        table=(lambda: wr.written_table(writing.steps[: state.get(MADE)])) if state.get(MADE) else None,
        code=(generate, sampling.choose),
        note=words.notes("decoder").write,
    ):
        _settings(trace)
        above = st.container()  # what a press may do is known when it is known whether it is written
        written = _reach(writing)
        with above:
            _buttons(writing)
        made = 0 if written is None else min(state.get(MADE), len(written.steps))
        if written is not None:
            _text(trace, begin, written, made)
    if written is not None and made:
        _step(page, trace, written, made)


def _begin(trace: DecoderTrace) -> int:
    """The token after which writing begins: the reader's choice where the text has it, else the last word of A."""
    last = len(trace.tokens) - 1
    chosen = state.get(BEGIN)
    if chosen is not None and chosen > last:
        state.put(BEGIN, None)
        chosen = None
    proposed = wr.start_place(trace.tokens)
    state.suggest(begin=proposed)
    return proposed if chosen is None else chosen


def _settings(trace: DecoderTrace) -> None:
    first, second = st.columns(2, gap="medium")
    with first:
        st.slider("Begin after token", 0, len(trace.tokens) - 1, **state.bind(BEGIN, within=(0, len(trace.tokens) - 1)))
        st.slider("Temperature", 0.0, 2.0, step=0.05, **state.bind(HEAT))
    with second:
        st.slider("Top-k (0: no cut)", 0, TOP_K.high, **state.bind(TOP_K))
        st.slider("Top-p (1: no cut)", 0.05, 1.0, step=0.05, **state.bind(TOP_P))


def _buttons(writing: wr.Writing) -> None:
    made, writes = _made(writing), writing.lacks(state.get(MADE))
    over = writes or (bool(writing.ended) and made >= len(writing.steps))
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.button("Next word", key="step", type="primary", disabled=over, on_click=_put, args=(writing, None))
        st.button(
            f"Write {many(state.get(RUN), 'token')}",
            key="run",
            disabled=over,
            on_click=_put,
            args=(writing, made + state.get(RUN)),
        )
        st.button("One word back", key="undo", disabled=writes or not made, on_click=_back, args=(writing,))
        st.button("Start over", key="over", disabled=not made, on_click=lambda: state.put(**{MADE.name: 0, AT.name: 0}))
        st.number_input("Tokens a run", RUN.low, RUN.high, width=130, **state.bind(RUN))
        st.number_input("Seed", DRAW.low, DRAW.high, width=130, **state.bind(DRAW))


def _made(writing: wr.Writing) -> int:
    """How many tokens are asked for, or fewer where the text has ended before."""
    return min(state.get(MADE), len(writing.steps)) if writing.ended else state.get(MADE)


def _put(writing: wr.Writing, made: int | None) -> None:
    """Ask for that many tokens; None: for the next word."""
    made = writing.word_end(_made(writing)) if made is None else made
    state.put(**{MADE.name: min(made, MADE.high), AT.name: 0})


def _back(writing: wr.Writing) -> None:
    made = min(state.get(MADE), len(writing.steps)) - 1
    while made > 0 and writing.steps[made].text.startswith("##"):
        made -= 1
    state.put(**{MADE.name: max(made, 0), AT.name: 0})


def _reach(writing: wr.Writing) -> wr.Writing | None:
    """The writing with as many tokens as are asked for; None while they are written, beside the page.

    The address says how many were asked for, whatever was written of them: one press is one entry of the history, also
    where the text ends before, and a link shows the same.
    """
    wanted = state.get(MADE)
    if not writing.lacks(wanted):
        leave("writing")
        return writing

    def work(progress: Progress) -> wr.Writing:
        while writing.reach(wanted):
            progress(len(writing.steps) / wanted, f"{len(writing.steps)} of {wanted} tokens written")
        return writing

    def stop() -> None:
        state.put(**{MADE.name: min(len(writing.steps), wanted), AT.name: 0})

    def so_far() -> None:
        st.text("… " + writing.text(min(len(writing.steps), wanted)))

    key = ("written", writing.model.name, writing.start, writing.settings, wanted)
    what = f"{wanted} tokens to be written"
    return awaited("writing", key, work, cost=wanted, what=what, cancel="Stop writing", stop=stop, meanwhile=so_far)


def _text(trace: DecoderTrace, begin: int, writing: wr.Writing, made: int) -> None:
    steps, start = writing.steps[:made], dec.coloured(trace.tokens[: begin + 1])
    if made:
        st.text("… " + writing.text(made))
    token_row(
        [*start, *(step.text for step in steps)],
        key="written",
        label="The start and the tokens written: choose one of these to see how it was chosen",
        chosen={begin + _looked_at(made)} if made else {begin},
        notes=figures.written_notes(steps, len(start)),
        on_pick=lambda i: state.put(BEGIN, i) if i <= begin else state.put(AT, i - begin),
    )
    if writing.ended and made == len(writing.steps):
        tell(writing.ended)


def _looked_at(made: int) -> int:
    """Number of the written token looked at, from 1."""
    return min(state.get(AT), made) or made


def _step(page: Page, trace: DecoderTrace, writing: wr.Writing, made: int) -> None:
    number = _looked_at(made)
    step = writing.steps[number - 1]
    with picture(
        "step",
        f"How token {number} was chosen",
        look=wr.look_step(step, trace.spec.vocab_size),
        table=lambda: step.table,
        code=(sampling.choose, sampling.top_k, sampling.top_p, wr.candidates),
        note=words.notes("decoder").step,
    ):
        alt = wr.look_step(step, trace.spec.vocab_size).plain()
        st.plotly_chart(figures.candidate_bars(step.table, page.palette), key="candidates", alt=alt, **CHART)
        if step.drawn is not None:
            said("The kept pieces side by side on a line from 0 to 1, and the random number on it:")
            st.plotly_chart(figures.draw_line(step, page.palette), key="draw", alt=alt, **CHART)
