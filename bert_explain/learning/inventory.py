"""A concept inventory as values: items, what somebody answered, and a short code that carries the answers.

Pure. The code holds the answers and nothing else: no name, no time. Whoever has it can read them off it again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from bert_explain.errors import ExplainError

UNKNOWN = "unknown"  # "I do not know"
LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: none is taken for another
ALIKE = str.maketrans({"O": "0", "I": "1", "L": "1"})
PRIME = 1021  # two letters of check: no wrong letter, and no two that changed places, give the same remainder
PAYLOAD, CHECK = 6, 2  # letters


class BadCode(ExplainError):
    """What was typed is no code of this form; the sentence says why."""


@dataclass(frozen=True)
class Choice:
    """One option of an item. `tag`: the confusion of who chooses it, "" for the right one and where there is none."""

    id: str
    text: str
    tag: str = ""


@dataclass(frozen=True)
class Item:
    """One idea. `right`: the id of the right option; `page`: the chapter in which it can be tried, "" where none has it."""

    id: str
    idea: str
    text: str
    right: str
    options: tuple[Choice, ...]
    page: str = ""

    def option(self, name: str) -> Choice | None:
        """An option by its id; None for "I do not know"."""
        return next((option for option in self.options if option.id == name), None)

    @property
    def answer(self) -> Choice:
        """The right option."""
        return next(option for option in self.options if option.id == self.right)


Answers = Mapping[str, str]  # item id -> option id, or UNKNOWN


def missing(items: Sequence[Item], answers: Mapping[str, str | None]) -> list[int]:
    """The numbers, from 1, of the items that have no answer yet."""
    return [n for n, item in enumerate(items, 1) if not answers.get(item.id)]


def right(items: Sequence[Item], answers: Answers) -> int:
    """How many are right."""
    return sum(answers[item.id] == item.right for item in items)


def unknown(items: Sequence[Item], answers: Answers) -> int:
    """How many are "I do not know"."""
    return sum(answers[item.id] == UNKNOWN for item in items)


def encode(form: str, items: Sequence[Item], answers: Answers) -> str:
    """The code: the form's letter and eight letters, as `A-7K2M-91QX`. Raises KeyError for an item without an answer."""
    number = 0
    for item in items:
        number = number * (len(item.options) + 1) + _digit(item, answers[item.id])
    return _written(form, number)


def _digit(item: Item, answer: str) -> int:
    return 0 if answer == UNKNOWN else 1 + [option.id for option in item.options].index(answer)


def _written(form: str, number: int) -> str:
    text = _letters(number, PAYLOAD) + _letters((number + ord(form)) % PRIME, CHECK)
    return f"{form}-{text[:4]}-{text[4:]}"


def _letters(number: int, count: int) -> str:
    return "".join(LETTERS[number // 32**place % 32] for place in reversed(range(count)))


def decode(form: str, items: Sequence[Item], code: str) -> dict[str, str]:
    """The answers that a code holds. Small letters, blanks and dashes do not matter. Raises BadCode."""
    text = re.sub(r"[\s\-\u2010-\u2015]", "", code).upper()
    if len(text) != 1 + PAYLOAD + CHECK:
        raise BadCode(f"A code of this page has nine letters and digits, as in {form}-7K2M-91QX; this has {len(text)}.")
    if text[0] != form:
        raise BadCode(f"A code of this form begins with {form}.")
    rest = text[1:].translate(ALIKE)
    if set(rest) - set(LETTERS):
        raise BadCode("A code has plain letters and digits only. Look again at what was typed.")
    values = [LETTERS.index(letter) for letter in rest]
    number = sum(value * 32**place for place, value in enumerate(reversed(values[:PAYLOAD])))
    most = 1
    for item in items:
        most *= len(item.options) + 1
    if number >= most or _written(form, number).replace("-", "")[1:] != rest:
        raise BadCode("This is no code that this page gave: one of its letters is wrong, or two have changed places.")
    found = {}
    for item in reversed(items):
        number, digit = divmod(number, len(item.options) + 1)
        found[item.id] = UNKNOWN if not digit else item.options[digit - 1].id
    return {item.id: found[item.id] for item in items}


def by_idea(items: Sequence[Item], answers: Answers, before: Answers | None = None) -> pd.DataFrame:
    """A line an idea: idea, question, answer, right answer, right, confusion; before and before right, where they are given."""
    rows = []
    for item in items:
        chosen = item.option(answers[item.id])
        row = {
            "idea": item.idea,
            "question": item.text,
            "answer": chosen.text if chosen else "I do not know",
            "right answer": item.answer.text,
            "right": "yes" if answers[item.id] == item.right else "no",
            "confusion": chosen.tag if chosen else "",
        }
        if before is not None:
            earlier = item.option(before[item.id])
            row |= {
                "before": earlier.text if earlier else "I do not know",
                "before right": "yes" if before[item.id] == item.right else "no",
            }
        rows.append(row)
    return pd.DataFrame(rows)


def gain(before: int, after: int, count: int) -> float | None:
    """The normalised gain, (after - before) / (all - before); None where everything was right before."""
    return None if before >= count else (after - before) / (count - before)
