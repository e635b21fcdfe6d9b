"""The questions of the chapter. Their words stand in words.toml, what decides them in numbers.py."""

from __future__ import annotations

from pathlib import Path

from bert_explain.chapters.changed import numbers
from bert_explain.learning.pairs import EVERYDAY
from bert_explain.learning.question import Experiment, Margin, Pair, Question, words_of

WORDS = words_of(Path(__file__).with_name("words.toml"))["question"]

# Of each, one word is hidden, and one or two of the others give it away.
OWN = (
    Pair("He walked along the bank of the river.", "The water was cold and clear.", "bank"),
    Pair("She played the piano in the evening.", "The neighbours like her music.", "piano"),
    Pair("The king and the queen lived in a castle.", "Their son became king after them.", "queen"),
    Pair("The doctor looked at the patient in the hospital.", "He told her to rest.", "doctor"),
    Pair("They planted a tree behind the house.", "After three years the tree gave apples.", "tree"),
    Pair("The ship sailed across the sea to the island.", "The captain was tired.", "ship"),
    Pair("Paris is the capital of France.", "The city lies on the river Seine.", "capital"),
    Pair("The dog barked at the cat in the garden.", "The cat ran up a tree.", "cat"),
    Pair("He drank a cup of tea with milk.", "She wanted coffee instead.", "cup"),
    Pair("The train left the station at noon.", "The passengers waited on the platform.", "station"),
    Pair("She opened the door with a key.", "Inside it was dark.", "door"),
)
PAIRS = (*OWN, *EVERYDAY[1:7])

KILLS = Question(
    "changed-kills",
    WORDS["kills"],
    numbers.kills,
    PAIRS,
    options=numbers.killers,
    margin=Margin(ratio=1.25, gap=0.1),
    unclear=numbers.nothing_kills,
    experiment=Experiment(evidence=numbers.judged_by_gradients, breaks=numbers.names_another, unclear=numbers.names_two),
    long=True,
)
HURTS = Question(
    "changed-hurts",
    WORDS["hurts"],
    numbers.hurts,
    PAIRS,
    margin=None,
    unclear=numbers.nothing_hurts,
    experiment=Experiment(evidence=numbers.hurts_otherwise),
    long=True,
)
LEFT = Question("changed-left", WORDS["left"], numbers.can_go, PAIRS, margin=None, unclear=numbers.near_an_edge, long=True)
EVERY = (KILLS, HURTS, LEFT)
