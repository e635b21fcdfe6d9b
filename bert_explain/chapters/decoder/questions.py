"""The questions of the chapter. Their words stand in words.toml, what decides them in numbers.py."""

from __future__ import annotations

from pathlib import Path

from bert_explain.chapters.decoder import numbers
from bert_explain.learning.pairs import EVERYDAY
from bert_explain.learning.question import Experiment, Pair, Question, words_of

WORDS = words_of(Path(__file__).with_name("words.toml"))["question"]

MOVED = Question(
    "decoder-moved", WORDS["moved"], numbers.moved, EVERYDAY, margin=None, experiment=Experiment(evidence=numbers.without_mask)
)
STRANGE = tuple(
    Pair(text)
    for text in (
        "He parked the elephant in the garage.",
        "She put salt in the guitar.",
        "The baby read the newspaper.",
        "My grandmother rides a volcano.",
        "He paid for the bread with a song.",
        "We ate the chairs for breakfast.",
    )
)
SURPRISE = Question(
    "decoder-surprise",
    WORDS["surprise"],
    numbers.surprises,
    EVERYDAY + STRANGE,
    options=numbers.surprising,
    margin=None,
    unclear=numbers.close,
)
FAR = Question(
    "decoder-far",
    WORDS["far"],
    numbers.far_or_near,
    EVERYDAY,
    margin=None,
    unclear=numbers.on_the_edge,
    experiment=Experiment(evidence=numbers.other_words),
    long=True,
)
EVERY = (MOVED, SURPRISE, FAR)
