"""The questions of the chapter. Their words stand in words.toml, what decides them in numbers.py."""

from __future__ import annotations

from pathlib import Path

from bert_explain.chapters.outputs import numbers
from bert_explain.learning.pairs import EVERYDAY
from bert_explain.learning.question import Experiment, Question, words_of

WORDS = words_of(Path(__file__).with_name("words.toml"))["question"]

HALFWAY = Question(
    "outputs-halfway",
    WORDS["halfway"],
    numbers.cls_halfway,
    EVERYDAY,
    margin=None,
    unclear=numbers.near_an_edge,
    experiment=Experiment(evidence=numbers.halfway_with_another),
)
POOLED = Question(
    "outputs-pooled",
    WORDS["pooled"],
    numbers.pooled,
    EVERYDAY,
    margin=None,
    unclear=numbers.near_an_edge,
    experiment=Experiment(evidence=numbers.pooled_with_another),
)
EVERY = (HALFWAY, POOLED)
