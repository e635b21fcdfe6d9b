"""The questions of the chapter. Their words stand in words.toml, what decides them in numbers.py."""

from __future__ import annotations

from pathlib import Path

from bert_explain.chapters.next_sentence import numbers
from bert_explain.learning.pairs import EVERYDAY
from bert_explain.learning.question import Experiment, Margin, Question, words_of

WORDS = words_of(Path(__file__).with_name("words.toml"))["question"]

FOLLOWS = Question(
    "next-follows",
    WORDS["follows"],
    numbers.follows,
    EVERYDAY,
    margin=None,
    unclear=numbers.near_an_edge,
    experiment=Experiment(lambda ask, found: ask.query.but(text_b=_denied(ask.query.text_a))),
)
SWAP = Question(
    "next-swap",
    WORDS["swap"],
    numbers.swapped,
    EVERYDAY,
    margin=None,
    unclear=numbers.near_a_swap,
    experiment=Experiment(lambda ask, found: ask.query.but(text_b=_lower(ask.query.text_b, "Because of that, "))),
)
ORDER = Question(
    "next-order",
    WORDS["order"],
    numbers.without_positions,
    EVERYDAY,
    margin=Margin(ratio=1.3),
    experiment=Experiment(evidence=numbers.shuffled),
)
EVERY = (FOLLOWS, SWAP, ORDER)


def _denied(text: str) -> str:
    """The same sentence with a denial in front: about the same things, and against it."""
    return _lower(text, "It is not true that ")


def _lower(text: str, before: str) -> str:
    """A sentence with words in front of it."""
    return f"{before}{text[:1].lower()}{text[1:]}"
