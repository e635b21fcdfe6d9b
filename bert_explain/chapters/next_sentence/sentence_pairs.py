"""Many sentence pairs at once: a table that is judged, training pairs drawn as BERT's were, and known weaknesses.

The 50/50 draw: Devlin et al. 2019, section 3.1 and appendix A.2. The weaknesses: Liu et al. 2019 (RoBERTa), section
4.2; Lan et al. 2020 (ALBERT), sections 3.1 and 4.6.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from bert_explain.analysis.next_sentence import NEAR, NEXT, NOT_NEXT, Verdict, short
from bert_explain.analysis.sentence import Sentence, say
from bert_explain.content.next_sentence import Document, Probe, Row
from bert_explain.kernel import readings
from bert_explain.kernel.readings import percent
from bert_explain.query import Query

MOST = 200  # pairs of a table that are judged
COIN = float(np.log(2))  # loss of one who always says 50 %, in nats
LABELS = {True: NEXT, False: NOT_NEXT, None: ""}


# a table of pairs
@dataclass(frozen=True, slots=True)
class Checked:
    """The rows of a table that can be judged, their numbers in it (from 1), and a sentence for each that cannot."""

    rows: tuple[Row, ...]
    numbers: tuple[int, ...]
    problems: tuple[str, ...]


def check(rows: Sequence[Row], most: int = MOST) -> Checked:
    """Leave out rows that lack a sentence (a wholly empty one silently), and what is beyond the first `most` rows."""
    fine, problems = [], []
    for number, row in enumerate(rows, start=1):
        lacks = [name for name, text in (("A", row.a), ("B", row.b)) if not text.strip()]
        if not lacks:
            fine.append((number, row))
        elif len(lacks) == 1:
            problems.append(f"Row {number} has no sentence {lacks[0]}, so it is not judged.")
    if len(fine) > most:
        left = len(fine) - most
        problems.append(f"Only the first {most} complete rows are judged; {left} {'is' if left == 1 else 'are'} left out.")
    kept = fine[:most]
    return Checked(tuple(row for _, row in kept), tuple(number for number, _ in kept), tuple(problems))


def queries(rows: Iterable[Row]) -> list[Query]:
    """One plain query a row: no masks, nothing switched off."""
    return [Query(row.a, row.b) for row in rows]


def judged(checked: Checked, verdicts: Sequence[Verdict]) -> pd.DataFrame:
    """The rows and the model's answers: row, a, b, is_next, verdict, label, right (None without a label), loss, cut."""
    lines = []
    for number, row, seen in zip(checked.numbers, checked.rows, verdicts, strict=True):
        label = LABELS[row.follows]
        right = None if row.follows is None else seen.called == label
        loss = np.nan if row.follows is None else seen.loss(row.follows)
        lines.append((number, row.a, row.b, seen.is_next, seen.called, label, right, loss, seen.cut))
    names = ["row", "a", "b", "is_next", "verdict", "label", "right", "loss", "cut"]
    return pd.DataFrame(lines, columns=names).astype({"right": object})


def by_row(table: pd.DataFrame, rows: int) -> pd.DataFrame:
    """A table from `judged` with a line for every row from 1 to `rows`: row, is_next, verdict, right as a word.

    A row that could not be judged has no probability, and no verdict.
    """
    words = {True: "right", False: "wrong", None: ""}
    shown = table.assign(right=[words[r] for r in table["right"]]).set_index("row")
    shown = shown[["is_next", "verdict", "right"]].astype({"is_next": float, "verdict": object, "right": object})
    shown = shown.reindex(pd.RangeIndex(1, rows + 1, name="row"))
    return shown.fillna({"verdict": "not judged", "right": ""}).reset_index()


def accuracy(table: pd.DataFrame) -> tuple[int, int]:
    """(right, labelled) rows of a table from `judged`."""
    labelled = table[table["label"] != ""]
    return int((labelled["right"] == True).sum()), len(labelled)  # noqa: E712  (objects: True, False, None)


def look_judged(table: pd.DataFrame) -> Sentence:
    """Accuracy over the labelled rows, and the row that is most wrong."""
    if table.empty:
        return say("There is no complete row yet: each needs a sentence A and a sentence B.")
    right, labelled = accuracy(table)
    called = int((table["verdict"] == NEXT).sum())
    if not labelled:
        return say(
            "The model calls {k} of {n} “is next”. No row has a label to compare with.",
            k=called,
            n=readings.many(len(table), "pair"),
        )
    top = readings.best(table["loss"], least=0.01)
    worst = table.iloc[top.index]
    told = "The model is right on {right} of {labelled} ({share})"
    if labelled == 1:
        told += ": row {row} gets {p} for “is next”, and the label says “{label}”."
    elif worst["right"]:
        told += "; least sure of row {row}" if top.leads else "; it is about as sure of others as of row {row}"
        told += " ({p} for “is next”)."
    else:
        told += ". Most wrong is row {row}: " if top.leads else ". Row {row} is wrong, and another about as much: "
        told += "{p} for “is next”, and the label says “{label}”."
    return say(
        told,
        right=right,
        labelled=readings.many(labelled, "labelled pair"),
        share=readings.share(right / labelled),
        row=int(worst["row"]),
        p=percent(worst["is_next"]),
        label=worst["label"],
    ).because(*[top] * (top.leads and labelled > 1))


# how training draws its pairs
@lru_cache(maxsize=256)
def draw(documents: tuple[Document, ...], seed: int, count: int) -> pd.DataFrame:
    """Training pairs, a row each: pair (from 1), document, place, b_document, b_place (all from 0), a, b, follows.

    A is any sentence that has a successor, each at most once. A coin decides: B is the sentence after A (follows), or
    one drawn evenly from the other documents, first the document, then the sentence, as BERT's own data generator does.
    The table is kept: do not change it.
    """
    able = [(d, s) for d, text in enumerate(documents) for s in range(len(text.sentences) - 1)]
    rng = np.random.default_rng(seed)
    rows: list[tuple] = []
    for at in rng.permutation(len(able))[:count]:
        d, s = able[at]
        follows = bool(rng.random() < 0.5)
        b_d, b_s = d, s + 1
        if not follows:
            b_d = int(rng.choice([other for other in range(len(documents)) if other != d]))
            b_s = int(rng.integers(len(documents[b_d].sentences)))
        rows.append((len(rows) + 1, d, s, b_d, b_s, documents[d].sentences[s], documents[b_d].sentences[b_s], follows))
    return pd.DataFrame(rows, columns=["pair", "document", "place", "b_document", "b_place", "a", "b", "follows"])


def drawn_rows(drawn: pd.DataFrame) -> list[Row]:
    """The drawn pairs as rows to judge."""
    return [Row(r.a, r.b, bool(r.follows)) for r in drawn.itertuples()]


def with_verdicts(drawn: pd.DataFrame, verdicts: Sequence[Verdict]) -> pd.DataFrame:
    """`drawn` with label, is_next, verdict, right and loss (nats) added."""
    follows = [bool(f) for f in drawn["follows"]]
    return drawn.assign(
        label=[LABELS[f] for f in follows],
        is_next=[v.is_next for v in verdicts],
        verdict=[v.called for v in verdicts],
        right=[v.called == LABELS[f] for v, f in zip(verdicts, follows, strict=True)],
        loss=[v.loss(f) for v, f in zip(verdicts, follows, strict=True)],
    )


def look_drawn(table: pd.DataFrame) -> Sentence:
    """How the coin fell, how many the model gets right, and the mean loss beside that of a coin."""
    return say(
        "The coin gave {true} true and {random} random pairs. The model is right on {right} of {n}; its mean loss is "
        "{loss:.2f} nats, where saying 50 % every time costs {coin:.2f}.",
        true=int(table["follows"].sum()),
        random=int((~table["follows"].astype(bool)).sum()),
        right=int(table["right"].sum()),
        n=len(table),
        loss=float(table["loss"].mean()),
        coin=COIN,
    )


def say_pair(row: pd.Series, documents: Sequence[Document]) -> Sentence:
    """Where A and B of one drawn pair come from."""
    values = {
        "pair": int(row["pair"]),
        "text": documents[row["document"]].title,
        "at": row["place"] + 1,
        "other": documents[row["b_document"]].title,
        "b_at": row["b_place"] + 1,
    }
    if row["follows"]:
        return say("Pair {pair}: A is sentence {at} of “{text}”. The coin said: next. B is the sentence after it.", **values)
    return say(
        "Pair {pair}: A is sentence {at} of “{text}”. The coin said: random. B is sentence {b_at} of “{other}”.",
        **values,
    )


# what it gets wrong
def probe_queries(probe: Probe) -> list[Query]:
    """Every case under every condition, case by case."""
    return [Query(a, b) for case in probe.cases for a, b in case]


@lru_cache(maxsize=64)
def probed(probe: Probe, verdicts: tuple[Verdict, ...]) -> pd.DataFrame:
    """A row for each case and condition: case (from 1), condition, a, b, is_next, verdict, label, right.

    Case by case, in the order of `probe_queries`. The table is kept: do not change it.
    """
    places = [(i, j) for i in range(len(probe.cases)) for j in range(len(probe.conditions))]
    lines = []
    for (i, j), seen in zip(places, verdicts, strict=True):
        a, b = probe.cases[i][j]
        label = LABELS[probe.follows[j]]
        lines.append((i + 1, probe.conditions[j], a, b, seen.is_next, seen.called, label, seen.called == label))
    return pd.DataFrame(lines, columns=["case", "condition", "a", "b", "is_next", "verdict", "label", "right"])


def shares(table: pd.DataFrame) -> pd.DataFrame:
    """How each condition fares, in the order given: condition, label, pairs, called_next, share, mean_is_next."""
    rows = []
    for name in dict.fromkeys(table["condition"]):
        some = table[table["condition"] == name]
        called = int((some["verdict"] == NEXT).sum())
        rows.append((name, some["label"].iloc[0], len(some), called, called / len(some), float(some["is_next"].mean())))
    return pd.DataFrame(rows, columns=["condition", "label", "pairs", "called_next", "share", "mean_is_next"])


def look_probe(table: pd.DataFrame) -> Sentence:
    """The first condition, where B follows, against the one where the model should say “not next” and says so least."""
    found = shares(table)
    wrong = found[found["label"] == NOT_NEXT]
    first, worst = found.iloc[0], wrong.loc[wrong["share"].idxmax()]
    p = table["is_next"].to_numpy().reshape(-1, len(found))  # (cases, conditions)
    near = int((np.abs(p[:, 0] - p[:, worst.name]) < NEAR).sum())
    n = int(first["pairs"])
    if worst["share"] >= 0.5:
        seen = "It is fooled: "
    elif first["share"] - worst["share"] < 0.25:
        seen = "It hardly tells the two rows apart: "
    elif worst["share"] > 0.25:
        seen = "It sees the difference more often than not: "
    else:
        seen = "It mostly sees the difference: "
    return say(
        "The model calls {k} of {n} pairs “is next” in the row “{first}”, and {k2} of {n2} in the row “{worst}”, where "
        "none is. " + seen + "in {near} of {n} cases the two probabilities lie less than five points apart.",
        k=int(first["called_next"]),
        n=n,
        first=first["condition"],
        k2=int(worst["called_next"]),
        n2=int(worst["pairs"]),
        worst=worst["condition"],
        near=near,
    )


def example(table: pd.DataFrame) -> Sentence:
    """The case on which the model is most wrong, in its own words."""
    wrong = table[table["label"] == NOT_NEXT]
    worst = wrong.loc[wrong["is_next"].idxmax()]
    return say(
        "For example: “{a}”, then “{b}” gets {p}.",
        a=short(worst["a"]),
        b=short(worst["b"]),
        p=percent(worst["is_next"]),
    )
