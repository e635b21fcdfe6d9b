"""The OpenAI Transformer page's parts about reading: the mask, the next token at every place, why BERT hides words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from bert_explain.chapters.decoder import analysis as dec
from bert_explain.chapters.decoder import figures as figures
from bert_explain.content import words
from bert_explain.core.tokens import Token, counterpart
from bert_explain.errors import BadModel
from bert_explain.figures.chart import CHART
from bert_explain.figures.masked_words import prediction_bars
from bert_explain.models.decoder import Decoder
from bert_explain.query import Query
from bert_explain.trace import Trace
from bert_explain.trace_decoder import DecoderTrace
from bert_explain.ui import cache, sliders, state
from bert_explain.ui.components import bars, matrix, token_row
from bert_explain.ui.frame import Page
from bert_explain.ui.notice import tell
from bert_explain.ui.picture import aside, beside, explained, picture

K = state.Number("k", 1, 20, 6)
TASK = state.Choice("task", tuple(words.table("decoder", "tasks")))


def ready(page: Page) -> bool:
    """True when there is a decoder; says what is wrong when there is none, and what it reads when that is in doubt."""
    try:
        cache.decoder()
    except BadModel as error:
        tell(str(error), "warning")
        return False
    if page.query != page.query.plain():
        tell("The decoder reads your two sentences as they stand: masks and other changes are BERT's, and left out here.")
    return True


def model() -> Decoder:
    """This server's decoder."""
    return cache.decoder()


def reading(page: Page) -> DecoderTrace:
    """The reader's text as the decoder reads it."""
    return cache.decoder_trace(model().name, page.query.text_a, page.query.text_b)


def place(page: Page, trace: DecoderTrace) -> int:
    """The chosen token as the decoder reads it; the first one after [CLS] where nothing stands before the chosen one."""
    return min(max(counterpart(page.tokens, page.position, trace.tokens), 1), len(trace.tokens) - 1)


def _choose(page: Page, tokens: Sequence[Token], position: int) -> None:
    """Callback: a token of the text as it stands, at its place in the text as the other pages show it."""
    state.put(token=counterpart(tokens, position, page.tokens))


def _head(page: Page, trace: DecoderTrace, bert: Trace | None = None) -> tuple[int, int]:
    """The chosen layer and head; until the reader chooses, those in which the decoder looks most at other words."""
    telling = dec.telling_head(trace, bert)
    layer = page.layer if state.get("layer") else min(telling[0], page.model.n_layers - 1)
    head = page.head if state.get("head") else min(telling[1], page.model.n_heads - 1)
    state.suggest(layer=layer + 1, head=head + 1)
    return min(layer, trace.spec.n_layers - 1), min(head, trace.spec.n_heads - 1)


# the mask
def masks(page: Page) -> None:
    """One head in the decoder beside the same head in BERT."""
    trace, bert = reading(page), cache.trace(page.model.name, page.query.plain())
    layer, head = _head(page, trace, bert)
    theirs = min(layer, page.model.n_layers - 1), min(head, page.model.n_heads - 1)
    with picture(
        "masks",
        f"Who may look where: layer {layer + 1}, head {head + 1}",
        look=dec.look_masks(trace, bert, layer, head),
        table=lambda: dec.masks_table(trace, layer, head),
        code=(Decoder.allowed, dec.seen, dec.ahead),
        note=words.notes("decoder").masks,
    ):
        with aside("Another layer or head", "masks"), st.container(horizontal=True, gap="medium"):
            here, there = trace.spec, bert.spec
            for name, count in (("layer", min(here.n_layers, there.n_layers)), ("head", min(here.n_heads, there.n_heads))):
                sliders.counted(name, count, page.model.spec.title, width=240)
        left, right = beside("masks")
        with left:
            st.text("The decoder: only backwards")
            tokens = dec.coloured(trace.tokens)
            matrix(
                dec.seen(trace, layer, head),
                tokens,
                tokens,
                key="causal",
                limit=1.0,
                chosen=(place(page, trace), None),
                label="The decoder's attention: choose a row",
                empty="{row} may not look ahead at {column}",
                on_pick=lambda i, j: _choose(page, trace.tokens, i),
            )
        with right:
            st.text("BERT: in both directions")
            matrix(
                bert.attention[theirs],
                bert.tokens,
                bert.tokens,
                key="full",
                limit=1.0,
                chosen=(counterpart(trace.tokens, place(page, trace), bert.tokens), None),
                label="BERT's attention: choose a row",
                on_pick=lambda i, j: _choose(page, bert.tokens, i),
            )


# the next token
def next_tokens(page: Page) -> None:
    """How expected each token was, and what was expected at the chosen one."""
    trace = reading(page)
    table, at = dec.next_tokens(trace), place(page, trace)
    with picture(
        "next",
        "How expected was each token?",
        look=dec.look_next(table, trace.spec.vocab_size),
        table=lambda: table,
        code=(dec.next_tokens, dec.perplexity, figures.surprise),
        note=words.notes("decoder").next,
    ):
        token_row(
            dec.coloured(trace.tokens),
            key="next-row",
            label="Each token with its probability: choose one",
            chosen={at},
            shade=[0.0, *table["probability"]],
            notes=figures.next_notes(table),
            on_pick=lambda i: _choose(page, trace.tokens, i),
        )
        chart = figures.surprise(table, at, page.palette)
        st.plotly_chart(chart, key="surprise", alt=dec.look_next(table, trace.spec.vocab_size).plain(), **CHART)
    guesses = dec.predictions(trace, at, state.get(K))
    with picture(
        "expected",
        "What the decoder expected at this token",
        look=dec.look_predictions(guesses, at),
        table=lambda: guesses,
        code=(dec.predictions, DecoderTrace.logits),
    ):
        left, right = st.columns([5, 3], gap="large")
        with left:
            bars(prediction_bars(guesses), key="next-bars", label="Most probable next pieces")
        with right:
            st.slider("How many pieces to show", 1, K.high, **state.bind(K))
            st.text("It has read, and nothing else:")
            st.text(" ".join(t.text for t in trace.tokens[max(0, at - 30) : at]).replace(" ##", ""))


# why BERT hides words instead
def why(page: Page) -> None:
    """One word exchanged, and one word in sight: what a mask over the future is worth."""
    trace, at = reading(page), 0
    at = place(page, trace)
    if len(trace.tokens) < 3:
        tell("This needs a word. Type a sentence above.")
        return
    bert = cache.trace(page.model.name, page.query.plain())
    same = [t.id for t in bert.tokens] == [t.id for t in trace.tokens]
    left, right = st.columns(2, gap="medium")
    with left:
        _sight(page, trace, bert if same and page.model.has_mlm else None, at)
    with right:
        if same:
            _moved(page, trace, bert, at)
        else:
            tell(f"{page.model.title} cuts this text into other pieces than the decoder: they cannot be compared.")


def _sight(page: Page, trace: DecoderTrace, bert: Trace | None, at: int) -> None:
    texts = page.query.text_a, page.query.text_b
    hidden = cache.trace(page.model.name, Query(*texts, masked=(at,))) if bert else None
    lifted = cache.decoder_trace(trace.spec.name, *texts, lifted=True)
    table = dec.in_sight(at, trace, lifted, hidden, bert)
    with picture(
        "sight",
        "If the word is in sight",
        look=dec.look_sight(table, trace.tokens[at].text),
        table=lambda: table,
        code=(dec.in_sight, Decoder.lifted),
        note=words.notes("decoder").sight,
    ):
        bars(figures.sight_bars(table), key="sight-bars", label="Probability of the true token, hidden and in sight")


def _moved(page: Page, trace: DecoderTrace, bert: Trace, at: int) -> None:
    swap = dec.swap(trace, at)
    texts, other = (page.query.text_a, page.query.text_b), ((at, swap.id),)
    after = cache.decoder_trace(trace.spec.name, *texts, other)
    theirs = cache.trace(page.model.name, Query(*texts, replaced=other))
    table = dec.moved_table(trace.tokens, swap, dec.moved(trace, after), dec.moved(bert, theirs))
    with picture(
        "moved",
        "If the word were another",
        look=dec.look_moved(table, swap),
        table=lambda: table,
        code=(dec.swap, dec.moved, figures.moved),
        note=words.notes("decoder").moved,
    ):
        st.plotly_chart(figures.moved(table, page.palette), key="moved", alt=dec.look_moved(table, swap).plain(), **CHART)


# tuned for a task
def tasks(page: Page) -> None:
    """The inputs of the paper's four kinds of task, made of the reader's own sentences."""
    trace, told = reading(page), words.table("decoder", "tasks")
    task = told[state.get(TASK)]
    rows = [dec.task_input(trace.tokens, task["parts"], row == 1) for row in range(task["rows"])]
    with picture(
        "tasks",
        "One model, four kinds of task",
        table=lambda: dec.task_table(rows),
        code=(dec.task_input,),
        note=words.notes("decoder").tasks,
    ):
        st.segmented_control("Task", TASK.options, format_func=lambda t: told[t]["name"], wrap=True, **state.bind(TASK))
        st.text(task["text"])
        for number, row in enumerate(rows):
            token_row(row, key=f"task-{number}", label=f"Input {number + 1} of the task")


def depth(page: Page, name: str) -> None:
    """More on demand, with this text's sizes."""
    found = words.depth("decoder", name)
    count = len(reading(page).tokens)
    explained(replace(found, text=found.text.replace("@T", str(count)).replace("@E", str(count - 1))))
