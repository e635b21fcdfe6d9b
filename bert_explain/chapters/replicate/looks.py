"""Where attention goes (Clark et al. 2019, section 3): by layer and kind of token, and to the neighbours."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache

import numpy as np
import pandas as pd

from bert_explain.analysis.sentence import Sentence, say
from bert_explain.chapters.replicate import trial
from bert_explain.chapters.replicate.trial import Bench, Column, Outcome, Part, Progress, Row, Trial, measured
from bert_explain.content import unread
from bert_explain.core.spec import ModelSpec
from bert_explain.kernel.readings import percent
from bert_explain.kernel.tasks import FOLDER
from bert_explain.query import Query
from bert_explain.trace import Trace

KINDS = (". and ,", "words")  # behind the tokens that begin and end a text
HALF = 0.5


@cache
def builtin() -> tuple[Row, ...]:
    """Pairs of sentences that follow one another, from bundled texts that the bundled models have not learned from."""
    lines = (FOLDER / "pairs" / "pairs.tsv").read_text(encoding="utf-8").splitlines()[1:]
    pairs = [tuple(line.split("\t")[1:]) for line in lines if line.startswith("follows\t")]
    for split in ("test", "train"):
        for line in (FOLDER / "answers" / f"{split}.jsonl").read_text(encoding="utf-8").splitlines():
            parts = json.loads(line)["text"].split(". ")
            middle = (len(parts) + 1) // 2
            if middle < len(parts):
                pairs.append((". ".join(parts[:middle]) + ".", ". ".join(parts[middle:])))
    known = unread.sentences()
    pairs += [(a.text, b.text) for a, b in zip(known[::3], known[1::3], strict=True)]
    return tuple(pairs)


def faults(bench: Bench, rows: Sequence[Row]) -> list[str]:
    found = []
    for a, b in rows:
        empty = "it needs two sentences" if not (a.strip() and b.strip()) else ""
        lone = not empty and all(t.special for t in bench.tokens(Query(a, b)))
        found.append(empty or ("there is no word in it" if lone else ""))
    return found


def shares(trace: Trace) -> np.ndarray:
    """(L, 4): of what all tokens of a layer look at, over all heads, the share that goes to the first token, to those that end a
    sentence, and to each of KINDS. Rows add up to 1."""
    special = trace.spec.special
    kinds = [
        0 if t.special and t.id == special.start.id else 1 if t.special else 2 if t.text in (".", ",") else 3
        for t in trace.tokens
    ]
    looked = trace.attention.mean((1, 2))  # (L, T)
    return np.stack([looked[:, np.array(kinds) == kind].sum(-1) for kind in range(2 + len(KINDS))], axis=-1)


def neighbours(trace: Trace) -> np.ndarray:
    """(L, A, 2): the share that the previous and the next token get, a mean over the tokens that have one."""
    weights = trace.attention
    return np.stack([np.diagonal(weights, offset, 2, 3).mean(-1) for offset in (-1, 1)], axis=-1)


def middle(layers: int) -> tuple[int, int]:
    """The layers, from 1, that lie where 6 to 10 lie of 12."""
    first = max(1, round(layers * 6 / 12))
    return first, max(first, round(layers * 10 / 12))


def work(bench: Bench, rows: Sequence[Row], progress: Progress) -> Outcome:
    by_kind, beside, lengths = [], [], []
    for done, (a, b) in enumerate(rows, start=1):
        trace = bench.run(Query(a, b))
        by_kind.append(shares(trace))
        beside.append(neighbours(trace))
        lengths.append(len(trace.tokens))
        progress(done / len(rows), f"Pair {done} of {len(rows)}")
    special = bench.spec.special
    return outcome(np.array(by_kind), np.array(beside), rows, lengths, special.start.text, special.end.text)


def outcome(
    by_kind: np.ndarray,
    beside: np.ndarray,
    rows: Sequence[Row],
    lengths: Sequence[int],
    begin: str = "[CLS]",
    end: str = "[SEP]",
) -> Outcome:
    """The numbers, from (N, L, 4) shares by kind and (N, L, A, 2) shares of the neighbours. begin, end : the tokens' names."""
    layers = by_kind.shape[1]
    first, last = middle(layers)
    mid = by_kind[:, first - 1 : last].mean(1)  # (N, 4)
    late = max(1, layers // 6)
    where = f"layer {first}" if first == last else f"layers {first} to {last}"
    sep = measured(f"on {end}, {where}", mid[:, 1], units="pairs", paper="more than half (layers 6 to 10 of 12)", mark=0.5)
    both = measured(f"on {begin} and {end} together, {where}", mid[:, 0] + mid[:, 1], units="pairs")
    start = measured(f"{begin} minus {end}, {where}", mid[:, 0] - mid[:, 1], units="pairs")
    found = [sep, both, start]
    heads = [
        measured(
            f"heads with over half on the {name} token",
            beside[..., side],
            of=lambda means: (means > HALF).sum((1, 2)),
            units="pairs",
            paper=f"{paper} of 144",
            kind="count",
        )
        for side, (name, paper) in enumerate((("previous", 4), ("next", 5)))
    ]
    parts = [
        Part(f"{end} gets more than half in {where}", trial.above(sep, HALF)),
        Part("there are heads that look back at the previous token", trial.at_least(heads[0], 1)),
        Part("there are heads that look on to the next token", trial.at_least(heads[1], 1)),
    ]
    if layers > late:
        more = by_kind[:, -late:, 2].mean(1) - by_kind[:, :-late, 2].mean(1)
        found.append(measured("on . and , : last layers minus those before", more, units="pairs"))
        parts.insert(1, Part("the last layers look more at . and , than those before", trial.above(found[-1], 0.0)))
    mean = by_kind.mean(0)  # (L, 4)
    by = pd.DataFrame(
        [(layer + 1, kind, float(mean[layer, at])) for at, kind in enumerate((begin, end, *KINDS)) for layer in range(layers)],
        columns=["layer", "kind", "share"],
    )
    named = beside.mean(0)  # (L, A, 2)
    best = [divmod(int(np.argmax(named[..., side])), named.shape[1]) for side in (0, 1)]
    facts: dict[str, float] = {
        "previous_layer": best[0][0] + 1,
        "previous_head": best[0][1] + 1,
        "previous_share": float(named[..., 0].max()),
        "next_layer": best[1][0] + 1,
        "next_head": best[1][1] + 1,
        "next_share": float(named[..., 1].max()),
        "sep_most": float(mean[:, 1].max()),
        "tokens": float(np.mean(lengths)),
    }
    table = pd.DataFrame(rows, columns=["a", "b"]).assign(tokens=list(lengths), cls=mid[:, 0], sep=mid[:, 1])
    return Outcome((*found, *heads), tuple(parts), table, by, {k: float(v) for k, v in facts.items()})


def why(found: Outcome, spec: ModelSpec) -> list[Sentence]:
    sep, both, start = found.measures[:3]
    begin, end = spec.special.start.text, spec.special.end.text
    where = sep.name.removeprefix(f"on {end}, ")
    there = trial.above(both, HALF) == trial.HOLDS
    more = {trial.HOLDS: f"most of it to {begin}", trial.FAILS: f"most of it to {end}"}.get(
        trial.above(start, 0.0), "neither clearly more"
    )
    if there and trial.above(sep, HALF) == trial.FAILS:
        text = (
            "What the numbers say: the place to look at when there is nothing to look for is here too, at another address. "
            "{begin} and {end} together get {both} in {where}, {more}."
        )
    elif there:
        text = "What the numbers say: {begin} and {end} together get {both} in {where}, {more}."
    else:
        text = "What the numbers say: {begin} and {end} together get {both} in {where}, so words get a good part of it."
    said = [say(text, both=percent(both.value), where=where, more=more, begin=begin, end=end)]
    said.append(
        say(
            "Which heads: the previous token gets {p} in head {ph} of layer {pl}, the next one {n} in head {nh} of layer {nl}; "
            "no head gives them more.",
            p=percent(found.facts["previous_share"]),
            ph=f"{found.facts['previous_head']:.0f}",
            pl=f"{found.facts['previous_layer']:.0f}",
            n=percent(found.facts["next_share"]),
            nh=f"{found.facts['next_head']:.0f}",
            nl=f"{found.facts['next_layer']:.0f}",
        )
    )
    length = found.facts["tokens"]
    if not 100 <= length <= 156:
        said.append(
            say(
                "Length: the pairs have {tokens} tokens on average, the paper's 128; in a {kind} text "
                "each token's share is {size}.",
                tokens=f"{length:.0f}",
                kind="shorter" if length < 128 else "longer",
                size="larger" if length < 128 else "smaller",
            )
        )
    return said


TRIAL = Trial(
    "looks",
    (Column("a", "Sentence A", "", 390), Column("b", "Sentence B", "", 390)),
    builtin,
    faults,
    work,
    lambda spec, rows: 2 * rows,
    why,
    code=(shares, neighbours, outcome, trial.interval),
)
