"""The questions of the chapter. Their words stand in words.toml, what decides them in numbers.py.

They are about the model, whatever the text: what decides them is measured once for a model, on the app's own sentences.
"""

from __future__ import annotations

from pathlib import Path

from bert_explain.chapters.layer_knows import numbers
from bert_explain.learning.pairs import EVERYDAY
from bert_explain.learning.question import Question, words_of

WORDS = words_of(Path(__file__).with_name("words.toml"))["question"]

DEEP = Question("layer_knows-deep", WORDS["deep"], numbers.how_deep, EVERYDAY, margin=None, long=True, cost=numbers.COST)
HEART = Question(
    "layer_knows-heart",
    WORDS["heart"],
    numbers.by_heart,
    EVERYDAY,
    margin=None,
    unclear=numbers.no_answer_holds,
    long=True,
    cost=numbers.COST,
)
HEADS = Question(
    "layer_knows-heads",
    WORDS["heads"],
    numbers.how_many_heads,
    EVERYDAY,
    margin=None,
    unclear=numbers.at_an_edge,
    long=True,
    cost=numbers.COST,
)
EVERY = (DEEP, HEART, HEADS)
