"""Masked words: hide a word, see what BERT expects; the 80/10/10 recipe and its loss."""

from __future__ import annotations

from bert_explain.learning.chapter import Chapter, Need, Step
from bert_explain.ui.frame import Page
from bert_explain.ui.parts import masked_words


def _lead(page: Page) -> str:
    return (
        "Hide a word, and let the model guess it from the words around it, on both sides. This is the exercise "
        "that BERT learned language from. A hidden word becomes the token `[MASK]`; the vector at its place goes "
        f"through the **masked-word head**, which gives each of the {page.model.vocab_size:,} pieces a "
        "**probability**. They add up to 1."
    )


def _guess(page: Page) -> None:
    masked_words.hide(page)
    masked_words.guesses(page)
    if page.model.has_mlm:
        masked_words.depth(page, "head")


def _scores(page: Page) -> None:
    masked_words.scores(page)
    masked_words.depth(page, "score")


def _recipe(page: Page) -> None:
    masked_words.recipe(page)
    masked_words.depth(page, "recipe")


CHAPTER = Chapter(
    id="masked_words",
    name="Masked words",
    steps=(
        Step("guess", "Guess the word", _guess, lead=_lead, owns=(
            masked_words.UNIT, masked_words.WHICH, masked_words.K, masked_words.OWN, "mask",
        )),
    ),
    deeper=(
        Step("every", "Hide each word once", _scores, needs=(Need.MASKED_WORDS,), owns=(masked_words.SCORED, masked_words.REST)),
        Step("recipe", "How BERT was trained on this", _recipe, owns=(masked_words.DRAW,)),
    ),
)  # fmt: skip
