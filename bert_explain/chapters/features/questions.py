"""The questions of the chapter. Their words stand in words.toml, what decides them in numbers.py.

They are about the model, whatever the text: what decides them takes some seconds, begun at a press, once for a model.
"""

from __future__ import annotations

from pathlib import Path

from bert_explain.chapters.features import numbers
from bert_explain.learning.pairs import EVERYDAY
from bert_explain.learning.question import Question, words_of

WORDS = words_of(Path(__file__).with_name("words.toml"))["question"]

PRESS = "Learn from frozen vectors, and ask me"

LAYER = Question(
    "features-layer",
    WORDS["layer"],
    numbers.which_layer,
    EVERYDAY,
    margin=None,
    unclear=numbers.undecided,
    long=True,
    cost=numbers.LONG,
    press=PRESS,
)
POOLING = Question(
    "features-pooling",
    WORDS["pooling"],
    numbers.which_pooling,
    EVERYDAY,
    margin=None,
    unclear=numbers.undecided,
    long=True,
    cost=numbers.LONG,
    press=PRESS,
)
EVERY = (LAYER, POOLING)
