"""The questions of the chapter. Their words stand in words.toml, what decides them in numbers.py.

They are asked of the model in view where it has such a head; of one without any, once a layer for it has been trained on it.
"""

from __future__ import annotations

from pathlib import Path

from bert_explain.chapters.any_task import numbers
from bert_explain.learning.question import Experiment, Margin, Pair, Question, words_of

WORDS = words_of(Path(__file__).with_name("words.toml"))["question"]

OPINIONS = (
    Pair("The food was cold and the waiter was rude."),
    Pair("What a wonderful evening, we laughed until midnight."),
    Pair("I would never buy this phone again."),
    Pair("She sang beautifully and everybody loved it."),
    Pair("The film was boring from the first minute."),
    Pair("A clean room, friendly people and a great breakfast."),
    Pair("The train was late, dirty and far too full."),
    Pair("My daughter loves this book and reads it every night."),
    Pair("It broke after two days and nobody answered my letters."),
    Pair("The garden is lovely and the coffee is excellent."),
    Pair("Terrible service, and the soup was disgusting."),
    Pair("This is the best present I have ever got."),
)
NAMED = (
    Pair("In Madrid the trains were late."),
    Pair("We sent the letter to Mrs Brown in Boston."),
    Pair("The river flows through Vienna and Budapest."),
    Pair("John wrote to Mary from Japan."),
    Pair("The minister came back from Egypt on Sunday."),
    Pair("George Miller was born in Scotland."),
    Pair("They walked from Oxford to Cambridge."),
    Pair("Maria flew from Berlin to London."),
    Pair("The bank opened an office in Paris."),
    Pair("My friend Thomas lives in Chicago."),
    Pair("Anna and Peter met in Rome."),
    Pair("Doctor Smith moved to Canada last year."),
)

LABEL = Question(
    "any_task-label",
    WORDS["label"],
    numbers.which_label,
    OPINIONS,
    options=numbers.label_options,
    margin=Margin(ratio=1.5, gap=0.2),
    experiment=Experiment(evidence=numbers.backwards),
    long=True,
    cost=numbers.LAYER,
)
TAG = Question(
    "any_task-tag",
    WORDS["tag"],
    numbers.which_tag,
    NAMED,
    options=numbers.label_options,
    margin=Margin(ratio=1.5, gap=0.2),
    experiment=Experiment(evidence=numbers.alone),
    long=True,
    cost=numbers.LAYER,
)
ASKED = (
    Pair("What is the capital of France?", "Paris is the capital of France. It lies on the Seine."),
    Pair("Who wrote the letter?", "The letter was written by Anna in the spring of 1912."),
    Pair("When did the war end?", "The war began in 1914 and ended in 1918."),
    Pair("Where does the river rise?", "The river rises in the Alps and flows into the North Sea."),
    Pair("How many legs has a spider?", "A spider has eight legs. An insect has six."),
    Pair("What do cows eat?", "Cows eat grass and hay. They drink a lot of water."),
    Pair("What is the dog called?", "Tom has a black dog called Rex and a cat called Mimi."),
    Pair("Which colour is the door?", "The house is white, its roof is red and its door is green."),
    Pair("Who found the treasure?", "Two boys found the treasure under an old oak tree."),
    Pair("When does the shop open?", "The shop opens at nine in the morning and closes at six."),
    Pair("What did the ship strike?", "In the night of 14 April 1912 the ship struck an iceberg and sank."),
    Pair("Where was the painter born?", "The painter was born in Spain, lived in France and died there in 1973."),
)
BEGIN = Question(
    "any_task-begin",
    WORDS["begin"],
    numbers.which_begin,
    ASKED,
    options=numbers.begin_options,
    margin=Margin(ratio=1.5, gap=0.2),
    experiment=Experiment(evidence=numbers.asked_nothing),
    long=True,
    cost=numbers.LAYER,
)
EVERY = (LABEL, TAG, BEGIN)
