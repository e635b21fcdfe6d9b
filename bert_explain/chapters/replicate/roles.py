"""Who did what to whom (Ettinger 2020): is the verb expected, and does it matter who comes first?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bert_explain.analysis.sentence import Sentence, say
from bert_explain.chapters.replicate import trial
from bert_explain.chapters.replicate.negation import expected
from bert_explain.chapters.replicate.trial import Bench, Column, Outcome, Part, Progress, Row, Trial, measured
from bert_explain.core.spec import ModelSpec
from bert_explain.kernel.readings import signed
from bert_explain.learning.chapter import Need

NEAR = 1.25
TOP = 5


def faults(bench: Bench, rows: Sequence[Row]) -> list[str]:
    found = []
    for sentence, turned, word in rows:
        why = trial.gap_fault(bench, sentence, turned)
        same = "both sentences are the same" if sentence.strip() == turned.strip() else ""
        found.append(why or trial.word_fault(bench, word) or same)
    return found


def work(bench: Bench, rows: Sequence[Row], progress: Progress) -> Outcome:
    lines = []
    for done, (sentence, turned, word) in enumerate(rows, start=1):
        verb = bench.piece(word)
        good, bad = expected(bench, sentence), expected(bench, turned)
        rank = 1 + int((good > good[verb]).sum())
        lines.append((sentence, turned, word, rank, good[verb], bad[verb]))
        progress(done / len(rows), f"Sentence {done} of {len(rows)}, in both orders")
    return outcome(pd.DataFrame(lines, columns=["sentence", "reversed", "word", "rank", "good", "turned"]))


def outcome(rows: pd.DataFrame) -> Outcome:
    """The numbers, from the verb's rank in the good order and its ln P in both."""
    top = measured(
        "the verb is among the first five", rows["rank"] <= TOP, paper="27.3 % (24 of 88, BERT-base), 37.5 % (large)", mark=0.273
    )
    likelier = measured("the verb is likelier in the good order", rows["good"] > rows["turned"])
    ratio = measured("P of the verb: good order, divided by turned", rows["good"] - rows["turned"], of=np.exp, kind="times")
    parts = (Part("the verb is among the first five in fewer than half of the sentences", trial.below(top, 0.5)),)
    shown = rows.assign(good=np.exp(rows["good"]), turned=np.exp(rows["turned"]))
    return Outcome((top, likelier, ratio), parts, shown)


def why(found: Outcome, spec: ModelSpec) -> list[Sentence]:
    _, likelier, ratio = found.measures
    told = {trial.HOLDS: "the order of the words is heard", trial.FAILS: "the order of the words is heard the wrong way round"}
    state = told.get(trial.above(likelier, 0.5), "whether the order of the words is heard cannot be told")
    more = "hardly a difference" if 1 / NEAR <= ratio.value <= NEAR else "a factor to be seen"
    return [
        say(
            "What the numbers say: {state}. The verb is {x} times as likely in the good order, {more}; to be among the first "
            "five it must also beat every other word that would do.",
            state=state,
            x=signed(ratio.value),
            more=more,
        )
    ]


TRIAL = Trial(
    "roles",
    (
        Column("sentence", "Sentence, good order", "one ___ where the verb is hidden", 330),
        Column("reversed", "The two turned round", "one ___ too", 330),
        Column("word", "The verb", "", 100),
    ),
    lambda: trial.read("roles"),
    faults,
    work,
    lambda spec, rows: 2 * rows,
    why,
    (Need.MASKED_WORDS,),
    (work, outcome, trial.interval),
)
