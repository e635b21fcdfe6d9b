"""Home's own parts: one sentence pair through every stage, each with its smallest honest picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st

from bert_explain.analysis import overview
from bert_explain.chapters.home import figures as figures
from bert_explain.chapters.home import stations
from bert_explain.content import tour
from bert_explain.ui import cache, stages, state
from bert_explain.ui.components import bands, bars, heads_grid, matrix, token_row
from bert_explain.ui.frame import Page
from bert_explain.ui.picture import foot, said


def walk(page: Page) -> None:
    """All stages at once, top to bottom, in one part: a token chosen in the first picture is followed in the others."""

    @page.part
    def all_stations() -> None:
        trace, position = page.trace, page.position
        guess = overview.hidden_word(trace, position, lambda query: cache.trace(page.model.name, query))
        for station in figures.stations(trace, position, guess):
            with _station(station):
                _DRAW[station.kind](page, station)

    all_stations()


def doors() -> None:
    """Where to go next, by what the reader wants to know: one column for each group of pages."""
    for group, column in zip(stages.GROUPS, st.columns(len(stages.GROUPS), gap="large"), strict=True):
        column.markdown(f"**{group}**")
        for door in tour.doors():
            stage = stages.stage(door.page)
            if stage.group == group:
                column.page_link(
                    stage.file, label=door.question, icon=":material/arrow_forward:", query_params=state.address(stage.name)
                )


@contextmanager
def _station(station: figures.Station) -> Iterator[None]:
    stage = stages.stage(station.name)
    with st.container(border=True, key=f"pic-{stage.picture}"):
        words, picture = st.columns([2, 5], gap="medium")
        with words:
            st.page_link(
                stage.file,
                label=f"**{station.name}**",
                icon=":material/arrow_forward:",
                icon_position="right",
                query_params=state.address(stage.name),
            )
            said(station.look)
        with picture:
            yield
            foot(f"home-{stage.picture}", station.name, station.table, station.code)


def _tokens(page: Page, station: figures.Station) -> None:
    token_row(
        station.drawn,
        key="home-tokens",
        label="Tokens: choose one to follow",
        chosen={page.position},
        on_pick=lambda i: state.put(token=i),
    )


def _bands(page: Page, station: figures.Station) -> None:
    bands(station.drawn, key=f"home-bands-{station.name}", label=station.alt)


def _bars(page: Page, station: figures.Station) -> None:
    if station.drawn:
        bars(station.drawn, key=f"home-bars-{station.name}", label=station.alt)


def _heads(page: Page, station: figures.Station) -> None:
    heads_grid(
        station.drawn,
        page.trace.tokens,
        key="home-heads",
        label=station.alt,
        chosen=(page.layer, page.head),
        off=page.query.heads_off,
        on_pick=lambda layer, head: state.put(layer=layer + 1, head=head + 1),
    )


def _matrix(page: Page, station: figures.Station) -> None:
    places, best = figures.shown(page.trace, page.position), stations.nearest(page.trace, page.position)
    tokens = [page.trace.tokens[i] for i in places]
    chosen = None if best is None else (places.index(page.position), places.index(best))
    matrix(
        station.drawn,
        tokens,
        tokens,
        key="home-cosines",
        label=station.alt,
        scale="signed",
        sentence="The vectors of {row} and {column} have a cosine of {value}",
        chosen=chosen,
    )


_DRAW: dict[str, Callable[[Page, figures.Station], None]] = {
    "tokens": _tokens,
    "bands": _bands,
    "bars": _bars,
    "heads": _heads,
    "matrix": _matrix,
}
