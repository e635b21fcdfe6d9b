"""A CSV file of sentences and their labels, as spreadsheets and people write them; what is not read of it is said."""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from bert_explain.analysis.same_word import LONGEST_LABEL, LONGEST_LIST, BadList, Line, shown

SEPARATORS = (",", ";", "\t")
NAMED = 8  # rows that are named, of those that are not read
_SEP = re.compile(r'"?sep=(.|\\t)"?[ ,;\t]*(?:\r\n|\r|\n|$)', re.IGNORECASE)  # Excel's own first line: what parts the cells
_END = "end of the file"  # a row of its own, put behind the last: inside an open quotation mark it is none


@dataclass(frozen=True, slots=True)
class SentenceFile:
    """The sentences of a file, and a sentence for each thing in it that was not read, or was changed."""

    lines: tuple[Line, ...]
    problems: tuple[str, ...]


def read_csv(data: bytes) -> SentenceFile:
    """A CSV file with the column `sentence` and, if there are labels, `label`. Raises BadList, saying what to change."""
    text, encoding = _decoded(data)
    problems = [encoding] if encoding else []
    rows, separator = _rows(text)
    if len([row for row in rows if any(row)]) < 2:
        raise BadList("This CSV file has no rows below its first line. The first line must name the columns: sentence,label.")
    first = next(number for number, row in enumerate(rows) if any(row))
    names = [cell.strip().lower() for cell in rows[first]]
    while len(names) > 1 and not names[-1]:
        names.pop()
    if "sentence" not in names:
        there = ", ".join(name for name in names if name)[:80] or "none"
        raise BadList(f"This CSV file has no column called sentence. Its columns: {there}. Wanted: sentence,label.")
    lines: list[Line] = []
    wide, without, cut = [], [], []
    for number, row in enumerate(rows[first + 1 :], first + 2):
        cells = [separator.join(row)] if len(names) == 1 else row  # one column has no separator: a comma is a comma
        if any(cell.strip() for cell in cells[len(names) :]):
            wide.append(number)
            continue
        held = dict(zip(reversed(names), reversed((cells + [""] * len(names))[: len(names)]), strict=True))  # the first wins
        sentence, label = (" ".join(held.get(name, "").split()) for name in ("sentence", "label"))
        if not sentence:
            without += [number] if any(cell.strip() for cell in cells) else []
            continue
        if len(label) > LONGEST_LABEL:
            cut.append(number)
        lines.append(Line(sentence, label.replace("|", "/")[:LONGEST_LABEL].strip()))
    more = f"more cells than the {len(names)} columns that the first row names"
    if not lines and wide:
        raise BadList(f"No row of this CSV file was read: they have {more}. Put a sentence with a comma in quotation marks.")
    if not lines:
        raise BadList("The column sentence of this CSV file is empty.")
    if wide:
        why = "A sentence with a comma" if separator == "," else f"A sentence with “{separator}”" if separator == ";" else "A tab"
        problems.append(f"Not read, because of {more}: {_named(wide)}. {why} in it must stand in quotation marks.")
    if without:
        problems.append(f"Not read, because there is no sentence: {_named(without)}.")
    if cut:
        problems.append(f"Labels cut to {LONGEST_LABEL} characters: {_named(cut)}.")
    kept = _fitting(lines)
    if len(kept) < len(lines):
        problems.append(
            f"{len(kept):,} of the {len(lines):,} sentences are read: a list here has at most {LONGEST_LIST:,} characters."
        )
    return SentenceFile(tuple(kept), tuple(problems))


def _decoded(data: bytes) -> tuple[str, str]:
    """The file's text, and a sentence where its encoding had to be guessed."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace"), ""
    if b"\0" in data:
        raise BadList("This is no text file: it holds zero bytes. Save the table as CSV and try again.")
    try:
        return data.decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        said = "This file is not in UTF-8 and was read as Windows-1252: look whether its accents are right."
        return data.decode("cp1252", "replace"), said


def _rows(text: str) -> tuple[list[list[str]], str]:
    """All rows, an empty one for an empty line, as a spreadsheet numbers them; and what parts their cells."""
    found = _SEP.match(text)
    if found:
        separator = found[1].replace("\\t", "\t")
        text = text[found.end() :]
        if separator in '"\r\n':
            raise BadList("The first line of this CSV file names something that cannot part cells.")
    else:
        first = next((line for line in text.splitlines() if line.strip()), "")
        separator = max(SEPARATORS, key=lambda s: len(next(csv.reader([first], delimiter=s), [])))
    try:
        rows = list(csv.reader(io.StringIO(f"{text}\n{_END}\n", newline=""), delimiter=separator))
    except csv.Error as error:
        raise BadList(f"This CSV file cannot be read: {error}.") from error
    if rows[-1] != _END.split(separator):
        raise BadList(f"Row {len(rows)} of this CSV file opens a quotation mark that is never closed: nothing is read.")
    rows.pop()
    while rows and not any(rows[-1]):
        rows.pop()
    return rows, separator


def _named(numbers: Sequence[int]) -> str:
    """Rows by number, at most NAMED of them."""
    which = ", ".join(map(str, numbers[:NAMED]))
    more = f" and {len(numbers) - NAMED:,} more" if len(numbers) > NAMED else ""
    return f"row {which}{more}" if len(numbers) == 1 else f"rows {which}{more}"


def _fitting(lines: Sequence[Line]) -> list[Line]:
    """As many as a list holds: all, or by turns one of each label, so that none is lost; in the order of the file."""
    sizes = [len(shown([line])) + 1 for line in lines]
    if sum(sizes) <= LONGEST_LIST:
        return list(lines)
    turns: dict[str, int] = defaultdict(int)
    order = []
    for number, line in enumerate(lines):
        order.append((turns[line.label], number))
        turns[line.label] += 1
    room, kept = LONGEST_LIST, []
    for _, number in sorted(order):
        if sizes[number] > room:
            break
        room -= sizes[number]
        kept.append(number)
    return [lines[number] for number in sorted(kept)]
