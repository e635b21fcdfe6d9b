"""The questions of the chapter. Their words stand in words.toml, what decides them in numbers.py."""

from __future__ import annotations

from pathlib import Path

from bert_explain.chapters.elmo import numbers
from bert_explain.learning.pairs import EVERYDAY
from bert_explain.learning.question import Experiment, Margin, Pair, Question, words_of

WORDS = words_of(Path(__file__).with_name("words.toml"))["question"]

# The word that is asked about stands in the middle: EVERYDAY's stand last, where nothing is left to read.
INNER = (
    Pair("She walked to the bank of the river.", "The water was cold.", "bank"),
    Pair("The cat on the mat was fast asleep.", "Nobody woke it.", "cat"),
    Pair("The teacher wrote the answer on the board.", "The pupils copied it.", "teacher"),
    Pair("We took the train to the coast.", "The sea was calm.", "train"),
    Pair("My brother plays the piano in the evening.", "The neighbours like it.", "brother"),
    Pair("The doctor looked at my knee.", "She told me to rest.", "doctor"),
    Pair("They planted a tree behind the house.", "It gave apples.", "tree"),
    Pair("The cook put salt in the soup.", "The guests left half of it.", "salt"),
    Pair("A bird built a nest in the roof.", "The young birds left in June.", "bird"),
    Pair("He opened the door of the kitchen.", "The light was on.", "door"),
)

LETTERS = Question(
    "elmo-letters",
    WORDS["letters"],
    numbers.spelled_alike,
    INNER + EVERYDAY,
    margin=Margin(ratio=None, gap=0.02),
    experiment=Experiment(evidence=numbers.with_a_letter_doubled),
)
READ = Question("elmo-read", WORDS["read"], numbers.has_read, INNER, margin=None, unclear=numbers.too_faint)
GUESS = Question(
    "elmo-guess",
    WORDS["guess"],
    numbers.guessed,
    INNER + EVERYDAY,
    margin=None,
    unclear=numbers.nearly_same,
    experiment=Experiment(evidence=numbers.without_one_side),
)
EVERY = (LETTERS, READ, GUESS)
