"""Tokens: how WordPiece cuts words, step by step; normalisation; special tokens; the vocabulary."""

from __future__ import annotations

from bert_explain.chapters.tokens import questions
from bert_explain.learning.chapter import Chapter, Step
from bert_explain.ui.frame import Page
from bert_explain.ui.parts import tokens


def _lead(page: Page) -> str:
    return (
        f"BERT does not read words. It reads **pieces** from a list of {len(page.model.tokenizer):,}, its "
        "**vocabulary**. A common word is one piece; a rare one is put together from several. Every piece has a "
        "number, its **id**, and the ids are all that the model ever sees of your text. Pieces and the special marks "
        "around them are called **tokens**."
    )


def _cut(page: Page) -> None:
    tokens.pieces(page)
    tokens.look_ups(page)
    tokens.rule(page)


def _special(page: Page) -> None:
    tokens.told(page)
    tokens.special_tokens()


CHAPTER = Chapter(
    id="tokens",
    name="Tokens",
    renamed={"step": "lookup"},
    steps=(
        Step("cut", "Cut a word", _cut, asks=questions.CUT, lead=_lead, owns=(tokens.LOOKUP, tokens.WORD)),
        Step("lost", "What is lost", tokens.cleaning, asks=questions.LEFT),
    ),
    deeper=(
        Step("unknown", "Words it cannot read", tokens.unknown),
        Step("told", "What the model is told", _special),
        Step("padding", "Padding", tokens.padding),
        Step("ways", "Three ways to cut", tokens.ways),
        Step("vocabulary", "The vocabulary", tokens.search, owns=(tokens.FIND, tokens.HOW, tokens.ONLY)),
    ),
)
