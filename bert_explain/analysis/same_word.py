"""From what a reader types, pastes or uploads to at most twelve occurrences of one word."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from bert_explain.analysis import word_forms
from bert_explain.analysis.occurrences import Occurrence
from bert_explain.errors import ExplainError

MOST = 12  # occurrences that are compared
LONGEST = 2_000  # characters of a sentence
LONGEST_LIST = 200_000  # characters of the whole list
LONGEST_LABEL = 40


class BadList(ExplainError):
    """A list of sentences, or a file, that cannot be read."""


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence of the reader's list, and its label, if it has one."""

    text: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """The occurrences that are compared, and a sentence for each thing that was left out."""

    occurrences: tuple[Occurrence, ...]
    problems: tuple[str, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """The different labels, in their order."""
        return tuple(dict.fromkeys(o.label for o in self.occurrences if o.label))


def parse(listed: str) -> tuple[Line, ...]:
    """One sentence a line, `label | sentence` where there is a label. Empty lines count for nothing.

    Raises BadList for a list that is too long.
    """
    if len(listed) > LONGEST_LIST:
        raise BadList(f"This list has {len(listed):,} characters; {LONGEST_LIST:,} are the most that is read here.")
    found = []
    for line in re.split(r"[\r\n]+", listed):
        label, bar, text = line.partition("|")
        label, text = (label.strip(), text.strip()) if bar else ("", line.strip())
        if len(label) > LONGEST_LABEL:  # a bar inside a sentence
            label, text = "", line.strip()
        if text:
            found.append(Line(text, label))
    return tuple(found)


def shown(lines: Sequence[Line]) -> str:
    """The reverse of `parse`."""
    return "\n".join(f"{line.label} | {line.text}" if line.label else line.text for line in lines)


def read_csv(data: bytes) -> tuple[Line, ...]:
    """A CSV file with the column `sentence` and, if there are labels, `label`. Raises BadList, saying what to change."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    if "\0" in text:
        raise BadList("This is no text file: it holds zero bytes. Save the table as CSV and try again.")
    try:
        dialect = csv.Sniffer().sniff(text[:4_000].splitlines()[0] if text.strip() else ",", ",;\t")
    except csv.Error:
        dialect = csv.excel  # one column has no separator to be found
    try:
        rows = list(csv.DictReader(io.StringIO(text, newline=""), dialect=dialect))
    except csv.Error as error:
        raise BadList(f"This CSV file cannot be read: {error}.") from error
    columns = {name.strip().lower(): name for name in (rows[0] if rows else {}) if isinstance(name, str)}
    if not rows:
        raise BadList("This CSV file has no rows below its first line. The first line must name the columns: sentence,label.")
    if "sentence" not in columns:
        there = ", ".join(list(columns)[:6])[:80] or "none"
        raise BadList(f"This CSV file has no column called sentence. Its columns: {there}. Wanted: sentence,label.")
    lines = []
    for row in rows:
        sentence = " ".join((row.get(columns["sentence"]) or "").split())
        label = " ".join((row.get(columns.get("label", "")) or "").split()).replace("|", "/")
        if sentence:
            lines.append(Line(sentence, label[:LONGEST_LABEL]))
    if not lines:
        raise BadList("The column sentence of this CSV file is empty.")
    return tuple(lines)


def find(lines: Sequence[Line], word: str) -> Found:
    """Every occurrence of the word, in any of its forms, in the order of the list; at most MOST.

    Problems are sentences about what was left out. Raises BadList when nothing is left to be shown.
    """
    word = word.strip()
    if not word:
        raise BadList("Say which word to look for: type it in the field “Word”.")
    if not lines:
        raise BadList("The list is empty. Write one sentence a line, or choose one of the sets.")
    found: list[Occurrence] = []
    without: list[int] = []
    long = 0
    for number, line in enumerate(lines, 1):
        long += len(line.text) > LONGEST
        places = spans(line.text[:LONGEST], word)
        found += [Occurrence(line.text[:LONGEST], *span, line.label) for span in places]
        if not places:
            without.append(number)
    if not found:
        many = "the one sentence" if len(lines) == 1 else f"any of the {len(lines):,} sentences"
        raise BadList(f"“{word[:40]}” is not in {many}. Check the spelling, or write sentences that have it.")
    problems = []
    if without:
        which = ", ".join(map(str, without[:8])) + (" ..." if len(without) > 8 else "")
        problems.append(f"Left out, because the word is not in it: line {which}.")
    if len(found) > MOST:
        problems.append(f"The word occurs {len(found):,} times; the first {MOST} are compared.")
    if long:
        problems.append(f"{long} of the sentences are longer than {LONGEST:,} characters: only their beginning is read.")
    return Found(tuple(found[:MOST]), tuple(problems))


def spans(text: str, word: str) -> list[tuple[int, int]]:
    """Where a word stands in a text: as it is written, whatever its capitals; where it does not, in its other forms.

    Something without letters (an emoji, a sign) is found wherever it stands.
    """
    word = word.strip()
    if not word:
        return []
    edge = r"(?<!\w)", r"(?!\w)"
    left, right = edge if re.search(r"\w", word) else ("", "")
    exact = [m.span() for m in re.finditer(left + re.escape(word) + right, text, re.IGNORECASE)]
    if exact or not re.fullmatch(r"[\w'’-]+", word):
        return exact
    return [(a, b) for form, a, b in word_forms.words(text) if _kin(form, word)]


def _kin(form: str, word: str) -> bool:
    """Whether one may be a form of the other, or both of a third: banks, banked; spied, spies. Rules only."""
    return word.lower() in word_forms.lemmas(form) or form.lower() in word_forms.lemmas(word)
