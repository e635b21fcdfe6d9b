"""The questions of the chapter. Their words stand in words.toml, what decides them in numbers.py.

They are about a tiny model of its own, whatever the text and the model above: what decides them is a training of some
seconds, begun at a press and made once for all.
"""

from __future__ import annotations

from pathlib import Path

from bert_explain.chapters.pre_training import numbers
from bert_explain.learning.pairs import EVERYDAY
from bert_explain.learning.question import Experiment, Question, words_of

WORDS = words_of(Path(__file__).with_name("words.toml"))["question"]
PRESS = f"Train a tiny BERT for {numbers.ASKED_STEPS} steps, and ask me"

FIRST = Question(
    "pre_training-first",
    WORDS["first"],
    numbers.first_guess,
    EVERYDAY,
    margin=None,
    unclear=numbers.near_an_edge,
    experiment=Experiment(evidence=numbers.later),
    long=True,
    cost=numbers.LONG / 10,
    press=PRESS,
)
ORDER = Question(
    "pre_training-order",
    WORDS["order"],
    numbers.learned_first,
    EVERYDAY,
    margin=None,
    unclear=numbers.too_level,
    long=True,
    cost=numbers.LONG / 10,
    press=PRESS,
)
EVERY = (FIRST, ORDER)
