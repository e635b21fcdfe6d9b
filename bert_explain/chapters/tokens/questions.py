"""The questions of the chapter. Their words stand in words.toml, what decides them in numbers.py."""

from __future__ import annotations

from pathlib import Path

from bert_explain.chapters.tokens import numbers
from bert_explain.learning.question import Experiment, Pair, Question, words_of

WORDS = words_of(Path(__file__).with_name("words.toml"))["question"]

RARE = (
    Pair("Her smile was unforgettably bright.", "Nobody said a word.", "smile"),
    Pair("The playfulness of the kitten amused us.", "It ran after a ball.", "kitten"),
    Pair("An unaffable clerk opened the door.", "He did not greet us.", "door"),
    Pair("Everything was beautiful in the morning.", "The sun came up.", "morning"),
    Pair("The ichthyologist studied a strange fish.", "It came from the deep sea.", "fish"),
    Pair("A tyrannosaurus stood in the museum.", "The children were afraid of it.", "museum"),
    Pair("The strawberries tasted of summer.", "We ate all of them.", "summer"),
    Pair("The government announced a new programme.", "The opposition laughed.", "programme"),
    Pair("Her handwriting was unreadable.", "Nobody knew what it said.", "handwriting"),
    Pair("The electroencephalogram showed nothing.", "The doctor was pleased.", "doctor"),
)
ACCENTS = (
    Pair("Zoë ordered a crème brûlée.", "The waiter brought it at once.", "waiter"),
    Pair("We sailed past Malmö in June.", "The sea was calm.", "sea"),
    Pair("The NAÏVE café owner smiled.", "It was fine.", "owner"),
    Pair("François plays the piano.", "The neighbours like the music.", "piano"),
    Pair("Her résumé was two pages long.", "They read it twice.", "pages"),
    Pair("The Öresund is a strait.", "A bridge crosses it.", "bridge"),
    Pair("Beyoncé sang in the rain.", "Everyone got wet.", "rain"),
    Pair("The train to London was late.", "We waited for an hour.", "train"),
    Pair("Dvořák wrote nine symphonies.", "The last is the best known.", "symphonies"),
    Pair("NASA sent a probe to Mars.", "It landed safely.", "probe"),
)

CUT = Question("tokens-cut", WORDS["cut"], numbers.how_many, RARE, margin=None, experiment=Experiment(evidence=numbers.mistyped))
LEFT = Question(
    "tokens-left",
    WORDS["left"],
    numbers.what_is_left,
    ACCENTS,
    options=lambda ask, found: numbers.left_options(ask),
    margin=None,
    experiment=Experiment(evidence=numbers.written_plainly, breaks=numbers.reads_otherwise),
)
EVERY = (CUT, LEFT)
