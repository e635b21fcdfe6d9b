"""Negation is not heard (Ettinger 2020): does the true word win, without "not" and with it?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import log_softmax

from bert_explain.analysis.sentence import Sentence, say
from bert_explain.chapters.replicate import trial
from bert_explain.chapters.replicate.trial import Bench, Column, Outcome, Part, Progress, Row, Trial, measured
from bert_explain.core.spec import ModelSpec
from bert_explain.kernel.readings import signed
from bert_explain.learning.chapter import Need

NEAR = 1.25  # a factor from 1 / NEAR to NEAR is called hardly any change


def expected(bench: Bench, text: str) -> np.ndarray:
    """(V,) ln P of every piece for the hidden word of a sentence with one ___."""
    query, position = trial.gap(bench, text)
    return log_softmax(bench.run(query).mlm_logits([position])[0].astype(np.float64))


def faults(bench: Bench, rows: Sequence[Row]) -> list[str]:
    found = []
    for sentence, negated, fits, other in rows:
        why = trial.gap_fault(bench, sentence, negated)
        same = "both words are the same" if bench.piece(fits) == bench.piece(other) else ""
        found.append(why or trial.word_fault(bench, fits, other) or same)
    return found


def work(bench: Bench, rows: Sequence[Row], progress: Progress) -> Outcome:
    lines = []
    for done, (sentence, negated, fits, other) in enumerate(rows, start=1):
        true, false = bench.piece(fits), bench.piece(other)
        plain, turned = expected(bench, sentence), expected(bench, negated)
        lines.append((sentence, negated, fits, other, plain[true], plain[false], turned[true], turned[false]))
        progress(done / len(rows), f"Sentence {done} of {len(rows)}, without and with “not”")
    names = ["sentence", "negated", "fits", "other", "fits_plain", "other_plain", "fits_negated", "other_negated"]
    return outcome(pd.DataFrame(lines, columns=names))


def outcome(rows: pd.DataFrame) -> Outcome:
    """The numbers, from ln P of both words without and with "not"."""
    plain = measured("prefers the true word, without “not”", rows["fits_plain"] > rows["other_plain"])
    turned = measured(
        "prefers the true word, with “not”",
        rows["other_negated"] > rows["fits_negated"],
        paper="0 % (the less natural set)",
        mark=0.0,
    )
    ratio = measured(
        "P of the word that fits: with “not”, divided by without",
        rows["fits_negated"] - rows["fits_plain"],
        of=np.exp,
        kind="times",
    )
    parts = (
        Part("without “not” the true word is preferred more often than not", trial.above(plain, 0.5)),
        Part("with “not” the true word is preferred in fewer than half of the sentences", trial.below(turned, 0.5)),
    )
    shown = rows.assign(**{name: np.exp(rows[name]) for name in rows.columns[4:]})
    shown["true_plain"] = rows["fits_plain"] > rows["other_plain"]
    shown["true_negated"] = rows["other_negated"] > rows["fits_negated"]
    return Outcome((turned, plain, ratio), parts, shown)


def why(found: Outcome, spec: ModelSpec) -> list[Sentence]:
    ratio = found.measures[2].value
    if 1 / NEAR <= ratio <= NEAR:
        text = "a “not” hardly moves the word that fits, {x} times what it was. The rest of the sentence decides."
    elif ratio > NEAR:
        text = "a “not” makes the word that fits even likelier, {x} times what it was."
    else:
        text = (
            "a “not” is noticed; it leaves the word that fits {x} times what it was. To be preferred, the other word would have "
            "to overtake it."
        )
    return [say("What the numbers say: " + text, x=signed(ratio))]


TRIAL = Trial(
    "negation",
    (
        Column("sentence", "Sentence", "one ___ where the word is hidden", 250),
        Column("negated", "The same with “not”", "one ___ too", 250),
        Column("fits", "True of the first", "", 110),
        Column("other", "True of the second", "", 110),
    ),
    lambda: trial.read("negation"),
    faults,
    work,
    lambda spec, rows: 2 * rows,
    why,
    (Need.MASKED_WORDS,),
    (work, outcome, trial.interval),
)
