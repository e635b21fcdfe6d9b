"""What a reader, a file or a vocabulary supplies, made harmless where it is written: Markdown labels, cells of a CSV file."""

from __future__ import annotations

import re
from html import escape
from typing import Any

import pandas as pd

_MARKS = re.compile(r"([\\`*_{}\[\]<>|~$&]|:(?=\S)|^[-+#])")
_NUMBERED = re.compile(r"^(\d+)(?=[.)])")  # the first of a list
# Streamlit looks for these in the text that is left once Markdown is read, where a backslash is gone: icons and emoji
# (`:smile:`), web and mail addresses, arrows and dashes (`->`, `--`, `>=`).
_LATE = re.compile(r"(?<=:)(?=\S)|(?<=www)(?=\.)|(?<=@)(?=\w)|(?<=[-<>~])(?=\\?[-=>])", re.IGNORECASE)
_JOINER = "\u2060"  # has no width and breaks no line
# A spreadsheet reads a cell that begins with one of these as a formula; the wide ones too, and what follows blanks.
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\n]")


def markdown(text: str) -> str:
    """Text as Markdown shows it letter by letter, in one line: for labels of buttons, options, captions, titles, bars."""
    return _LATE.sub(_JOINER, _NUMBERED.sub(r"\1\\", _MARKS.sub(r"\\\1", " ".join(text.split()))))


def plotly(text: str) -> str:
    """Text inside a Plotly chart, letter by letter: neither a tag nor a placeholder of a template can start in it."""
    return escape(text).replace("%{", "%&#123;")


def cell(value: Any) -> Any:
    """A cell of a CSV file: text that a spreadsheet would compute gets a `'` in front; lines in it end with a line feed.

    A carriage return alone is not quoted by pandas: what follows it would begin a row of its own.
    """
    if not isinstance(value, str):
        return value
    text = re.sub("\r\n?", "\n", value)
    return f"'{text}" if _FORMULA.match(text) else text


def csv(table: pd.DataFrame) -> bytes:
    """A table as a CSV file, UTF-8, without its index: every text cell and every column's name harmless (see `cell`).

    Numbers are written so that reading them gives the same value.
    """
    safe = [c if pd.api.types.is_numeric_dtype(c.dtype) else c.astype(object).map(cell) for _, c in table.items()]
    named = pd.concat(safe, axis=1, keys=[cell(name) for name in table.columns]) if safe else table
    return str(named.to_csv(index=False)).encode()
