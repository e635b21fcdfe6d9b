"""The questions of the chapter. Their words stand in words.toml, what decides them in numbers.py."""

from __future__ import annotations

from pathlib import Path

from bert_explain.chapters.tokens import numbers
from bert_explain.learning.question import Pair, Question, words_of

WORDS = words_of(Path(__file__).with_name("words.toml"))["question"]

RARE = tuple(
    Pair(text)
    for text in (
        "The naïve café owner served crème brûlée to the ichthyologist.",
        "Its crust shattered unforgettably.",
        "The Pteranodon was no dinosaur.",
        "My niece collects kaleidoscopes.",
        "His unhappiness was unmistakable.",
        "Élodie photographed the lighthouse.",
        "The antidisestablishmentarians lost.",
        "We ate zabaglione in Zürich.",
        "The orthodontist was a perfectionist.",
        "Our dachshund is incorrigible.",
        "Strawberries ripened overnight.",
        "The Übermensch is a misunderstanding.",
    )
)

CUT = Question("tokens-cut", WORDS["cut"], numbers.cut, RARE, margin=None)
LEFT = Question("tokens-left", WORDS["left"], numbers.left, RARE, margin=None)
EVERY = (CUT, LEFT)
