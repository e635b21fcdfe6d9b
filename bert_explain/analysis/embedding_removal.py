"""What each part of the input embeddings is worth: take it away, run the model again, compare.

An intervention on a trained model (activation ablation), not a training without the part: the model never met such
input, so a fall says that it relies on the part, not that it could not learn to do without.

T tokens, V vocabulary, R runs: the first is the whole sum, each other one lacks a part.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.special import softmax

from bert_explain.analysis.masked_words import best, percent, piece_text, rank_of
from bert_explain.analysis.masking import hidden_positions, suggest, true_id
from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.query import Query
from bert_explain.trace import Trace

WHOLE: dict[str, str] = {"segments": "normal", "positions": "normal", "tokens": "normal"}
REMOVALS: dict[str, dict[str, str]] = {
    "the whole sum": {},
    "no segment": {"segments": "removed"},
    "no position": {"positions": "removed"},
    "positions shuffled": {"positions": "shuffled"},
    "no token": {"tokens": "removed"},
}


def asked(trace: Trace, position: int) -> int | None:
    """Where a word is to be predicted: of the masked words the chosen one, or the first; where none is masked, the
    chosen word, or the longest when a special token is chosen. None for a text without words.
    """
    masked = hidden_positions(trace.tokens)
    if masked:
        return position if position in masked else masked[0]
    return suggest(trace.tokens, position)


def queries(trace: Trace, position: int) -> dict[str, Query]:
    """The runs to compare, by what is taken away. Each masks the word at `asked`; the reader's other changes stay."""
    target = asked(trace, position)
    new = () if target is None or trace.tokens[target].masked else (target,)
    base = trace.query.but(masked=(*trace.query.masked, *new), **WHOLE)
    absent = () if trace.model.has_segments else ("no segment",)
    return {name: base.but(**change) for name, change in REMOVALS.items() if name not in absent}


def probabilities(runs: Mapping[str, Trace], target: int | None) -> dict[str, np.ndarray]:
    """The masked-word head's probabilities (V,) at `target` in every run; empty without target or head."""
    if target is None or not next(iter(runs.values())).model.has_mlm:
        return {}
    return {name: softmax(run.mlm_logits([target])[0].astype(np.float64)) for name, run in runs.items()}


def removal(runs: Mapping[str, Trace], target: int | None, p: Mapping[str, np.ndarray], k: int = 5) -> pd.DataFrame:
    """What each removal does, R rows, named by the run. p : what `probabilities` gave.

    guess 1..k, p 1..k: the words predicted at `target`. p true, rank: of the word that really stands there; NaN where
    the text itself says [MASK]. p next: probability that B follows A; NaN without a B or without the head. moved: mean
    over the tokens of 1 - cosine between the final vectors of this run and of the first.
    """
    first = next(iter(runs.values()))
    true = true_id(first, target) if p else None
    pair = first.nsp is not None and any(t.segment != first.tokens[0].segment for t in first.tokens)
    away, table = [np.zeros(len(first.tokens)), *moved(runs)], {}
    for i, (name, run) in enumerate(runs.items()):
        ids = best(p[name], k) if p else ()
        row = {f"guess {n}": piece_text(run.model, int(j)) for n, j in enumerate(ids, 1)}
        row |= {f"p {n}": p[name][j] for n, j in enumerate(ids, 1)}
        known = (np.nan, np.nan) if true is None else (p[name][true], rank_of(p[name], true))
        row |= dict(zip(("p true", "rank"), known, strict=True))
        table[name] = row | {"p next": float(run.nsp[0]) if pair else np.nan, "moved": float(away[i].mean())}
    return pd.DataFrame.from_dict(table, orient="index").rename_axis("with")


def moved(runs: Mapping[str, Trace]) -> np.ndarray:
    """1 - cosine between every token's final vector in the first run and in each of the others, (R - 1, T)."""
    x = np.stack([run.hidden[-1] for run in runs.values()]).astype(np.float64)  # (R, T, H)
    x /= np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), np.finfo(float).tiny)
    return 1 - np.einsum("rth,th->rt", x[1:], x[0])


def turns(runs: Mapping[str, Trace]) -> pd.DataFrame:
    """`moved` as a table, one row a token, one column a removal."""
    first, *names = runs
    columns = {"at": range(len(runs[first].tokens)), "token": runs[first].pieces}
    return pd.DataFrame(columns | dict(zip(names, moved(runs), strict=True)))


def look_removal(table: pd.DataFrame, runs: Mapping[str, Trace], target: int | None) -> Sentence:
    """Which removal costs the true word most; where there is none, which turns the final vectors furthest."""
    first, others = table.iloc[0], table.iloc[1:]
    if table["p true"].isna().all():
        most = others["moved"].idxmax()
        return say(
            "“{most}” turns the final vectors furthest, by {x:.2f} on average (1 − cosine).",
            most=most, x=others["moved"][most],
        )  # fmt: skip
    worst = others["rank"].idxmax()
    drops = "It drops furthest with" if others["rank"][worst] > first["rank"] else "It does not drop, not even with"
    return say(
        "With the whole sum the true word {word} is number {r0:,} of {v:,}, with {p0}. {with_} “{worst}”: there it is "
        "number {r1:,}, with {p1}, and the first guess is {guess}.",
        word=Piece(runs[table.index[0]].tokens[target].original), r0=int(first["rank"]), p0=percent(first["p true"]),
        v=next(iter(runs.values())).model.vocab_size, with_=drops if len(others) > 1 else "Now look at", worst=worst,
        r1=int(others["rank"][worst]), p1=percent(others["p true"][worst]), guess=Piece(others["guess 1"][worst]),
    )  # fmt: skip


def look_moved(runs: Mapping[str, Trace], within: slice = slice(None)) -> Sentence:
    """The token that a removal turns furthest, `within` those positions; the averages are over all tokens."""
    away, names, tokens = moved(runs), list(runs)[1:], next(iter(runs.values())).tokens[within]
    i, t = np.unravel_index(away[:, within].argmax(), away[:, within].shape)
    averages = ", ".join(f"{row.mean():.2f} with “{name}”" for name, row in zip(names, away, strict=True))
    return say(
        "Look at {piece} with “{name}”: its final vector turns furthest, by {x:.2f}. The average turn is {averages}.",
        piece=Piece(tokens[t].original), name=names[i], x=away[i, tokens[t].position], averages=averages,
    )  # fmt: skip
