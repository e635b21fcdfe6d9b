"""A table that a person or a spreadsheet wrote as CSV: its text in any encoding, its rows with whatever between the cells."""

from __future__ import annotations

import csv
import io
import re

from bert_explain.core.errors import ExplainError

SEPARATORS = (",", ";", "\t")
_SEP = re.compile(r'"?sep=(.|\\t)"?[ ,;\t]*(?:\r\n|\r|\n|$)', re.IGNORECASE)  # Excel's own first line: what parts the cells
_END = "end of the file"  # a row of its own, put behind the last: inside an open quotation mark it is none


class Unreadable(ExplainError):
    """A file that is no such table; the sentence says why."""


def decoded(data: bytes) -> tuple[str, str]:
    """The file's text, and a sentence where its encoding had to be guessed."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace"), ""
    if b"\0" in data:
        raise Unreadable("This is no text file: it holds zero bytes. Save the table as CSV and try again.")
    try:
        return data.decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        said = "This file is not in UTF-8 and was read as Windows-1252: look whether its accents are right."
        return data.decode("cp1252", "replace"), said


def rows_of(text: str) -> tuple[list[list[str]], str]:
    """All rows, an empty one for an empty line, as a spreadsheet numbers them; and what parts their cells."""
    found = _SEP.match(text)
    if found:
        separator = found[1].replace("\\t", "\t")
        text = text[found.end() :]
        if separator in '"\r\n':
            raise Unreadable("The first line of this CSV file names something that cannot part cells.")
    try:
        if not found:
            first = next((line for line in text.splitlines() if line.strip()), "")
            separator = max(SEPARATORS, key=lambda s: len(next(csv.reader([first], delimiter=s), [])))
        rows = list(csv.reader(io.StringIO(f"{text}\n{_END}\n", newline=""), delimiter=separator))
    except csv.Error as error:
        if "field limit" in str(error):
            raise Unreadable(
                f"This CSV file has a cell of more than {csv.field_size_limit():,} characters: nothing is read. "
                "Is a quotation mark never closed, or is it no table?"
            ) from error
        raise Unreadable(f"This CSV file cannot be read: {error}.") from error
    if rows[-1] != _END.split(separator):
        raise Unreadable(f"Row {len(rows)} of this CSV file opens a quotation mark that is never closed: nothing is read.")
    rows.pop()
    while rows and not any(rows[-1]):
        rows.pop()
    return rows, separator
