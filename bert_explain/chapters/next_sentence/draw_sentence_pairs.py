"""The next-sentence page's parts about many pairs: a table, drawn training pairs, known weaknesses."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd
import streamlit as st

from bert_explain.analysis import next_sentence as ns
from bert_explain.chapters.next_sentence import figures as figures
from bert_explain.chapters.next_sentence import sentence_pairs as sp
from bert_explain.chapters.next_sentence.draw import judge
from bert_explain.content import next_sentence as content
from bert_explain.content.next_sentence import Row
from bert_explain.figures.chart import CHART
from bert_explain.kernel.readings import many
from bert_explain.ui import printing, state
from bert_explain.ui.components import bars
from bert_explain.ui.frame import Page
from bert_explain.ui.notice import tell
from bert_explain.ui.packed import Packed
from bert_explain.ui.params import whole_characters
from bert_explain.ui.picture import picture, said

LONGEST = 2_000  # characters of a sentence in the table
KEPT = 2 * sp.MOST  # rows that the address and the page keep


@dataclass(frozen=True)
class Edited:
    """The table of pairs: what the editor began with, and what it holds now. `version` counts the resets."""

    base: tuple[Row, ...]
    rows: tuple[Row, ...]
    version: int = field(default=0, compare=False)

    @property
    def key(self) -> str:
        """The editor's key. The editor keeps its edits for as long as what it began with is the same."""
        return f"pairs-{zlib.crc32(repr(self.base).encode('utf-8', 'surrogatepass'))}-{self.version}"


@dataclass(frozen=True)
class Pairs(Packed):
    """The reader's table of pairs, as [[A, B, label], ...]."""

    default: Edited = Edited(content.rows(), content.rows())

    def read(self, plain: Any) -> Edited:
        if not isinstance(plain, list) or len(plain) > KEPT:
            raise ValueError
        rows = tuple(_row(entry) for entry in plain)
        return Edited(rows, rows)

    def plain(self, value: Edited) -> Any:
        return [[row.a, row.b, row.follows] for row in value.rows]


def _row(entry: Any) -> Row:
    match entry:
        case [str(a), str(b), True | False | None as follows] if len(a) <= LONGEST and len(b) <= LONGEST:
            return Row(whole_characters(a), whole_characters(b), follows)
    raise ValueError


PAIRS = Pairs("pairs")
DRAW = state.Number("draw", 0, 9999, 1)  # the seed of the training pairs
COUNT = state.Number("count", 4, 30, 12)
PAIR = state.Number("pair", 1, COUNT.high, 1)
PROBE = state.Choice("probe", [probe.name for probe in content.probes()])


# a table of pairs
def table(page: Page) -> None:
    """An editable table of pairs; beside each row what the model says about it."""
    value = _editable()
    found: list[pd.DataFrame] = []
    with picture(
        "pairs",
        "Your pairs, judged",
        table=lambda: found[0] if found else pd.DataFrame(),
        code=(sp.check, sp.judged, sp.accuracy),
        note="Edit a cell, add a row at the foot, mark rows to delete them, or paste rows from a spreadsheet. The "
        "label is yours: does B follow A? Each row is judged as it stands, without the changes made above.",
    ):
        look = st.container()
        left, right = st.columns([2, 1], gap="small")
        with left:
            rows = _editor(value)
        if rows != value.rows:
            state.put(PAIRS, replace(value, rows=rows))
        checked = sp.check(rows)
        verdicts = judge(page, "pairs", sp.queries(checked.rows), "pairs judged")
        if verdicts is None:
            return
        found.append(sp.judged(checked, verdicts))
        with right:
            _results(sp.by_row(found[0], len(rows)), _height(value), page.palette.probability)
        with look:
            said(sp.look_judged(found[0]))
        _below(page, rows, found[0], checked)


def _editable() -> Edited:
    """The table's state; after a visit to another page the editor begins with what it held."""
    value = state.get(PAIRS)
    if value.key not in st.session_state and value.base != value.rows:
        value = replace(value, base=value.rows)
        state.put(PAIRS, value)
    return value


def _editor(value: Edited) -> tuple[Row, ...]:
    """The editor; nothing that it is given may change while it is edited, or it forgets the edits."""
    began = [(row.a, row.b, sp.LABELS[row.follows] or None) for row in value.base]
    edited = st.data_editor(
        pd.DataFrame(began, columns=["A", "B", "label"], index=pd.RangeIndex(1, len(began) + 1), dtype=object),
        key=value.key,
        num_rows="dynamic",
        hide_index=False,
        height=_height(value),
        column_config={
            "A": st.column_config.TextColumn("Sentence A", max_chars=LONGEST, width=265),
            "B": st.column_config.TextColumn("Sentence B", max_chars=LONGEST, width=265),
            "label": st.column_config.SelectboxColumn("Label", options=[ns.NEXT, ns.NOT_NEXT], width=85),
        },
    )
    return tuple(Row(_text(row.A), _text(row.B), _label(row.label)) for row in edited.itertuples())[:KEPT]


def _height(value: Edited) -> int:
    """Pixels for the head, the rows that the editor began with, and the one for adding; both tables have it."""
    return min(800, 38 + 35 * (len(value.base) + 1))


def _text(cell: object) -> str:
    """A cell's text without halves of characters, which no tokenizer can read; '' for an empty cell."""
    return cell.encode("utf-16", "surrogatepass").decode("utf-16", "ignore") if isinstance(cell, str) else ""


def _label(cell: object) -> bool | None:
    return {ns.NEXT: True, ns.NOT_NEXT: False}.get(cell) if isinstance(cell, str) else None


def _results(shown: pd.DataFrame, height: int, colour: str) -> None:
    printing.sheet(
        shown[["row", "is_next", "verdict", "right"]].assign(
            is_next=shown["is_next"].mask(_nearly_one(shown["is_next"]), 0.9999)
        ),
        key="pairs-results",
        hide_index=True,
        height=height,
        column_config={
            "row": st.column_config.NumberColumn("Row", width=45),
            "is_next": st.column_config.ProgressColumn(
                "P(is next)", min_value=0, max_value=1, format="percent", width=130, color=colour
            ),
            "verdict": st.column_config.TextColumn("Verdict", width=85),
            "right": st.column_config.TextColumn("Answer", width=75),
        },
    )


def _nearly_one(p: pd.Series) -> pd.Series:
    """Where two digits of a percentage would say 100 %."""
    return (p > 0.9999) & (p < 1)


def _below(page: Page, rows: tuple[Row, ...], judged: pd.DataFrame, checked: sp.Checked) -> None:
    tell(checked.problems, "warning")
    if cut := int((judged["cut"] > 0).sum()):
        tell(f"Cut off in {many(cut, 'row')}: what is beyond the model's {page.model.max_tokens} positions.")
    if not PAIRS.show(state.get(PAIRS)):
        tell("This table is too long for a link. Download it as CSV to keep it.")
    if rows != PAIRS.default.rows:
        st.button("Back to the built-in pairs", key="pairs-reset", on_click=_reset)


def _reset() -> None:
    state.put(PAIRS, replace(PAIRS.default, version=state.get(PAIRS).version + 1))


# how training draws its pairs
def drawing(page: Page) -> None:
    """Training pairs drawn from short texts with a seed, and the loss they give."""
    texts = content.documents()
    drawn = found = sp.draw(texts, state.get(DRAW), state.get(COUNT))
    if page.model.has_nsp:
        verdicts = judge(page, "drawn", sp.queries(sp.drawn_rows(drawn)), "drawn pairs judged")
        if verdicts is None:
            return
        found = sp.with_verdicts(drawn, verdicts)
    chosen = min(state.get(PAIR), len(drawn))
    with picture(
        "drawing",
        "Fifty-fifty",
        look=sp.look_drawn(found) if page.model.has_nsp else None,
        table=lambda: found,
        code=(sp.draw, ns.Verdict.loss, sp.with_verdicts),
        note="A row is a text, a square a sentence; a ring marks every drawn A. The same seed gives the same pairs.",
    ):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.number_input("Seed", DRAW.low, DRAW.high, width=140, **state.bind(DRAW))
            st.button("Draw again", key="draw-pairs", on_click=_draw_again)
            st.slider("Pairs", COUNT.low, COUNT.high, width=220, **state.bind(COUNT))
        left, right = st.columns([5, 4], gap="medium")
        with left:
            if page.model.has_nsp:
                st.text("Probability of “is next”. Choose a pair:")
                bars(
                    figures.pair_bars(found, chosen),
                    key="drawn-bars",
                    label="Probability of “is next” for each drawn pair: choose one",
                    on_pick=lambda i: state.put(PAIR, i + 1),
                )
            else:
                st.slider("Pair", 1, len(drawn), **state.bind(PAIR, within=(1, len(drawn))))
        with right:
            row = drawn.iloc[chosen - 1]
            sentence = sp.say_pair(row, texts)
            st.plotly_chart(figures.drawing(drawn, texts, chosen, page.palette), key="drawing", alt=sentence.plain(), **CHART)
            said(sentence)
            st.text(f"A  {row['a']}\nB  {row['b']}")


def _draw_again() -> None:
    state.put(DRAW, (state.get(DRAW) + 1) % (DRAW.high + 1))


# what it gets wrong
def probes(page: Page) -> None:
    """One known weakness at a time, tried on pairs that differ in that one thing."""
    probe = content.probes()[PROBE.options.index(state.get(PROBE))]
    verdicts = judge(page, "probe", sp.probe_queries(probe), "pairs judged")
    if verdicts is None:
        return
    found = sp.probed(probe, verdicts)
    with picture(
        "probe",
        "Can it tell the difference?",
        look=sp.look_probe(found),
        table=lambda: found,
        code=(sp.probed, sp.shares),
        note="Point at a dot for its two sentences. A line joins the dots of one case.",
    ):
        st.segmented_control("What is changed", PROBE.options, **state.bind(PROBE))
        st.text(probe.says)
        left, right = st.columns([4, 5], gap="large")
        with left:
            st.text("Share of the pairs called “is next”")
            bars(figures.share_bars(sp.shares(found)), key="share-bars", label="Share of the pairs called “is next”")
            st.html(f"<p>{sp.example(found).html()}</p>")
        with right:
            chart = figures.spread(found, page.palette)
            st.plotly_chart(chart, key="spread", alt=sp.look_probe(found).plain(), **CHART)
