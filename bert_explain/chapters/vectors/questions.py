"""The questions of the chapter. Their words stand in words.toml, what decides them in numbers.py."""

from __future__ import annotations

from pathlib import Path

from bert_explain.chapters.vectors import numbers
from bert_explain.learning.pairs import EVERYDAY
from bert_explain.learning.question import Experiment, Margin, Pair, Question, words_of

WORDS = words_of(Path(__file__).with_name("words.toml"))["question"]

OPPOSED = (
    Pair("The food was good.", "The guests came back.", "good"),
    Pair("The soup was hot.", "He burned his tongue.", "hot"),
    Pair("They live in a big house.", "It stands near the river.", "big"),
    Pair("Prices will increase next year.", "The workers ask for more money.", "increase"),
    Pair("My brother plays the piano.", "The neighbours like the music.", "brother"),
    Pair("The old man sat on the bench.", "He fed the birds.", "old"),
    Pair("They drove north for two days.", "Then they saw the mountains.", "north"),
    Pair("In summer the children swim in the lake.", "The water is clear.", "summer"),
    Pair("The walls were high.", "Nobody could look over them.", "high"),
    Pair("She bought a ticket.", "The train left at noon.", "bought"),
    Pair("The rich merchant had three ships.", "They sailed to the islands.", "rich"),
)

TWO_MEANINGS = (
    Pair("She walked to the bank of the river.", "He put the money in the bank.", "bank"),
    Pair("The bat flew out of the cave.", "He swung the bat and missed the ball.", "bat"),
    Pair("In spring the meadow is green.", "They drank from the spring.", "spring"),
    Pair("Turn on the light.", "This bag is light.", "light"),
    Pair("Turn right at the church.", "You were right about him.", "right"),
    Pair("The mouse ran under the table.", "The mouse of my computer is broken.", "mouse"),
    Pair("The trunk of the oak is wide.", "The elephant raised its trunk.", "trunk"),
    Pair("The train was late.", "They train every morning.", "train"),
    Pair("The judge spoke in court.", "The queen left the court.", "court"),
    Pair("The plant makes engines.", "Give the plant some water.", "plant"),
    Pair("The dog began to bark.", "The bark of this tree is white.", "bark"),
    Pair("He wore a ring.", "We heard the bells ring.", "ring"),
    Pair("My watch has stopped.", "We watch the birds.", "watch"),
    Pair("They sat at the table.", "The table has nine rows.", "table"),
    Pair("The key does not fit.", "She played a wrong key.", "key"),
)

OPPOSITE = Question(
    "vectors-opposite",
    WORDS["opposite"],
    numbers.opposite,
    OPPOSED,
    margin=None,
    unclear=numbers.near_a_rank,
    experiment=Experiment(evidence=numbers.opposite_in_glove),
)
SUM = Question(
    "vectors-sum",
    WORDS["sum"],
    numbers.summed,
    EVERYDAY,
    margin=Margin(ratio=None, gap=0.02),
    experiment=Experiment(evidence=numbers.royal),
)
ONE = Question(
    "vectors-one",
    WORDS["one"],
    numbers.between,
    TWO_MEANINGS,
    margin=None,
    unclear=numbers.half_way,
    experiment=Experiment(evidence=numbers.between_in_context, breaks=numbers.turned),
)
EVERY = (OPPOSITE, SUM, ONE)
