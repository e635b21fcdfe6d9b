"""The parts of the page on masked words: hide, guess, layer by layer, score a sentence, the 80/10/10 recipe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pandas as pd
import streamlit as st

from bert_explain.analysis import masked_loss as ml
from bert_explain.analysis import masked_words as mw
from bert_explain.analysis import masking, prejudice
from bert_explain.content import words
from bert_explain.engines.jobs import Progress
from bert_explain.figures import masked_words as figures
from bert_explain.figures.chart import CHART
from bert_explain.trace import Trace
from bert_explain.ui import cache, own, state
from bert_explain.ui.components import bars, token_row
from bert_explain.ui.frame import Page
from bert_explain.ui.notice import tell
from bert_explain.ui.picture import explained, picture, said
from bert_explain.ui.working import asked, wanted, working

UNIT = state.Choice("unit", (masking.WHOLE, masking.ONE))
WHICH = state.Number("which", 1, 512, 1)  # of several masks, the one looked at, counted from the left
K = state.Number("k", 1, 30, 5)
OWN = state.Text("own", "", limit=100)
SCORED = asked("scored")
REST = state.Flag("rest")
DRAW = state.Number("draw", 0, 9999)
MOST_BARS = 20


# hide
def hide(page: Page) -> None:
    """The text as a row of tokens; a click hides a word or shows it again."""
    trace = page.trace
    proposed = None if masking.hidden_positions(trace.tokens) else masking.suggest(trace.tokens, page.position)
    with picture(
        "hide",
        "Click a word to hide it",
        look=masking.say_hidden(trace.tokens, proposed),
        table=lambda: masking.hidden_table(trace),
        code=(masking.toggle, masking.word_of),
    ):
        st.segmented_control("A click hides", UNIT.options, **state.bind(UNIT))
        token_row(
            trace.tokens,
            key="mask-row",
            label="The text: choose a token to hide or show it",
            chosen=_looked_at(trace),
            notes=figures.mask_notes(trace.tokens),
            on_pick=lambda i: _click(page, i),
        )
        chosen = state.get("token")
        if proposed is not None and chosen is not None and trace.tokens[page.position].special:
            tell(masking.why_not(trace.tokens[page.position]))
        if proposed is not None:
            st.button("Hide this word", key="mask-first", type="primary", on_click=_click, args=(page, proposed))


def _click(page: Page, position: int) -> None:
    """Hide or show; what cannot be hidden only becomes the chosen token, and the page says why."""
    tokens = page.trace.tokens
    if not masking.why_not(tokens[position]):
        state.put(mask=masking.toggle(tokens, page.query.masked, position, state.get(UNIT)))
    state.put(token=position)
    hidden = masking.hidden_positions(page.trace.tokens)
    if position in hidden:
        state.put(WHICH, hidden.index(position) + 1)


def _looked_at(trace: Trace) -> set[int]:
    hidden = masking.hidden_positions(trace.tokens)
    return {hidden[_which(hidden)]} if hidden else set()


def _which(hidden: tuple[int, ...]) -> int:
    """Index of the mask looked at; the last one when the choice is beyond it."""
    return min(state.get(WHICH), len(hidden)) - 1


# guess
def guesses(page: Page) -> None:
    """What the model expects at one of the masks: after the last layer, after every layer, with and without changes."""
    trace = page.trace
    hidden = masking.hidden_positions(trace.tokens)
    if not hidden:
        return
    position = hidden[_which(hidden)]
    _guess(page, trace, hidden, position)
    _layers(page, trace, position)
    if page.query != masking.without_changes(trace):
        _compare(page, trace, position)


def _guess(page: Page, trace: Trace, hidden: tuple[int, ...], position: int) -> None:
    table = mw.predictions(trace, position, state.get(K))
    with picture(
        "guess",
        "What the model expects there",
        look=mw.look_predictions(table, page.model.vocab_size),
        table=lambda: table,
        code=(mw.predictions, figures.prediction_bars),
    ):
        if len(hidden) > 1:
            token_row(
                [trace.tokens[p].original for p in hidden],
                key="which-row",
                label="Which of the hidden tokens to look at",
                chosen={_which(hidden)},
                on_pick=lambda i: state.put(WHICH, i + 1),
            )
        left, right = st.columns([5, 3], gap="large")
        with left:
            bars(figures.prediction_bars(table), key="guess-bars", label="Most probable pieces for the hidden token")
        with right:
            st.slider("How many pieces to show", 1, K.high, **state.bind(K))
            st.text_input("How likely is your own word here?", placeholder="a word", max_chars=OWN.limit, **state.bind(OWN))
            if state.get(OWN).strip():
                st.html(f"<p>{mw.say_own_word(trace, position, state.get(OWN)).html()}</p>")
            if prejudice.met(table["piece"]):
                st.button("Whom does it expect: he or she?", key="to-whom", type="tertiary", on_click=_to_whom)


def _to_whom() -> None:
    state.put(step="whom")
    state.redraw()


def _layers(page: Page, trace: Trace, position: int) -> None:
    table = mw.lens(trace, position)
    with picture(
        "lens",
        "The guess after every layer",
        look=mw.look_lens(table),
        table=lambda: table,
        code=(mw.lens, figures.lens_grid, figures.lens_lines),
        note=words.notes("masked_words").lens,
    ):
        left, right = st.columns([5, 4], gap="medium")
        with left:
            grid = figures.lens_grid(table, page.palette)
            st.plotly_chart(grid, key="lens-grid", alt=mw.look_lens(table).plain(), **CHART)
        with right:
            lines = figures.lens_lines(table, page.palette)
            st.plotly_chart(lines, key="lens-lines", alt="Probability and rank after each layer; the table has them", **CHART)


def _compare(page: Page, trace: Trace, position: int) -> None:
    before = cache.trace(page.model.name, masking.without_changes(trace))
    table = mw.compare(trace, position, before, state.get(K))
    with picture(
        "compare",
        "With and without your changes",
        look=mw.look_compare(table),
        table=lambda: table,
        code=(mw.compare, masking.without_changes, figures.compare_dots),
        note=words.notes("masked_words").compare,
    ):
        chart = figures.compare_dots(table, page.palette)
        st.plotly_chart(chart, key="compare-dots", alt=mw.look_compare(table).plain(), **CHART)


# score a sentence
def scores(page: Page) -> None:
    """Each token hidden in turn, on a press of a button: how expected is every word of the text?"""
    trace = page.trace
    positions, left_out = ml.scored(trace.tokens)
    key = ("scores", page.model.name, page.query.but(masked=(), replaced=()))
    found: list[pd.DataFrame] = []
    with picture(
        "scores",
        "Every word hidden in turn",
        table=(lambda: found[0] if found else pd.DataFrame()) if wanted(SCORED, key) else None,
        code=(ml.score, ml.one_hidden, ml.totals),
        note=f"{len(positions)} tokens are scored, from both ends; the {left_out} in the middle are not: each costs a run."
        if left_out
        else None,
    ):
        look = st.container()
        table = working(
            SCORED,
            key,
            _hides(len(positions)),
            _score_all(page, trace, positions),
            also=state.get(REST),
            cost=len(positions),
            what="tokens hidden one by one",
            disabled=not positions,
        )
        with look:
            said(ml.say_before(len(positions)) if table is None else ml.look_scores(table))
        if table is None:
            return
        found.append(table)
        shade = ml.shading(table, len(trace.tokens))
        token_row(
            ml.shown(trace),
            key="score-row",
            label="Each token with the probability it gets when it is hidden",
            shade=shade,
            notes=figures.score_notes(shade),
        )
        st.checkbox("Hide the later pieces of its word with it", **state.bind(REST))
        st.text(ml.say_totals(table).plain())


def _hides(count: int) -> str:
    """What the button says that hides so many tokens, one after the other."""
    few = ("Nothing to hide", "Hide the one token")
    return few[count] if count < len(few) else f"Hide each of the {count} tokens once"


def _score_all(page: Page, trace: Trace, positions: tuple[int, ...]) -> Callable[[Progress], pd.DataFrame]:
    """The work: one run for each token. It has to know the reader's choices before it begins."""
    model, query, rest = page.model.name, page.query, state.get(REST)

    def work(progress: Progress) -> pd.DataFrame:
        one_by_one = [(ml.one_hidden(query, trace.tokens, position, rest), position) for position in positions]
        said = f"{{}} of {len(positions)} tokens hidden and guessed"
        return ml.score_table(cache.scores(model, one_by_one, lambda done: progress(done / len(positions), said.format(done))))

    return work


# the recipe
def recipe(page: Page) -> None:
    """The 80/10/10 recipe drawn on this text, run, and its loss."""
    drawn = ml.draw(page.model, page.trace.tokens, state.get(DRAW))
    trace = cache.trace(page.model.name, ml.noised(page.query, drawn))
    told = page.model.has_mlm  # without the head the draw can still be seen, but nothing is guessed
    table = ml.losses(trace, drawn) if told else drawn
    shares = ml.shares(drawn, trace.tokens)
    shares["what"] = shares["what"].map(own.plain)
    with picture(
        "recipe",
        "One step of training, on your text",
        look=ml.look_recipe(table, page.model) if told else None,
        table=lambda: table,
        code=(ml.draw, ml.noised, ml.losses, ml.shares),
        note=words.notes("masked_words").recipe,
    ):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.number_input("Draw number (the seed)", DRAW.low, DRAW.high, width=180, **state.bind(DRAW))
            st.button("Draw again", key="draw-again", on_click=_draw_again)
        if drawn.empty:
            return
        token_row(
            trace.tokens,
            key="recipe-row",
            label="What the model reads in this step, with the fate of each chosen token",
            chosen=drawn["position"],
            notes=figures.fate_notes(drawn, len(trace.tokens)),
        )
        left, right = st.columns([5, 4], gap="large")
        if told:
            with left:
                _loss_bars(table)
        with right:
            st.text("What was drawn, beside the recipe")
            bars(figures.share_bars(shares), key="share-bars", label="Shares drawn, and those of the recipe")


def _loss_bars(table: pd.DataFrame) -> None:
    st.text("Probability of the true piece")
    items = figures.loss_bars(table[:MOST_BARS])
    bars(items, key="loss-bars", label="Probability of the true piece, and its loss")
    if len(table) > MOST_BARS:
        st.caption(f"The first {MOST_BARS} of {len(table)} are drawn; the table has them all.")


def _draw_again() -> None:
    state.put(DRAW, (state.get(DRAW) + 1) % (DRAW.high + 1))


def depth(page: Page, name: str) -> None:
    """More on demand: text and formulas, with this model's sizes filled in."""
    found = words.depth("masked_words", name)
    text = found.text.replace("@H", f"{page.model.hidden_size}").replace("@V", f"{page.model.vocab_size:,}")
    explained(replace(found, text=text))
