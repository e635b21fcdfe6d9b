"""From what a reader types, pastes or uploads to at most twelve occurrences of one word."""

from __future__ import annotations

import re
from collections import defaultdict
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
    turns: int = 1  # how many lots of MOST it takes to see every occurrence

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
    """The reverse of `parse`. A bar in a sentence without a label gets one before it: what is before that one is empty."""
    return "\n".join(f"{line.label} | {line.text}".lstrip() if line.label or "|" in line.text else line.text for line in lines)


def find(lines: Sequence[Line], word: str, turn: int = 0) -> Found:
    """Occurrences of the word, in any of its forms, in the order of the list; at most MOST, spread over the labels.

    turn : which lot of them, from 0; one past the last is the first again.

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
        problems.append(f"Left out, because the word is not in it: line{'s' * (len(without) > 1)} {which}.")
    lots = _lots([o.label for o in found])
    chosen = [found[i] for i in lots[turn % len(lots)]]
    if len(found) > MOST:
        problems.append(f"The word occurs {len(found):,} times; {_which(chosen, turn % len(lots))} are compared.")
    if long:
        some = "1 of the sentences is" if long == 1 else f"{long:,} of the sentences are"
        problems.append(f"{some} longer than {LONGEST:,} characters: only their beginning is read.")
    return Found(tuple(chosen), tuple(problems), len(lots))


def _which(chosen: Sequence[Occurrence], turn: int) -> str:
    """Which of too many are compared, in words."""
    labels = [o.label for o in chosen]
    kinds = list(dict.fromkeys(labels))
    if len(kinds) > 1:
        shares = ", ".join(f"{labels.count(kind)} {kind or 'without a label'}" for kind in kinds)
        named = f" ({shares})" if len(kinds) <= 6 else ""
        return f"{len(chosen)} of them, taken from the labels in turn{named},"
    return f"{'other' if turn else 'the first'} {len(chosen)}"


def _lots(labels: Sequence[str]) -> list[list[int]]:
    """Places in a list, in lots of at most MOST that show every place at least once.

    In a lot, each label has as many as any other, as far as there are so many; a label that has been seen whole begins
    anew, so that every lot can be compared by label. More than MOST labels are shown by turns.
    """
    places = defaultdict(list)
    for place, label in enumerate(labels):
        places[label].append(place)
    kinds = list(places)
    lots = []
    for first in range(0, len(kinds), MOST):
        shares = _shares([len(places[kind]) for kind in kinds[first : first + MOST]])
        taken = [(places[kind], share) for kind, share in zip(kinds[first:], shares, strict=False)]
        turns = max(-(-len(there) // share) for there, share in taken)
        for turn in range(turns):
            lot = []
            for there, share in taken:
                begin = min(turn % -(-len(there) // share) * share, len(there) - share)
                lot += there[begin : begin + share]
            lots.append(sorted(lot))
    return lots


def _shares(sizes: Sequence[int]) -> list[int]:
    """How many of MOST each may have: by turns one each, as long as it has more. At most MOST sizes, none of them 0."""
    shares = [0] * len(sizes)
    while sum(shares) < min(MOST, sum(sizes)):
        for i, size in enumerate(sizes):
            if shares[i] < size and sum(shares) < MOST:
                shares[i] += 1
    return shares


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
