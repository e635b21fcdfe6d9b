"""Input embeddings, composed: one token's sum and LayerNorm, the parts over the text, the tables, what a removal does.

Everything follows the chosen token; numbers come from `analysis`, pictures from `figures.embeddings`.
"""

from __future__ import annotations

from functools import lru_cache, partial

import plotly.graph_objects as go
import streamlit as st

from bert_explain.analysis.masking import word_of
from bert_explain.chapters.embeddings import analysis as embeddings
from bert_explain.chapters.embeddings import figures as figures
from bert_explain.chapters.embeddings import removal as removal
from bert_explain.chapters.embeddings import tables as tables
from bert_explain.content import embeddings as words
from bert_explain.core.spec import ModelSpec
from bert_explain.errors import Missing
from bert_explain.figures.chart import CHART
from bert_explain.figures.theme import Palette
from bert_explain.trace import Trace
from bert_explain.ui import asking, cache, own, state
from bert_explain.ui.components import bands, bars, matrix, token_row
from bert_explain.ui.frame import Page
from bert_explain.ui.notice import tell
from bert_explain.ui.picture import beside, picture, places

DIMENSION = state.Number("dim", 0, 999_999_999, None)  # None: the one in which the sum is furthest from 0
MEASURE = state.Choice("parts", ("share of the sum", "length", "cosine"))
ALL = "each in turn"
WITHOUT = state.Choice("without", (*list(removal.REMOVALS)[1:], ALL), "no position")
TABLE = state.Choice("table", ("cosine", "every number"))
FIRST = 128  # rows of the position table shown at first
ROWS = state.Choice("rows", ("first", "all"))

SHOWN = 96  # tokens drawn one by one; of longer texts the neighbours of the chosen one
CELLS = 40  # tokens in the table of all removals: more would be too narrow to name


def choose(page: Page) -> None:
    """The token that everything below follows."""
    tokens, first = _window(page)
    token_row(
        tokens,
        key="embeddings-tokens",
        label="The token to follow",
        chosen={page.position - first},
        on_pick=lambda i: state.put(token=first + i),
    )
    if len(page.trace.tokens) > len(tokens):
        last = len(page.trace.tokens) - 1
        st.number_input(f"Token, 0 to {last}", 0, last, **state.bind("token"))
        st.caption(_part_of(page, tokens) + "Any other can be chosen by its number.")


def _window(page: Page, most: int = SHOWN) -> tuple[tuple, int]:
    """At most that many tokens around the chosen one, and the position of the first of them."""
    tokens = page.trace.tokens
    first = min(max(page.position - most // 2, 0), max(len(tokens) - most, 0))
    return tokens[first : first + most], first


def _part_of(page: Page, tokens: tuple) -> str:
    """What a picture says when it draws some tokens only; nothing when it draws all."""
    whole = len(page.trace.tokens)
    return f"Drawn: {len(tokens)} of {whole} tokens, around the chosen one. " if len(tokens) < whole else ""


def _has_segments(trace: Trace) -> bool:
    """Whether a segment row is part of the sums: of a model that has none, two rows make a sum."""
    return trace.spec.has_segments or bool(trace.embeddings.segment.any())


def _widened(trace: Trace) -> str | None:
    """What comes between this sum and layer 1 in a model whose tables are narrower than its layers."""
    rows, h = trace.spec.row_size, trace.spec.hidden_size
    return None if rows == h else f"One matrix then makes {h} numbers of these {rows}: those are what layer 1 reads."


# one token ------------------------------------------------------------------------------------------------------------
def one_token(page: Page) -> None:
    """token + segment + position = sum, then LayerNorm, dimension by dimension."""
    trace, at = page.trace, page.position
    table, pick = embeddings.dimensions(trace, at), partial(state.put, DIMENSION)
    dimension = _dimension(trace, embeddings.largest(trace, at))
    segments = _has_segments(trace)
    with picture(
        "sum",
        "Three rows, added" if segments else "Two rows, added",
        look=embeddings.look_sum(trace, at),
        table=table.reset_index,
        code=(embeddings.dimensions, embeddings.lengths, figures.sum_bands),
    ):
        label = "Token, segment and position row, and their sum" if segments else "Token and position row, and their sum"
        rows = figures.sum_bands(table, trace.tokens[at], segments)
        bands(rows, key="sum-bands", label=label, chosen=dimension, on_pick=pick)
        _formula("sum")
    with picture(
        "norm",
        "LayerNorm: to a common scale",
        look=embeddings.look_norm(trace, at),
        table=table.reset_index,
        code=(embeddings.spread, embeddings.dimensions, figures.norm_bands),
        note=_widened(trace),
    ):
        label = "The standardised sum, times scale, plus shift, is what layer 1 reads"
        bands(figures.norm_bands(table), key="norm-bands", label=label, chosen=dimension, on_pick=pick)
        st.text(f"Dimension {dimension} of the first strip: the sum minus the mean, divided by the standard deviation.")
        st.latex(figures.standardised_equation(table, dimension, *embeddings.spread(trace, at)))
        _formula("norm")


def _dimension(trace: Trace, usual: int) -> int:
    chosen, size = state.get(DIMENSION), trace.spec.row_size
    if chosen is not None and chosen >= size:
        state.notice(f"There is no dimension {chosen}: they go from 0 to {size - 1}.")
        state.put(DIMENSION, None)
    return chosen if chosen is not None and chosen < size else usual


def _formula(name: str) -> None:
    with st.expander("The formula", key=f"formula-{name}"):
        st.markdown(own.markdown(words.depth(name)))


# the whole text -------------------------------------------------------------------------------------------------------
def over_text(page: Page) -> None:
    """Which part dominates at each token: shares, lengths, cosines."""
    trace, measure = page.trace, state.get(MEASURE)
    draw, look = {
        "share of the sum": (figures.shares, embeddings.look_shares),
        "length": (figures.sizes, embeddings.look_lengths),
        "cosine": (figures.angles, embeddings.look_cosines),
    }[measure]
    table, (tokens, first) = embeddings.lengths(trace), _window(page)
    segments = _has_segments(trace)
    sentence = look(trace, slice(first, first + len(tokens)))
    with picture(
        "parts",
        "The three rows, token by token" if segments else "The two rows, token by token",
        look=sentence,
        table=table.reset_index,
        code=(embeddings.lengths, draw),
        note=_part_of(page, tokens) or None,
    ):
        st.segmented_control("Compare by", MEASURE.options, **state.bind(MEASURE))
        figure = draw(table, tokens, page.position, page.palette, segments)
        rows = "token, segment and position row" if segments else "token and position row"
        alt = f"{measure} of {rows} at each token. {sentence.plain()}"
        st.plotly_chart(figure, key="parts-chart", alt=alt, **CHART)
        _formula("parts")


# a removal ------------------------------------------------------------------------------------------------------------
def remove(page: Page) -> None:
    """Take a part away and compare the predictions, then the final vectors."""
    at, trace = page.position, page.trace
    target = removal.asked(trace, at)
    later = target is not None and any(asking.asked_there(page, p, *asking.GUESSED) for p in word_of(trace.tokens, target))
    secret = False
    if target is not None and later:  # what is expected there is guessed later on: another word is hidden
        asked = word_of(trace.tokens, target)
        trace = cache.trace(page.model.name, removal.with_word(trace, target))
        at = target = removal.another(trace, target)
        secret = target in asked  # there is no other
    queries = removal.queries(trace, at)
    names = [name for name in queries if name in removal.REMOVALS][1:]
    wanted = state.get(WITHOUT) if state.get(WITHOUT) in (*names, ALL) else "no position"
    chosen = names if wanted == ALL else [wanted]
    runs = {name: cache.trace(page.model.name, queries[name]) for name in (next(iter(queries)), *chosen)}
    p = {} if secret else removal.probabilities(runs, target)
    table = removal.removal(runs, target, p)
    if asking.to_come(page, *asking.JUDGED):
        table = table.drop(columns="p next")
    with picture(
        "removal",
        "Take a part away",
        look=removal.look_removal(table, runs, target),
        table=table.reset_index,
        code=(removal.queries, removal.removal),
        note=words.note("removal"),
    ):
        controls, shown = places()
        with controls:
            st.segmented_control("Compare the whole sum with", (*names, ALL), **state.bind(WITHOUT))
            if secret:
                tell("What the model expects at the only word is guessed later on: until then the final vectors are compared.")
            else:
                _masked(page, trace, target)
        columns = beside("removal", min(3, len(runs)), shown)
        for i, name in enumerate(runs):
            with columns[i % len(columns)]:
                _run(table.loc[name], name, runs[name], target)
        _everywhere(page, wanted)
    away = removal.moved(runs)
    tokens, at = _window(page, SHOWN if len(away) == 1 else CELLS)
    with picture(
        "turn",
        "How far each token's final vector turns",
        look=removal.look_moved(runs, slice(at, at + len(tokens))),
        table=lambda: removal.turns(runs),
        code=(removal.moved,),
        note=_part_of(page, tokens) + words.note("turn"),
    ):
        _turns(away[:, at : at + len(tokens)], list(runs)[1:], tokens)


def _masked(page: Page, trace: Trace, target: int | None) -> None:
    if target is None:
        tell("There is no word in this text to predict: only the final vectors can be compared.")
    elif not page.model.has_mlm:
        tell(f"{page.model.title} has no masked-word head: only the final vectors can be compared.")
    elif not trace.tokens[target].masked:
        word, hidden = trace.tokens[target].text, bool(page.query.masked)
        why = "The word that you hid is guessed later on" if hidden else "No word is masked just now"
        tell(f"{why}, so “{word}”, position {target}, is masked here only.")
    elif trace is not page.trace:
        tell(f"The word that you hid is guessed later on: here position {target} is looked at.")


def _run(row, name: str, run: Trace, target: int | None) -> None:
    st.markdown(f"**{name.capitalize()}**")
    guesses = figures.guess_bars(row, None if target is None else run.tokens[target].original)
    if guesses:
        bars(guesses, key=f"removal-{name}", label=f"Predictions with {name}")
    if facts := figures.facts(row, run.query.follows):
        st.caption(" ".join(facts))


def _everywhere(page: Page, wanted: str) -> None:
    """The removal as an intervention on the whole walk, and back."""
    with st.container(horizontal=True):
        if wanted != ALL:
            change = removal.WHOLE | removal.REMOVALS[wanted]
            st.button(
                "Do this on every page",
                key="removal-everywhere",
                on_click=state.put,
                kwargs=_short(change),
                disabled=all(getattr(page.query, field) == value for field, value in change.items()),
            )
        if wanted in (ALL, "positions shuffled"):
            seed = (page.query.seed + 1) % 2**31
            st.button("Shuffle again", key="removal-shuffle", on_click=state.put, kwargs={"seed": seed})
        if any(getattr(page.query, field) != value for field, value in removal.WHOLE.items()):
            st.button("Put all parts back", key="removal-back", on_click=state.put, kwargs=_short(removal.WHOLE))


def _short(change: dict[str, str]) -> dict[str, str]:
    """A query's fields under the names of the address: seg, pos, tok."""
    return {field[:3]: value for field, value in change.items()}


def _turns(away, names: list[str], tokens: tuple) -> None:
    label = "1 − cosine of each token's final vector, with and without the part"
    if len(away) == 1:
        notes = [f"{x:.2f}" for x in away[0]]
        token_row(tokens, key="turn-tokens", label=label, shade=away[0], notes=notes)
    else:
        sentence = "{column} with {row}: 1 − cosine is {value}"
        matrix(away, names, tokens, key="turn-matrix", label=label, role="attention", limit=1.0, sentence=sentence)


# the tables -----------------------------------------------------------------------------------------------------------
def same_row(page: Page) -> None:
    """The chosen token's row in the token table, and the rows nearest to it."""
    trace, at = page.trace, page.position
    table = tables.nearest(trace, at)
    with picture(
        "nearest",
        "The token table: nearest rows",
        look=tables.look_nearest(trace, at),
        table=table.reset_index,
        code=(tables.nearest_rows, tables.repeats),
        note=words.note("nearest"),
    ):
        bars(figures.nearest_bars(table), key="nearest-bars", label="Rows of the token table nearest to the chosen one")


def two_rows(page: Page) -> None:
    """The segment table, whole."""
    try:
        table, look = tables.segments(page.trace), tables.look_segments(page.trace)
    except Missing as missing:
        tell(str(missing))
        return
    with picture(
        "segments",
        "The segment table: two rows",
        look=look,
        table=table.reset_index,
        code=(tables.segment_rows,),
    ):
        bands(
            figures.segment_bands(table),
            key="segment-bands",
            label="Row A, row B, and their difference",
            chosen=_dimension(page.trace, tables.furthest(page.trace)),
            on_pick=partial(state.put, DIMENSION),
        )


def positions(page: Page) -> None:
    """The learned position table beside the sinusoidal one."""
    most = page.model.max_tokens
    rows = most if most <= FIRST or state.get(ROWS) == "all" else FIRST
    distances = tables.by_distance(page.model.spec, rows)
    table = distances if state.get(TABLE) == "cosine" else tables.numbers(page.model.spec, rows)
    look = tables.look_positions(page.model.spec, rows)
    with picture(
        "positions",
        "The position table: learned, not a formula",
        look=look,
        table=table.reset_index,
        code=(tables.sinusoidal, tables.cosines, tables.by_distance),
    ):
        st.markdown(words.note("positions"))
        with st.container(horizontal=True):
            st.segmented_control("Show", TABLE.options, **state.bind(TABLE))
            if most > FIRST:
                said = {"first": f"the first {FIRST}", "all": f"all {most}"}.__getitem__
                st.segmented_control("Rows", ROWS.options, format_func=said, **state.bind(ROWS))
        for column, kind in zip(st.columns(2, gap="medium"), ("learned", "sinusoidal"), strict=True):
            with column:
                name = f"Learned: {page.model.title}" if kind == "learned" else "Sinusoidal: the formula"
                figure = _heat(page.model.spec, rows, name, state.get(TABLE), page.palette)
                alt = f"{name}, {rows} positions: {state.get(TABLE)}"
                st.plotly_chart(figure, key=f"positions-{kind}", alt=alt, **CHART)
        st.text("How alike are positions that are so far apart?")
        figure = _distances(page.model.spec, rows, page.palette)
        st.plotly_chart(figure, key="positions-distance", alt=look.plain(), **CHART)
        _formula("positions")


@lru_cache(maxsize=16)  # the same for every text: do not change what is returned
def _heat(spec: ModelSpec, rows: int, name: str, what: str, palette: Palette) -> go.Figure:
    table = tables.learned(spec, rows)
    if name.startswith("Sinusoidal"):
        table = tables.sinusoidal(*table.shape)
    if what == "cosine":
        return figures.closeness(tables.cosines(table), name, palette)
    return figures.numbers(table, name, palette)


@lru_cache(maxsize=16)  # as above
def _distances(spec: ModelSpec, rows: int, palette: Palette) -> go.Figure:
    return figures.distances(tables.by_distance(spec, rows), palette)
