"""Transformer: the encoder-decoder of 2017, which half became what, every parameter counted."""

from __future__ import annotations

from bert_explain.chapters.transformer import draw as transformer
from bert_explain.chapters.transformer import questions
from bert_explain.learning.chapter import Chapter, Step
from bert_explain.ui import asking
from bert_explain.ui.frame import Page

LEAD = (
    "BERT is one half of an older machine. In 2017 the **Transformer** was built to translate: an **encoder** reads "
    "a sentence, a **decoder** writes it in another language."
)
HEIRS = (
    " A year later GPT took the decoder, and BERT took the encoder. Almost every box in this picture is at work on one of "
    "these pages."
)
SIZE = (
    "All that such a model has learned is a long list of numbers, its **parameters**. How many there are follows "
    "from a handful of sizes: anyone can count them."
)


def _lead(page: Page) -> str:
    """Which half BERT took is asked first."""
    told = not asking.wanted(page, questions.HALF) or asking.answered(page, questions.HALF)
    return LEAD + HEIRS if told else LEAD.replace("BERT is one half of an older machine. ", "")


def _models(page: Page) -> None:
    transformer.models(page)
    transformer.depth("conventions")


def _own(page: Page) -> None:
    transformer.own(page)
    transformer.depth("count")


CHAPTER = Chapter(
    id="transformer",
    name="Transformer",
    steps=(
        Step(
            "halves", "Two halves", transformer.halves, asks=questions.HALF, lead=_lead, owns=(transformer.HALF, transformer.BOX)
        ),
        Step("count", "Count the numbers", _models, asks=questions.COUNT, lead=SIZE, owns=(transformer.BARS,)),
    ),
    deeper=(
        Step("checked", "The count, checked", transformer.checked),
        Step(
            "own",
            "Build your own",
            _own,
            owns=(
                transformer.LAYERS,
                transformer.HEADS,
                transformer.HIDDEN,
                transformer.FEED,
                transformer.VOCABULARY,
            ),
        ),
    ),
)
