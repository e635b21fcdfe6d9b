"""All layers, composed: what each layer adds, how the tokens' vectors change, and a map of their paths."""

from __future__ import annotations

import streamlit as st

from bert_explain.analysis import layer as layers
from bert_explain.chapters.layer import journey
from bert_explain.chapters.layer import journey_figures as figures
from bert_explain.content import words
from bert_explain.figures.chart import CHART
from bert_explain.ui import state
from bert_explain.ui.frame import Page
from bert_explain.ui.picture import explained as show_depth
from bert_explain.ui.picture import picture

MEASURE = state.Choice("path", tuple(journey.MEASURES), "like its embedding")


def through_layers(page: Page) -> None:
    """What each layer adds, how each token's vector changes, and a map of all paths."""
    _shares(page)
    _measures(page)
    _map(page)
    explained("paths")


def explained(name: str, here: str = "") -> None:
    """The formula and the tensors, for those who ask."""
    show_depth(words.depth("layer", name), here)


def _shares(page: Page) -> None:
    table = layers.shares(page.trace, page.position)
    with picture(
        "shares",
        "How much each layer adds",
        look=layers.look_shares(table, page.trace.pieces[page.position]),
        note=words.notes("layer").shares,
        table=lambda: table,
        code=(layers.shares, figures.shares),
    ):
        st.plotly_chart(
            figures.shares(table, page.layer, page.palette),
            key="layer-shares",
            alt="For each layer, the length of what attention and the feed-forward network add, as a share",
            **CHART,
        )


def _measures(page: Page) -> None:
    measure = state.get(MEASURE)
    with picture(
        "journey",
        "Where the vectors go",
        look=journey.look_measure(page.trace, measure, page.position),
        table=lambda: journey.table(page.trace),
        code=(journey.measures, figures.journey),
        note=f"{measure.capitalize()}: {journey.MEASURES[measure]}. Layer 0 is the input.",
    ):
        st.segmented_control("What is measured", MEASURE.options, **state.bind(MEASURE))
        st.plotly_chart(
            figures.journey(journey.measures(page.trace)[measure], page.trace.pieces, page.position, page.palette),
            key="layer-journey",
            alt=f"{measure}, for every token and layer",
            **CHART,
        )


def _map(page: Page) -> None:
    found = journey.path_map(page.trace)
    with picture(
        "paths",
        "A map of all paths",
        look=journey.look_map(page.trace, found, page.position),
        note=words.notes("layer").map + (words.notes("layer").map_long if len(page.trace.tokens) > figures.LABELLED else ""),
        table=lambda: journey.map_table(page.trace, found),
        code=(journey.path_map, figures.path_map),
    ):
        st.plotly_chart(
            figures.path_map(found, page.trace.pieces, page.position, page.palette),
            key="layer-map",
            alt="Every token's vector after every layer, on the two directions that differ most",
            **CHART,
        )
