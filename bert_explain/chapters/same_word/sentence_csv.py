"""A CSV file of sentences and their labels, as spreadsheets and people write them; what is not read of it is said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from bert_explain.analysis.same_word import LONGEST_LABEL, LONGEST_LIST, BadList, Line, shown
from bert_explain.kernel.csv_rows import Unreadable, decoded, rows_of

NAMED = 8  # rows that are named, of those that are not read


@dataclass(frozen=True, slots=True)
class SentenceFile:
    """The sentences of a file, and a sentence for each thing in it that was not read, or was changed."""

    lines: tuple[Line, ...]
    problems: tuple[str, ...]


def read_csv(data: bytes) -> SentenceFile:
    """A CSV file with the column `sentence` and, if there are labels, `label`. Raises BadList, saying what to change."""
    try:
        text, encoding = decoded(data)
        rows, separator = rows_of(text)
    except Unreadable as error:
        raise BadList(str(error)) from error
    problems = [encoding] if encoding else []
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
