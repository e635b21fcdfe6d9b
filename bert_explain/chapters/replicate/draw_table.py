"""The rows of a trial as a table that the reader edits: kept in the address, or for the visit where they are too many."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import pandas as pd
import streamlit as st

from bert_explain.chapters.replicate.trial import Row, Trial
from bert_explain.kernel.text import csv
from bert_explain.ui import printing, state
from bert_explain.ui.notice import tell
from bert_explain.ui.packed import Packed
from bert_explain.ui.params import whole_characters

LONGEST = 2_000  # characters of a cell
MOST = 1_000  # rows that are kept


@dataclass(frozen=True)
class Edited:
    """What the editor began with, and what it holds now. `version` counts the resets."""

    base: tuple[Row, ...]
    rows: tuple[Row, ...]
    version: int = field(default=0, compare=False)

    def key(self, name: str) -> str:
        """The editor's key. It keeps its edits for as long as what it began with is the same."""
        return f"rows-{name}-{zlib.crc32(repr(self.base).encode('utf-8', 'surrogatepass'))}-{self.version}"


@dataclass(frozen=True)
class Rows(Packed):
    """The reader's rows, as a list of lists of cells. columns : how many cells a row has."""

    columns: int = 1

    def read(self, plain: Any) -> Edited:
        if not isinstance(plain, list) or len(plain) > MOST:
            raise ValueError
        rows = tuple(self._row(entry) for entry in plain)
        return Edited(rows, rows)

    def _row(self, entry: Any) -> Row:
        if not (isinstance(entry, list) and len(entry) == self.columns):
            raise ValueError
        if not all(isinstance(cell, str) and len(cell) <= LONGEST for cell in entry):
            raise ValueError
        return tuple(whole_characters(cell) for cell in entry)

    def plain(self, value: Edited) -> Any:
        return [list(row) for row in value.rows]


def rows_of(trial: Trial) -> Rows:
    """The parameter of a trial's rows in the address."""
    rows = trial.builtin()
    return Rows(f"rows-{trial.id}", Edited(rows, rows), len(trial.columns))


def edit(trial: Trial, param: Rows) -> tuple[Row, ...]:
    """Draws the table; the rows as they stand now, bad ones too."""
    value = _editable(trial, param)
    names = [column.name for column in trial.columns]
    frame = pd.DataFrame(list(value.base), columns=names, index=pd.RangeIndex(1, len(value.base) + 1), dtype=object)
    edited = st.data_editor(
        frame,
        key=state.own_key(value.key(trial.id)),
        num_rows="dynamic",
        hide_index=False,
        height=min(360, 38 + 35 * (len(value.base) + 1)),
        column_config={
            column.name: st.column_config.TextColumn(
                column.title, max_chars=LONGEST, width=column.width, help=column.help or None
            )
            for column in trial.columns
        },
    )
    printing.copy(edited[names], {column.name: column.title for column in trial.columns}, hide_index=False)
    rows = tuple(tuple(_text(cell) for cell in row) for row in edited[names].itertuples(index=False))[:MOST]
    if len(edited) > MOST:
        tell(f"The first {MOST:,} of {len(edited):,} rows are used.")
    if rows != value.rows:
        state.put(param, replace(value, rows=rows))
    return rows


def below(trial: Trial, param: Rows, rows: tuple[Row, ...]) -> None:
    """The rows as a file, and the way back to the built-in ones."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=state.own_key(f"rowfoot-{trial.id}")):
        st.download_button(
            "Download the rows",
            _file(tuple(column.name for column in trial.columns), rows),
            f"rows-{trial.id}.csv",
            "text/csv",
            key=state.own_key(f"rowfile-{trial.id}"),
            on_click="ignore",
            type="tertiary",
            icon=":material/download:",
        )
        if rows != trial.builtin():
            st.button(
                "Back to the built-in rows",
                key=state.own_key(f"rowback-{trial.id}"),
                type="tertiary",
                on_click=_reset,
                args=(param,),
            )
    if rows != trial.builtin() and not param.show(state.get(param)):
        st.caption("These rows are too many for a link. They stay for this visit; download them to keep them.")


@lru_cache(maxsize=2)  # the same in every run of the page until a cell is edited; a table may be large
def _file(names: tuple[str, ...], rows: tuple[Row, ...]) -> bytes:
    return csv(pd.DataFrame(list(rows), columns=list(names)))


def _editable(trial: Trial, param: Rows) -> Edited:
    """The table's state; after a visit to another page or step the editor begins with what it held."""
    value = state.get(param)
    if state.own_key(value.key(trial.id)) not in st.session_state and value.base != value.rows:
        value = replace(value, base=value.rows)
        state.put(param, value)
    return value


def _reset(param: Rows) -> None:
    state.put(param, replace(param.default, version=state.get(param).version + 1))


def _text(cell: object) -> str:
    """A cell's text without halves of characters, which no tokenizer can read; '' for an empty cell."""
    return cell.encode("utf-16", "surrogatepass").decode("utf-16", "ignore") if isinstance(cell, str) else ""
