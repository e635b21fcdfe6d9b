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

from bert_explain.analysis.masked_words import best, piece_text, rank_of
from bert_explain.analysis.masking import can_be_masked, hidden_positions, suggest, true_id, word_of
from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.kernel import readings
from bert_explain.kernel.readings import percent
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


def with_word(trace: Trace, position: int) -> Query:
    """The trace's query with the word at `position` in sight; the others that are hidden stay so."""
    shown = word_of(trace.tokens, position)
    return trace.query.but(masked=tuple(p for p in trace.query.masked if p not in shown))


def another(trace: Trace, position: int) -> int:
    """A piece to predict that is none of the word at `position`: the first that is hidden, else the longest of the others,
    or itself where there are none."""
    hidden = hidden_positions(trace.tokens)
    if hidden:
        return hidden[0]
    whole = word_of(trace.tokens, position)
    others = [t for t in trace.tokens if can_be_masked(t) and t.position not in whole]
    return max(others, key=lambda t: (t.original.isalpha(), len(t.original)), default=trace.tokens[position]).position


def queries(trace: Trace, position: int) -> dict[str, Query]:
    """The runs to compare, by what is taken away. Each masks the word at `asked`; the reader's other changes stay."""
    target = asked(trace, position)
    new = () if target is None or trace.tokens[target].masked else (target,)
    base = trace.query.but(masked=(*trace.query.masked, *new), **WHOLE)
    absent = () if trace.spec.has_segments else ("no segment",)
    return {name: base.but(**change) for name, change in REMOVALS.items() if name not in absent}


def probabilities(runs: Mapping[str, Trace], target: int | None) -> dict[str, np.ndarray]:
    """The masked-word head's probabilities (V,) at `target` in every run; empty without target or head."""
    if target is None or not next(iter(runs.values())).spec.has_mlm:
        return {}
    return {name: softmax(run.mlm_logits([target])[0].astype(np.float64)) for name, run in runs.items()}


def removal(runs: Mapping[str, Trace], target: int | None, p: Mapping[str, np.ndarray], k: int = 5) -> pd.DataFrame:
    """What each removal does, R rows, named by the run. p : what `probabilities` gave.

    guess 1..k, p 1..k: the words predicted at `target`. p true, rank: of the word that really stands there; NaN where
    the text itself says [MASK]. p next: probability that the second sentence follows the first; NaN without two or without
    the head. moved: mean over the tokens of 1 - cosine between the final vectors of this run and of the first.
    """
    first = next(iter(runs.values()))
    true = true_id(first, target) if p and target is not None else None
    pair = first.nsp is not None and first.is_pair
    away, table = [np.zeros(len(first.tokens)), *moved(runs)], {}
    for i, (name, run) in enumerate(runs.items()):
        ids = best(p[name], k) if p else ()
        row: dict[str, float | str] = {f"guess {n}": piece_text(run, int(j)) for n, j in enumerate(ids, 1)}
        row |= {f"p {n}": p[name][j] for n, j in enumerate(ids, 1)}
        row["p true"], row["rank"] = (np.nan, np.nan) if true is None else (p[name][true], rank_of(p[name], true))
        table[name] = row | {"p next": float(run.next_sentence()[0]) if pair else np.nan, "moved": float(away[i].mean())}
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
    if target is None or table["p true"].isna().all():
        most = readings.best(others["moved"], least=0.01)
        if len(others) == 1:
            template = "“{most}” turns the final vectors by {x:.2f} on average (1 − cosine)."
        elif most.leads:
            template = "“{most}” turns the final vectors furthest, by {x:.2f} on average (1 − cosine)."
        else:
            template = "No removal turns the final vectors much further than the next; “{most}” does by {x:.2f} on average."
        return say(template, most=others.index[most.index], x=most.value).because(most)
    deep = readings.best(others["rank"], least=1)
    worst, before, after = others.index[deep.index], int(first["rank"]), int(deep.value)
    if len(others) == 1:
        how = "With"
    elif after <= before:
        how = "It does not drop, not even with"
    else:
        how = "It drops furthest with" if deep.leads else "It drops with more than one of these, for example"
    known = {
        "word": Piece(runs[table.index[0]].tokens[target].original),
        "r0": before,
        "p0": percent(first["p true"]),
        "v": next(iter(runs.values())).spec.vocab_size,
        "how": how,
        "worst": worst,
        "r1": after,
        "p1": percent(others["p true"].iloc[deep.index]),
        "guess": Piece(others["guess 1"].iloc[deep.index]),
    }
    return say(
        "With the whole sum the true word {word} is number {r0:,} of {v:,}, with {p0}. {how} “{worst}”"
        + (" it" if len(others) == 1 else ": there it")
        + " is number {r1:,}, with {p1}, and the first guess is {guess}.",
        **known,
    ).because(*[deep] * (deep.leads and after > before))


def look_moved(runs: Mapping[str, Trace], within: slice = slice(None)) -> Sentence:
    """The token that a removal turns furthest, `within` those positions; the averages are over all tokens."""
    away, names, tokens = moved(runs), list(runs)[1:], next(iter(runs.values())).tokens[within]
    far = readings.best(away[:, within], least=0.01)
    i, t = np.unravel_index(far.index, away[:, within].shape)
    averages = ", ".join(f"{readings.signed(row.mean())} with “{name}”" for name, row in zip(names, away, strict=True))
    if far.value < 0.005:
        return say("No final vector turns by as much as 0.01. The average turn is {averages}.", averages=averages)
    how = "its final vector turns furthest, by {x:.2f}" if far.leads else "its final vector turns by {x:.2f}, as others nearly do"
    if far.many == 1:
        how = "its final vector turns by {x:.2f}"
    return say(
        "Look at {piece} with “{name}”: " + how + ". The average turn is {averages}.",
        piece=Piece(tokens[t].original),
        name=names[i],
        x=far.value,
        averages=averages,
    ).because(far)
