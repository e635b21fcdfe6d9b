"""What the chapter computes: attributions by five methods, the deletion test of each, input reduction, heads switched off.

T tokens, U units of a text (kernel.attribution), V values. Attributions are in log-odds (core.target), shares of attention
for the two methods that read it; deletions are told in probabilities.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import comb
from typing import Any

import numpy as np
import pandas as pd

from bert_explain.analysis import attention
from bert_explain.analysis.remember import Memory
from bert_explain.analysis.sentence import Sentence, say
from bert_explain.chapters.changed import answers
from bert_explain.chapters.changed.answers import Case, Progress, silent
from bert_explain.core.target import probability
from bert_explain.kernel import attribution
from bert_explain.kernel.attribution import HIDDEN, PUNCTUATION, SPECIAL, Path, leading, random_sets, summed
from bert_explain.kernel.readings import best, listed, many, percent
from bert_explain.learning.question import VALUE, Ask, Margin, NotAskable, Option, leader, table

METHODS = {
    "gradients": "Integrated gradients",
    "product": "Gradient × input",
    "occlusion": "Occlusion",
    "attention": "Attention",
    "rollout": "Attention rollout",
}
SIGNED = ("gradients", "product", "occlusion")  # the other two are shares: they name what is looked at, not for or against
BASELINES = {"mask": "[MASK]", "pad": "[PAD]", "zero": "zeros"}
DRAWS = 20  # random sets of words in a deletion test
ENOUGH = 0.03  # of a probability: below it a deletion has done next to nothing
APART = 0.05  # by which two deletions have to differ
MOST_WORDS = 40  # for what is computed unasked
TAKEN = 3  # words of a deletion test, where the text has enough


# attributions -------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, eq=False)
class Attribution:
    """What one method gives each unit."""

    method: str
    values: np.ndarray  # (U,)
    path: Path | None = field(default=None, repr=False)  # of integrated gradients


def attributed(found: Case, method: str, baseline: str = "mask", progress: Progress = silent) -> Attribution:
    """One method's numbers, (U,). Raises NotAskable for a baseline that the model has no token for."""
    match method:
        case "gradients":
            path = integrated(found, baseline, progress)
            return Attribution(method, summed(path.values, found.parts), path)
        case "product":
            rows = token_rows(found)
            _, slopes = found.trace.engine.gradients(found.query, found.target, rows[None])
            return Attribution(method, summed((rows * slopes[0]).sum(axis=-1), found.parts))
        case "occlusion":
            return Attribution(method, found.odds - occluded(found, progress))
        case "attention":
            looks = found.trace.attention.mean(axis=(0, 1))[list(found.looks)].mean(axis=0)
            return Attribution(method, summed(looks, found.parts))
    reached = attention.rollout(found.trace)[-1][list(found.looks)].mean(axis=0)
    return Attribution(method, summed(reached, found.parts))


def token_rows(found: Case) -> np.ndarray:
    """(T, E): the rows of the token table that the model reads."""
    rows: np.ndarray = found.trace.engine.tables().token[[t.id for t in found.trace.tokens]]
    return rows


def baseline_rows(found: Case, baseline: str) -> np.ndarray:
    """(T, E): the same, with words and punctuation replaced; special tokens and hidden places stay. Raises NotAskable."""
    special = found.trace.spec.special
    token = {"mask": special.mask, "pad": special.padding, "zero": None}[baseline]
    if token is None and baseline != "zero":
        raise NotAskable(f"{found.trace.spec.title} has no {BASELINES[baseline]} token: choose another baseline.")
    rows = token_rows(found).copy()
    gone = [p for unit in found.parts if unit.kind not in (SPECIAL, HIDDEN) for p in unit.positions]
    rows[gone] = 0.0 if token is None else found.trace.engine.tables().token[token.id]
    return rows


def integrated(found: Case, baseline: str = "mask", progress: Progress = silent) -> Path:
    """Integrated gradients by the token rows: (T,) numbers that add up to what the words did to the log-odds."""
    engine, size = found.trace.engine, max(1, answers.BATCH // len(found.trace.tokens))

    def slope(inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        parts = []
        for at in range(0, len(inputs), size):
            progress(0.1 + 0.8 * at / len(inputs), f"Integrated gradients, {len(inputs)} points on the way")
            parts.append(engine.gradients(found.query, found.target, inputs[at : at + size]))
        return np.concatenate([odds for odds, _ in parts]), np.concatenate([slopes for _, slopes in parts])

    return attribution.integrate(slope, baseline_rows(found, baseline).astype(float), token_rows(found).astype(float))


def occluded(found: Case, progress: Progress = silent) -> np.ndarray:
    """(U,): the log-odds of the answer with [MASK] in the place of each unit alone; hidden places change nothing."""
    queries = [found.without([i]) for i in range(len(found.parts))]
    return found.read(queries, progress=progress, text="Each word hidden, one at a time")[0]


def complete(path: Path, baseline: str) -> Sentence:
    """Whether integrated gradients add up to the difference that they share out."""
    values = {
        "total": path.total,
        "start": path.start,
        "end": path.end,
        "difference": path.end - path.start,
        "error": percent(path.error),
        "steps": many(path.steps, "point"),
        "baseline": say(f"{BASELINES[baseline]} in each word's place"),
        "whole": "" if path.scale == abs(path.end - path.start) else " of all magnitudes together",
    }
    text = (
        "Integrated gradients add up to {total:.2f}. The log-odds were {start:.2f} with {baseline} and are {end:.2f}, a "
        "difference of {difference:.2f}: off by {error}{whole}, with {steps}"
    )
    return say(text + ("." if path.complete else ", so read them as rough."), **values)


def apart(found: Case, one: Attribution) -> Sentence | None:
    """What a method gives to what is no word; None where the text has nothing of the kind."""
    groups = []
    for kind, name in ((PUNCTUATION, "punctuation"), (SPECIAL, "the special tokens"), (HIDDEN, "the hidden place")):
        places = [i for i, unit in enumerate(found.parts) if unit.kind == kind]
        if kind == HIDDEN and len(places) > 1:
            name = "the hidden places"
        if places:
            groups.append(say("{total:+.2f} to " + name, total=float(one.values[places].sum())))
    if not groups:
        return None
    marks = [f"{{g{n}}}" for n in range(len(groups))]
    text = " and ".join(filter(None, [", ".join(marks[:-1]), *marks[-1:]]))
    return say("{name} gives " + text + ".", name=METHODS[one.method], **{f"g{n}": g for n, g in enumerate(groups)})


# the deletion test ----------------------------------------------------------------------------------------------------
@dataclass(frozen=True, eq=False)
class Deletion:
    """P of the answer without the words that each method names first, and without as many at random."""

    p: float  # with all of them
    k: int
    named: dict[str, tuple[int, ...]]  # method -> units
    without: dict[str, float]  # method -> P
    stays: dict[str, bool]  # method -> whether the answer still comes first of all
    draws: tuple[tuple[int, ...], ...]  # as many units, chosen at random
    random: np.ndarray  # (draws,) P
    every: bool  # whether the draws are all choices that there are

    def fall(self, method: str) -> float:
        """By how much P falls; below 0 where it rises."""
        return self.p - self.without[method]

    @property
    def random_falls(self) -> np.ndarray:
        return self.p - self.random

    def others(self, method: str) -> np.ndarray:
        """(draws,) P of the random draws that are not this method's own words."""
        own = set(self.named[method])
        return self.random[[set(places) != own for places in self.draws]]

    def worse(self, method: str) -> int:
        """How many of these cost as much as this method's words, or more."""
        return int((self.p - self.others(method) >= self.fall(method) - 1e-9).sum())

    @property
    def drawn(self) -> str:
        """What a mean over the random draws is a mean of."""
        return f"all {len(self.draws)} choices" if self.every else many(len(self.draws), "draw")


def how_many(found: Case, wanted: int = TAKEN) -> int:
    """How many words a deletion test takes: fewer than all, where there are two or more."""
    return max(1, min(wanted, len(found.words) - 1))


def deletion(found: Case, given: Sequence[Attribution], k: int = TAKEN, progress: Progress = silent) -> Deletion:
    """The deletion test of some methods. Raises NotAskable where the text has no word that may be taken away."""
    if not found.words:
        raise NotAskable("There is no word here besides the hidden one that could be taken away.")
    k = how_many(found, k)
    named = {one.method: tuple(leading(one.values, found.words, k)) for one in given}
    draws = random_sets(found.words, k, DRAWS)
    queries = [found.without(places) for places in [*named.values(), *draws]]
    odds, first = found.read(queries, progress=progress, text="The deletion test", span=(0.9, 1.0))
    p = probability(odds)
    n = len(named)
    without = dict(zip(named, map(float, p[:n]), strict=True))
    stays = dict(zip(named, map(bool, first[:n]), strict=True))
    every = len(draws) == comb(len(found.words), k)
    return Deletion(found.p, k, named, without, stays, tuple(draws), p[n:], every)


def tested(found: Case, deleted: Deletion, method: str) -> Sentence:
    """What one method's words are worth, beside as many others at random."""
    random = deleted.others(method)
    k = many(deleted.k, "word")
    values = {
        "name": METHODS[method],
        "k": k,
        "words": found.listed(deleted.named[method]),
        "answer": found.answer,
        "p": percent(deleted.p),
        "to": percent(deleted.without[method]),
    }
    text = "{name}: without its first {k} ({words}) P of {answer} goes from {p} to {to}"
    if not len(random):
        return say(text + "; there is no other word to compare with.", **values)
    worse = deleted.worse(method)
    if deleted.every and len(random) == 1:
        text += "; the only other choice takes it to {other} and costs " + ("as much or more." if worse else "less.")
        return say(text, other=percent(float(random[0])), **values)
    values |= {
        "mean": percent(float(random.mean())),
        "low": percent(float(random.min())),
        "high": percent(float(random.max())),
        "n": len(random),
        "worse": worse,
    }
    draws = "all {n} other choices of {k}" if deleted.every else "{n} random draws of {k}"
    text += "; over " + draws + " it is {mean} on average, from {low} to {high}"
    if worse == 0:
        return say(text + ", and none of them costs as much.", **values)
    return say(text + ", and {worse} of them " + ("costs" if worse == 1 else "cost") + " as much or more.", **values)


def compared(found: Case, deleted: Deletion) -> Sentence:
    """Which of two methods names the words whose deletion costs more, where one does."""
    one, two = list(deleted.named)[:2]
    values: dict[str, Any] = {
        "answer": found.answer,
        "p": percent(deleted.p),
        "k": "word" if deleted.k == 1 else f"{deleted.k} words",
    }
    if set(deleted.named[one]) == set(deleted.named[two]):
        return say(
            "Both methods name the same {k} first, {words}: without, P of {answer} goes from {p} to {to}.",
            words=found.listed(deleted.named[one]),
            to=percent(deleted.without[one]),
            **values,
        )
    first, second = sorted((one, two), key=deleted.without.__getitem__)
    level = deleted.without[second] - deleted.without[first] < APART
    start = "The deletion test sees little difference" if level else "Look at the deletion test"
    return say(
        start + ": without the first {k} of {first} P of {answer} goes from {p} to {a}, without those of {second} to {b}.",
        first=METHODS[first].lower(),
        second=METHODS[second].lower(),
        a=percent(deleted.without[first]),
        b=percent(deleted.without[second]),
        **values,
    )


def ranked(found: Case, deleted: Deletion) -> Sentence:
    """Of several methods, whose words cost most when they are deleted, and whose no more than words at random."""
    order = sorted(deleted.named, key=deleted.without.__getitem__)
    low, mean = deleted.without[order[0]], float(deleted.random.mean())
    level = [m for m in order if deleted.without[m] < low + APART]
    values: dict[str, Any] = {
        "answer": found.answer,
        "p": percent(deleted.p),
        "k": "word" if deleted.k == 1 else f"{deleted.k} words",
        "low": percent(low),
        "first": METHODS[order[0]].lower(),
        "level": listed([METHODS[m].lower() for m in level]),
        "high": percent(deleted.without[level[-1]]),
        "mean": percent(mean),
    }
    if len(level) == 1:
        text = "Look at the deletion test: without the first {k} of {first} P of {answer} goes furthest down, from {p} to {low}"
        if low > deleted.p:
            text = "Look at the deletion test: without the first {k} of {first} P of {answer} is lowest, {low} after {p}"
    else:
        text = "The deletion test cannot part {level}: without the first {k} of each, {low} to {high} are left of {answer}'s {p}"
    idle = [m for m in order if deleted.without[m] >= mean]
    if len(found.words) <= deleted.k:
        return say(text + ".", **values)
    if idle:
        cost = " costs" if len(idle) == 1 else " cost"
        text += "; deleting those of {idle}" + cost + " no more than words at random do on average ({mean})"
        values["idle"] = listed([METHODS[m].lower() for m in idle])
    else:
        text += "; the words of every method cost more than words at random do on average ({mean})"
    return say(text + ".", **values)


def table_of(found: Case, given: Sequence[Attribution]) -> pd.DataFrame:
    """One row a unit: its text, its kind, its position, and what each method gives it."""
    columns: dict[str, Any] = {
        "word": [unit.text for unit in found.parts],
        "kind": [unit.kind for unit in found.parts],
        "position": [unit.positions[0] for unit in found.parts],
    }
    return pd.DataFrame(columns | {METHODS[one.method]: one.values for one in given})


@dataclass(frozen=True, eq=False)
class Taken:
    """Two methods (or all) and their deletion test, as a job makes them."""

    given: tuple[Attribution, ...]
    deleted: Deletion

    def of(self, method: str) -> Attribution:
        return next(one for one in self.given if one.method == method)

    @property
    def nbytes(self) -> int:
        return sum(one.values.nbytes for one in self.given)


def taken_apart(
    found: Case, methods: Sequence[str], baseline: str = "mask", k: int = TAKEN, progress: Progress = silent
) -> Taken:
    """Several methods on one answer, and the deletion test under them."""
    if not found.words:
        raise NotAskable("There is no word here besides the hidden one that could be taken away.")
    given = []
    for method in dict.fromkeys(methods):
        progress(0.05, METHODS[method])
        given.append(attributed(found, method, baseline, progress))
    return Taken(tuple(given), deletion(found, given, k, progress))


def how_to_read(given: Sequence[Attribution]) -> str:
    """What a number above 0 says by these methods; those that have no sign say less."""
    shares = [METHODS[one.method].lower() for one in given if one.method not in SIGNED]
    if not shares:
        return "Above 0 speaks for the answer."
    only = f"{listed(shares)} only {'says' if len(shares) == 1 else 'say'} how much, not which way."
    return only.capitalize() if len(shares) == len(given) else f"Above 0 speaks for the answer; {only}"


def speaks_for(found: Case, made: Taken) -> Sentence:
    """What speaks most for the first of two answers, and most for the second, by two methods where they agree."""
    assert found.against is not None
    words, one, two = found.words, made.given[0].values, made.given[1].values
    start = say(
        "Of {a} and {b} alone, {a} has {p}.",
        a=found.answer,
        b=found.against,
        p=percent(found.p),
    )
    parts = [start]
    for sign, name in ((1.0, found.answer), (-1.0, found.against)):
        top, other = leading(sign * one, words, 1)[0], leading(sign * two, words, 1)[0]
        if sign * one[top] <= 0:
            parts.append(say("By integrated gradients no word speaks for {name}.", name=name))
            continue
        lead = best(sign * one[words], least=0.01)
        most = "speaks most for" if lead.leads else "is one of those that speak most for"
        if len(words) == 1:
            most = "speaks for"
        agrees = "occlusion says so too" if other == top else "occlusion puts {other} first"
        if sign * two[other] <= 0:
            agrees = "by occlusion no word does"
        parts.append(
            say(
                "By integrated gradients {word} " + most + " {name}; " + agrees + ".",
                word=found.named(top),
                name=name,
                other=found.named(other),
            ).because(lead)
        )
    text = " ".join(f"{{s{n}}}" for n in range(len(parts)))
    evidence = [e for part in parts for e in part.evidence]
    return say(text, **{f"s{n}": part for n, part in enumerate(parts)}).because(*evidence)


# one word at a time -------------------------------------------------------------------------------------------------
def one_less(found: Case, progress: Progress = silent) -> pd.DataFrame:
    """P without each unit, one row a unit: word, kind, position, without (P), fall, stays (the answer still comes first)."""
    queries = [found.without([i]) for i in range(len(found.parts))]
    odds, first = found.read(queries, progress=progress, text="Each word hidden, one at a time")
    p = probability(odds)
    frame = table_of(found, ())
    return frame.assign(without=p, fall=found.p - p, stays=first)


def who_kills(found: Case, less: pd.DataFrame) -> Sentence:
    """The word without which the answer loses most, where one leads; how many end it alone."""
    places = found.words
    if not places:
        return say("There is no word here besides the hidden one that could be taken away.")
    falls = less["fall"].to_numpy()[places]
    top, i = best(falls, least=0.01), places[int(falls.argmax())]
    ends = int((~less["stays"].to_numpy()[places]).sum())
    values = {
        "word": found.named(i),
        "answer": found.answer,
        "p": percent(found.p),
        "to": percent(less["without"][i]),
        "ends": ends or "none",
        "n": many(len(places), "word"),
    }
    alone = " Taken away alone, {ends} of {n} " + ("changes" if ends == 1 else "change") + " which answer comes first."
    if found.against is not None or len(places) == 1:
        alone = ""
    if falls.max() < ENOUGH:
        text = "No word alone costs much: P of {answer} is {p}, and without {word}, which costs no less than any other, {to}."
        if len(places) == 1:
            text = "The only word here does not cost much: P of {answer} is {p}, and without {word} {to}."
        return say(text + alone, **values)
    lead = "Look at {word}: " if top.leads or len(places) == 1 else "No word leads. Look at {word}, one of those that cost most: "
    return say(lead + "without it P of {answer} goes from {p} to {to}." + alone, **values).because(top)


# input reduction ------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, eq=False)
class Reduction:
    """Words cut out one after another, as long as the answer comes first (after Feng et al. 2018)."""

    gone: tuple[int, ...]  # units, in the order in which they went
    p: tuple[float, ...]  # P before the first, and after each
    left: tuple[int, ...]  # words that are left
    tried: bool  # whether each of these could be cut out at all, and changes the answer
    query: Any  # the text that is left

    @property
    def nbytes(self) -> int:
        return 8 * (len(self.gone) + len(self.p) + len(self.left))


def reduced(found: Case, progress: Progress = silent) -> Reduction:
    """In each round the word goes without which the answer keeps the highest P; it ends where every word left is needed."""
    left, p = list(found.words), [found.p]
    gone: list[int] = []
    query, rounds, tried = found.query, len(found.words), True
    while left:
        tries = {i: answers.shortened(found, [*gone, i]) for i in left}
        cut = {i: short for i, short in tries.items() if short is not None}
        able = list(cut)
        tried = len(able) == len(left)
        if not able:
            break
        share = len(gone) / max(1, rounds)
        odds, first = found.read(
            [cut[i][0] for i in able],
            [cut[i][1] for i in able],
            progress,
            f"{many(len(gone), 'word')} of {rounds} gone",
            (share, min(1.0, share + 1 / rounds)),
        )
        allowed = np.where(first, odds, -np.inf)
        if not first.any():
            break
        i = able[int(allowed.argmax())]
        gone.append(i)
        left.remove(i)
        p.append(float(probability(allowed.max())))
        query = cut[i][0]
    return Reduction(tuple(gone), tuple(p), tuple(left), tried, query)


def what_is_left(found: Case, small: Reduction) -> Sentence:
    """How many words could go, and what is left."""
    alone, gone = len(found.words) == 1, len(small.gone)
    values = {
        "n": many(len(found.words), "word"),
        "gone": gone,
        "answer": found.answer,
        "left": found.listed(small.left) if small.left else say("none"),
        "p": percent(small.p[0]),
        "to": percent(small.p[-1]),
    }
    if not gone:
        start = "There is one word to cut out, {left}, and it cannot go: " if alone else "Of {n} none can go: "
        if small.tried:
            why = f"without {'it' if alone else 'any of them'} {{answer}} comes first no more"
        else:
            why = f"cut out, {'it changes' if alone else 'they change'} the answer or its pieces"
        return say(start + why + ".", **values)
    stays = "{answer} still comes first: its P goes from {p} to {to}."
    if not small.left:
        start = "There is one word to cut out: it can go, and " if alone else "All of {n} can go, and "
        return say(start + stays, **values)
    start = "Of {n} one can go, and " if gone == 1 else "Of {n}, {gone} can go, one after another, and "
    needed = "; without " + ("it" if len(small.left) == 1 else "any one of these") + " the answer changes"
    return say(start + stays + " What is left is {left}" + (needed if small.tried else "") + ".", **values)


def rounds(found: Case, small: Reduction) -> pd.DataFrame:
    """One row a round: the word that went, and P after it."""
    names = ["(all words)", *(found.label(i) for i in small.gone)]
    return pd.DataFrame({"round": range(len(names)), "word that went": names, "P": small.p})


# heads switched off ---------------------------------------------------------------------------------------------------
ORDERS = 5  # random orders
MOST_RUNS = 800  # of the greedy search


@dataclass(frozen=True, eq=False)
class Switched:
    """P with more and more heads (or layers of heads) off: chosen greedily, and in random orders."""

    what: str  # "heads" or "layers"
    units: int  # how many there are
    chosen: tuple[str, ...]  # what was switched off greedily, in order
    greedy: np.ndarray  # (S + 1,) P, none off first
    greedy_first: np.ndarray  # (S + 1,) bool: the answer comes first
    random: np.ndarray  # (ORDERS, units + 1) P
    random_first: np.ndarray  # the same, bool

    @property
    def nbytes(self) -> int:
        return self.greedy.nbytes + self.random.nbytes

    def changed(self, first: np.ndarray) -> int | None:
        """After how many the answer is another one for the first time; None where that never happens."""
        lost = np.flatnonzero(~first)
        return int(lost[0]) if len(lost) else None


def switched(found: Case, what: str, seed: int = 0, progress: Progress = silent) -> Switched:
    """The most harmful one first, searched anew after each (until the answer is gone), and ORDERS random orders to the end."""
    spec, base = found.trace.spec, found.query
    every: list[tuple[tuple[int, int], ...]]
    if what == "heads":
        every = [((layer, head),) for layer in range(spec.n_layers) for head in range(spec.n_heads)]
        names = [f"layer {layer + 1}, head {head + 1}" for layer in range(spec.n_layers) for head in range(spec.n_heads)]
    else:
        every = [tuple((layer, head) for head in range(spec.n_heads)) for layer in range(spec.n_layers)]
        names = [f"layer {layer + 1}" for layer in range(spec.n_layers)]
    on = [i for i, heads in enumerate(every) if not set(heads) <= set(base.heads_off)]
    rounds_ = max(1, min(len(on), MOST_RUNS // max(1, len(on))))

    def off(some: Sequence[int]) -> Any:
        return base.but(heads_off=(*base.heads_off, *(pair for i in some for pair in every[i])))

    gone: list[int] = []
    odds, first = [found.odds], [bool(found.read([base])[1][0])]
    while len(gone) < rounds_ and len(gone) < len(on):
        left = [i for i in on if i not in gone]
        span = 0.7 * len(gone) / rounds_, 0.7 * (len(gone) + 1) / rounds_
        now, comes = found.read(
            [off([*gone, i]) for i in left], None, progress, f"{len(gone)} {what} off, looking for the next", span
        )
        worst = int(now.argmin())
        gone.append(left[worst])
        odds.append(float(now[worst]))
        first.append(bool(comes[worst]))
        if not first[-1] and float(probability(odds[-1])) < found.p / 2:
            break
    rng, random, comes_first = np.random.default_rng(seed), [], []
    for n in range(ORDERS):
        order = [on[i] for i in rng.permutation(len(on))]
        queries = [off(order[:count]) for count in range(len(order) + 1)]
        span = 0.7 + 0.3 * n / ORDERS, 0.7 + 0.3 * (n + 1) / ORDERS
        now, comes = found.read(queries, None, progress, f"Random order {n + 1} of {ORDERS}", span)
        random.append(probability(now))
        comes_first.append(comes)
    chosen = tuple(names[i] for i in gone)
    greedy = probability(np.array(odds))
    return Switched(what, len(on), chosen, greedy, np.array(first), np.array(random), np.array(comes_first))


def after_how_many(found: Case, s: Switched) -> Sentence:
    """After how many the answer changes, greedily and at random."""
    if not s.units:
        return say("Every head is switched off already.")
    one, at = s.what.removesuffix("s"), s.changed(s.greedy_first)
    random = [s.changed(row) for row in s.random_first]
    there = [n for n in random if n is not None]
    if not s.greedy_first[0]:
        start = say("{answer} does not come first even with all of them on.", answer=found.answer)
    elif at is None:
        start = say(
            "The {k} chosen greedily {do} not change the answer: P of {answer} goes from {p} to {to}.",
            do="does" if len(s.chosen) == 1 else "do",
            k=many(len(s.chosen), one),
            answer=found.answer,
            p=percent(float(s.greedy[0])),
            to=percent(float(s.greedy[-1])),
        )
    else:
        start = say(
            "Switched off greedily, {k} ({names}) {be} enough: then {answer} comes first no more.",
            k=many(at, one),
            names="; ".join(s.chosen[:at]),
            be="is" if at == 1 else "are",
            answer=found.answer,
        )
    if len(there) == len(random):
        low, high = min(there), max(there)
        end = say(
            "In {n} random orders it takes {range} of {units}.",
            n=len(random),
            range=f"{low}" if low == high else f"{low} to {high}",
            units=many(s.units, one),
        )
    else:
        end = say(
            "In {m} of {n} random orders the answer stays even when {all} off.",
            m=len(random) - len(there),
            n=len(random),
            all=f"the only {one} is" if s.units == 1 else f"all {many(s.units, one)} are",
        )
    return say("{start} {end}", start=start, end=end)


def curves(s: Switched) -> pd.DataFrame:
    """One row a number of heads that are off: P greedily (empty beyond the search), P at random: mean, least, most; what went."""
    count = np.arange(s.units + 1)
    greedy = np.full(s.units + 1, np.nan)
    greedy[: len(s.greedy)] = s.greedy
    names = ["", *s.chosen, *[""] * (s.units - len(s.chosen))]
    return pd.DataFrame(
        {
            f"{s.what} off": count,
            "P, greedily": greedy,
            "switched off last": names,
            "P at random, mean": s.random.mean(axis=0),
            "least": s.random.min(axis=0),
            "most": s.random.max(axis=0),
        }
    )


# the questions --------------------------------------------------------------------------------------------------------
FEWEST = 4  # words that a question needs


def case_of(ask: Ask) -> Case:
    """The answer that the questions are about. Raises NotAskable, also for texts that would take long."""
    found = answers.case(ask.trace, ask.position, ask.run)
    words = len(found.words)
    if words < FEWEST:
        raise NotAskable(f"This text has {many(words, 'word')} that could be taken away; a question needs at least {FEWEST}.")
    if words > MOST_WORDS:
        raise NotAskable(
            f"This text has {words} words, and each would have to be tried: more than {MOST_WORDS} are too many here."
        )
    return found


def _facts(found: Case) -> dict[str, Any]:
    return {"answer": found.answer, "about": found.about, "p": percent(found.p)}


_made = Memory()


def kills(ask: Ask) -> pd.DataFrame:
    """Evidence: for each option's word, by how much P of the answer falls when it is replaced by [MASK]."""
    kept = _made.get(ask.trace, "kills", ask.position)  # the options ask for it too
    if kept is None:
        kept = _kills(ask)
        _made.put(ask.trace, kept, "kills", ask.position)
    return kept


def killers(_: Ask, found: pd.DataFrame) -> tuple[Option, ...]:
    """The words to choose among: those that cost most, the one that attention names, the nearest."""
    options: tuple[Option, ...] = found.attrs["options"]
    return options


def _kills(ask: Ask) -> pd.DataFrame:
    found = case_of(ask)
    less = one_less(found, ask.progress)
    falls = less["fall"].to_numpy()
    order = leading(falls, found.words, len(found.words))
    top, second = order[0], order[1]
    looks = attributed(found, "attention").values
    seen = leading(looks, found.words, 1)[0]

    def apart(i: int) -> int:
        return min(abs(p - at) for p in found.parts[i].positions for at in found.looks)

    near = min(found.words, key=lambda i: (apart(i), i))
    shown = list(dict.fromkeys([top, second, seen, near, *order[::-1]]))[:4]
    rows = {f"w{i}": (float(falls[i]), f"P {percent(less['without'][i])} without it") for i in sorted(shown)}
    options = tuple(
        Option(f"w{i}", found.named(i), "ATTN" if i == seen else "NEAR" if i == near and apart(top) > apart(near) else "")
        for i in sorted(shown)
    )
    evidence = table(
        rows,
        **_facts(found),
        word=found.named(top),
        without=percent(float(less["without"][top])),
        second=found.named(second),
        second_without=percent(float(less["without"][second])),
        seen=found.named(seen),
        seen_without=percent(float(less["without"][seen])),
        near=found.named(near),
        near_without=percent(float(less["without"][near])),
        fall=float(falls[top]),
    )
    evidence.attrs["options"] = options
    return evidence


def nothing_kills(evidence: pd.DataFrame) -> str:
    """Why it is not asked where no word alone does anything."""
    if evidence.attrs["facts"]["fall"] >= ENOUGH:
        return ""
    return "Here no word alone costs the answer much."


def judged_by_gradients(ask: Ask, evidence: pd.DataFrame) -> pd.DataFrame:
    """Evidence of the experiment: the same with gradient × input as the judge, which never runs the model without a word."""
    found = case_of(ask)
    values = attributed(found, "product").values
    places = {f"w{i}": i for i in found.words}
    rows = {name: (float(values[places[name]]), f"{values[places[name]]:+.2f}") for name in evidence.index}
    top, second = leading(values, found.words, 2)
    made = table(rows, word=found.named(top), value=f"{values[top]:+.2f}")
    made.attrs["facts"] |= {"top": f"w{top}", "clear": Margin(1.1).clear(float(values[top]), float(values[second]))}
    return made


def names_two(tried: pd.DataFrame) -> str:
    """Why it is not clear that gradient × input puts another word first."""
    return "" if tried.attrs["facts"]["clear"] else "Gradient × input gives two words about as much."


def names_another(evidence: pd.DataFrame, tried: pd.DataFrame) -> bool:
    """Whether gradient × input puts another word first than occlusion does."""
    return leader(evidence) != tried.attrs["facts"]["top"]


def hurts(ask: Ask) -> pd.DataFrame:
    """Evidence: by how much P falls without integrated gradients' words, gradient × input's, and as many at random."""
    return _hurts(ask, "gradients", "product")


def hurts_otherwise(ask: Ask, evidence: pd.DataFrame) -> pd.DataFrame:
    """Evidence of the experiment: the same with attention's words in the place of integrated gradients'."""
    return _hurts(ask, "attention", "product")


def _hurts(ask: Ask, one: str, two: str) -> pd.DataFrame:
    found = case_of(ask)
    given = [attributed(found, method, progress=ask.progress) for method in (one, two)]
    deleted = deletion(found, given, progress=ask.progress)
    if set(deleted.named[one]) == set(deleted.named[two]):
        raise NotAskable(f"Here {METHODS[one].lower()} and {METHODS[two].lower()} name the same words first.")
    mean = float(deleted.random_falls.mean())
    rows = {name: (deleted.fall(m), f"P {percent(deleted.without[m])}") for name, m in (("one", one), ("two", two))}
    rows["random"] = (mean, f"P {percent(float(deleted.random.mean()))} on average")
    return table(
        rows,
        **_facts(found),
        k=deleted.k,
        one=METHODS[one],
        two=METHODS[two],
        one_words=found.listed(deleted.named[one]),
        two_words=found.listed(deleted.named[two]),
        one_without=percent(deleted.without[one]),
        two_without=percent(deleted.without[two]),
        random_without=percent(float(deleted.random.mean())),
        draws=deleted.drawn,
        fall=max(deleted.fall(one), deleted.fall(two), mean),
    )


def nothing_hurts(evidence: pd.DataFrame) -> str:
    """Why it is not asked where the falls are small or near to each other."""
    falls = evidence[VALUE].sort_values(ascending=False).to_numpy()
    if falls[0] < ENOUGH:
        return "Here none of these deletions costs the answer much."
    if falls[0] - falls[1] < APART and falls[0] < 1.5 * falls[1]:
        return "Here two of these deletions cost about the same."
    return ""


FEW, MOST = 1 / 2, 3 / 4  # shares of the words


def can_go(ask: Ask) -> pd.DataFrame:
    """Evidence: which part of the words can be cut out, one after another, before the answer changes."""
    found = case_of(ask)
    small = reduced(found, ask.progress)
    share = len(small.gone) / len(found.words)
    where = "few" if share < FEW else "some" if share < MOST else "most"
    shown = f"{len(small.gone)} of {len(found.words)}"
    rows = {name: (float(name == where), shown if name == where else "") for name in ("few", "some", "most")}
    return table(
        rows,
        **_facts(found),
        n=len(found.words),
        gone=len(small.gone),
        left=found.listed(small.left) if small.left else say("no word"),
        to=percent(small.p[-1]),
        share=share,
    )


def near_an_edge(evidence: pd.DataFrame) -> str:
    """Why it is not asked where the share lies near the edge of two answers."""
    share = evidence.attrs["facts"]["share"]
    near = any(abs(share - edge) < 0.03 for edge in (FEW, MOST))
    return "Here the share of the words that can go lies between two answers." if near else ""
