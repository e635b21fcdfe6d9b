"""The questions of the chapter. Their words stand in words.toml, what decides them in numbers.py."""

from __future__ import annotations

from pathlib import Path

from bert_explain.chapters.attention import numbers
from bert_explain.learning.question import Experiment, Pair, Question, words_of

WORDS = words_of(Path(__file__).with_name("words.toml"))["question"]

PAIRS = (
    Pair("The cat sat on the mat.", "It was fast asleep.", "it"),
    Pair("She opened an account at the bank.", "The clerk gave her a receipt.", "bank"),
    Pair("The children played in the garden.", "Their mother watched them from the window.", "garden"),
    Pair("He bought a new car last week.", "It broke down on the first day.", "car"),
    Pair("The teacher wrote the answer on the board.", "Nobody could read it.", "board"),
    Pair("We took the train to the coast.", "The sea was calm and blue.", "train"),
    Pair("My brother plays the piano.", "He practises every morning.", "piano"),
    Pair("It rained all night.", "The streets were wet in the morning.", "streets"),
    Pair("The doctor looked at my knee.", "She told me to rest.", "knee"),
    Pair("They planted a tree behind the house.", "It gave apples after three years.", "tree"),
)

MOST = Question(
    "attention-most", WORDS["most"], numbers.most_looked_at, PAIRS, options=numbers.looked_at,
    experiment=Experiment(numbers.without_those),
)  # fmt: skip
BACK = Question("attention-back", WORDS["back"], numbers.back_again, PAIRS, margin=None, unclear=numbers.near_the_edge)
LESS = Question(
    "attention-less", WORDS["less"], numbers.one_head_less, PAIRS, margin=None, unclear=numbers.between,
    experiment=Experiment(evidence=numbers.one_layer_less), long=True,
)  # fmt: skip
EVERY = (MOST, BACK, LESS)
