"""The page "Same word", WordNet's part: the score of every model, and a search for a word in the sense it has here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from bert_explain.analysis import occurrences as oc
from bert_explain.analysis import sense_index, senses
from bert_explain.analysis import sense_search as search_
from bert_explain.analysis.occurrences import Occurrence
from bert_explain.chapters.same_word import sense_looks as looks
from bert_explain.chapters.same_word.draw import depth
from bert_explain.content import trained, unread, wordnet, words
from bert_explain.core.tokens import Token, touching
from bert_explain.engines.jobs import Progress
from bert_explain.errors import ExplainError
from bert_explain.figures import senses as figures
from bert_explain.figures.chart import CHART
from bert_explain.ui import cache, sense_cache, state
from bert_explain.ui.components import token_row
from bert_explain.ui.frame import Page
from bert_explain.ui.notice import tell
from bert_explain.ui.picture import explained, picture
from bert_explain.ui.working import asked, awaited, wanted, working

BY = state.Choice("by", ("the word", "the word and its part of speech"))
SCOPE = state.Choice("where", ("sentences with this word", "all sentences"))
AGAINST = state.Choice("against", ("GloVe", "Word2Vec"))
AFTER = state.Number("after", 0, 99, None)  # layer of the search; None: the last
ENTRY = state.Text("entry", "", limit=60)  # which of WordNet's words a form is taken for
HITS = state.Number("hits", 3, 30, 6)
INDEXED = asked("indexed")


# how often the nearest has the same sense
def headline(page: Page) -> None:
    """The score that was measured over WordNet's sentences, by model and layer."""
    measured = wordnet.scores()
    if not measured.get("models"):
        tell("The score over WordNet's sentences has not been measured here: python -m bert_explain.training senses.")
        return
    table = _measured_table(False, ("word", "kind")[BY.options.index(state.get(BY))])
    look = looks.headline(table, measured["words"], trained.readers_of("wordnet"))
    with picture(
        "headline",
        "Does the nearest neighbour mean the same?",
        look=look,
        table=lambda: table.drop(columns="key"),
        code=(senses.score, senses.cosines),
        note=words.notes("senses").headline,
    ):
        st.segmented_control("Neighbours must share", BY.options, **state.bind(BY))
        chart = figures.by_layer(table, page.palette, what="same meaning", percent=True, chance=float(table["chance"].iloc[0]))
        st.plotly_chart(chart, key="same-headline", alt=look.plain(), **CHART)
        tell(_other_weights(page, ("bert",)))  # the others are looked at where they are loaded, below
    _unread(page, measured.get("unread"))
    found = words.depth("senses", "read")
    explained(replace(found, text=found.text.replace("@TRAINED", trained.briefly())))
    depth("score")


def _unread(page: Page, measured: dict | None) -> None:
    """The same score on the app's own sentences, which none of the models has learned from."""
    if not measured or not measured.get("models"):
        return
    table = _measured_table(True, "word")
    look = looks.headline(table, measured["words"])
    with picture(
        "unread",
        "The same, on sentences that none of them has read",
        look=look,
        table=lambda: table.drop(columns="key"),
        code=(senses.score, unread.sentences),
        note=words.notes("senses").unread,
    ):
        chart = figures.by_layer(table, page.palette, what="same meaning", percent=True, chance=float(table["chance"].iloc[0]))
        st.plotly_chart(chart, key="same-unread", alt=look.plain(), **CHART)
        if measured["table"] != unread.fingerprint():
            tell("These sentences have changed since they were measured.")
        tell(_other_weights(page, ("bert",), measured, "second"))


@lru_cache(maxsize=8)
def _measured_table(unread: bool, by: str) -> pd.DataFrame:
    """What the file holds, of WordNet's sentences or of the app's own. To be read only."""
    measured = wordnet.scores()
    return score_table(measured["unread"] if unread else measured, by)


def score_table(measured: dict, by: str) -> pd.DataFrame:
    """What was measured, as `senses.scores` would give it."""
    rows = [
        (key, model["title"], layer, value, measured[by]["chance"], measured[by]["queries"])
        for key, model in measured["models"].items()
        for layer, value in enumerate(model[by])
    ]
    return pd.DataFrame(rows, columns=["key", "model", "layer", "value", "chance", "queries"])


def _other_weights(page: Page, keys: Iterable[str], of: dict | None = None, where: str = "first") -> list[str]:
    """A sentence for each model whose measured numbers are not those of the weights that are loaded now."""
    measured = (wordnet.scores() if of is None else of).get("models", {})
    wrong = [
        oc.KINDS[key]
        for key in keys
        if key in measured and sense_cache.reader(key, page.model.name).fingerprint != measured[key]["fingerprint"]
    ]
    return [f"The line of {name} in the {where} picture was measured with other weights than are loaded now." for name in wrong]


# search
def search(page: Page) -> None:
    """The chosen word of Sentence A: WordNet's sentences nearest to it, by BERT and by a static table."""
    try:
        net = wordnet.load()
    except ExplainError as error:
        tell(str(error), "warning")
        return
    here = _occurrence(page)
    with picture(
        "search",
        "Choose a word of Sentence A",
        look=None if here else "There is no word in Sentence A. Type one at the top of the page.",
        note=f"{len(net.sentences):,} of WordNet's examples are there to be searched. Sentence A is read alone here, "
        "without sentence B and without changes.",
    ):
        own = [t for t in page.trace.tokens if t.sentence == 0]
        if here is None or not own:
            return
        token_row(
            own,
            key="search-token",
            label="The word to search for",
            chosen={at - own[0].position for at in touching(page.trace.tokens, (here.start, here.end))},
            on_pick=lambda i: state.put(token=own[i].position),
        )
        known = search_.entries(net, here.form)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.segmented_control("Search in", SCOPE.options, **state.bind(SCOPE))
            st.segmented_control("Beside BERT", AGAINST.options, **state.bind(AGAINST))
            if len(known) > 1:
                _entry(known)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            _layer(page)
            st.slider("Sentences to show", HITS.low, HITS.high, width=220, **state.bind(HITS))
    entry = state.get(ENTRY) if state.get(ENTRY) in known else (known[0] if known else "")
    everywhere = state.get(SCOPE) == SCOPE.options[1]
    if not entry and not everywhere:
        tell(f"WordNet has no example sentence with “{here.form[:60]}”. Search in all sentences, or choose another word.")
        return
    _results(page, net, here, entry, everywhere)
    if entry:
        _measured(page, net, entry)


def _occurrence(page: Page) -> Occurrence | None:
    """The chosen word of Sentence A, all its pieces together."""
    tokens, text = page.trace.tokens, page.query.text_a
    one: Token | None = tokens[page.position]
    if one is None or one.sentence != 0 or one.span is None:
        one = next((t for t in tokens if t.sentence == 0 and t.span and text[slice(*t.span)].isalnum()), None)
    if one is None:
        return None
    spans = [t.span for t in tokens if t.sentence == 0 and t.word == one.word and t.span]
    return Occurrence(text, min(a for a, _ in spans), max(b for _, b in spans))


def _entry(known: tuple[str, ...]) -> None:
    key = "search-entry"
    st.selectbox(
        "As a form of",
        known,
        **state.seeded(key, state.get(ENTRY) if state.get(ENTRY) in known else known[0], options=known),
        width=180,
        on_change=lambda: state.put(ENTRY, st.session_state[key]),
    )


def _layer(page: Page) -> None:
    key = "search-layer"
    st.slider(
        "BERT after layer",
        0,
        page.model.n_layers,
        **state.seeded(key, after(page)),
        width=280,
        on_change=lambda: state.put(AFTER, st.session_state[key]),
    )


def after(page: Page) -> int:
    """The layer whose vectors are searched."""
    chosen = state.get(AFTER)
    return page.model.n_layers if chosen is None else min(chosen, page.model.n_layers)


def _results(page: Page, net: wordnet.WordNet, here: Occurrence, entry: str, everywhere: bool) -> None:
    static = next(key for key, title in oc.KINDS.items() if title == state.get(AGAINST))
    letters = search_.letters(net, entry)
    contextual = _by_bert(page, net, here, entry, everywhere)
    if contextual is None:
        return
    beside, failure = _by_form(net, here, entry, everywhere, static)
    found = [search_.hits(net, hits, letters) for hits in (contextual, beside)]
    titles = (f"BERT after layer {after(page)}", oc.KINDS[static])
    with picture(
        "hits",
        "The same word elsewhere" if not everywhere else "The nearest of all sentences",
        look=search_.look(found[0], found[1], titles, here.form) if len(found[0]) else None,
        table=lambda: pd.concat([hits.assign(by=title) for hits, title in zip(found, titles, strict=True)]),
        code=(search_.rank, senses.between, sense_index.search),
        note=words.notes("senses").search if entry else None,
    ):
        for column, hits, title in zip(st.columns(2, gap="medium"), found, titles, strict=True):
            with column:
                st.text(title)
                if len(hits):
                    st.html(figures.found_list(hits[: state.get(HITS)]))
                tied = search_.equally_near(hits) if len(hits) else 0
                if tied > state.get(HITS):
                    st.caption(f"{tied} sentences are equally near; these are the first of them in WordNet's order.")
        if failure or not len(found[1]):
            tell(failure or f"{oc.KINDS[static]} has no vector for “{here.form[:60]}”.")


def _by_bert(page: Page, net: wordnet.WordNet, here: Occurrence, entry: str, everywhere: bool) -> pd.DataFrame | None:
    """Rows and cosines of the nearest; None while what is searched is not there."""
    name, title, layer = page.model.name, page.model.title, after(page)
    query = sense_cache.vectors("bert", name, (here,))[layer][0]
    if np.isnan(query).any():
        tell("BERT has no vector for this word: it lies beyond its last position.")
        return None
    if everywhere:
        index = _index(page, net, layer)
        return None if index is None else search_.ranked(*sense_index.search(index, query, HITS.high))
    count = len(net.rows[entry])

    def work(progress: Progress) -> np.ndarray:
        def told(done: int, of: int) -> None:
            progress(done / max(of, 1), f"{title} has read {done:,} of {of:,} sentences with this word")

        return sense_cache.word_vectors("bert", name, entry, told)

    stack = awaited("entry", ("entry", name, entry), work, cost=count, what=f"{count:,} sentences with one word")
    return None if stack is None else search_.rank(query, stack[layer], net.rows[entry], count)


def _index(page: Page, net: wordnet.WordNet, layer: int) -> Any | None:
    """The index of all sentences, once it is built. Until it is asked for: what it takes, and a button."""
    name, title, count = page.model.name, page.model.title, len(net.sentences)
    key = ("senses", name, layer, net.fingerprint)
    if not wanted(INDEXED, key):
        tell(
            f"To search them all, {title} has to have read all {count:,} sentences once, for layer {layer}. On a server where "
            "it has not, that takes some minutes; what it finds is kept on the server's disk, and a search takes a moment then. "
            "The rest of the page can be used meanwhile."
        )

    def work(progress: Progress) -> Any:
        def told(done: int, of: int) -> None:
            progress(done / max(of, 1), f"{title} has read {done:,} of {of:,} sentences")

        return sense_cache.index("bert", name, layer, told)

    return working(
        INDEXED,
        key,
        "Search all sentences",
        work,
        cost=count,
        what=f"{count:,} sentences, read for a search",
        primary=True,
        button="search-build",
    )


def _by_form(net: wordnet.WordNet, here: Occurrence, entry: str, everywhere: bool, key: str) -> tuple[pd.DataFrame, str]:
    """The same by a static table, and why there is none. All ties are kept: they are the point."""
    try:
        cache.vectors(key)
        query = sense_cache.vectors(key, "", (here,))[0][0]
        if not everywhere:
            vectors, rows = sense_cache.word_vectors(key, "", entry)[0], net.rows[entry]
        else:
            vectors, rows = sense_cache.all_forms(key), range(len(net.sentences))
    except ExplainError as error:
        return search_.ranked(np.array([]), np.array([])), f"{oc.KINDS[key]} is left out. {error}"
    if np.isnan(query).any():
        return search_.ranked(np.array([]), np.array([])), ""
    return search_.rank(query, vectors, rows, max(len(vectors) if not everywhere else 100, HITS.high)), ""


# measured now
def _measured(page: Page, net: wordnet.WordNet, entry: str) -> None:
    """The headline's score for one word, by every model that can be loaded, computed here and now, beside the page."""
    name, part = page.model.name, net.sentences.iloc[list(net.rows[entry])]
    there = sense_cache.with_word(entry)

    def work(progress: Progress) -> tuple[tuple[str, ...], pd.DataFrame]:
        stacks, _ = sense_cache.every_reader(name, there, progress)  # what is left out is said beside the squares
        texts, meanings = part["text"].tolist(), part["sense"].tolist()
        titles = {key: oc.KINDS[key] for key in stacks}
        return tuple(stacks), senses.scores(stacks, titles, part["word"].tolist(), meanings, texts)

    what = f"{len(part):,} sentences with one word, read by every model"
    found = awaited("measured", ("measured", name, entry), work, cost=len(oc.KINDS) * len(part), what=what)
    if found is None:
        return
    read, table = found
    look = looks.measured(table, entry, len(part))
    with picture(
        "measured",
        "The score, measured now for this word",
        look=look,
        table=lambda: table.drop(columns="key"),
        code=(senses.scores, senses.score),
        note=words.notes("senses").own,
    ):
        if table["value"].notna().any():
            chance = float(table["chance"].iloc[0])
            chart = figures.by_layer(table, page.palette, what="same meaning", percent=True, chance=chance, layer=after(page))
            st.plotly_chart(chart, key="same-measured", alt=look.plain(), **CHART)
        tell(_other_weights(page, (key for key in read if key != "bert")))
