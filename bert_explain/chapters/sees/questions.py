"""The questions of the chapter. Their words stand in words.toml, what decides them in numbers.py."""

from __future__ import annotations

from pathlib import Path

from bert_explain.chapters.sees import numbers
from bert_explain.learning.pairs import EVERYDAY
from bert_explain.learning.question import Margin, Pair, Question, words_of

WORDS = words_of(Path(__file__).with_name("words.toml"))["question"]

INNER = (
    Pair("She walked to the bank of the river.", "The water was cold.", "bank"),
    Pair("He drank a cup of tea in the kitchen.", "It was hot.", "cup"),
    Pair("The doctor looked at my knee.", "She told me to rest.", "doctor"),
    Pair("The dog ran after the ball.", "It came back with it.", "dog"),
    Pair("The king and the queen lived in a castle.", "The people loved them.", "queen"),
    Pair("He opened the door of the kitchen.", "The light was on.", "door"),
)

BEST = Question("sees-best", WORDS["best"], numbers.readers, INNER + EVERYDAY, margin=Margin(ratio=1.5))
MORE = Question("sees-more", WORDS["more"], numbers.beaten, INNER + EVERYDAY, margin=None, unclear=numbers.undecided, long=True)
EVERY = (BEST, MORE)
