"""The ELMo page's parts on its layers: the mix, one word in two sentences, a word that does not exist."""

from __future__ import annotations

import streamlit as st

from bert_explain.chapters.elmo import analysis as an
from bert_explain.chapters.elmo import figures as figures
from bert_explain.chapters.elmo import layers as el
from bert_explain.chapters.elmo.draw import Reading, model, reading, spelled, texts
from bert_explain.content import words
from bert_explain.figures.chart import CHART
from bert_explain.trace_elmo import ElmoTrace
from bert_explain.ui import cache, state
from bert_explain.ui.components import bands, token_row
from bert_explain.ui.frame import Page
from bert_explain.ui.notice import tell
from bert_explain.ui.picture import picture

ZERO = 30


class Weight(state.Number):
    """A number from -3 to 3, kept in the address as tenths from 0 to 60."""

    def to_widget(self, value: int) -> float:
        return (value - ZERO) / 10

    def from_widget(self, value: float) -> int:
        return round(10 * value) + ZERO


class Tenths(state.Number):
    """A number kept in the address in tenths."""

    def to_widget(self, value: int) -> float:
        return value / 10

    def from_widget(self, value: float) -> int:
        return round(10 * value)


GAMMA = Tenths("gamma", 0, 30, 10)
OTHER = state.Text("other", "", limit=400)
MEET = state.Number("meet", 1, 400, 1)
MADE = state.Text("made", "unbankingly", limit=60)


def _weight(layer: int) -> Weight:
    return Weight(f"w{layer}", 0, 2 * ZERO, ZERO)


MIX = (*(_weight(layer) for layer in range(3)), GAMMA)


# the mix
def mix(page: Page) -> None:
    """The layers of the chosen word, and their mix under the reader's numbers."""
    read = reading(page)
    if read is None:
        return
    count = len(read.trace.layers)
    with st.container(horizontal=True, gap="small", key="mix-sliders"):
        for n in range(count):
            st.slider(f"w{n} (layer {n})", -3.0, 3.0, step=0.1, format="%.1f", width=190, **state.bind(_weight(n)))
        st.slider("gamma", 0.0, 3.0, step=0.1, format="%.1f", width=190, **state.bind(GAMMA))
    raw = [(state.get(_weight(n)) - ZERO) / 10 for n in range(count)]
    gamma = state.get(GAMMA) / 10
    table = el.mix_table(read.trace, read.at, raw, gamma)
    with picture(
        "mix",
        "One embedding out of all layers",
        look=el.look_mix(table, read.word, gamma),
        table=lambda: table,
        code=(el.weights, ElmoTrace.mix),
        note=words.notes("elmo").mix,
    ):
        shares = el.weights(raw)
        mixed = read.trace.mix(shares, gamma)[read.at]
        bands(
            figures.layer_bands(read.trace.layers[:, read.at], mixed, shares),
            key="elmo-bands",
            label="All numbers of the word's vector in each layer, and their mix",
        )


# one word in two sentences
def drift(page: Page) -> None:
    """The chosen word here and in other company: the cosine between the two, layer by layer."""
    read = reading(page)
    if read is None:
        return
    text, own = _other(page, read)
    other = cache.elmo_trace(model().name, text)
    places = el.meetings(read.trace.words, read.at, other.words, own)
    found = places[min(state.get(MEET), len(places)) - 1] if places else None
    table = None if found is None else el.drift(read.trace, read.at, other, found)
    with picture(
        "drift",
        "The same word in other company",
        look=None if found is None else el.look_drift(table, read.word, other.words[found].text),
        table=None if found is None else lambda: table,
        code=(el.drift, el.meetings),
        note=words.notes("elmo").drift,
    ):
        st.text_input("Another sentence with this word", placeholder=text, max_chars=OTHER.limit, **state.bind(OTHER))
        if found is None:
            tell(f"The other sentence has no “{read.word[:60]}” in it. Write one that has.")
            return
        left, right = st.columns([4, 5], gap="large")
        with left:
            for key, trace, at, label in (("here", read.trace, read.at, "here"), ("there", other, found, "there")):
                first, last = an.window(len(trace.words), at)
                token_row(
                    [w.text for w in trace.words[first:last]], key=f"drift-{key}", label=f"The word {label}", chosen={at - first}
                )
            if len(places) > 1:
                st.slider("Which of its places", 1, len(places), **state.bind(MEET, within=(1, len(places))))
        with right:
            look = el.look_drift(table, read.word, other.words[found].text).plain()
            st.plotly_chart(figures.drift_lines(table, page.palette), key="elmo-drift", alt=look, **CHART)


def _other(page: Page, read: Reading) -> tuple[str, bool]:
    """The text to compare with, and whether it is the same text: the reader's own, sentence A or B, this one, one of ours."""
    if state.get(OTHER).strip():
        return state.get(OTHER), False
    across = texts(page)[1 - read.sentence]
    if el.meetings(read.trace.words, read.at, cache.elmo_trace(model().name, across).words, False):
        return across, False
    if el.meetings(read.trace.words, read.at, read.trace.words, True):
        return read.trace.text, True
    ours = words.table("elmo", "sentences")
    return ours.get(read.word.casefold(), ours["other"]).replace("@W", read.word), False


# a word that does not exist
def made_up(page: Page) -> None:
    """A typed word, in the vocabulary or not, through the same characters."""
    st.text_input("A word that does not exist", max_chars=MADE.limit, width=420, **state.bind(MADE))
    word = "".join(state.get(MADE).split())
    if not word:
        tell("Type any letters: they need not be a word.")
        return
    spelled(model(), word, "made-up", "A word no one has written before")
