"""Next sentence: does B follow A? Swap, flip, replace; many pairs at once; what it gets wrong."""

from __future__ import annotations

import streamlit as st

from bert_explain.chapters.next_sentence import draw as next_sentence
from bert_explain.chapters.next_sentence import draw_sentence_pairs as sentence_pairs
from bert_explain.chapters.next_sentence import questions
from bert_explain.learning.chapter import Chapter, Need, Step
from bert_explain.ui.frame import Page

LEAD = (
    "While BERT learned to guess hidden words, it had a second exercise: two sentences, and one question. **Does B "
    "follow A in a text, or was B taken from somewhere else?** The answer is read off a single vector, that of "
    "`[CLS]`, which by the last layer has looked at both sentences. This is **next-sentence prediction**."
)
TRAINING = "Nobody wrote labels. The pairs come from plain text and a coin: heads, B is what follows; tails, it is not."
HEAD = (Need.NEXT_SENTENCE,)


def _training(page: Page) -> None:
    st.markdown(TRAINING)
    sentence_pairs.drawing(page)
    next_sentence.words("training")


def _wrong(page: Page) -> None:
    sentence_pairs.probes(page)
    next_sentence.words("wrong")


CHAPTER = Chapter(
    id="next_sentence",
    name="Next sentence",
    steps=(
        Step(
            "judge",
            "Judge",
            next_sentence.answer,
            asks=questions.FOLLOWS,
            lead=LEAD,
            needs=HEAD,
            owns=(next_sentence.RANDOM, next_sentence.WAS),
        ),
        Step("change", "Change one thing", next_sentence.changes, asks=questions.SWAP, needs=HEAD, owns=("swap", "sep")),
        Step("decision", "From [CLS] to two numbers", next_sentence.decision, asks=questions.ORDER, needs=HEAD),
    ),
    deeper=(
        Step("pairs", "Many pairs", sentence_pairs.table, needs=HEAD, owns=(sentence_pairs.PAIRS,)),
        Step(
            "training",
            "How BERT was trained on this",
            _training,
            owns=(sentence_pairs.DRAW, sentence_pairs.COUNT, sentence_pairs.PAIR),
        ),
        Step("wrong", "What it gets wrong", _wrong, needs=HEAD, owns=(sentence_pairs.PROBE,)),
    ),
)
