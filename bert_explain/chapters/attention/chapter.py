"""Attention: every head's heat map; one head large; rollout; what each head does; heads switched off."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.chapters.attention import draw as attention
from bert_explain.chapters.attention import numbers, questions
from bert_explain.figures.payload import Bar
from bert_explain.kernel.readings import many
from bert_explain.learning.chapter import Chapter, Step
from bert_explain.ui.components import bars
from bert_explain.ui.frame import Page


def _lead(page: Page) -> str:
    layers, heads = page.model.n_layers, page.model.n_heads
    return (
        "In every layer, every token looks at every token and takes a little of each. A **head** is one way to look; "
        f"its **weights** say how much goes where, and **a row adds up to 1**. {many(layers, 'layer')} with "
        f"{many(heads, 'head')} each: this text is looked at in {many(layers * heads, 'way')}."
    )


def _mean_row(page: Page) -> pd.DataFrame:
    return numbers.mean_row(page.trace, page.position)


def _who_gets_most(page: Page) -> Sentence:
    row = _mean_row(page).sort_values("share", ascending=False, kind="stable")
    if len(row) == 1:
        return say("There is only one token: {word} can look at nothing but itself.", word=Piece(row["token"].iloc[0]))
    top, second, heads = row.iloc[0], row.iloc[1], int(row["heads"].sum())
    leads = "gets most" if top["share"] >= 1.2 * second["share"] else "and the next get nearly as much as each other"
    return say(
        "Look at {top}: over {heads} it {leads}, {share:.2f} of what {word} looks at; {next} has {other:.2f}.",
        top=Piece(top["token"]),
        heads="its one head" if heads == 1 else f"all {heads} heads",
        leads=leads,
        share=top["share"],
        word=Piece(page.trace.pieces[page.position]),
        next=Piece(second["token"]),
        other=second["share"],
    )


def _draw_most(page: Page) -> None:
    row = _mean_row(page)
    leading = set(row["share"].nlargest(2).index)
    kept = row if len(row) <= MOST_BARS else row.loc[sorted(row["share"].nlargest(MOST_BARS).index)]
    items = [
        Bar(line.token, line.share, "attention", shown=f"{line.share:.3f}", signal=line.Index in leading)
        for line in kept.itertuples()
    ]
    bars(items, key="mean-row", label=f"What “{page.trace.pieces[page.position]}” looks at, mean over all heads")
    if len(kept) < len(row):
        st.caption(f"The {len(kept)} tokens of {len(row)} that get most, in their order.")


MOST_BARS = 12  # as many as stand on one screen with their question

CHAPTER = Chapter(
    id="attention",
    name="Attention",
    steps=(
        Step(
            "most",
            "Who gets most?",
            _draw_most,
            asks=questions.MOST,
            lead=_lead,
            numbers=_mean_row,
            reading=_who_gets_most,
            code=(numbers.mean_row,),
        ),
        Step(
            "heads",
            "One head",
            attention.heads,
            asks=questions.BACK,
            owns=(
                attention.SHOW,
                attention.SPECIALS,
                attention.RENORMALISE,
                attention.WHOLE,
                "layer",
                "head",
            ),
        ),
        Step("off", "One head less", attention.off, asks=questions.LESS, owns=("off", attention.TRIED)),
    ),
    deeper=(
        Step("facts", "What each head does", attention.facts),
        Step("rollout", "Through all layers", attention.rollout, owns=(attention.FLOW,)),
        Step("bertviz", "In bertviz", attention.bertviz, owns=(attention.BERTVIZ,)),
    ),
)
