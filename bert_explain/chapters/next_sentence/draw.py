"""The next-sentence page's parts about the reader's own pair: the answer, one change at a time, the last step."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from bert_explain.analysis import next_sentence as ns
from bert_explain.analysis.next_sentence import Verdict
from bert_explain.chapters.next_sentence import figures as figures
from bert_explain.content import examples
from bert_explain.content import next_sentence as content
from bert_explain.engines.jobs import Progress
from bert_explain.kernel import folding
from bert_explain.query import Query
from bert_explain.ui import cache, state
from bert_explain.ui.components import bands, bars, token_row
from bert_explain.ui.frame import Page
from bert_explain.ui.notice import tell
from bert_explain.ui.packed import PackedText
from bert_explain.ui.picture import aside, picture
from bert_explain.ui.working import awaited

RANDOM = state.Number("rand", 0, 9999, 1)  # the seed with which a sentence is drawn to take the place of B
WAS = PackedText("was")  # what stood in B before a drawn sentence took its place
NO_PAIR = "There is no sentence B, so there is nothing to judge."
READ = 48  # tokens that a row of this page shows, of longer texts both ends


def judge(page: Page, name: str, queries: Sequence[Query], what: str) -> tuple[Verdict, ...] | None:
    """The verdict on each query; None, with a progress bar, while they are being found.

    name : tells these apart from others on the page. Raises Missing where the model has no such head.
    """
    model, asked = page.model.name, tuple(queries)

    def work(progress: Progress) -> tuple[Verdict, ...]:
        return tuple(cache.verdicts(model, asked, lambda done: progress(done / len(asked), f"{done} of {len(asked)} {what}")))

    return awaited(name, ("verdicts", model, asked), work, cost=len(asked), what=what)


def has_pair(page: Page) -> bool:
    """Whether there is a sentence B and a head that judges it."""
    return page.model.has_nsp and 1 in page.trace.sentences


# the answer
def answer(page: Page) -> None:
    """The two probabilities; without a sentence B, two ways to get one."""
    if 1 not in page.trace.sentences:
        _no_pair()
        return
    table, (first, second) = ns.answer(page.trace), page.query.names
    with picture(
        "answer", f"Does {second} follow {first}?", look=ns.look(page.trace), table=lambda: table, code=(ns.verdict, ns.answer)
    ):
        read = folding.fold(len(page.trace.tokens), READ)
        token_row(folding.drawn(page.trace.tokens, read), key="read-row", label="What the model reads", chosen={0})
        if read.left_out:
            st.caption(read.said())
        bars(
            figures.answer_bars(table),
            key="answer-bars",
            label=f"Probability that {second} follows {first}, and that it does not",
        )
        _switches(page)


def _no_pair() -> None:
    with picture("answer", "Does B follow A?"):
        tell(f"{NO_PAIR} Type one above, or begin with one of these.")
        with st.container(horizontal=True):
            st.button("Take an example pair", key="take-example", on_click=_take_example)
            st.button("Put a random sentence in B", key="take-random", on_click=_random_into_b)


def _take_example() -> None:
    pair = examples.pairs()[0]
    state.reset("mask", "put", "token")
    state.put(a=pair.a, b=pair.b)


def _random_into_b() -> None:
    state.put(WAS, state.get("b"))
    state.put(b=_drawn(), token=None)


def _drawn() -> str:
    return ns.random_sentence(content.sentences(), state.get(RANDOM))


# one change at a time
def changes(page: Page) -> None:
    """The answer after each of a few changes, before the reader applies any of them."""
    if not has_pair(page):
        tell(f"{NO_PAIR} Type one above.")
        return
    drawn = _drawn()
    found = ns.variants(page.trace, drawn)
    verdicts = judge(page, "changes", [variant.query for variant in found], "changes tried")
    if verdicts is None:
        return
    table = ns.compare(found, verdicts)
    with picture(
        "changes",
        "Change one thing",
        look=ns.look_compare(table),
        table=lambda: table,
        code=(ns.variants, ns.carried, ns.compare),
        note="Each bar is the probability of “is next” after this one change, beside it the difference to the pair as "
        "typed. What else you changed (masks, heads) stays.",
    ):
        bars(figures.change_bars(table), key="change-bars", label="Probability of “is next” after each change")
        st.text(f"Drawn at random: “{drawn}”")
        _drawing(page)


def _switches(page: Page) -> None:
    with st.container(horizontal=True, gap="medium"):
        _switch(page, "Swap A and B", "swap", True)
        if page.model.has_segments:
            _switch(page, "Flip segments", "seg", "flipped")
        _switch(page, "Remove [SEP]", "sep", "removed")


def _drawing(page: Page) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.button("Draw another sentence", key="draw-sentence", on_click=_draw_another)
        if state.get("b") != _drawn():
            st.button("Put it in B", key="put-drawn", on_click=_put, args=(page, None))
        if _own().strip():
            st.button("Put my sentence back", key="put-back", on_click=_put, args=(page, _own()))


def _switch(page: Page, label: str, name: str, on: object) -> None:
    key = f"w-next-{name}"
    st.toggle(label, **state.seeded(key, state.get(name) == on), on_change=_switched, args=(page, name, on, key))


_FIELDS = {"swap": "swapped", "seg": "segments", "sep": "separators"}


def _switched(page: Page, name: str, on: object, key: str) -> None:
    """Change the whole walk; masks and the chosen token stay where they are, though these move."""
    value = on if st.session_state[key] else state.default(name)
    query = ns.carried(page.trace, page.query.but(**{_FIELDS[name]: value}))
    chosen = state.get("token")
    token = None if chosen is None else ns.carried_token(page.trace, query, page.position)
    state.put(**{name: value}, mask=query.masked, put=query.replaced, token=token)


def _draw_another() -> None:
    state.put(RANDOM, (state.get(RANDOM) + 1) % (RANDOM.high + 1))


def _own() -> str:
    """The reader's own sentence B, while a drawn one has its place."""
    own = state.get(WAS)
    return own if state.get("b") in content.sentences() else ""


def _put(page: Page, text: str | None) -> None:
    """Another sentence in B: the drawn one, or the reader's own again. Masks in A stay."""
    new = _drawn() if text is None else text
    query = ns.carried(page.trace, page.query.but(text_b=new))
    state.put(WAS, (_own() or state.get("b")) if text is None else "")
    state.put(b=new, mask=query.masked, put=query.replaced, token=None)


# the last step
def decision(page: Page) -> None:
    """From the vector of [CLS] to the two numbers."""
    if not has_pair(page):
        tell(f"{NO_PAIR} Type one above.")
        return
    trace = page.trace
    found = ns.decision(trace)
    looked = ns.cls_looks_at(trace)
    with picture(
        "decision",
        "From [CLS] to two numbers",
        look=ns.look_decision(trace, found),
        table=lambda: ns.decision_table(found),
        code=(ns.decision, ns.cls_looks_at),
        note="Under each token stands how much [CLS] looks at it in the last layer. The pull has a scale of its own.",
    ):
        row = looked.head(READ).sort_values("position")
        weights, places = row["weight"].to_numpy(), row["position"].tolist()
        if len(trace.tokens) > READ:
            st.caption(f"The {READ} tokens that [CLS] looks at most, of {len(trace.tokens)}.")
        token_row(
            [trace.tokens[place] for place in places],
            key="cls-row",
            label="How much [CLS] looks at each token in the last layer, mean over the heads",
            shade=figures.shading(weights),
            notes=figures.weight_notes(weights),
            on_pick=lambda i: state.put(token=places[i]),
        )
        bands(figures.step_bands(found), key="step-bands", label="The vector of [CLS], and what the pooler makes of it")
        bands(figures.pull_bands(found), key="pull-bands", label="How far each number pulls towards “is next”")
        with aside("The two numbers, worked out", "gap"):
            for line in figures.gap_latex(found):
                st.latex(line)
    words("decision")


def words(name: str) -> None:
    """One expander of this page."""
    depth = content.depth(name)
    with st.expander(depth.title):
        st.markdown(depth.text)
        if depth.formula:
            st.latex(depth.formula)
        if depth.more:
            st.markdown(depth.more)
