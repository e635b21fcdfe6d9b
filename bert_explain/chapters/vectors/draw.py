"""The page "Word vectors", composed: the steps, which table is shown, neighbours, two words, the limit of one vector."""

from __future__ import annotations

import streamlit as st

from bert_explain.analysis import vectors as av
from bert_explain.analysis.vectors import WordRow
from bert_explain.chapters.vectors import figures as figures
from bert_explain.chapters.vectors import one_vector
from bert_explain.chapters.vectors.draw_table import absent, depth, ready, table
from bert_explain.content import words
from bert_explain.models.vectors import Vectors
from bert_explain.query import Query
from bert_explain.trace import Trace
from bert_explain.ui import cache, state
from bert_explain.ui.components import bands, bars, token_row
from bert_explain.ui.frame import Page
from bert_explain.ui.picture import aside, picture, places

WORD = state.Text("word", "", limit=100)  # '' until the reader chooses: the word looked at in the sentences
NEAREST = state.Number("nearest", 3, 30, 10)
ONE = state.Text("one", "king", limit=100)
OTHER = state.Text("other", "queen", limit=100)
SHARED = state.Number("shared", 0, 999, None)  # which of the words that stand in both sentences; None: the first that tells
EXAMPLE = {"a": "She walked to the bank of the river.", "b": "He put the money in the bank."}
LINES = 16  # words whose vectors are shown one under the other
ROW = 60  # words of the sentences that are offered


# neighbours
def _rows(page: Page, vectors: Vectors) -> list[WordRow]:
    return av.word_rows(vectors, page.query.text_a)[:ROW] + av.word_rows(vectors, page.query.text_b)[:ROW]


def _telling(page: Page, rows: list[WordRow]) -> str:
    """The word looked at in the sentences, as everywhere in the app; else the first that has a vector; else "bank"."""
    token = page.trace.tokens[page.position]
    if token.span and token.sentence is not None:
        text = (page.query.text_a, page.query.text_b)[token.sentence]
        at = [r for r in rows if r.index is not None and text[r.start : r.end] == r.word and r.start <= token.span[0] < r.end]
        if at:
            return at[0].key
    return next((row.key for row in rows if row.index is not None), "bank")


def neighbours(page: Page, first: str = "") -> None:
    """The nearest words of a word: `first`, or the telling one, until the reader chooses."""
    with aside("Another table of vectors", "table"):
        vectors = table()
    rows = _rows(page, vectors)
    word = state.get(WORD).strip() or first or _telling(page, rows)
    there = vectors.index(word) is not None
    near = av.neighbours(vectors, word, state.get(NEAREST)) if there else None
    with picture(
        "neighbours",
        "Which words are near?",
        look=av.look_neighbours(vectors, word, near) if there else None,
        table=(lambda: near) if there else None,
        code=(av.neighbours, av.nearest, figures.neighbour_bars),
        note=words.notes("vectors").neighbours if there else None,
    ):
        controls, shown = places()
        with controls:
            if rows:
                token_row(
                    [row.word for row in rows],
                    key="vectors-row",
                    label="The words of your sentences: choose one",
                    chosen={i for i, row in enumerate(rows) if row.key.lower() == word.lower()},
                    notes=["" if row.index is not None else "no vector" for row in rows],
                    on_pick=lambda i: state.put(WORD, rows[i].key),
                )
            key = "vectors-word"
            left, right = st.columns([2, 2])
            left.text_input("Any word", **state.seeded(key, word), max_chars=WORD.limit, on_change=_typed, args=(key,))
            right.slider("How many", NEAREST.low, NEAREST.high, **state.bind(NEAREST))
        with shown:
            if near is None:
                absent(vectors, word, "vectors-instead", WORD)
            else:
                bars(
                    figures.neighbour_bars(near),
                    key="vectors-near",
                    label=f"The nearest words to {word} by cosine",
                    on_pick=lambda i: state.put(WORD, near["word"].iloc[i]),
                )
    depth(vectors, "cosine")


def _typed(key: str) -> None:
    state.put(WORD, st.session_state[key].strip())


def numbers(page: Page) -> None:
    """The vector of the word looked at, and of its three nearest."""
    vectors = table()
    word = state.get(WORD).strip() or _telling(page, _rows(page, vectors))
    if vectors.index(word) is None:
        absent(vectors, word, "numbers-instead", WORD)
        return
    shown = [word, *av.neighbours(vectors, word, 3)["word"]]
    with picture(
        "numbers",
        "The numbers themselves",
        note=words.notes("vectors").numbers,
        table=lambda: av.number_table(vectors, shown),
        code=(type(vectors).vector, av.number_table),
    ):
        bands(figures.number_bands(vectors, shown), key="vectors-numbers", label="The vector of the word, and of its neighbours")


# two words
def two(page: Page) -> None:
    vectors = table()
    one, other = state.get(ONE).strip(), state.get(OTHER).strip()
    lacking = [(w, p) for w, p in ((one, ONE), (other, OTHER)) if vectors.index(w) is None]
    found = None if lacking else av.compare(vectors, one, other)
    with picture(
        "two",
        "Two words, number by number",
        look=None if found is None else av.look_compare(one, other, found),
        table=None if found is None else lambda: found,
        code=(av.compare, av.typical, figures.compare_bands),
        note=words.notes("vectors").compare,
    ):
        left, right = st.columns(2)
        left.text_input("One word", max_chars=ONE.limit, **state.bind(ONE))
        right.text_input("Another word", max_chars=OTHER.limit, **state.bind(OTHER))
        for word, param in lacking:
            if word:
                absent(vectors, word, f"two-{param.name}", param)
        if found is not None:
            top = int(found["product"].abs().argmax())
            bands(figures.compare_bands(one, other, found), key="vectors-two", label="Both words and the products", chosen=top)
            beside = figures.typical_bars(one, other, found, av.typical(vectors))
            bars(beside, key="vectors-typical", label="Their cosine, beside that of other words")
    depth(vectors, "cosine")


# one vector
def one(page: Page, asked: str = "") -> None:
    """The limit of one vector a word. `asked`: the word that was asked about; what its vector is near to stands first then."""
    tables = ready()
    if asked:
        _mixture(tables, asked)
    _looked_up(page, tables[0])
    trace, ours = cache.trace(page.model.name, page.query.plain()), False
    shared = av.shared(tables[0], page.query.text_a, page.query.text_b)
    if shared and state.get(SHARED) is None and av.is_stop_word(shared[0][0].word):
        ours, trace = True, cache.trace(page.model.name, Query(EXAMPLE["a"], EXAMPLE["b"]))
        shared = [pair for pair in av.shared(tables[0], EXAMPLE["a"], EXAMPLE["b"]) if not av.is_stop_word(pair[0].word)]
    first = next((i for i, (row, _) in enumerate(shared) if row.word.lower() == asked), 0)
    chosen = state.get(SHARED)
    at = min(first if chosen is None else chosen, max(len(shared) - 1, 0))
    _pair(page, trace, tables, shared, at, ours)
    if not asked:
        _mixture(tables, _meant(page, tables[0], [row.key for row, _ in shared], at))
    depth(tables[0], "one")


def _meant(page: Page, vectors: Vectors, shared: list[str], at: int) -> str:
    """The word whose neighbours are shown: the one that stands in both sentences where it says anything, else the one
    looked at in the sentences. The neighbours of "the" tell nothing."""
    telling = bool(shared) and (at > 0 or not av.is_stop_word(shared[0]))
    return shared[at] if telling else _telling(page, _rows(page, vectors))


def _pair(page: Page, trace: Trace, tables: list[Vectors], shared: list[tuple[WordRow, WordRow]], at: int, ours: bool) -> None:
    """One word that stands in A and in B: its row in the table, and what each model makes of it.

    trace, shared : of the reader's sentences; where these share only words like "the", of two of `ours`, which is said.
    """
    a, b = page.query.text_a, page.query.text_b
    found = one_vector.table(trace, tables, *shared[at]) if shared else None
    with picture(
        "one",
        "The same word in A and in B",
        look=one_vector.look(shared[at][0].word, found) if shared else "No word of the table stands in both sentences.",
        table=(lambda: found) if shared else None,
        code=(one_vector.table, one_vector.positions),
        note=words.notes("vectors").one if shared else None,
    ):
        if (a, b) != tuple(EXAMPLE.values()):
            st.button(" / ".join(EXAMPLE.values()), key="vectors-example", on_click=_take_example)
        if not shared:
            st.text("Put one word into both sentences, or take these two.")
            return
        if ours:
            both = [pair[0].word for pair in av.shared(tables[0], a, b)[:ROW]]
            st.text("Your sentences share only words like “the”. What is shown is of the two sentences above.")
            token_row(
                both,
                key="vectors-shared-own",
                label="Words that stand in both of your sentences",
                on_pick=lambda i: state.put(SHARED, i),
            )
        if len(shared) > 1:
            names = [pair[0].word for pair in shared[:ROW]]
            token_row(
                names,
                key="vectors-shared",
                label="Words that stand in both sentences",
                chosen={at},
                on_pick=lambda i: state.put(SHARED, i),
            )
        in_a, in_b = shared[at]
        static = tables[0]
        same = figures.same_bands(static, in_a, in_b)
        bands(same, key="vectors-same", label=f"The vector of {in_a.word} in A and in B")
        bars(figures.one_bars(found), key="vectors-one", label="How alike the vectors in A and in B are")


def _looked_up(page: Page, vectors: Vectors) -> None:
    """The words of sentence A, each with the row it has in the table."""
    rows = av.word_rows(vectors, page.query.text_a)
    found = [row for row in rows if row.index is not None]
    with picture(
        "looked-up",
        "Each word of sentence A is looked up, by itself",
        look=av.look_rows(rows, vectors.size),
        table=lambda: av.row_table(rows),
        code=(av.word_rows, figures.row_bands),
        note=f"The first {LINES} of {len(found)} words are drawn." if len(found) > LINES else None,
    ):
        if found:
            label = "The vectors of the words of sentence A"
            bands(figures.row_bands(vectors, found[:LINES]), key="vectors-looked-up", label=label)


def _take_example() -> None:
    state.put(SHARED, 0, **EXAMPLE)


def _mixture(tables: list[Vectors], word: str) -> None:
    having = [vectors for vectors in tables if vectors.index(word) is not None]
    near = {vectors.title: av.neighbours(vectors, word, 12) for vectors in having}
    if not near:
        return
    with picture(
        "mixture",
        "One vector for all its meanings",
        look=av.say_mixture(word),
        table=lambda: av.side_by_side(near),
        code=(av.neighbours,),
    ):
        for column, (title, found) in zip(st.columns(len(near), gap="large"), near.items(), strict=True):
            with column:
                st.text(title)
                bars(figures.neighbour_bars(found), key=f"vectors-mix-{title}", label=f"Nearest to {word} in {title}")
