"""One head less (Michel et al. 2019): each head off alone, then more and more of them, the least needed first."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import log_softmax

from bert_explain.analysis.sentence import Sentence, say
from bert_explain.chapters.replicate import trial
from bert_explain.chapters.replicate.trial import Bench, Column, Outcome, Part, Progress, Row, Trial, measured
from bert_explain.core.spec import ModelSpec
from bert_explain.kernel.readings import many, share
from bert_explain.learning.chapter import Need

STEPS = 10  # a tenth of the heads at a time
ORDERS = 3  # random orders to compare with
KEPT = 0.9  # of the whole model's right guesses: from here on nothing has been lost to speak of


def faults(bench: Bench, rows: Sequence[Row]) -> list[str]:
    return [trial.gap_fault(bench, sentence) or trial.word_fault(bench, word) for sentence, word in rows]


def single(layers: int, heads: int) -> np.ndarray:
    """(L A, L, A) of 1 and 0: row i has head i off."""
    return (1 - np.eye(layers * heads)).reshape(-1, layers, heads)


def fewer(order: Sequence[int] | np.ndarray, layers: int, heads: int) -> np.ndarray:
    """(STEPS, L, A): the first tenth of an order of heads off, the first two tenths, ..., all of them."""
    count = layers * heads
    rows = np.ones((STEPS, count))
    for step in range(STEPS):
        rows[step, list(order[: round(count * (step + 1) / STEPS)])] = 0
    return rows.reshape(STEPS, layers, heads)


def work(bench: Bench, rows: Sequence[Row], progress: Progress) -> Outcome:
    layers, heads = bench.spec.n_layers, bench.spec.n_heads
    ones, count = np.ones((1, layers, heads)), layers * heads
    alone, truths, places = [], [], []
    for done, (sentence, word) in enumerate(rows, start=1):
        truth = bench.piece(word)
        assert truth is not None  # `faults` has nothing against the row
        places.append(trial.gap(bench, sentence))
        truths.append(truth)
        alone.append(log_softmax(bench.without_heads(*places[-1], np.concatenate([ones, single(layers, heads)])), axis=-1))
        alone[-1] = _brief(alone[-1], truths[-1])
        progress(0.7 * done / len(rows), f"Sentence {done} of {len(rows)}: each of {count} heads off alone")
    whole, firsts, true = (np.array([a[i] for a in alone]) for i in (0, 1, 2))  # (N,), (N, L A), (N, 1 + L A)
    cost = true[:, :1] - true[:, 1:]  # (N, L A) what ln P of the true word loses
    side = np.arange(len(rows)) % 2
    rng = np.random.default_rng(trial.SEED)
    chance = [rng.permutation(count) for _ in range(ORDERS)]
    right = np.zeros((len(rows), 1 + ORDERS, 1 + STEPS))  # (sentence, order, share off)
    for done, (place, truth) in enumerate(zip(places, truths, strict=True), start=1):
        # The order is found on the other half of the sentences: on its own half it would look better than it is.
        others = cost[side != side[done - 1]]
        least = np.argsort(others.mean(0), kind="stable") if len(others) else np.arange(count)
        ways = np.concatenate([ones, *(fewer(order, layers, heads) for order in (least, *chance))])
        guesses = bench.without_heads(*place, ways).argmax(-1)
        right[done - 1, :, 0] = guesses[0] == truth
        right[done - 1, :, 1:] = (guesses[1:] == truth).reshape(1 + ORDERS, STEPS)
        progress(0.7 + 0.3 * done / len(rows), f"Sentence {done} of {len(rows)}: more and more heads off together")
    return outcome(whole[:, None] != firsts, right, rows)


def _brief(logs: np.ndarray, truth: int) -> tuple[int, np.ndarray, np.ndarray]:
    """(first guess with all heads, (L A,) first guess without each, (1 + L A,) ln P of the true word)."""
    first = logs.argmax(-1)
    return int(first[0]), first[1:], logs[:, truth]


def together(means: np.ndarray) -> np.ndarray:
    """(B, 1 + STEPS) share of right guesses -> (B,): the share of heads that can go while KEPT of it is there, all the way."""
    enough = means >= KEPT * means[:, :1] - 1e-9
    return (np.cumprod(enough, axis=1).sum(1) - 1) / STEPS


def outcome(changed: np.ndarray, right: np.ndarray, rows: Sequence[Row]) -> Outcome:
    """The numbers, from (N, L A) whether the first guess changes and (N, 1 + ORDERS, 1 + STEPS) whether it is right."""
    alone = measured("first guesses that change when one head is off", changed.mean(1))
    most = measured(
        "heads that can go together",
        right[:, 0],
        of=together,
        paper="20 % (translation), 40 to 60 % (BERT, by task), as later papers report",
        mark=0.4,
    )
    known = measured("right first guesses, all heads on", right[:, 0, 0])
    parts = [Part("most heads can go alone", trial.below(alone, 0.5))]
    if right[:, 0, 0].any():
        parts.append(Part("at least a fifth of the heads can go together", trial.at_least(most, 0.2)))
    mean = right.mean(0)  # (1 + ORDERS, 1 + STEPS)
    lines = [(step / STEPS, "the least needed first", float(mean[0, step])) for step in range(1 + STEPS)]
    lines += [(step / STEPS, "in random order", float(mean[1:, step].mean())) for step in range(1 + STEPS)]
    by = pd.DataFrame(lines, columns=["off", "order", "right"])
    table = pd.DataFrame(rows, columns=["sentence", "word"]).assign(
        right=right[:, 0, 0].astype(bool), changed=changed.sum(1), heads=changed.shape[1]
    )
    facts = {"half": float(mean[0, STEPS // 2]), "half_random": float(mean[1:, STEPS // 2].mean()), "none": float(mean[0, -1])}
    return Outcome((alone, most, known), tuple(parts), table, by, facts)


def why(found: Outcome, spec: ModelSpec) -> list[Sentence]:
    known = found.measures[2]
    count = spec.n_layers * spec.n_heads
    said = [
        say(
            "What the numbers say: with all heads the first guess is right in {known} of the sentences. With half of the heads "
            "off it is {half} when the least needed went first, {random} in random order, and {none} with none left.",
            known=share(known.value),
            half=share(found.facts["half"]),
            random=share(found.facts["half_random"]),
            none=share(found.facts["none"]),
        )
    ]
    if not known.value:
        said.append(say("So there is nothing that could be lost, and how many heads can go together cannot be told."))
    said.append(
        say(
            "What counts as no loss: here, nine tenths of the right guesses. The papers take other tasks and other bounds, and "
            "BERT-base has 144 heads, {title} {heads}.",
            title=spec.title,
            heads=many(count, "head"),
        )
    )
    return said


TRIAL = Trial(
    "heads",
    (Column("sentence", "Sentence", "one ___ where the word is hidden", 560), Column("word", "The hidden word", "", 160)),
    lambda: trial.read("heads"),
    faults,
    work,
    lambda spec, rows: rows * (spec.n_layers * spec.n_heads + (1 + ORDERS) * STEPS) / 5,
    why,
    (Need.MASKED_WORDS,),
    (work, together, outcome, trial.interval),
)
