"""Payloads for the pictures of attention: tables of `analysis.attention` and `analysis.heads_off` as bars."""

from __future__ import annotations

import pandas as pd

from bert_explain.analysis.attention import patterns
from bert_explain.core.spec import Specials
from bert_explain.figures.payload import Bar
from bert_explain.kernel import own_tokens
from bert_explain.kernel.readings import percent

SHARES = {
    "cls": "to [CLS]",
    "sep": "to [SEP]",
    "self": "to itself",
    "previous": "to the previous",
    "next": "to the next",
    "same": "to the same word",
}


def shares(special: Specials) -> dict[str, str]:
    """The columns of `attention.facts` that are shares, and what each is the share of, with the model's own tokens."""
    return {name: own_tokens.plain(words, special) for name, words in SHARES.items()}


def share_bars(line: pd.Series, special: Specials) -> list[Bar]:
    """One head's line of `attention.facts`: where its attention goes. The share that names its pattern is marked."""
    marked = patterns(special).get(line["pattern"])
    return [
        Bar(words, float(line[name]), "attention", mark="its pattern" if name == marked else "")
        for name, words in shares(special).items()
    ]


def direction_bars(table: pd.DataFrame) -> list[Bar]:
    """A table of `attention.directions`: where the attention of each sentence's words goes."""
    roles = {"A": "segment_a", "B": "segment_b", "special tokens": "special"}
    lines = table[table["from"] != "special tokens"].to_dict("records")
    there = [line["from"] for line in lines] + ["special tokens"]
    return [Bar(f"{line['from']} → {target}", line[target], roles[target]) for line in lines for target in there]


def prediction_bars(table: pd.DataFrame, column: str) -> list[Bar]:
    """One column, "before" or "without", of a table of `heads_off.before_after`."""
    return [
        Bar(
            row["piece"],
            row[column],
            "true_word" if row["mark"] else "probability",
            mark=row["mark"],
            shown=percent(row[column]),
        )
        for row in table.to_dict("records")
    ]


def next_sentence_bars(before: float, without: float | None) -> list[Bar]:
    """The probability that B follows A, with all heads and without some."""
    rows = [("all heads on", before), *([] if without is None else [("without them", without)])]
    return [Bar(name, p, "probability", shown=percent(p)) for name, p in rows]
