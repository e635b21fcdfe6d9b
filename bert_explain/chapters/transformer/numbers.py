"""What decides the questions of the chapter: which half a model is, by where it looks, and where its numbers sit."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bert_explain.analysis.masking import can_be_masked
from bert_explain.chapters.transformer import analysis as sizes
from bert_explain.kernel.readings import percent, share
from bert_explain.learning.question import Ask, NotAskable, table
from bert_explain.trace import Trace

OPTIONS = ("attention", "feed-forward", "embeddings")


def ahead(trace: Trace) -> float:
    """The share of all attention that goes to later tokens: the mean over layers, heads and rows, 0 to 1."""
    return float(np.triu(trace.attention.astype(np.float64), 1).sum(axis=(2, 3)).mean() / len(trace.tokens))


def half(ask: Ask) -> pd.DataFrame:
    """Evidence: how much of the model's attention goes to later tokens, and how much to earlier ones."""
    if sum(can_be_masked(t) for t in ask.trace.tokens) < 2:
        raise NotAskable("This text has fewer than two words, so no word could look ahead at another.")
    return _half(ask.trace)


def half_of_decoder(ask: Ask, _: pd.DataFrame) -> pd.DataFrame:
    """The same of the decoder beside it. Raises BadModel where there is none."""
    return _half(ask.models.decoder(ask.query.text_a, ask.query.text_b))


def _half(trace: Trace) -> pd.DataFrame:
    later = ahead(trace)
    back = float(np.tril(trace.attention.astype(np.float64), -1).sum(axis=(2, 3)).mean() / len(trace.tokens))
    where = "encoder" if later > 0 else "decoder"
    shown = {where: f"{percent(later) if later else '0 %'} ahead, {percent(back)} back"}
    return table(
        {key: (float(key == where), shown.get(key, "")) for key in ("encoder", "decoder", "both")},
        model=trace.spec.title,
        later=percent(later) if later else "0 %",
        back=percent(back),
        heads=trace.attention.shape[0] * trace.attention.shape[1],
    )


def most_numbers(ask: Ask) -> pd.DataFrame:
    """Evidence: the share of the loaded model's trained numbers in each kind of part."""
    return _shares(sizes.of(ask.trace.model), ask.trace.spec.title)


def of_bert_large(ask: Ask, _: pd.DataFrame) -> pd.DataFrame:
    """The same of the largest model of the paper, counted from its published sizes."""
    return _shares(sizes.SIZES["BERT-large"], "BERT-large")


def _shares(of: sizes.Sizes, title: str) -> pd.DataFrame:
    numbers = sizes.count(of).groupby("group")["parameters"].sum()
    parts = numbers.reindex(OPTIONS, fill_value=0) / numbers.sum()
    top = str(parts.idxmax())
    names = {"attention": "attention", "feed-forward": "the feed-forward networks", "embeddings": "the embeddings"}
    return table(
        {key: (float(parts[key]), share(float(parts[key]))) for key in OPTIONS},
        model=title,
        top=names[top],
        total=f"{int(numbers.sum()):,}",
        attention=share(float(parts["attention"])),
        feed=share(float(parts["feed-forward"])),
        embeddings=share(float(parts["embeddings"])),
    )
