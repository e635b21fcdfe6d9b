"""What ELECTRA's discriminator says of each token: whether it was replaced (Clark et al. 2020, section 2)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from bert_explain.analysis.outputs import named
from bert_explain.analysis.sentence import Sentence, say
from bert_explain.figures.payload import Bar
from bert_explain.kernel import readings
from bert_explain.trace import Trace
from bert_explain.ui.components import bars
from bert_explain.ui.frame import Page

HALF, LEAST, MOST_BARS = 0.5, 0.01, 20

LEAD = (
    "ELECTRA learned without hidden words. A small model, the **generator**, put words of its own into a text; this one, the "
    "**discriminator**, says of **every token** how probable it is that it was **replaced**. Write a word that does not belong "
    "into sentence A, and compare."
)


def probabilities(trace: Trace) -> pd.DataFrame:
    """P(replaced) of each token, T rows: position, token, probability, logit, own (False: a token that the layout adds).

    The sigmoid of one logit for each token. Raises Missing where the model has no such head.
    """
    logits = trace.replaced_logits().astype(np.float64)
    return pd.DataFrame(
        {
            "position": [t.position for t in trace.tokens],
            "token": trace.pieces,
            "probability": 1 / (1 + np.exp(-logits)),
            "logit": logits,
            "own": [t.sentence is not None for t in trace.tokens],
        }
    )


def look(trace: Trace) -> Sentence:
    """How many tokens of the text it takes for replaced, and of which it is surest, where one leads."""
    own = probabilities(trace).query("own")
    if own.empty:
        return say("There is no word here yet: type one into sentence A.")
    over, n = int((own["probability"] > HALF).sum()), len(own)
    top = readings.best(own["probability"], least=LEAST, part=0)
    first = own.iloc[top.index]
    known = {"token": named(trace, int(first["position"])), "p": readings.percent(top.value)}
    if n == 1:
        taken = f"The one token of your text is {'' if over else 'not '}taken for replaced"
    elif over == 0:
        taken = f"None of the {n} tokens of your text is taken for replaced"
    else:
        taken = f"Of the {n} tokens of your text {over} {'is' if over == 1 else 'are'} taken for replaced, with more than 50 %"
    if n == 1:
        return say(taken + ": {token} has {p}.", **known).because(top)
    if top.leads:
        return say(taken + ". {token} has most, {p}.", **known).because(top)
    return say(taken + ". {token} has {p}, and others about as much.", **known).because(top)


def table(page: Page) -> pd.DataFrame:
    """`probabilities` of the page's text."""
    return probabilities(page.trace)


def reading(page: Page) -> Sentence:
    """`look` of the page's text."""
    return look(page.trace)


def draw(page: Page) -> None:
    """A bar a token, in their order; of a long text the neighbours of those with most."""
    found = probabilities(page.trace)
    kept = sorted(found["probability"].nlargest(MOST_BARS).index)
    most = found["probability"].where(found["own"]).max()
    items = [
        Bar(
            row.token,
            row.probability,
            note="" if row.own else "added",
            shown=readings.tenths(row.probability),
            signal=bool(row.own and row.probability == most),
        )
        for row in found.loc[kept].itertuples()
    ]
    bars(items, key="replaced-bars", label="Probability that each token was replaced")
    if len(kept) < len(found):
        st.caption(f"The {len(kept)} of {len(found)} tokens with most, in their order; the table has all.")
