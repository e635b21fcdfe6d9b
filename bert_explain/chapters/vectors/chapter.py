"""Word vectors: one vector for each word, whatever sentence it stands in."""

from __future__ import annotations

from bert_explain.chapters.vectors import draw as vectors
from bert_explain.chapters.vectors import draw_map as vectors_map
from bert_explain.chapters.vectors import draw_sum as vectors_sum
from bert_explain.chapters.vectors import draw_train as vectors_train
from bert_explain.chapters.vectors import numbers, questions
from bert_explain.learning.chapter import Chapter, Step
from bert_explain.ui import asking, cache
from bert_explain.ui.frame import Page

LEAD = (
    "Before BERT, a program looked a word up in a table and found **one list of numbers** for it: a *word vector*. Words "
    "that are used alike have like numbers. That made words into something one can compare, add and draw."
)


def _neighbours(page: Page) -> None:
    found = None
    if asking.answered(page, questions.OPPOSITE):  # then the picture begins with the word that was asked about
        found = numbers.opposed(cache.vectors("word2vec"), page.query.text_a, page.query.text_b)
    vectors.neighbours(page, found.word if found else "")


def _sum(page: Page) -> None:
    found = None
    if asking.answered(page, questions.SUM):
        ask = asking.asked_here(page)
        found = numbers.plural(cache.vectors("word2vec"), ask.trace, ask.position)
    vectors_sum.draw(page, found.text if found else "")


def _one(page: Page) -> None:
    found = None
    if asking.answered(page, questions.ONE):
        ask = asking.asked_here(page)
        found = numbers.meanings(cache.vectors("word2vec"), ask.trace, ask.position)
    vectors.one(page, found.word if found else "")


CHAPTER = Chapter(
    id="vectors",
    name="Word vectors",
    steps=(
        Step("neighbours", "Neighbours", _neighbours, asks=questions.OPPOSITE, lead=LEAD, owns=(vectors.WORD, vectors.NEAREST)),
        Step("arithmetic", "Arithmetic", _sum, asks=questions.SUM, owns=(vectors_sum.SUM, vectors_sum.WITH)),
        Step("one", "One vector", _one, asks=questions.ONE, owns=(vectors.SHARED,)),
    ),
    deeper=(
        Step("numbers", "The numbers", vectors.numbers),
        Step("two", "Two words", vectors.two, owns=(vectors.ONE, vectors.OTHER)),
        Step(
            "map",
            "A map",
            vectors_map.draw,
            owns=(vectors_map.LIST, vectors_map.METHOD, vectors_map.DIMENSIONS, vectors_map.DRAW),
        ),
        Step("train", "Train your own", vectors_train.draw, owns=vectors_train.PARAMS),
    ),
    old_steps={
        ("see", "Neighbours"): "neighbours",
        ("see", "Arithmetic"): "arithmetic",
        ("see", "Two words"): "two",
        ("see", "A map"): "map",
        ("see", "One vector"): "one",
        ("see", "Train your own"): "train",
    },
)
