"""The questions of the chapter. Their words stand in words.toml, what decides them in numbers.py."""

from __future__ import annotations

from pathlib import Path

from bert_explain.chapters.replicate import numbers
from bert_explain.learning.pairs import EVERYDAY
from bert_explain.learning.question import Question, words_of

WORDS = words_of(Path(__file__).with_name("words.toml"))["question"]

PREVIOUS = Question(
    "replicate-previous",
    WORDS["previous"],
    numbers.looking_back,
    EVERYDAY,
    answer=numbers.how_many,
    margin=None,
    unclear=numbers.at_an_edge,
)
CONE = Question(
    "replicate-cone",
    WORDS["cone"],
    numbers.closer,
    EVERYDAY,
    answer=numbers.which_way,
    margin=None,
    unclear=numbers.hardly,
)
EVERY = (PREVIOUS, CONE)
