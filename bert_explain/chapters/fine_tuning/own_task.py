"""A task from a reader's own table: a CSV file with a text and its label in each row."""

from __future__ import annotations

import hashlib
from collections import Counter

import numpy as np

from bert_explain.errors import ExplainError
from bert_explain.kernel.csv_rows import Unreadable, decoded, rows_of
from bert_explain.kernel.readings import listed, many
from bert_explain.kernel.tasks import Pair, Sequence, Task

LARGEST = 2_000_000  # bytes
MOST_ROWS, LEAST_ROWS = 5_000, 20
MOST_LABELS, LONGEST_LABEL, LONGEST_TEXT = 20, 40, 2_000
TESTED = 0.25  # of the rows
TEXTS = ("text", "sentence", "text a", "first", "review", "sentence1", "sentence 1", "question", "comment", "title", "content")
SECONDS = ("text b", "second", "sentence2", "sentence 2")
LABELS = ("label", "class", "tag", "labels", "category", "sentiment", "target", "topic")


class BadTable(ExplainError):
    """A file that is no table of texts and labels; the sentence says what to do."""


def from_csv(data: bytes) -> tuple[Task, list[str]]:
    """The task in a file, and sentences about what was not read. A quarter of the rows is kept for the test.

    Columns: `text` and `label`, or `first`, `second` and `label` for pairs; without such names the first and the second.
    Raises BadTable.
    """
    if len(data) > LARGEST:
        raise BadTable(f"This file has {len(data) / 1e6:.1f} MB; up to {LARGEST / 1e6:.0f} MB are read.")
    rows, said = _rows(data)
    one, two, label = _columns([cell.strip().lower().replace("_", " ") for cell in rows[0]])
    body = rows[1:] if label is not None else rows
    label = 1 if label is None else label
    needed = max(x for x in (one, two, label) if x is not None)
    whole = [row for row in body if len(row) > needed and row[one].strip() and row[label].strip()]
    if left := len(body) - len(whole):
        said.append(f"{many(left, 'row')} without a text or a label {'was' if left == 1 else 'were'} not read.")
    if over := [row for row in whole if len(row) != len(rows[0])]:
        said.append(
            f"{many(len(over), 'row')} {'has' if len(over) == 1 else 'have'} another number of cells than the first one; a comma "
            "in a text needs quotation marks around the text."
        )
    if len(whole) > MOST_ROWS:
        said.append(f"The first {MOST_ROWS:,} of {len(whole):,} rows are read.")
        whole = whole[:MOST_ROWS]
    if len(whole) < LEAST_ROWS:
        raise BadTable(
            f"There are {many(len(whole), 'row')} with a text and a label; {LEAST_ROWS} are the least to train and test on."
        )
    labels = Counter(row[label].strip()[:LONGEST_LABEL] for row in whole)
    if len(labels) < 2:
        raise BadTable(f"All rows have one label, {next(iter(labels))}: there is nothing to tell apart.")
    if len(labels) > MOST_LABELS:
        raise BadTable(
            f"There are {len(labels)} different labels; {MOST_LABELS} are the most. Is the label in the second column?"
        )
    examples = [
        _example(row[one], None if two is None else row[two], row[label].strip()[:LONGEST_LABEL], i)
        for i, row in enumerate(whole)
    ]
    order = np.random.default_rng(0).permutation(len(examples))
    kept = round(TESTED * len(examples))
    test, train = ([examples[i] for i in sorted(part)] for part in (order[:kept], order[kept:]))
    alone = sorted(set(labels) - {e.label for e in train})
    if alone:
        raise BadTable(f"The label {listed(alone)} stands in too few rows: none was left to train on.")
    name = f"own-{hashlib.sha256(data).hexdigest()[:12]}"
    kind = "sequence" if two is None else "pair"
    return Task(name, "Your own table", kind, tuple(sorted(labels)), tuple(train), tuple(test)), said


def _rows(data: bytes) -> tuple[list[list[str]], list[str]]:
    """The rows that hold something, and what is said of the file's encoding."""
    try:
        text, encoding = decoded(data)
        rows = [row for row in rows_of(text)[0] if any(cell.strip() for cell in row)]
    except Unreadable as error:
        raise BadTable(str(error)) from error
    if not rows or len(rows[0]) < 2:
        raise BadTable("This file has one column only. A row holds a text and its label, with a comma between them.")
    return rows, [encoding] if encoding else []


def _columns(head: list[str]) -> tuple[int, int | None, int | None]:
    """Where the text, the second text and the label stand; no label: there is no line of names."""
    label = next((i for i, name in enumerate(head) if name in LABELS), None)
    if label is None:
        return 0, None, None
    one = next((i for i, name in enumerate(head) if name in TEXTS), 0 if label != 0 else 1)
    two = next((i for i, name in enumerate(head) if name in SECONDS and i != one), None)
    return one, two, label


def _example(text: str, second: str | None, label: str, number: int) -> Sequence | Pair:
    text = text.strip()[:LONGEST_TEXT]
    if second is None:
        return Sequence(text, label, f"row {number}")
    return Pair(text, second.strip()[:LONGEST_TEXT], label, f"row {number}")
