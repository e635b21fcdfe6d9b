"""The questions of the chapter. Their words stand in words.toml, what decides them in numbers.py."""

from __future__ import annotations

from pathlib import Path

from bert_explain.chapters.attention import numbers
from bert_explain.learning.pairs import EVERYDAY
from bert_explain.learning.question import Experiment, Question, words_of

WORDS = words_of(Path(__file__).with_name("words.toml"))["question"]


MOST = Question(
    "attention-most",
    WORDS["most"],
    numbers.most_looked_at,
    EVERYDAY,
    options=lambda ask, found: numbers.looked_at(ask),
    margin=None,
    unclear=numbers.two_get_most,
    experiment=Experiment(evidence=numbers.without_those, breaks=numbers.another_gets_most, unclear=numbers.hardly_ahead),
)
BACK = Question("attention-back", WORDS["back"], numbers.back_again, EVERYDAY, margin=None, unclear=numbers.near_the_edge)
LESS = Question(
    "attention-less",
    WORDS["less"],
    numbers.one_head_less,
    EVERYDAY,
    margin=None,
    unclear=numbers.between,
    experiment=Experiment(evidence=numbers.one_layer_less),
    long=True,
)
EVERY = (MOST, BACK, LESS)
