"""The questions of the chapter: each card asks whether a statement is true. Its words stand in words.toml.

The right answer is read off what the model gave: a statement that is the confusion is false where it is refuted, one that is
the fact is true there. Where the confusion holds in this model the answers change places, and the card says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from bert_explain.analysis.sentence import Sentence, say
from bert_explain.chapters.confusions import numbers
from bert_explain.chapters.confusions.numbers import BETWEEN, REFUTED, Outcome
from bert_explain.learning.pairs import EVERYDAY
from bert_explain.learning.question import Ask, Question, table, words_of

WORDS = words_of(Path(__file__).with_name("words.toml"))
TRUE, FALSE = "true", "false"
OUTCOME = "outcome"  # in the evidence's attrs


@dataclass(frozen=True)
class Card(Question):
    """A question whose statement is true or false. `judge`: what runs the model; `own`: on the reader's text."""

    judge: Callable[[Ask], Outcome] = field(default=numbers.pooled_is_cls, repr=False)
    own: bool = True

    def told(self, evidence: pd.DataFrame) -> Sentence:
        """What the model gave, in the words for this outcome."""
        return say(self.words[evidence.attrs[OUTCOME].kind], **evidence.attrs["facts"])

    def said(self, name: str, evidence: pd.DataFrame, **more: Any) -> Sentence:
        """As Question's; the fact's words belong to the outcome."""
        return self.told(evidence) if name == "fact" else super().said(name, evidence, **more)


def _card(name: str, judge: Callable[[Ask], Outcome], *, long: bool = True) -> Card:
    words = WORDS["card"][name]
    fact = words["says"] == "fact"
    confused = FALSE if fact else TRUE

    options = [
        {"id": TRUE, "text": "True", "tag": words["tag"] if confused == TRUE else ""},
        {"id": FALSE, "text": "False", "tag": words["tag"] if confused == FALSE else ""},
    ]
    return Card(
        f"confusions-{name}",
        {**words, "option": options, "because": {confused: words["because"]}},
        lambda ask: _evidence(fact, judge(ask)),
        EVERYDAY,
        margin=None,
        unclear=undecided,
        long=long,
        judge=judge,
        own=words["own"],
    )


def _evidence(fact: bool, found: Outcome) -> pd.DataFrame:
    """Which of the two options is right; the outcome itself stands in attrs. fact : the statement is not the confusion."""
    true = found.kind == REFUTED if fact else found.kind != REFUTED
    made = table({TRUE: (float(true), ""), FALSE: (float(not true), "")}, **found.facts)
    made.attrs[OUTCOME] = found
    return made


def undecided(evidence: pd.DataFrame) -> str:
    """Why it is not asked where the numbers fall between "refuted" and "holds"."""
    return WORDS["unclear"] if evidence.attrs[OUTCOME].kind == BETWEEN else ""


CARDS: dict[str, Card] = {
    "cos": _card("cos", numbers.cosine_is_meaning),
    "cls": _card("cls", numbers.cls_is_the_sentence),
    "pool": _card("pool", numbers.pooled_is_cls, long=False),
    "out": _card("out", numbers.output_is_the_sum, long=False),
    "sum": _card("sum", numbers.sum_is_mixed_up, long=False),
    "layer": _card("layer", numbers.last_is_best),
    "attn": _card("attn", numbers.bright_is_important),
    "rand": _card("rand", numbers.every_run_differs),
    "cont": _card("cont", numbers.it_goes_on_learning),
    "pad": _card("pad", numbers.padding_changes),
    "nextw": _card("nextw", numbers.it_writes_on),
    "joint": _card("joint", numbers.masks_go_together),
    "onlym": _card("onlym", numbers.only_at_masks, long=False),
    "recipe": _card("recipe", numbers.only_masks_are_guessed),
    "dot": _card("dot", numbers.the_stop_counts),
    "find": _card("find", numbers.it_finds_the_next),
    "label": _card("label", numbers.label_one_is_next),
    "deny": _card("deny", numbers.it_sees_contradictions),
}
