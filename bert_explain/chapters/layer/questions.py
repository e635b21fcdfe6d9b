"""The questions of the chapter. Their words stand in words.toml, what decides them in numbers.py."""

from __future__ import annotations

from pathlib import Path

from bert_explain.chapters.layer import numbers
from bert_explain.learning.pairs import EVERYDAY
from bert_explain.learning.question import Question, words_of

WORDS = words_of(Path(__file__).with_name("words.toml"))["question"]

SOFTMAX = Question("layer-softmax", WORDS["softmax"], numbers.sharpened, EVERYDAY, margin=None, unclear=numbers.near_equal)
ADDS = Question("layer-adds", WORDS["adds"], numbers.added_more, EVERYDAY, margin=None, unclear=numbers.at_the_edge)
TWICE = Question("layer-twice", WORDS["twice"], numbers.repeated, EVERYDAY, margin=None, unclear=numbers.near_an_edge)
EVERY = (SOFTMAX, ADDS, TWICE)
