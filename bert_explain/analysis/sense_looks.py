"""What to look for in the pictures of the page "Same word", said from the numbers of this list and this table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bert_explain.analysis.occurrences import Occurrence
from bert_explain.analysis.senses import cosines
from bert_explain.analysis.sentence import Piece, Sentence, say

ALIKE = 0.9995  # cosines above it are "the same vector" in words
FEW = 10  # questions below which a score is not worth comparing


def squares(read: dict[str, np.ndarray], titles: dict[str, str], labels: Sequence[str], word: str) -> Sentence:
    """The model in which labels stand out most, beside one that has one vector a word. `read`: key -> (N, D)."""
    parts = {key: within(vectors, labels) for key, vectors in read.items()}
    flat = [
        key
        for key, vectors in read.items()
        if np.nanmin(cosines(vectors), initial=1) > ALIKE and not np.isnan(vectors).all()
    ]
    gaps = {key: same - other for key, (same, other) in parts.items() if not np.isnan(same - other)}
    alone = "In {flat} every cell is full: the word has one vector, whatever the sentence. " if flat else ""
    told = {"flat": " and ".join(titles[key] for key in flat)} if flat else {}
    if not gaps:
        return say(
            alone + "Give the sentences labels, at least two different ones, to see whether a model agrees with them.",
            **told,
        )
    best = max(gaps, key=gaps.get)
    same, other = parts[best]
    if gaps[best] <= 0.005:
        return say(alone + "In no model here are sentences with the same label nearer than the rest.", **told)
    return say(
        alone + "Look at {model}: for {word}, two sentences with the same label have a cosine of {same:.2f} on average, "
        "two with different labels {other:.2f}.",
        model=titles[best], word=Piece(word), same=same, other=other, **told,
    )  # fmt: skip


def within(vectors: np.ndarray, labels: Sequence[str]) -> tuple[float, float]:
    """Mean cosine of two different occurrences with the same label, and with different ones; NaN where there are none."""
    names = np.array(labels, dtype=object)
    told = np.array([bool(n) for n in names])
    pairs = np.triu(np.outer(told, told), 1).astype(bool)
    table, same = cosines(vectors), names[:, None] == names[None]
    return _mean(table[pairs & same]), _mean(table[pairs & ~same])


def _mean(values: np.ndarray) -> float:
    there = values[~np.isnan(values)]
    return float(there.mean()) if there.size else float("nan")


def table(occurrences: Sequence[Occurrence], vectors: np.ndarray, near: pd.DataFrame, chosen: int) -> Sentence:
    """Who is nearest to the chosen sentence, and for how many the nearest has the same label."""
    if near.empty:
        return say(
            "There is no vector for sentence {number} here: the model does not know the word.", number=chosen + 1
        )
    first, tied = near.iloc[0], int((near["rank"] == 1).sum())
    if tied > 1:
        return say(
            "All the same to this model: {tied} sentences are equally near to sentence {number}, with a cosine of "
            "{value:.2f}.",
            tied=tied, number=chosen + 1, value=first["cosine"],
        )  # fmt: skip
    begin = "The nearest to sentence {number} is sentence {other}, with a cosine of {value:.2f}"
    values = {"number": chosen + 1, "other": int(first["number"]), "value": first["cosine"]}
    right, of = agreeing(vectors, [o.label for o in occurrences])
    if not of:
        return say(begin + ".", **values)
    same = "it has the same label" if first["label"] == occurrences[chosen].label else "it has another label"
    return say(
        begin + "; {same}. For {right} of {of} sentences the nearest has the same label.",
        same=same,
        right=right,
        of=of,
        **values,
    )


def agreeing(vectors: np.ndarray, labels: Sequence[str]) -> tuple[int, int]:
    """For how many labelled occurrences the nearest labelled one has the same label, and of how many it can be asked."""
    told = [i for i, label in enumerate(labels) if label and not np.isnan(vectors[i]).any()]
    names = [labels[i] for i in told]
    if len(set(names)) < 2 or len(set(names)) == len(names):
        return 0, 0
    near = cosines(np.asarray(vectors)[told])
    np.fill_diagonal(near, -2)
    asked = [i for i in range(len(told)) if names.count(names[i]) > 1]
    return sum(names[int(near[i].argmax())] == names[i] for i in asked), len(asked)


def sense_map(share: float, count: int) -> Sentence:
    """How far the flat map can be trusted."""
    if share == 0:
        return say("All {count} sentences stand in one point: nothing tells their vectors apart.", count=count)
    trust = "trust its clusters" if share > 0.8 else "read it with care, and trust the table"
    return say(
        "The plane holds {share:.0%} of what tells these sentences apart in this layer: {trust}.",
        share=share,
        trust=trust,
    )


def story(found: pd.DataFrame) -> Sentence:
    """Where the meanings separate best, from which start, and what a static model makes of it."""
    there = found.dropna(subset=["value"])
    if there.empty:
        return say(
            "A silhouette needs at least two different labels, and one of them twice. Write labels before a bar: "
            "label | sentence."
        )
    best = there.loc[there["value"].idxmax()]
    start = there[there["key"] == best["key"]].iloc[0]
    static = there.groupby("key").filter(lambda rows: len(rows) == 1)
    rest = ""
    if len(static) and best["key"] not in set(static["key"]):
        rest = " {static} has one vector for the word and stays at {flat:.2f}."
    values = {"static": static["model"].iloc[0], "flat": static["value"].iloc[0] + 0.0} if rest else {}
    begin = "{model} separates the labels best: {value:.2f} after layer {layer}, from {start:.2f} at its input."
    if best["layer"] == start["layer"]:
        begin = "{model} separates the labels best, with {value:.2f}, already at its input."
    return say(
        begin + rest, model=best["model"], value=best["value"], layer=int(best["layer"]), start=start["value"], **values
    )


def headline(found: pd.DataFrame, words: int) -> Sentence:
    """The score of the best model, of guessing and of one vector a word. `found`: as `senses.scores` gives it."""
    there = found.dropna(subset=["value"])
    best = there.loc[there["value"].idxmax()]
    static = there.groupby("key").filter(lambda rows: len(rows) == 1)
    text = (
        "{queries:,} sentences, {words:,} words: which other sentence with the same word is nearest? For {model}, after "
        "layer {layer}, it has the same meaning in {value:.0%} of the cases; guessing gets {chance:.0%}"
    )
    values = {
        "queries": int(best["queries"]), "words": words, "model": best["model"], "layer": int(best["layer"]),
        "value": best["value"], "chance": best["chance"],
    }  # fmt: skip
    if len(static) and best["key"] not in set(static["key"]):
        row = static.loc[static["value"].idxmax()]
        return say(
            text + ", {static}, with one vector a word, {flat:.0%}.", static=row["model"], flat=row["value"], **values
        )
    return say(text + ".", **values)


def measured(found: pd.DataFrame, word: str, sentences: int) -> Sentence:
    """The same score for one word, measured just now."""
    there = found.dropna(subset=["value"])
    if there.empty:
        return say(
            "{word} has {sentences} of WordNet's sentences, but no question can be asked of them: a meaning with two "
            "sentences and another meaning are needed.", word=Piece(word), sentences=sentences,
        )  # fmt: skip
    best = there.loc[there["value"].idxmax()]
    if best["value"] <= best["chance"] + 1e-9:
        return say(
            "{word}: {queries} of its {sentences} sentences can be asked about. No model here does better than guessing, "
            "which gets {chance:.0%}.",
            word=Piece(word), sentences=sentences, queries=int(best["queries"]), chance=best["chance"],
        )  # fmt: skip
    few = (
        " So few questions cannot tell models apart: choose a word with more sentences."
        if best["queries"] < FEW
        else ""
    )
    return say(
        "{word}: {queries} of its {sentences} sentences can be asked about. {model} is best, with {value:.0%} after "
        "layer {layer}; guessing gets {chance:.0%}." + few,
        word=Piece(word), sentences=sentences, queries=int(best["queries"]), model=best["model"], value=best["value"],
        layer=int(best["layer"]), chance=best["chance"],
    )  # fmt: skip
