"""The page "Same word", its list: one word, up to twelve sentences, from a set, from a paste or from a file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import streamlit as st

from bert_explain.analysis import occurrences as oc
from bert_explain.analysis import same_word as sw
from bert_explain.analysis.occurrences import Occurrence
from bert_explain.chapters.same_word.sentence_csv import SentenceFile
from bert_explain.chapters.same_word.sentence_csv import read_csv as read_file
from bert_explain.chapters.same_word.shared_words import Shared
from bert_explain.chapters.same_word.shared_words import shared as shared_of
from bert_explain.content import senses as content
from bert_explain.content import words
from bert_explain.core.tokens import touching
from bert_explain.engines.jobs import Progress
from bert_explain.figures import senses as figures
from bert_explain.kernel.text import markdown
from bert_explain.ui import cache, sense_cache, state
from bert_explain.ui.frame import Page
from bert_explain.ui.notice import tell
from bert_explain.ui.packed import PackedText
from bert_explain.ui.picture import explained, picture
from bert_explain.ui.working import awaited


class _Lines(PackedText):
    """A list that was too long stands empty in its link, with what is compared beside it: no fault of the link."""

    def parse(self, text: str) -> str:
        return super().parse(text) if text else ""


OWN = "your own"
SET = state.Choice("set", (*(s.name for s in content.sets()), OWN))
WORD = state.Text("word", "", limit=60)
LINES = _Lines("lines")
FEW = PackedText("few")  # of a list that is too long for a link: what is compared of it
PICK = state.Number("pick", 1, sw.MOST, 1)
LOT = state.Number("lot", 1, sw.LONGEST_LIST, 1)  # which of the lots of twelve, where a word occurs more often
DEEP = state.Number("deep", 0, 99, None)  # None: the last layer
UPLOAD = "same-word-csv"


@dataclass(frozen=True)
class Read:
    """What the models that could be loaded make of the occurrences: key -> (K, N, D); and why others could not."""

    stacks: dict[str, np.ndarray]
    failures: tuple[str, ...]

    @property
    def titles(self) -> dict[str, str]:
        """Their names."""
        return {key: oc.KINDS[key] for key in self.stacks}

    @property
    def deepest(self) -> int:
        """The last layer of the model that has the most."""
        return max(len(stack) for stack in self.stacks.values()) - 1

    def at(self, layer: int) -> dict[str, np.ndarray]:
        """The vectors (N, D) after a layer; of a model with fewer layers, after its last."""
        return {key: stack[min(layer, len(stack) - 1)] for key, stack in self.stacks.items()}


def sentences(page: Page) -> sw.Found | None:
    """The card with the list. None, after a sentence that says why, where there is nothing to compare."""
    word, lines = chosen_list()
    found = None
    problems: list[str] = []
    try:
        found = found_in(word, lines, state.get(LOT) - 1)
        problems += found.problems
    except sw.BadList as error:
        problems.append(str(error))
    with picture("sentences", "One word, many sentences"):
        st.pills("Sets of sentences", SET.options, **state.bind(SET))
        shown, edit = st.columns([5, 4], gap="large")
        with edit:
            _edit(word, lines)
        with shown:
            if found:
                st.html(figures.listed(found.occurrences, picked(found)))
            tell(problems, "warning")
            if found:
                _other_lot(word, lines, found)
                _to_sentence_a(page, found.occurrences[picked(found)])
    return found


def _other_lot(word: str, lines: str, found: sw.Found) -> None:
    """Where a word occurs more often than can be compared: the next ones."""
    if found.turns > 1:
        at = (state.get(LOT) - 1) % found.turns
        st.button(
            "Compare other sentences",
            key="same-lot",
            type="tertiary",
            icon=":material/autorenew:",
            on_click=_turned,
            args=(word, lines, (at + 1) % found.turns),
            help=f"Now: lot {at + 1:,} of {found.turns:,}.",
        )


def _turned(word: str, lines: str, lot: int) -> None:
    state.put(LOT, lot + 1)
    state.put(PICK, 1)
    if state.get(SET) == OWN and not LINES.show(lines):
        state.put(FEW, _compared(word, lines, lot))


def listed() -> sw.Found | None:
    """The occurrences of the chosen list, without its card; None, after a sentence that says why, where there are none."""
    try:
        return found_in(*chosen_list(), state.get(LOT) - 1)
    except sw.BadList as error:
        tell(str(error), "warning")
        return None


def begin_with(name: str) -> None:
    """Show this set, until the reader chooses one."""
    began = st.session_state.get(_BEGAN)  # it stands in the address, as one that was chosen does
    if state.get(SET) in (SET.default, began) and state.told(SET.name) in (None, began):
        st.session_state[_BEGAN] = name
        state.settle(**{SET.name: name})


_BEGAN = "_same_word_began"  # the set that was shown without being chosen


def chosen_list() -> tuple[str, str]:
    """The word and the list as text: of the chosen set, or the reader's own."""
    word, lines, few = state.get(WORD), state.get(LINES), state.get(FEW)  # read always: what is not does not stay in the address
    if state.get(SET) == OWN:
        return word, lines or few
    chosen = content.sets()[SET.options.index(state.get(SET))]
    return chosen.word, chosen.lines


@lru_cache(maxsize=64)
def found_in(word: str, lines: str, lot: int = 0) -> sw.Found:
    """The occurrences, those of one label side by side. Raises BadList."""
    found = sw.find(sw.parse(lines), word, lot)
    order = sorted(found.occurrences, key=lambda o: found.labels.index(o.label) if o.label else len(found.labels))
    return replace(found, occurrences=tuple(order))


def picked(found: sw.Found) -> int:
    """The chosen occurrence, from 0."""
    return min(state.get(PICK), len(found.occurrences)) - 1


def _edit(word: str, lines: str) -> None:
    keys = ("same-word", "same-lines")
    st.text_input("Word", **state.seeded(keys[0], word), on_change=_edited, args=keys, max_chars=WORD.limit, placeholder="bank")
    st.text_area(
        "Sentences, one a line; a label may stand before a bar",
        **state.seeded(keys[1], lines),
        on_change=_edited,
        args=keys,
        height=250,
        placeholder="river | She sat on the bank.\nmoney | The bank charged a fee.",
    )
    file = st.file_uploader("Or a CSV file with the columns sentence,label", type="csv", key=UPLOAD, on_change=_uploaded)
    if file is not None:
        try:
            tell(_read_file(file.getvalue()).problems, "warning")
        except sw.BadList as error:
            tell(str(error), "warning")
    if state.get(SET) == OWN:
        _proposed(word, lines)
    if state.get(SET) == OWN and lines and not LINES.show(lines):
        held = "The link holds only the sentences that are compared." if FEW.show(state.get(FEW)) else "Keep the file."
        tell(f"This list is too long for a link. {held}")


def _proposed(word: str, lines: str) -> None:
    """Words that the reader's sentences share, to be looked at with a click."""
    there = _shared(lines)
    if len(there) == 1 and there[0].word == word.strip().lower():
        return
    if there:
        st.caption("Words that these sentences share, and in how many of them they stand:")
        with st.container(horizontal=True, gap="small"):
            for number, one in enumerate(there):
                st.button(
                    f"{markdown(one.word)} ({one.sentences:,} of {one.of:,})",
                    key=f"same-shared-{number}",
                    on_click=_own,
                    args=(one.word, lines),
                )


@lru_cache(maxsize=64)
def _shared(lines: str) -> tuple[Shared, ...]:
    try:
        return shared_of(sw.parse(lines))
    except sw.BadList:
        return ()


@lru_cache(maxsize=4)
def _read_file(data: bytes) -> SentenceFile:
    return read_file(data)


def _edited(word_key: str, lines_key: str) -> None:
    word, lines = st.session_state[word_key], st.session_state[lines_key]
    _own(word.encode("utf-8", "replace").decode(), lines.encode("utf-8", "replace").decode())


def _own(word: str, lines: str) -> None:
    """The reader's own word and list; the link reopens what is compared, whatever the length of the list."""
    state.put(SET, OWN)
    state.put(WORD, word)
    state.put(LINES, lines)
    state.put(FEW, "" if LINES.show(lines) else _compared(word, lines))
    state.put(PICK, 1)
    state.put(LOT, 1)


def _compared(word: str, lines: str, lot: int = 0) -> str:
    try:
        there = found_in(word, lines, lot).occurrences
    except sw.BadList:
        return ""
    return sw.shown(list(dict.fromkeys(sw.Line(o.text, o.label) for o in there)))


def _uploaded() -> None:
    """A file that can be read becomes the list, and the word that most of it shares is looked for; one that cannot changes
    nothing.
    """
    file = st.session_state[UPLOAD]
    if file is None:
        return
    try:
        lines = sw.shown(_read_file(file.getvalue()).lines)
    except sw.BadList:
        return  # said where the file stands
    word, there = chosen_list()[0], _shared(lines)
    if there and not any(one.sentences == there[0].sentences and one.word == word.strip().lower() for one in there):
        word = there[0].word
    _own(word, lines)


def _to_sentence_a(page: Page, occurrence: Occurrence) -> None:
    st.button(
        "Search WordNet from this sentence",
        key="same-to-a",
        type="tertiary",
        icon=":material/search:",
        on_click=_put,
        args=(page, occurrence),
        help="It becomes Sentence A.",
    )


def _put(page: Page, occurrence: Occurrence) -> None:
    tokens = cache.laid(page.model, page.query.but(text_a=occurrence.text, masked=(), replaced=()))  # as it is read then
    there = touching(tokens, (occurrence.start, occurrence.end))
    state.put(a=occurrence.text, mask=(), put=(), token=there[0] if there else None)


def read(page: Page, found: sw.Found) -> Read | None:
    """Every model that can be loaded reads every sentence, beside the page; None, with a bar, while they do."""
    name, there = page.model.name, found.occurrences

    def work(progress: Progress) -> Read:
        return Read(*sense_cache.every_reader(name, there, progress))

    what = f"{len(there)} sentences, read by every model"
    return awaited("readers", ("readers", name, there), work, cost=len(oc.KINDS) * len(there), what=what)


def layer(read_: Read) -> int:
    """The chosen layer, from 0; the deepest until the reader chooses."""
    chosen = state.get(DEEP)
    return read_.deepest if chosen is None else min(chosen, read_.deepest)


def layer_slider(read_: Read, at: str) -> None:
    """The slider over the layers; `at` tells two of them apart.

    The one that is not in use is made anew when the other moves. Were it given the new value instead, a browser that
    is quicker than the server would send its old one back, and both sliders would jump.
    """
    if read_.deepest:
        first = f"same-deep-{at}"
        key = st.session_state.get(f"{first}-key", first)
        if st.session_state.get(key, layer(read_)) != layer(read_):
            key = st.session_state[f"{first}-key"] = f"{first}-{state.version()}"
        st.slider(
            "After layer (0 is the input)",
            0,
            read_.deepest,
            **state.seeded(key, layer(read_)),
            width=420,
            on_change=lambda: state.put(DEEP, st.session_state[key]),
        )


def depth(name: str) -> None:
    """More on demand."""
    explained(words.depth("senses", name))
