"""The ELMo page's parts on reading: which word, its characters, the two directions, their guesses."""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st

from bert_explain.chapters.elmo import analysis as an
from bert_explain.chapters.elmo import figures as figures
from bert_explain.content import words
from bert_explain.core.tokens import touching
from bert_explain.errors import BadModel
from bert_explain.figures.chart import CHART
from bert_explain.models.elmo import Elmo
from bert_explain.trace_elmo import ElmoTrace, Word, read_word, split
from bert_explain.ui import cache, state
from bert_explain.ui.components import bars, matrix, token_row
from bert_explain.ui.frame import Page
from bert_explain.ui.notice import tell
from bert_explain.ui.picture import aside, beside, explained, picture, said

K = state.Number("k", 1, 10, 6)
NEAR = 4  # nearest words beside the letters: two screens of a phone hold no more


@dataclass(frozen=True)
class Reading:
    """The sentence with the chosen word, as ELMo reads it."""

    trace: ElmoTrace
    sentence: int  # 0 = A, 1 = B
    at: int  # the chosen word

    @property
    def word(self) -> str:
        return self.trace.words[self.at].text


def ready() -> bool:
    """True when there is an ELMo model; says what is wrong when there is none."""
    try:
        cache.elmo()
    except BadModel as error:
        tell(str(error), "warning")
        return False
    return True


def model() -> Elmo:
    """This server's ELMo."""
    return cache.elmo()


def texts(page: Page) -> tuple[str, str]:
    """Both sentences, as far as BERT reads them too: then every word can be chosen on every page."""
    ends = [0, 0]
    for token in page.trace.tokens:
        if token.span is not None and token.sentence is not None:
            ends[token.sentence] = max(ends[token.sentence], token.span[1])
    return page.query.text_a[: ends[0]], page.query.text_b[: ends[1]]


def reading(page: Page) -> Reading | None:
    """The sentence of the chosen token and the word there; the other sentence where this one has no words. None: no words."""
    both, token = texts(page), page.trace.tokens[page.position]
    first = token.sentence or 0
    for sentence in (first, 1 - first):
        trace = cache.elmo_trace(model().name, both[sentence])
        if trace.words:
            span = token.span if sentence == token.sentence else None
            return Reading(trace, sentence, an.place_of(trace.words, span))
    return None


def choose(page: Page, sentence: int, word: Word) -> None:
    """Make the first token of this word the chosen one, on every page."""
    there = touching(page.trace.tokens, (word.start, word.end), sentence)
    if there:
        state.put(token=there[0])
        state.redraw()  # every part of this page is about the chosen word


# which word
def which(page: Page) -> None:
    """Both sentences as words; a click chooses one."""
    read = reading(page)
    if read is None:
        tell("There is no word to read yet. Type a sentence above.")
        return
    found = [(s, word) for s, text in enumerate(texts(page)) for word in split(text)]
    first = 0 if read.sentence == 0 else len(split(texts(page)[0]))
    known = model().index if model().has_words else None
    with aside("Another word", "elmo-words"):
        token_row(
            [word.text for _, word in found],
            key=state.own_key("elmo-words"),
            label="The words of your text: choose one",
            chosen={first + read.at},
            notes=["" if known is None or w.text in known else "not in vocabulary" for _, w in found],
            on_pick=lambda i: choose(page, *found[i]),
        )
        st.caption(words.notes("elmo").reads)


# characters
def characters(page: Page, word: str = "") -> None:
    """The chosen word in the character CNN, and the words whose encodings are nearest to its own. `word`: another one."""
    read = reading(page)
    if read is not None:
        spelled(model(), word or read.word, "characters", "The characters of one word")


def spelled(elmo: Elmo, word: str, key: str, title: str) -> None:
    """A card on one word's characters: the filters in which it stands out, and its nearest words."""
    seen = read_word(elmo, word)
    table, near = an.filters(elmo, seen), an.nearest(elmo, seen.encoding, NEAR, (word,))
    with picture(
        key,
        title,
        look=an.look_filters(table, seen),
        table=lambda: table,
        code=(read_word, an.filters, an.nearest),
        note=words.notes("elmo").filters,
    ):
        said(an.look_nearest(elmo, word, near))
        left, right = st.columns([5, 3], gap="large")
        with left:
            matrix(
                an.filter_map(table, seen),
                figures.filter_names(table),
                list(seen.characters[: an.letters(seen)]),
                key=f"{key}-map",
                label="The filters in which this word stands out, and where in it",
                role="token",
                sentence="filter {row} answers {value} here, at {column}",
                empty="filter {row} answered most elsewhere",
            ) if len(table) else st.text("No filter answers with more than 0.")
        with right:
            st.text("Nearest words, by characters alone")
            bars(figures.neighbour_bars(near), key=f"{key}-near", label="Words with the nearest token encodings, by cosine")


# the two directions
def directions(page: Page) -> None:
    """Which words each state has read, and how much each of them moves it."""
    read = reading(page)
    if read is None:
        return
    trace, (first, last) = read.trace, an.window(len(read.trace.words), read.at)
    moved = an.staircases(trace, first, last)
    names, at = [word.text for word in trace.words[first:last]], read.at - first
    cut = f" {last - first} of {len(trace.words)} words are drawn, around the chosen one."
    cut = cut if last - first < len(trace.words) else ""
    with picture(
        "directions",
        "What each direction has read",
        look=an.look_directions(trace, moved, first, read.at),
        table=lambda: an.staircase_table(trace, first, last),
        code=(ElmoTrace.influence, an.staircases),
        note=words.notes("elmo").directions + cut,
    ):
        for side, column in enumerate(beside("directions")):
            with column:
                name = an.DIRECTIONS[side]
                st.text("Forward: the word and those before it" if side == 0 else "Backward: the word and those after it")
                matrix(
                    moved[side],
                    names,
                    names,
                    key=f"staircase-{name}",
                    role="query" if side == 0 else "key",
                    label=f"The {name} model's states: choose a row",
                    chosen=(at, None),
                    sentence="the state at {row} moves by {value} without {column}",
                    empty="the state at {row} has not read {column}",
                    on_pick=lambda i, j: choose(page, read.sentence, trace.words[first + i]),
                )


# guesses
def guesses(page: Page) -> None:
    """The true word's rank at every place, and both directions' guesses at the chosen one. Raises Missing."""
    read = reading(page)
    if read is None:
        return
    table = an.guess_table(read.trace)
    look = an.look_guesses(table, read.at)
    with picture(
        "guesses",
        "Guessing each word from the left, and from the right",
        look=look,
        table=lambda: table,
        code=(an.guess_table, an.guesses_at, figures.ranks),
        note=words.notes("elmo").guesses,
    ):
        chart = figures.ranks(table, read.at, len(model().words), page.palette)
        st.plotly_chart(chart, key="elmo-ranks", alt=look.plain(), **CHART)
        with aside("The guesses, from the left and from the right", "elmo-guesses"):
            st.slider("How many guesses to show", 1, K.high, width=300, **state.bind(K))
            for side, column in enumerate(beside("guesses", gap="large")):
                with column:
                    st.text("From the words before it" if side == 0 else "From the words after it")
                    items = figures.guess_bars(an.guesses_at(read.trace, read.at, side, state.get(K)))
                    bars(items, key=f"guesses-{side}", label=f"The {an.DIRECTIONS[side]} model's guesses for the chosen word")


def head(name: str) -> None:
    """The heading of a section and its first words."""
    intro = words.table("elmo", "intros")[name]
    st.header(intro["title"], anchor=name)
    st.markdown(intro["text"])


def depth(name: str) -> None:
    """More on demand: text and formulas, with this model's sizes filled in."""
    found, options = words.depth("elmo", name), model().module.options
    sizes = {
        "@D": options.character_dim,
        "@F": options.n_filters,
        "@P": options.projection,
        "@C": options.cell,
        "@R": f"{min(w for w, _ in options.filters)} to {options.widest}",
    }
    text = found.text
    for mark, size in sizes.items():
        text = text.replace(mark, str(size))
    explained(replace(found, text=text))
