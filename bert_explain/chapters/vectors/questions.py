"""The questions of the chapter. Their words stand in words.toml, what decides them in numbers.py."""

from __future__ import annotations

from pathlib import Path

from bert_explain.chapters.vectors import numbers
from bert_explain.learning.pairs import EVERYDAY
from bert_explain.learning.question import Experiment, Margin, Pair, Question, words_of

WORDS = words_of(Path(__file__).with_name("words.toml"))["question"]

OPPOSED = (
    Pair("The food was good.", "The guests came back.", "good"),
    Pair("The soup was hot.", "He burned his tongue.", "hot"),
    Pair("They live in a big house.", "It stands near the river.", "big"),
    Pair("Prices will increase next year.", "The workers ask for more money.", "increase"),
    Pair("My brother plays the piano.", "The neighbours like the music.", "brother"),
    Pair("The old man sat on the bench.", "He fed the birds.", "old"),
    Pair("They drove north for two days.", "Then they saw the mountains.", "north"),
    Pair("In summer the children swim in the lake.", "The water is clear.", "summer"),
    Pair("The walls were high.", "Nobody could look over them.", "high"),
    Pair("She bought a ticket.", "The train left at noon.", "bought"),
    Pair("The rich merchant had three ships.", "They sailed to the islands.", "rich"),
)

OPPOSITE = Question(
    "vectors-opposite",
    WORDS["opposite"],
    numbers.opposite,
    OPPOSED,
    margin=None,
    unclear=numbers.near_a_rank,
    experiment=Experiment(evidence=numbers.opposite_in_glove),
)
SUM = Question(
    "vectors-sum",
    WORDS["sum"],
    numbers.summed,
    EVERYDAY,
    margin=Margin(ratio=None, gap=0.02),
    experiment=Experiment(evidence=numbers.royal),
)
EVERY = (OPPOSITE, SUM)
