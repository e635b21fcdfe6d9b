"""What each model sees: one hidden word, five readers: what each was allowed to read, and what it expects there."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.chapters.sees import draw as sees
from bert_explain.chapters.sees import numbers, questions
from bert_explain.core.tokens import counterpart
from bert_explain.figures.payload import Bar
from bert_explain.kernel.readings import percent
from bert_explain.learning.chapter import Chapter, Step
from bert_explain.ui import asking, cache
from bert_explain.ui.components import bars
from bert_explain.ui.frame import Page

LEAD = (
    "One hidden word, five readers. Word2Vec sees a heap of neighbours. ELMo's two models read up to the word, one from each "
    "side; the decoder from the left; BERT reads everything but the word. **Whoever sees more should guess better**: see "
    "where that holds."
)
MOST_BARS = 14  # as many as stand on one screen with their question


def _draw(page: Page) -> None:
    sees.choose(page)
    sees.depth(page, "fair")


def _both(page: Page) -> pd.DataFrame:
    alone = cache.laid(page.model, page.query.plain())  # the text as it stands: the question is asked of it
    at = counterpart(page.tokens, page.position, alone)
    ask = asking.ask_of(page.model.name, page.query, position=at)
    key = (page.model.name, ask.query, "sees-both", at)
    return cache.evidence(key, lambda: numbers.both(ask))


def _less_helps(page: Page) -> Sentence:
    found = _both(page)
    ahead = found[found["ratio"] < 1]
    if ahead.empty:
        return say("On each of these {count} words BERT, which sees both sides, is ahead of the decoder.", count=len(found))
    worst = ahead.loc[ahead["ratio"].idxmin()]
    return say(
        "Look at the outlined bars: on {less} of {count} words the decoder is ahead. BERT gives {word} {bert}, the decoder "
        "{decoder}.",
        less=len(ahead),
        count=len(found),
        word=Piece(worst["word"]),
        bert=percent(worst["bert"]),
        decoder=percent(worst["decoder"]),
    )


def _draw_both(page: Page) -> None:
    found = _both(page)
    shown = found if len(found) <= MOST_BARS else found.loc[sorted(found["ratio"].nsmallest(MOST_BARS).index)]
    items = [
        Bar(row.word, row.bert, note=f"decoder {percent(row.decoder)}", shown=percent(row.bert), signal=row.ratio < 1)
        for row in shown.itertuples()
    ]
    bars(items, key="sees-both", label="BERT's probability of each hidden word, and the decoder's beside it")
    if len(shown) < len(found):
        st.caption(f"Of {len(found)} words the {len(shown)} on which BERT is least ahead of the decoder, in their order.")


CHAPTER = Chapter(
    id="sees",
    name="What each model sees",
    hides=("words",),
    steps=(
        Step("guess", "Five readers", _draw, asks=questions.BEST, lead=LEAD, owns=(sees.K,)),
        Step(
            "more", "Both sides or one", _draw_both, asks=questions.MORE, numbers=_both, reading=_less_helps, code=(numbers.both,)
        ),
    ),
)
