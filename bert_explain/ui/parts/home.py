"""Home's own parts: one sentence pair through every stage, each with its smallest honest picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st

from bert_explain.analysis import overview
from bert_explain.analysis import stations as said_of
from bert_explain.analysis.sentence import Sentence
from bert_explain.content import tour
from bert_explain.figures import home as figures
from bert_explain.ui import cache, stages, state
from bert_explain.ui.components import bands, bars, heads_grid, matrix, token_row
from bert_explain.ui.frame import Page
from bert_explain.ui.picture import said


def walk(page: Page) -> None:
    """All stages at once, top to bottom, in one part: a token chosen in the first picture is followed in the others."""

    @page.part
    def stations() -> None:
        for name, draw in _STATIONS.items():
            if name == "Masked words":
                look = said_of.words(page.trace, _guess(page))
            else:
                look = said_of.SAID[name](page.trace, page.position)
            with _station(name, look):
                draw(page)

    stations()


def doors() -> None:
    """Where to go next, by what the reader wants to know."""
    left, right = st.columns(2, gap="large")
    for i, door in enumerate(tour.doors()):
        stage = stages.STAGES[stages.index(door.page)]
        with left if i % 2 == 0 else right:
            st.page_link(stage.file, label=door.question, icon=":material/arrow_forward:", query_params=state.address())


@contextmanager
def _station(name: str, look: Sentence) -> Iterator[None]:
    stage = stages.STAGES[stages.index(name)]
    with st.container(border=True, key=f"pic-{stage.picture}"):
        words, picture = st.columns([2, 5], gap="medium")
        with words:
            st.page_link(stage.file, label=f"**{name}**", query_params=state.address())
            said(look)
        with picture:
            yield


def _tokens(page: Page) -> None:
    token_row(
        page.trace.tokens, key="home-tokens", label="Tokens: choose one to follow", chosen={page.position},
        on_pick=lambda i: state.put(token=i),
    )  # fmt: skip


def _embeddings(page: Page) -> None:
    bands(figures.sum_of_rows(page.trace, page.position), key="home-sum", label="Token, segment and position row, and their sum")


def _layers(page: Page) -> None:
    bands(figures.through_layers(page.trace, page.position), key="home-layers", label="The token's vector after each layer")


def _attention(page: Page) -> None:
    heads_grid(
        page.trace.attention, page.trace.tokens, key="home-heads", label="Every head of every layer",
        chosen=(page.layer, page.head), off=page.query.heads_off,
        on_pick=lambda layer, head: state.put(layer=layer + 1, head=head + 1),
    )  # fmt: skip


def _words(page: Page) -> None:
    guess = _guess(page)
    if guess is not None:
        bars(figures.guesses(guess), key="home-guesses", label="Most probable pieces for the hidden word")


def _guess(page: Page) -> overview.Guess | None:
    return overview.hidden_word(page.trace, page.position, lambda query: cache.trace(page.model.name, query))


def _next(page: Page) -> None:
    if page.trace.nsp is not None and page.query.text_b.strip():
        bars(figures.follows(page.trace), key="home-next", label="Does sentence B follow sentence A?")


def _outputs(page: Page) -> None:
    tokens = page.trace.tokens[: overview.LARGEST]
    matrix(
        overview.all_cosines(page.trace)[: overview.LARGEST, : overview.LARGEST], tokens, tokens, key="home-cosines",
        label="Cosine between output vectors", scale="signed", sentence="the vectors of {row} and {column} have a cosine of {value}",
        chosen=(page.position, page.position) if page.position < len(tokens) else None,
    )  # fmt: skip


_STATIONS: dict[str, Callable[[Page], None]] = {
    "Tokens": _tokens,
    "Input embeddings": _embeddings,
    "Inside a layer": _layers,
    "Attention": _attention,
    "Masked words": _words,
    "Next sentence": _next,
    "Outputs": _outputs,
}
