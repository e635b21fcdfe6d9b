"""The questions of the chapter. Their words stand in words.toml, what decides them in numbers.py."""

from __future__ import annotations

from pathlib import Path

from bert_explain.chapters.same_word import numbers
from bert_explain.learning.question import Experiment, Margin, Pair, Question, words_of

WORDS = words_of(Path(__file__).with_name("words.toml"))["question"]

PAIRS = (
    Pair("She walked to the bank of the river.", "The water was cold and clear.", "bank"),
    Pair("She opened an account at the bank.", "The clerk gave her a receipt.", "bank"),
    Pair("The bat flew out of the cave.", "It was getting dark.", "bat"),
    Pair("He swung the bat and missed.", "The crowd laughed.", "bat"),
    Pair("In spring the meadow is green.", "The lambs play.", "spring"),
    Pair("The spring in the clock is broken.", "It stopped at noon.", "spring"),
    Pair("They agreed on a date for the meeting.", "It is next week.", "date"),
    Pair("Turn on the light, please.", "I want to read.", "light"),
    Pair("Turn right at the church.", "Our house is the third.", "right"),
    Pair("The plant needs water twice a week.", "Put it near a window.", "plant"),
    Pair("The plant makes tyres for lorries.", "It lies outside the town.", "plant"),
    Pair("The bag was light enough to carry.", "She took it on the train.", "light"),
    Pair("It was a cold night.", "The lake froze.", "cold"),
    Pair("He stayed at home with a cold.", "His nose was red.", "cold"),
)

READERS = Question(
    "same_word-readers",
    WORDS["readers"],
    numbers.who_parts,
    PAIRS,
    margin=Margin(ratio=None, gap=0.02),
    unclear=numbers.none_parts,
    long=True,
)
LAYER = Question("same_word-layer", WORDS["layer"], numbers.where_parts, PAIRS, margin=Margin(ratio=None, gap=0.01))
OFTEN = (
    Pair("The play was long.", "We did not like it."),
    Pair("The hot soup burned his tongue.", "He drank some water."),
    Pair("The water was clear.", "We saw the stones on the ground."),
    Pair("It was a cold night.", "The lake froze.", "cold"),
    Pair("They keep sheep.", "The farm lies in the hills."),
    Pair("The prices fall again.", "Nobody knows why."),
    Pair("The hole is deep.", "A dog fell into it."),
    Pair("She will leave soon.", "He stays at home."),
    Pair("He was a good man.", "The village misses him."),
    Pair("They hold the rope.", "The boat is heavy."),
    Pair("Strike the bell.", "They want to hear it."),
    Pair("She will take the bus.", "It is late."),
    Pair("He can run fast.", "He won a prize."),
)
NEAREST = Question(
    "same_word-nearest",
    WORDS["nearest"],
    numbers.nearest_means,
    OFTEN,
    margin=None,
    unclear=numbers.at_an_edge,
    experiment=Experiment(evidence=numbers.at_the_input),
    long=True,
)
EVERY = (READERS, LAYER, NEAREST)
