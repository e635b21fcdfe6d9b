"""Word vectors: one vector for each word, whatever sentence it stands in."""

from __future__ import annotations

from bert_explain.learning.chapter import Chapter, Step
from bert_explain.ui.parts import vectors, vectors_map, vectors_sum, vectors_train

LEAD = (
    "Before BERT, a program looked a word up in a table and found **one list of numbers** for it: a *word vector*. Words "
    "that are used alike have like numbers. That made words into something one can compare, add and draw."
)

CHAPTER = Chapter(
    id="vectors",
    name="Word vectors",
    steps=(
        Step("neighbours", "Neighbours", vectors.neighbours, lead=LEAD, owns=(vectors.WORD, vectors.NEAREST)),
        Step("arithmetic", "Arithmetic", vectors_sum.draw, owns=(vectors_sum.SUM, vectors_sum.WITH)),
        Step("one", "One vector", vectors.one, owns=(vectors.SHARED,)),
    ),
    deeper=(
        Step("two", "Two words", vectors.two, owns=(vectors.ONE, vectors.OTHER)),
        Step("map", "A map", vectors_map.draw,
             owns=(vectors_map.LIST, vectors_map.METHOD, vectors_map.DIMENSIONS, vectors_map.DRAW)),
        Step("train", "Train your own", vectors_train.draw, owns=vectors_train.PARAMS),
    ),
    old_steps={
        ("see", "Neighbours"): "neighbours", ("see", "Arithmetic"): "arithmetic", ("see", "Two words"): "two",
        ("see", "A map"): "map", ("see", "One vector"): "one", ("see", "Train your own"): "train",
    },
)  # fmt: skip
