"""The questions of the chapter. Their words stand in words.toml, what decides them in numbers.py."""

from __future__ import annotations

from pathlib import Path

from bert_explain.chapters.transformer import numbers
from bert_explain.learning.pairs import EVERYDAY
from bert_explain.learning.question import Experiment, Margin, Question, words_of

WORDS = words_of(Path(__file__).with_name("words.toml"))["question"]

HALF = Question(
    "transformer-half",
    WORDS["half"],
    numbers.half,
    EVERYDAY,
    margin=None,
    experiment=Experiment(evidence=numbers.half_of_decoder),
)
COUNT = Question(
    "transformer-count",
    WORDS["count"],
    numbers.most_numbers,
    EVERYDAY,
    margin=Margin(ratio=1.1),
    experiment=Experiment(evidence=numbers.of_bert_large),
)
EVERY = (HALF, COUNT)
