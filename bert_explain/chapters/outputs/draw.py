"""The page "Outputs", composed: the vectors, how alike they are, a map of them, and files to take them away in.

Everything here follows the chosen layer and token; numbers come from `analysis`, pictures from `figures.outputs`.
"""

from __future__ import annotations

import streamlit as st

from bert_explain.analysis import outputs, read_outs
from bert_explain.chapters.outputs import figures as figures
from bert_explain.content import words
from bert_explain.figures.chart import CHART
from bert_explain.kernel import readings
from bert_explain.ui import state
from bert_explain.ui.components import bands, bars, matrix, token_row
from bert_explain.ui.frame import Page
from bert_explain.ui.picture import aside, beside, explained, picture

INPUT = state.Flag("input")  # layer 0, the input; the address's `layer` counts from 1
WITH = state.Number("with", 0, 999_999_999, None)  # the token to compare with; None: the nearest
MEASURE = state.Choice("measure", ("cosine", "length"))
READ_OUT = state.Choice("vectors", read_outs.NAMES)
WEIGHTS = state.Flag("weights")  # attention in the NPZ as well

ROW = 90  # tokens offered in the row of tokens; of longer texts the neighbours of the chosen one
LINES = 20  # tokens whose vectors are shown at once
NEAREST = 8
LARGEST = 200_000  # numbers that a table on the page can hold; the CSV holds any


def vectors(page: Page) -> None:
    """The vectors of the chosen layer."""
    _choose(page)
    _vectors(page)


def alike(page: Page) -> None:
    """Which tokens' vectors are alike."""
    _choose(page)
    _alike(page)


def map_(page: Page) -> None:
    """The vectors of a layer on a plane."""
    _choose(page)
    _map(page)


def take(page: Page) -> None:
    """The vectors as files."""
    if state.get(READ_OUT) == "chosen layer":
        _layers(page)
    _take(page)


def layer(page: Page) -> int:
    """The chosen layer, 0 for the input; the last one until the reader chooses."""
    chosen = state.get("layer")
    return 0 if state.get(INPUT) else min(chosen, page.model.n_layers) if chosen else page.model.n_layers


# controls
def _choose(page: Page) -> None:
    with aside("Another layer or token", "outputs"):
        _layers(page)
        _tokens(page)


def _layers(page: Page) -> None:
    key = state.own_key("outputs-layer")
    st.slider(
        "After layer (0 is the input, before any layer)",
        0,
        page.model.n_layers,
        **state.seeded(key, layer(page)),
        on_change=_moved,
        args=(key,),
    )


def _moved(key: str) -> None:
    to = st.session_state[key]
    state.put(INPUT, to == 0, **({"layer": to} if to else {}))


def _tokens(page: Page) -> None:
    tokens, at = page.trace.tokens, page.position
    first = _window(len(tokens), at, ROW)
    token_row(
        tokens[first : first + ROW],
        key=state.own_key("outputs-tokens"),
        label="The token to look at",
        chosen={at - first},
        on_pick=lambda i: state.put(token=first + i),
    )
    if len(tokens) > ROW:
        st.number_input(f"Token, 0 to {len(tokens) - 1}", 0, len(tokens) - 1, **state.bind("token"), width=220)
        st.caption(f"The row shows the tokens {first} to {first + ROW - 1} of {len(tokens)}; others go by their number.")


def _window(count: int, at: int, size: int) -> int:
    """The first of at most `size` neighbours around a position."""
    return min(max(at - size // 2, 0), max(count - size, 0))


# the vectors
def _vectors(page: Page) -> None:
    trace, at, start = page.trace, layer(page), page.trace.spec.special.start.text
    first = _window(len(trace.tokens), page.position, LINES)
    shown = trace.tokens[first : first + LINES]
    more = "" if len(shown) == len(trace.tokens) else f"Of {len(trace.tokens)} tokens: {first} to {first + len(shown) - 1}. "
    with picture(
        "vectors",
        f"One vector for each token: {_after(at)}",
        look=outputs.look_vectors(trace, at),
        note=more + words.notes("outputs").vectors,
        table=lambda: outputs.vector_table(trace, at, page.position),
        code=(outputs.loudest, figures.strips),
    ):
        bands(
            figures.strips(shown, trace.hidden[at][first : first + LINES]),
            key="outputs-strips",
            label="The vectors of the tokens, one under the other",
            chosen=outputs.loudest(trace, at)[0],
        )
    _depth(
        "vectors",
        f"Here: {len(trace.tokens)} vectors of {page.model.hidden_size} numbers each, after every layer.",
    )
    with picture(
        "pooler",
        f"{start} and the pooler" if page.model.has_pooler else f"The vector of {start}",
        look=outputs.look_pooler(trace),
        note=words.notes("outputs").pooler if page.model.has_pooler else None,
        table=lambda: outputs.pooler_table(trace),
        code=(type(page.model).pooled, figures.pooler_bands),
    ):
        bands(
            figures.pooler_bands(trace),
            key="outputs-pooler",
            label=f"The vector of {start}, and what the pooler makes of it",
        )
    _depth("cls")


# which are alike
def _alike(page: Page) -> None:
    trace, at, one = page.trace, layer(page), page.position
    other = outputs.partner(trace, at, one, state.get(WITH))
    with picture(
        "cosines",
        f"How alike every two tokens are: {_after(at)}",
        look=outputs.look_cosines(trace, at),
        note=words.notes("outputs").cosines,
        table=lambda: outputs.pairs(trace, at),
        code=(outputs.cosines, outputs.mean_cosine),
    ):
        table, nearest = beside("cosines", [5, 2])
        with table:
            matrix(
                outputs.cosines(trace, at),
                trace.tokens,
                trace.tokens,
                key="outputs-cosines",
                scale="signed",
                limit=1.0,
                label="Cosine of every two tokens' vectors",
                chosen=(one, other),
                sentence="{row} and {column} have a cosine of {value}",
                on_pick=lambda i, j: state.put(WITH, j, token=i),
            )
        with nearest:
            near = outputs.neighbours(trace, at, one)
            st.text(f"Nearest to {trace.pieces[one]}")
            bars(
                figures.neighbour_bars(near, NEAREST, on_map=False),
                key="outputs-nearest",
                label="The nearest tokens by cosine",
                on_pick=lambda i: state.put(WITH, int(near["position"].iloc[i])),
            )
    _depth("cosine")
    measure = state.get(MEASURE)
    names = (trace.pieces[one], trace.pieces[other])
    with picture(
        "pair",
        "Two tokens through the layers",
        look=outputs.look_pair(trace, one, other),
        note=words.notes("outputs").pair,
        table=lambda: outputs.through_layers(trace, one, other),
        code=(outputs.through_layers, figures.pair_lines),
    ):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.segmented_control("What is drawn", MEASURE.options, **state.bind(MEASURE))
            if len(trace.tokens) > 1:
                _partner(trace.pieces, one, other)
        st.plotly_chart(
            figures.pair_lines(outputs.through_layers(trace, one, other), measure, names, at, page.palette),
            key="outputs-pair",
            alt=outputs.look_pair(trace, one, other).plain(),
            **CHART,
        )


def _partner(pieces: list[str], one: int, other: int) -> None:
    key = "outputs-with"
    others = [i for i in range(len(pieces)) if i != one]
    st.selectbox(
        "Compare with",
        others,
        format_func=lambda i: f"{pieces[i]} ({i})",
        **state.seeded(key, other, options=others),
        on_change=_compare,
        args=(key,),
        width=260,
    )


def _compare(key: str) -> None:
    state.put(WITH, st.session_state[key])


# a map
def _map(page: Page) -> None:
    trace, at, one = page.trace, layer(page), page.position
    found, near = outputs.token_map(trace), outputs.neighbours(trace, at, one)
    look = outputs.look_map(trace, at, one)
    with picture(
        "map",
        f"The tokens on a map: {_after(at)}",
        look=look,
        note=words.notes("outputs").map,
        table=lambda: outputs.map_table(trace, at),
        code=(outputs.token_map, outputs.neighbours, figures.token_map),
    ):
        left, right = st.columns([5, 3], gap="medium")
        with left:
            st.plotly_chart(
                figures.token_map(found, at, trace.tokens, one, near["position"].tolist(), page.palette),
                key="outputs-map",
                alt=look.plain(),
                **CHART,
            )
        with right:
            st.text(f"Nearest to {trace.pieces[one]} by cosine")
            bars(
                figures.neighbour_bars(near, NEAREST),
                key="outputs-near",
                label="The nearest tokens by cosine",
                on_pick=lambda i: state.put(token=int(near["position"].iloc[i])),
            )
            st.caption(words.notes("outputs").list)
    held = readings.share(found.share)
    _depth("map", f"For this text, the plane holds {held} of what tells the tokens apart, over all layers.")


# take them along
def _take(page: Page) -> None:
    trace, name = page.trace, state.get(READ_OUT)
    vectors = read_outs.read_out(trace, name, layer(page))
    with picture(
        "take",
        "Take the vectors along",
        look=read_outs.look(trace, name, vectors, page.position),
        note=words.notes("outputs").take,
        table=(lambda: read_outs.vectors_table(trace, vectors)) if vectors.size <= LARGEST else None,
        code=(read_outs.read_out, read_outs.csv, read_outs.npz),
    ):
        st.pills("Which vectors", READ_OUT.options, **state.bind(READ_OUT))
        st.text(f"The vector of {trace.pieces[page.position]}, to copy:")
        with st.container(height=150, border=False, key="take-vector"):  # it scrolls; the copy button in it takes the keys there
            st.code(read_outs.as_text(vectors[page.position]), language=None, wrap_lines=True)
        st.checkbox("The attention weights too (NPZ)", **state.bind(WEIGHTS))
        with st.container(horizontal=True):
            weights = state.get(WEIGHTS)
            _file("CSV", lambda: read_outs.csv(trace, vectors), "text/csv")
            _file("NPZ", lambda: read_outs.npz(trace, vectors, weights), "application/zip")
    with picture("paper", "What the paper found", note=words.notes("outputs").paper), st.container(width=520):
        st.table(read_outs.paper_table().set_index("vectors taken").map("{:.1f}".format))
    _depth("features")


def _file(kind: str, make, mime: str) -> None:
    name = f"vectors.{kind.lower()}"
    st.download_button(f"Download {kind}", make, name, mime, key=f"outputs-{kind}", on_click="ignore", icon=":material/download:")


def _after(at: int) -> str:
    return f"after layer {at}" if at else "the input"


def _depth(name: str, here: str = "") -> None:
    """The formula and the tensors, for those who ask."""
    explained(words.depth("outputs", name), here)
