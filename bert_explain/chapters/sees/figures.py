"""Payloads of the page that lays the models side by side: what each has read, what it expects, how it did."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bert_explain.chapters.sees.analysis import Guess, Word
from bert_explain.figures.payload import Bar
from bert_explain.kernel.readings import percent

SHORT = {
    "word2vec": "Word2Vec",
    "elmo-left": "ELMo forward",
    "elmo-right": "ELMo backward",
    "decoder": "decoder",
    "bert": "BERT",
}
SHOWN = 40  # words drawn around the chosen one


def near(count: int, target: int) -> slice:
    """Which words of a long sentence are drawn."""
    first = max(0, min(target - SHOWN // 2, count - SHOWN))
    return slice(first, first + SHOWN)


def row(words: Sequence[Word], guess: Guess, target: int) -> tuple[list[str], np.ndarray, int]:
    """The words near the target, the target hidden; (W',) 1 where the model has read, 0 where it has not; the target's place."""
    part = near(len(words), target)
    texts = [w.text for w in words]
    texts[target] = "?"
    return texts[part], guess.reads[part].astype(float), target - part.start


def rank_bars(table: pd.DataFrame, best: str) -> list[Bar]:
    """One bar a row of `sees.summary`: the true word's probability, its rank beside it; `best` is the winner's key.

    The longest bar is the largest probability: all five are often below 2 %, and would all be equally invisible.
    """
    most = table["probability"].max() or 1.0
    return [
        Bar(
            SHORT[r.key],
            0.0 if pd.isna(r.probability) else r.probability / most,
            "true_word" if r.key == best else "probability",
            note=f"number {r.rank:,} of {r.size:,}" if pd.notna(r.rank) else "cannot say",
            mark="highest" if r.key == best else "",
            shown="–" if pd.isna(r.probability) else percent(r.probability),
            signal=r.key == best,
        )
        for r in table.itertuples()
    ]
