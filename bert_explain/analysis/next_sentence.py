"""Does B follow A? The model's answer, how it comes about, and what one change at a time does to it.

Next-sentence prediction, Devlin et al. 2019, section 3.1: the vector of [CLS] goes through the pooler and a head
with two outputs, (is next, is not next).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.core.tokens import marks, same_piece
from bert_explain.errors import Missing
from bert_explain.kernel import readings
from bert_explain.kernel.readings import percent
from bert_explain.query import Query
from bert_explain.trace import Trace

NEXT, NOT_NEXT = "is next", "not next"
LONGEST = 60  # characters of a sentence that is quoted in a sentence of ours
NEAR = 0.05  # a change of the probability below this is called small
CLEAR = 1.5  # unless one of the two answers becomes so many times as probable
UNDECIDED = 0.01  # so near to one half the head has not decided


# the answer
@dataclass(frozen=True, slots=True)
class Verdict:
    """What the head says about one pair."""

    logits: tuple[float, float]  # (is next, is not next) before the softmax
    tokens: int  # how many the model read
    cut: int  # how many did not fit

    @property
    def is_next(self) -> float:
        """Probability that B follows A: softmax over two logits is the logistic function of their difference."""
        return float(expit(self.logits[0] - self.logits[1]))

    @property
    def called(self) -> str:
        """The likelier of the two answers."""
        return NEXT if self.is_next >= 0.5 else NOT_NEXT

    def loss(self, follows: bool) -> float:
        """Cross-entropy of the true label in nats: -ln P(label), also where that P rounds to 0."""
        gap = self.logits[0] - self.logits[1]
        return float(np.logaddexp(0.0, -gap if follows else gap))


def verdict(trace: Trace) -> Verdict:
    """The verdict of a trace. Raises Missing for a model without a next-sentence head."""
    if trace.nsp_logits is None:
        raise Missing(f"{trace.spec.title} has no next-sentence head: it cannot say whether B follows A.")
    first, second = (float(z) for z in trace.nsp_logits)
    return Verdict((first, second), len(trace.tokens), trace.cut.a + trace.cut.b)


def answer(trace: Trace) -> pd.DataFrame:
    """The two outputs: answer, logit, probability. Raises Missing."""
    found = verdict(trace)
    return pd.DataFrame({"answer": [NEXT, NOT_NEXT], "logit": found.logits, "probability": [found.is_next, 1 - found.is_next]})


def look(trace: Trace) -> Sentence:
    """The answer in words, and how sure the model is."""
    found = verdict(trace)
    first, second = trace.query.names
    if 0 not in trace.sentences:
        return say("Sentence A is empty, so the answer says little: {p} for “is next”.", p=percent(found.is_next))
    sure = max(found.is_next, 1 - found.is_next)
    known = {"p": percent(found.is_next), "gap": abs(found.logits[0] - found.logits[1])}
    if sure - 0.5 < UNDECIDED:
        return say(
            "The model cannot tell whether {second} follows {first}. It gives “is next” {p}: the two logits are {gap:.2f} apart.",
            first=first,
            second=second,
            **known,
        )
    return say(
        "The model says: {second} {verdict} {first}. It gives “is next” {p}, because the logit for it is {higher} "
        "by {gap:.2f}. It is {sure}.",
        second=second,
        first=first,
        verdict="follows" if found.called == NEXT else "does not follow",
        higher="higher" if found.called == NEXT else "lower",
        **known,
        sure="nearly certain" if sure >= 0.95 else "fairly sure" if sure >= 0.75 else "unsure",
    )


# how it comes about
@dataclass(frozen=True, eq=False)
class Decision:
    """From the [CLS] vector to the difference of the two logits: sum(pull) + shift = gap."""

    hidden: np.ndarray  # (H,) [CLS] after the last layer
    pooled: np.ndarray  # (H,) tanh(W h + b)
    pull: np.ndarray  # (H,) (w_next - w_not) x pooled: above 0 pulls towards "is next"
    shift: float  # b_next - b_not
    gap: float  # logit of "is next" minus logit of "not next"


def decision(trace: Trace) -> Decision:
    """Every number of the last step. Raises Missing."""
    found, pooled = verdict(trace), trace.pooled
    assert pooled is not None  # there is a verdict
    weight, bias = trace.engine.nsp_weights()  # (2, H), (2,)
    pull = (weight[0] - weight[1]) * pooled
    return Decision(trace.hidden[-1][0], pooled, pull, float(bias[0] - bias[1]), found.logits[0] - found.logits[1])


def decision_table(found: Decision) -> pd.DataFrame:
    """A row for each dimension: dimension, CLS, pooled, pull; the largest pull first."""
    table = pd.DataFrame(
        {"dimension": np.arange(len(found.pull)), "CLS": found.hidden, "pooled": found.pooled, "pull": found.pull}
    )
    return table.sort_values("pull", key=np.abs, ascending=False, kind="stable", ignore_index=True)


def cls_looks_at(trace: Trace) -> pd.DataFrame:
    """Where [CLS] looks in the last layer, mean over heads: position, token, weight (they sum to 1); largest first."""
    weights = trace.attention[-1, :, 0].mean(axis=0, dtype=np.float64)  # (A, T) -> (T,)
    table = pd.DataFrame({"position": np.arange(len(weights)), "token": trace.pieces, "weight": weights})
    return table.sort_values("weight", ascending=False, kind="stable", ignore_index=True)


def look_decision(trace: Trace, found: Decision) -> Sentence:
    """How many numbers pull which way, and what [CLS] looks at in the last layer."""
    every = cls_looks_at(trace)
    top = every.head(5)
    names = [f"t{i}" for i in range(len(top))]
    digits = 2 if top["weight"].iloc[0] >= 0.1 else 3
    less = len(top) < len(every) and round(every["weight"][4], digits) > round(every["weight"][5], digits)
    tail = (
        "" if len(top) == len(every) else ", and less at all others" if less else ", and at others about as much as at the last"
    )
    tail += " (mean over the heads)."
    listed = ", ".join(f"{{{n}}} {{{n}w:.{digits}f}}" for n in names)
    shown = dict(zip(names, map(Piece, top["token"]), strict=True)) | dict(
        zip((f"{n}w" for n in names), top["weight"], strict=True)
    )
    return say(
        "Of the {h} numbers {up} pull towards “is next”, {down} away from it; together with the shift they give "
        "{gap}. In the last layer [CLS] looks at " + listed + tail,
        up=int((found.pull > 0).sum()),
        down=int((found.pull < 0).sum()),
        h=len(found.pull),
        gap=("+" if found.gap > 0 else "") + readings.signed(found.gap),
        **shown,
    )


# one change at a time
def random_sentence(sentences: Sequence[str], seed: int) -> str:
    """One of the sentences; the same seed gives the same one."""
    return sentences[int(np.random.default_rng(seed).integers(len(sentences)))]


@dataclass(frozen=True, slots=True)
class Variant:
    """The pair with one thing changed."""

    name: str
    query: Query
    applied: bool  # the reader has switched this on


def carried(trace: Trace, query: Query) -> Query:
    """`query` with the masks and replacements of `trace` at the same pieces, wherever these stand after the change.

    A piece is the same when it covers the same characters of the same sentence; one that is gone loses its mask.
    """
    texts = {0: trace.query.text_a == query.text_a, 1: trace.query.text_b == query.text_b}
    there = zip(trace.tokens, marks(trace.tokens), strict=True)
    old = {t.position: mark for t, mark in there if t.sentence is not None and texts[t.sentence]}
    bare = query.but(masked=(), replaced=())
    if not (trace.query.masked or trace.query.replaced):
        return bare
    tokens, _ = trace.tokenize(bare)
    new = {mark: t.position for t, mark in zip(tokens, marks(tokens), strict=True)}
    where = {position: new[piece] for position, piece in old.items() if piece in new}
    return bare.but(
        masked=tuple(where[p] for p in trace.query.masked if p in where),
        replaced=tuple((where[p], i) for p, i in trace.query.replaced if p in where),
    )


def carried_token(trace: Trace, query: Query, position: int) -> int | None:
    """Where the token at a position of `trace` stands in `query`, by its characters; None for one that is not there."""
    return same_piece(trace.tokens, position, trace.tokenize(query)[0])


def variants(trace: Trace, drawn: str) -> list[Variant]:
    """The pair as typed, and with one change each. `drawn` is the sentence that takes the place of B.

    Masks, heads that are off and what else the reader changed stay in all of them; what the reader combined gets a
    row of its own at the end.
    """
    now = trace.query
    plain = now.but(swapped=False, segments="normal", separators="normal")
    changes: dict[str, dict[str, Any]] = {
        "as typed": {},
        "A and B swapped": {"swapped": True},
        "segments flipped": {"segments": "flipped"},
        "segments removed": {"segments": "removed"},
        "without [SEP]": {"separators": "removed"},
        "B drawn at random": {"text_b": drawn},
        "B the same as A": {"text_b": now.text_a},
    }
    if not trace.spec.has_segments:
        changes = {name: change for name, change in changes.items() if "segments" not in change}
    found = [Variant(name, carried(trace, plain.but(**c)), plain.but(**c) == now) for name, c in changes.items()]
    if not any(variant.applied for variant in found):
        found.append(Variant("all your changes", now, True))
    return found


def compare(found: Sequence[Variant], verdicts: Sequence[Verdict]) -> pd.DataFrame:
    """What each change does: change, is_next, difference (to the first row), verdict, applied, a, b.

    a and b are in the order in which the model reads them.
    """
    first = verdicts[0].is_next
    rows = [
        (v.name, seen.is_next, seen.is_next - first, seen.called, v.applied, *v.query.texts)
        for v, seen in zip(found, verdicts, strict=True)
    ]
    return pd.DataFrame(rows, columns=["change", "is_next", "difference", "verdict", "applied", "a", "b"])


def look_compare(table: pd.DataFrame) -> Sentence:
    """Which change of the same two sentences moves the answer most, and what swapping does."""
    typed = float(table["is_next"].iloc[0])
    same = table[table["change"].isin(["A and B swapped", "segments flipped", "segments removed", "without [SEP]"])]
    top = readings.best(same["difference"].abs(), least=0.001)
    most = same.iloc[top.index]
    swapped = table.set_index("change").loc["A and B swapped"]
    times = factor(typed, float(swapped["is_next"]))
    if top.value < 0.0005:
        template = "Same words, one change: none moves the answer by as much as a tenth of a point from {p}. "
    elif top.leads:
        template = "Same words, one change: “{name}” moves the answer most, from {p} to {new}. "
    else:
        template = "Same words, one change: “{name}” moves the answer from {p} to {new}, and another as far. "
    if most["change"] != swapped.name and top.value >= 0.0005:
        template += "Swapping A and B gives {swapped}: "
    else:
        template += "As to swapping A and B: "
    if abs(swapped["difference"]) >= NEAR:
        template += "the order counts here."
    elif times >= CLEAR:
        template += "few points, but a factor of {times:.1f} in a probability, so the order counts."
    else:
        template += "the order hardly counts here."
    return say(
        template,
        name=most["change"],
        p=percent(typed),
        new=percent(most["is_next"]),
        swapped=percent(swapped["is_next"]),
        times=min(times, 999.0),
    ).because(*[top] * (top.leads and top.value >= 0.0005))


def factor(p: float, new: float) -> float:
    """By how much the likelihood of one of the two answers is multiplied or divided, whichever changes more; at least 1."""
    pairs = ((p, new), (1 - p, 1 - new))
    return max(max(x, y, 1e-12) / max(min(x, y), 1e-12) for x, y in pairs)


def short(text: str, longest: int = LONGEST) -> str:
    """A sentence cut to a length that fits in a line."""
    text = " ".join(text.split())
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
