"""The Attention page's parts: all heads and one head, facts about heads, rollout, heads switched off, bertviz.

Everything follows the chosen layer, head and token. Until the reader chooses, that is the text's most telling link.
"""

from __future__ import annotations

from functools import partial
from urllib.parse import urlsplit

import numpy as np
import pandas as pd
import streamlit as st

from bert_explain.analysis import attention
from bert_explain.chapters.attention import bertviz_views, heads_off
from bert_explain.chapters.attention import figures as figures
from bert_explain.chapters.attention import looks as looks
from bert_explain.content import words
from bert_explain.engines.jobs import Progress
from bert_explain.kernel import readings
from bert_explain.trace import Token, Trace, run
from bert_explain.ui import asking, cache, documents, printing, state
from bert_explain.ui.components import bars, heads_grid, matrix
from bert_explain.ui.frame import Page
from bert_explain.ui.picture import beside, explained, folding, picture, said
from bert_explain.ui.working import asked, working

SHOW = state.Choice("show", tuple(attention.DIRECTIONS))
SPECIALS = state.Flag("special", True)
RENORMALISE = state.Flag("sum1", False)
WHOLE = state.Flag("whole", False)
FLOW = state.Choice("flow", ("one token, layer by layer", "every token, after the last layer"))
BERTVIZ = state.Choice("bertviz", ("closed", "head view", "model view"))
TRIED = asked("tried")
WINDOW = 64  # tokens whose labels can still be read one by one


# all heads, one head
def heads(page: Page) -> None:
    """Every head small beside the chosen one large; under them, that head in numbers."""
    if folding():  # the head that was asked about; all of them, and the rest, are a press away
        _head(page)
        _grid(page)
        _numbers(page)
        _directions(page)
        _caution()
        return
    left, right = st.columns([1, 2], gap="medium")
    with left:
        _grid(page)
        _caution()
    with right:
        _head(page)
    left, right = st.columns([1, 2], gap="medium")
    with left:
        _numbers(page)
    with right:
        _directions(page)


def _grid(page: Page) -> None:
    trace = page.trace
    shown = _view(trace, "everything")
    with picture("heads", "All heads", look=looks.grid(trace), table=lambda: attention.facts(trace), code=(attention.view,)):
        if not len(shown.rows):
            st.text("There is nothing to show: without its special tokens this text has no tokens.")
            return
        heads_grid(
            shown.of(trace.attention),
            _tokens(trace, shown.rows),
            key="grid",
            chosen=(page.layer, page.head),
            label="Attention of every head: choose one to see it large",
            off=trace.query.heads_off,
            on_pick=_choose,
        )


def _head(page: Page) -> None:
    trace, layer, head = page.trace, page.layer, page.head
    row = None if state.get("token") is None else page.position  # until one is chosen: the most telling one
    shown = _view(trace, state.get(SHOW))
    look = looks.head(trace, layer, head, shown, row)
    link = attention.link_in(trace, layer, head, shown, row) or attention.link_in(trace, layer, head, shown)
    long = link is not None and max(len(shown.rows), len(shown.columns)) > WINDOW
    part = shown
    if link is not None and long and not state.get(WHOLE):
        part = attention.window(trace, shown, link.row, link.column, WINDOW)
    with picture(
        "head",
        f"Layer {layer + 1}, head {head + 1}",
        look=look,
        note=_said_of(trace, part, shown, layer, head),
        table=lambda: attention.table(trace, layer, head, part),
        code=(attention.link_in, attention.View),
    ):
        table, controls = beside("head", [5, 3]) if folding() else (st.container(),) * 2
        with controls:
            _what_is_shown(trace, long)
        if link is None:
            return
        with table:
            matrix(
                part.of(trace.attention[layer, head]),
                _tokens(trace, part.rows),
                _tokens(trace, part.columns),
                key="matrix",
                label=f"Attention of layer {layer + 1}, head {head + 1}: choose a row",
                limit=1.0,
                chosen=(int(np.searchsorted(part.rows, link.row)), int(np.searchsorted(part.columns, link.column))),
                on_pick=lambda i, j: state.put(token=int(part.rows[i])),
            )
    _depth("weights")


def _what_is_shown(trace: Trace, long: bool) -> None:
    """Directions, special tokens, rows scaled again."""
    both = trace.is_pair
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="what-is-shown"):
        if both or state.get(SHOW) != SHOW.default:
            st.segmented_control("From where to where", SHOW.options, label_visibility="collapsed", wrap=True, **state.bind(SHOW))
        st.toggle("Special tokens", **state.bind(SPECIALS))
        st.toggle("Rescale rows", **state.bind(RENORMALISE))
        if long:
            st.toggle("Whole text", **state.bind(WHOLE))


def _tokens(trace: Trace, places: np.ndarray) -> list[Token]:
    return [trace.tokens[i] for i in places]


def _view(trace: Trace, direction: str) -> attention.View:
    return attention.view(trace, direction, state.get(SPECIALS), state.get(RENORMALISE))


def _said_of(trace: Trace, part: attention.View, shown: attention.View, layer: int, head: int) -> str:
    """How much of the attention the picture holds, and what it leaves out."""
    said_here = []
    if len(part.rows) < len(shown.rows) or len(part.columns) < len(shown.columns):
        said_here.append(
            f"This text has {len(trace.tokens)} tokens; the picture shows {len(part.rows)} of them, positions "
            f"{part.rows[0]} to {part.rows[-1]}, and in the columns also special tokens and the strongest link. Choose "
            "another token to move it."
        )
    if len(part.columns) < len(trace.tokens):
        share = part.share(trace.attention[layer, head])
        said_here.append(f"The columns shown hold {readings.share(share)} of the attention of the rows shown.")
    if not state.get(SPECIALS):
        said_here.append(words.notes("attention").special)
    if (layer, head) in trace.query.heads_off:
        said_here.append(words.notes("attention").off)
    return " ".join(said_here) or "A row is a token that looks; a column is a token looked at. Each row adds up to 1."


def _numbers(page: Page) -> None:
    trace, layer, head = page.trace, page.layer, page.head
    line = attention.facts(trace).iloc[layer * trace.spec.n_heads + head]
    with picture("numbers", "This head in numbers", look=looks.numbers(line), code=(attention.facts,)):
        bars(figures.share_bars(line, page.trace.spec.special), key="shares", label="Where this head's attention goes")


def _directions(page: Page) -> None:
    flows = attention.directions(page.trace, page.layer, page.head)
    look = looks.directions(flows)
    if look is not None:
        title = "From sentence to sentence" if len(flows) > 2 else "Between words and special tokens"
        with picture("directions", title, look=look, table=lambda: flows, code=(attention.directions,)):
            bars(
                figures.direction_bars(flows),
                key="flows",
                label="Shares of this head's attention, from sentence to sentence",
            )


def _choose(layer: int, head: int) -> None:
    state.put(layer=layer + 1, head=head + 1)


# what every head does
def facts(page: Page) -> None:
    """The sortable table of heads."""
    table = attention.facts(page.trace)
    number = st.column_config.NumberColumn
    share = partial(st.column_config.ProgressColumn, min_value=0, max_value=1, format="%.2f", width=84)
    shares = {
        name: share(told.removeprefix("to ").removeprefix("the "), help=f"Share {told}")
        for name, told in figures.shares(page.trace.spec.special).items()
    }
    note = words.notes("attention").facts
    with picture("facts", "What each head does", look=looks.facts(table), note=note, code=(attention.facts,)):
        printing.sheet(
            table,
            key="facts",
            hide_index=True,
            height=330,
            selection_mode="single-row",
            alt="One line for each head",
            on_select=lambda: _choose_line(table.iloc, "facts"),
            column_order=[*table.columns[:6], *figures.SHARES, "off"],
            column_config=shares
            | {
                "layer": number("Layer", width=52),
                "head": number("Head", width=52),
                "pattern": st.column_config.TextColumn("Looks like", width=112),
                "entropy": number("Entropy", format="%.2f", help="In bits", width=64),
                "of_most": share("of most", help="Entropy as a share of the largest possible, log₂ T"),
                "distance": number("Distance", format="%.1f", help="In tokens, on average", width=66),
                "off": st.column_config.CheckboxColumn("Off", help="Switched off in this run", width=44),
            },
        )
    _depth("facts")


def _choose_line(lines, key: str) -> None:
    rows = st.session_state[key].selection.rows
    if rows:
        _choose(int(lines[rows[0]]["layer"]) - 1, int(lines[rows[0]]["head"]) - 1)


# rollout
def rollout(page: Page) -> None:
    """Attention through all layers, for one token or for all."""
    trace, position = page.trace, page.position
    reached = attention.rollout(trace)
    layers = [f"layer {i + 1}" for i in range(len(reached))]
    one = state.get(FLOW) == FLOW.options[0]
    values = reached[:, position] if one else reached[-1]
    everything = np.arange(len(trace.tokens))
    came = "after {row}, {value} of it comes" if one else "{value} of what stands at {row} comes"
    with picture(
        "rollout",
        "Attention rollout",
        look=looks.rollout(trace, reached, position),
        note=words.notes("attention").rollout,
        table=lambda: attention.labelled(trace, reached[-1], everything, everything),
        code=(attention.rollout,),
    ):
        st.segmented_control("Show", FLOW.options, label_visibility="collapsed", **state.bind(FLOW))
        matrix(
            values,
            layers if one else trace.tokens,
            trace.tokens,
            key=f"rollout-{'one' if one else 'all'}",
            role="hidden",
            label="Attention rollout" + (f" of “{trace.pieces[position]}”" if one else ""),
            chosen=(len(layers) - 1 if one else position, None),
            sentence=came + " from {column}",
            on_pick=lambda i, j: state.put(token=j if one else i),
        )
    _depth("rollout")


# switched-off heads
def off(page: Page) -> None:
    """Heads switched off, and what the predictions become."""
    trace, model = page.trace, page.model.name
    q = heads_off.question(trace, page.position)
    before = cache.trace(model, q.query)
    after = cache.trace(model, q.query.but(heads_off=trace.query.heads_off))
    named = not asking.asked_there(page, q.position, *asking.GUESSED)
    pair = heads_off.has_pair(trace)
    judged = pair and asking.to_come(page, *asking.JUDGED) is None
    told = judged or q.position is not None or not pair  # else all there is to say is what will be asked
    with picture(
        "off",
        "Switch heads off",
        look=heads_off.look_off(q, before, after, named) if told else None,
        code=(heads_off.question, heads_off.before_after),
    ):
        _switches(page)
        left, right = st.columns(2, gap="large")
        changed = bool(trace.query.heads_off)
        if q.position is not None:
            which = f"“{q.word}” is masked for this comparison" if q.added else f"The masked word: “{q.word}”"
            table = heads_off.before_after(before, after, q.position, named=named)
            with left:
                st.text(f"{which}. All heads on:")
                bars(figures.prediction_bars(table, "before"), key="off-before", label="Predictions with all heads")
            with right:
                if changed:
                    st.text("Without the heads that are off:")
                    bars(
                        figures.prediction_bars(table, "without"),
                        key="off-after",
                        label="Predictions without these heads",
                    )
                else:
                    st.caption("Switch a head off, and the same words appear here with their new probabilities.")
        if judged:
            plain = cache.trace(model, trace.query.but(heads_off=())).next_sentence()[0]
            st.text(f"The probability that {trace.query.follows}:")
            bars(
                figures.next_sentence_bars(plain, trace.next_sentence()[0] if changed else None),
                key="off-nsp",
                label=f"Probability that {trace.query.follows}",
            )
        if q.position is not None or judged:
            _single_heads(page, q, before, named, judged)


def _switches(page: Page) -> None:
    now, layer, head = page.trace.query.heads_off, page.layer, page.head
    whole = tuple((layer, h) for h in range(page.model.n_heads))
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="switches"):
        for key, name, these in (
            ("one", f"layer {layer + 1}, head {head + 1}", ((layer, head),)),
            ("layer", f"all of layer {layer + 1}", whole),
        ):
            verb = "on" if set(these) <= set(now) else "off"
            st.button(f"Switch {name} {verb}", key=f"switch-{key}", on_click=_switch, args=(heads_off.toggled(now, these),))
        st.button("All on again", key="switch-none", type="tertiary", disabled=not now, on_click=_switch, args=((),))


def _switch(off: heads_off.Heads) -> None:
    state.put(off=tuple((layer + 1, head + 1) for layer, head in off))


def _single_heads(page: Page, q: heads_off.Question, whole: Trace, named: bool, judged: bool) -> None:
    """Which one head matters most: L x A runs, only when asked for. Guesses are told if `named`, the verdict if `judged`."""
    model, count = page.model, page.model.n_layers * page.model.n_heads

    def work(progress: Progress) -> pd.DataFrame:
        def told(share: float) -> None:
            progress(share, f"Head {round(share * count)} of {count}, switched off alone")

        return heads_off.single_heads(whole, q.position, lambda query: run(model, query), told)

    table = working(
        TRIED,
        ("single heads", model.name, whole.query, q.position),
        f"Which single head matters most? Try all {count}",
        work,
        cost=count,
        what=f"{count} heads, switched off one by one",
    )
    if table is None:
        return
    hidden = ([] if named else ["first"]) + ([] if judged else ["is_next", "is_next_change"])
    table = table.drop(columns=hidden, errors="ignore")
    said(heads_off.look_single(table, whole, q.position, named))
    percent = partial(st.column_config.NumberColumn, format="%.2f %%")
    shown = table.assign(**{name: 100 * table[name] for name in table if name not in ("layer", "head", "first")})
    for name in ("without", "is_next"):  # two digits, and never a rounded 100
        if name in shown:
            shown[name] = shown[name].mask((shown[name] > 99.99) & (shown[name] < 100), 99.99)
    printing.sheet(
        shown,
        key="single",
        hide_index=True,
        height=250,
        selection_mode="single-row",
        alt="What each head alone does",
        on_select=lambda: _choose_line(table.iloc, "single"),
        column_config={
            "layer": "Layer",
            "head": "Head",
            "first": "First guess without it",
            "without": percent("Probability without it"),
            "change": st.column_config.NumberColumn("Change, points", format="%+.2f"),
            "is_next": percent(f"{whole.query.follows}, without it"),
            "is_next_change": st.column_config.NumberColumn("Its change, points", format="%+.2f"),
        },
    )
    if q.added and judged:
        st.text(f"Here, “{whole.query.follows}” is judged with “{q.word}” masked.")
    st.caption(words.notes("attention").single)


# bertviz
def bertviz(page: Page) -> None:
    """bertviz's own two views, drawn only when they are opened."""
    trace, wanted = page.trace, state.get(BERTVIZ)
    view = wanted.split()[0]
    places = bertviz_views.kept(trace, bertviz_views.MOST.get(view, len(trace.tokens)))
    look = None if wanted == BERTVIZ.default else looks.lines(trace, page.layer, page.head, places)
    note = words.notes("attention").bertviz
    with picture("bertviz", "The same attention in bertviz", look=look, note=note, code=(bertviz_views.document,)):
        st.segmented_control("bertviz", BERTVIZ.options, label_visibility="collapsed", **state.bind(BERTVIZ))
        if wanted == BERTVIZ.default:
            return
        if len(places) < len(trace.tokens):
            st.text(
                "bertviz draws a line for each weight, so this view has both ends of each sentence: "
                f"{len(places)} of {len(trace.tokens)} tokens. The weights are as they were; the rest of a row is left "
                "out."
            )
        html = bertviz_views.document(view, trace, page.palette, f"{_root()}/app/static/", page.layer, page.head)
        name = documents.keep(html)
        st.iframe(
            html if name is None else f"{_root()}/{documents.ROUTE}/{name}",
            height=bertviz_views.height(view, trace),
            alt=f"bertviz, {wanted}",
        )


def _root() -> str:
    """The folder that this server is served under, as the reader's browser sees it: that of this page."""
    path = urlsplit(st.context.url or "").path.rstrip("/")
    return path.removesuffix("/Attention")


def _caution() -> None:
    """That attention is not explanation."""
    with st.container(key="caution"):
        st.subheader("Attention is not explanation", anchor="caution")
        st.markdown(words.notes("attention").caution)


def _depth(name: str) -> None:
    """The formula and the tensor, for those who ask."""
    explained(words.depth("attention", name))
