"""The questions of the chapter. Their words stand in words.toml, what decides them in numbers.py."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from bert_explain.analysis.sentence import say
from bert_explain.chapters.embeddings import numbers
from bert_explain.learning.pairs import EVERYDAY
from bert_explain.learning.question import Ask, Margin, Option, Question, words_of

WORDS = words_of(Path(__file__).with_name("words.toml"))["question"]


def _kinds(ask: Ask, _: pd.DataFrame) -> tuple[Option, ...]:
    """The three kinds of rows; without segments there are two."""
    there = ask.trace.embeddings.segment.any()
    return tuple(
        Option(o["id"], say(o["text"]), o.get("tag", "")) for o in WORDS["away"]["option"] if there or o["id"] != "segment"
    )


SUM = Question("embeddings-sum", WORDS["sum"], numbers.told_apart, EVERYDAY, margin=None, unclear=numbers.between)
AWAY = Question("embeddings-away", WORDS["away"], numbers.turned, EVERYDAY, options=_kinds, margin=Margin(ratio=1.25))
EVERY = (SUM, AWAY)
