"""The page "Same word", its pictures of the list: every model's square, one model closer, the story by layer."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from bert_explain.analysis import occurrences as oc
from bert_explain.analysis import senses
from bert_explain.analysis.occurrences import StaticReader
from bert_explain.analysis.same_word import Found
from bert_explain.chapters.same_word import draw as part
from bert_explain.chapters.same_word import sense_looks as looks
from bert_explain.chapters.same_word.draw import PICK, Read
from bert_explain.content import words
from bert_explain.figures import senses as figures
from bert_explain.figures.chart import CHART
from bert_explain.kernel.text import markdown
from bert_explain.models import batches
from bert_explain.ui import state
from bert_explain.ui.components import bars, matrix
from bert_explain.ui.frame import Page
from bert_explain.ui.notice import tell
from bert_explain.ui.picture import aside, picture

SEEN = state.Choice("seen", tuple(oc.KINDS.values()), oc.KINDS["bert"])
NEAREST = 6  # drawn as bars; the table has them all


def squares(page: Page) -> None:
    """The list, and its square in every model."""
    with aside("Other sentences, another word", "sentences"):
        found = part.sentences(page)
    both = _read(page, found) if found else None
    if both is not None:
        _squares(*both)
        part.depth("vectors")


def closer(page: Page) -> None:
    """One model: its table, its map, and the nearest to the chosen sentence."""
    both = _read(page, part.listed())
    if both is not None:
        _one(page, *both)


def story(page: Page) -> None:
    """How well the meanings separate, layer by layer."""
    both = _read(page, part.listed())
    if both is not None:
        _story(page, *both)
        part.depth("measures")


def _read(page: Page, found: Found | None) -> tuple[Found, Read] | None:
    """What the models make of the list; None, with what stands in its place, where there is nothing to compare (yet)."""
    if found is None:
        return None
    if len(found.occurrences) < 2:
        tell("One sentence has nothing to be compared with. Write another one with the same word.")
        return None
    read = part.read(page, found)
    return None if read is None else (found, read)


def _squares(found: Found, read: Read) -> None:
    at = part.layer(read)
    vectors, labels = read.at(at), [o.label for o in found.occurrences]
    parted = senses.silhouettes(read.stacks, read.titles, labels)
    word = found.occurrences[0].form.lower()
    with picture(
        "squares",
        "The same sentences, in every model",
        look=looks.squares(vectors, read.titles, labels, word, parted, _forms(found)),
        table=lambda: _pairs(found, read, at),
        code=(senses.cosines, looks.within, batches.word_vectors, StaticReader.vectors),
        note=words.notes("senses").tiles,
    ):
        with aside("Another layer", "squares"):
            part.layer_slider(read, "squares")
        tables = [(read.titles[key], _name(key, read, at), senses.cosines(v)) for key, v in vectors.items()]
        st.html(figures.squares(tables, labels))
        tell(read.failures)


def _forms(found: Found) -> int:
    """How many different forms of the word stand in the list, capitals aside."""
    return len({o.form.lower() for o in found.occurrences})


def _name(key: str, read: Read, at: int) -> str:
    last = len(read.stacks[key]) - 1
    if key in oc.STATIC:
        return "one vector a word"
    return f"layer {min(at, last)}" if min(at, last) else "input"


def _pairs(found: Found, read: Read, at: int) -> pd.DataFrame:
    """Every two sentences, a column of cosines for each model."""
    names = figures.names(found.occurrences)
    pairs = [(i, j) for i in range(len(names)) for j in range(i)]
    tables = {f"{read.titles[k]}, {_name(k, read, at)}": senses.cosines(v) for k, v in read.at(at).items()}
    cells = {name: [table[i, j] for i, j in pairs] for name, table in tables.items()}
    return pd.DataFrame({"one": [names[j] for _, j in pairs], "other": [names[i] for i, _ in pairs], **cells})


def _one(page: Page, found: Found, read: Read) -> None:
    """One model closer: its table, its map, and the nearest to the chosen sentence."""
    with st.container(key="same-one"):
        options = tuple(read.titles.values())
        key = next((k for k, title in read.titles.items() if title == state.get(SEEN)), list(read.titles)[-1])
        at, chosen, there = part.layer(read), part.picked(found), found.occurrences
        stack = read.stacks[key]
        at = min(at, len(stack) - 1)
        vectors = stack[at]
        near, table = senses.nearest(there, vectors, chosen), senses.cosines(vectors)
        least = figures.lowest(table)
        with picture(
            "one",
            f"Closer: {read.titles[key]}, {_name(key, read, at)}",
            look=looks.table(there, vectors, near, chosen),
            table=lambda: near,
            code=(senses.nearest, senses.plane, figures.sense_map),
            note=words.notes("senses").map,
        ):
            with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
                st.segmented_control("The model to look at", options, **state.bind(SEEN))
                part.layer_slider(read, "one")
            left, right = st.columns([6, 5], gap="medium")
            with left:
                names = figures.names(there)
                matrix(
                    figures.without_diagonal(table),
                    names,
                    names,
                    key="same-matrix",
                    limit=1.0,
                    floor=least,
                    label=f"Cosines between the sentences, {read.titles[key]}",
                    chosen=(chosen, None),
                    sentence="{row} and {column} have a cosine of {value}",
                    on_pick=lambda i, j: state.put(PICK, i + 1),
                )
            with right:
                plane = senses.plane(stack)
                said = looks.sense_map(float(plane.shares[at]), len(there))
                chart = figures.sense_map(plane.points[at], plane.points, there, chosen, page.palette)
                st.plotly_chart(chart, key="same-map", alt=said.plain(), **CHART)
                st.caption(markdown(said.plain()))
            if not near.empty:
                st.text(f"Nearest to sentence {chosen + 1}:  {figures.short(there[chosen])}")
                items = figures.nearest_bars(near[:NEAREST], there, least)
                bars(
                    items,
                    key="same-nearest",
                    label=f"The nearest to sentence {chosen + 1}, by cosine",
                    on_pick=lambda i: state.put(PICK, int(near["number"].iloc[i])),
                )


def _story(page: Page, found: Found, read: Read) -> None:
    table = senses.silhouettes(read.stacks, read.titles, [o.label for o in found.occurrences])
    look = looks.story(table, sum(bool(o.label) for o in found.occurrences), _forms(found))
    with picture(
        "story",
        "How well the meanings separate, layer by layer",
        look=look,
        table=lambda: table.drop(columns="key"),
        code=(senses.silhouette, senses.silhouettes),
        note=words.notes("senses").story,
    ):
        if table["value"].notna().any():
            shown = table.dropna(subset=["value"])
            figure = figures.by_layer(shown, page.palette, what="silhouette", layer=part.layer(read))
            st.plotly_chart(figure, key="same-story", alt=look.plain(), **CHART)
