"""The questions of the chapter. Their words stand in words.toml, what decides them in numbers.py."""

from __future__ import annotations

from pathlib import Path

from bert_explain.chapters.masked_words import numbers
from bert_explain.learning.pairs import EVERYDAY
from bert_explain.learning.question import Experiment, Pair, Question, words_of

WORDS = words_of(Path(__file__).with_name("words.toml"))["question"]

KINDS = tuple(
    Pair(text, "", word)
    for text, word in (
        ("A robin is a bird.", "bird"),
        ("A hammer is a tool.", "tool"),
        ("An apple is a fruit.", "fruit"),
        ("A rose is a flower.", "flower"),
        ("A dog is an animal.", "animal"),
        ("Gold is a metal.", "metal"),
        ("A piano is an instrument.", "instrument"),
        ("A carrot is a vegetable.", "vegetable"),
        ("Paris is a city.", "city"),
        ("Tennis is a game.", "game"),
        ("A bee is an insect.", "insect"),
        ("France is a country.", "country"),
        ("A shirt is a piece of clothing.", "clothing"),
        ("Blue is a colour.", "colour"),
        ("The sun is a star.", "star"),
        ("Milk is a drink.", "drink"),
    )
)

EXPECTED = Question(
    "masked-expected",
    WORDS["expected"],
    numbers.expected,
    EVERYDAY,
    options=lambda ask, found: (),
    margin=None,
    score=numbers.rank,
    experiment=Experiment(evidence=numbers.without_neighbours, unclear=numbers.too_close),
)
NOT = Question(
    "masked-not",
    WORDS["not"],
    numbers.with_not,
    KINDS,
    margin=None,
    unclear=numbers.at_an_edge,
    experiment=Experiment(evidence=numbers.with_never),
)
TWO = Question(
    "masked-two",
    WORDS["two"],
    numbers.two_gaps,
    EVERYDAY,
    margin=None,
    unclear=numbers.too_close,
    experiment=Experiment(evidence=numbers.other_gap_first),
)
EVERY = (EXPECTED, NOT, TWO)
