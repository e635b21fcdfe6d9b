"""The questions of the chapter. Their words stand in words.toml, what decides them in numbers.py.

They are about the model, whatever the text: what decides them is a training of some seconds, made once for a model.
"""

from __future__ import annotations

from pathlib import Path

from bert_explain.chapters.fine_tuning import numbers
from bert_explain.learning.pairs import EVERYDAY
from bert_explain.learning.question import Experiment, Question, words_of

WORDS = words_of(Path(__file__).with_name("words.toml"))["question"]

MANY = Question(
    "fine_tuning-many",
    WORDS["many"],
    numbers.how_many,
    EVERYDAY,
    margin=None,
    unclear=numbers.near_an_edge,
    experiment=Experiment(evidence=numbers.with_few),
    long=True,
    cost=numbers.LONG,
)
PART = Question(
    "fine_tuning-part",
    WORDS["part"],
    numbers.head_or_all,
    EVERYDAY,
    margin=None,
    unclear=numbers.undecided,
    long=True,
    cost=2 * numbers.LONG,
)
EVERY = (MANY, PART)
