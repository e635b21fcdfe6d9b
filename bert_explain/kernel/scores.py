"""How well a task was done: one number from parts, with an interval.

Every score here is a sum over examples divided by another: right answers by examples, twice the names found by the names
said and the names there (F1). So an example is two numbers, and the score of any draw of examples is quickly had.
"""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np

from bert_explain.kernel.tasks import Answer, Example, Task, Tokens

Entity = tuple[str, int, int]  # kind, first word, the word behind the last


def parts(task: Task, examples: Sequence[Example], said: Sequence[Any]) -> np.ndarray:
    """(examples, 2): what each adds above and below the line of `score`.

    `said` holds, for each example, a label (sequence, pair), one tag a word (token), or the answer's text or None (span).
    Accuracy for labels, F1 of whole names for tokens, F1 of the answer's words for spans.
    """
    if len(said) != len(examples):
        raise ValueError(f"{len(said)} answers for {len(examples)} examples")
    return np.array([_part(example, answer) for example, answer in zip(examples, said, strict=True)], dtype=float)


def _part(example: Example, said: Any) -> tuple[float, float]:
    if isinstance(example, Tokens):
        if len(said) != len(example.tags):
            raise ValueError(f"{len(said)} tags for {len(example.tags)} words")
        gold, found = entities(example.tags), entities(said)
        return 2 * len(gold & found), len(gold) + len(found)
    if isinstance(example, Answer):
        return answer_f1(example.answer, said), 1
    return said == example.label, 1


def always(task: Task, examples: Sequence[Example]) -> tuple[str, list[Any]]:
    """What is commonest in `examples`, "no name" and "no answer" of tags and spans; and that, said to every test example."""
    if task.kind == "token":
        return "no name", [["O"] * len(e.tags) for e in task.test if isinstance(e, Tokens)]
    if task.kind == "span":
        return "no answer", [None] * len(task.test)
    label = Counter(e.label for e in examples if not isinstance(e, Tokens | Answer)).most_common(1)[0][0]
    return label, [label] * len(task.test)


def score(parts: np.ndarray) -> float:
    """0 to 1. 0 where there is nothing to divide by: no name there and none said."""
    above, below = parts.sum(axis=0)
    return float(above / below) if below else 0.0


def interval(parts: np.ndarray, groups: Sequence[Hashable], draws: int = 2000, seed: int = 0) -> tuple[float, float]:
    """Where 95 % of the scores of `draws` new test splits lie: whole groups (patterns, words) are drawn with replacement."""
    names = {name: i for i, name in enumerate(dict.fromkeys(groups))}
    sums = np.zeros((len(names), 2))
    np.add.at(sums, [names[name] for name in groups], parts)
    picks = np.random.default_rng(seed).integers(len(sums), size=(draws, len(sums)))
    above, below = sums[picks].sum(axis=1).T
    scores = np.divide(above, below, out=np.zeros(draws), where=below > 0)
    low, high = np.percentile(scores, [2.5, 97.5])
    return float(low), float(high)


def difference(
    parts: np.ndarray, others: np.ndarray, groups: Sequence[Hashable], draws: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """Where 95 % of the differences of two scores lie over the same draws of groups: above 0, the first is the better one."""
    names = {name: i for i, name in enumerate(dict.fromkeys(groups))}
    sums = np.zeros((2, len(names), 2))
    for one, values in zip(sums, (parts, others), strict=True):
        np.add.at(one, [names[name] for name in groups], values)
    picks = np.random.default_rng(seed).integers(len(names), size=(draws, len(names)))
    above, below = np.moveaxis(sums[:, picks].sum(axis=2), -1, 0)
    scores = np.divide(above, below, out=np.zeros_like(above), where=below > 0)
    low, high = np.percentile(scores[0] - scores[1], [2.5, 97.5])
    return float(low), float(high)


def redrawn(parts: Sequence[np.ndarray], groups: Sequence[Hashable], draws: int = 2000, seed: int = 0) -> np.ndarray:
    """(K, draws): the mean scores of K ways to do a task, on other draws of training examples and of test groups.

    parts : of each way (S, examples, 2), once for each of S draws of training examples, in the same order for all ways.
    Groups (patterns) are drawn with replacement, and of the S draws S - 1, which makes the spread of their mean the usual
    one (Rao and Wu 1988). All ways get the same draws, so the rows can be taken from each other.
    """
    names = {name: i for i, name in enumerate(dict.fromkeys(groups))}
    member = np.eye(len(names))[[names[name] for name in groups]]  # (examples, groups)
    rng = np.random.default_rng(seed)
    count = len(parts[0])
    often = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=draws).T.astype(float)  # (groups, draws)
    taken = rng.multinomial(max(1, count - 1), np.full(count, 1 / count), size=draws).T / max(1, count - 1)  # (S, draws)
    found = np.empty((len(parts), draws))
    for row, way in enumerate(parts):
        sums = np.moveaxis(way, 1, 2) @ member  # (S, 2, groups)
        above, below = np.moveaxis(sums @ often, 1, 0)  # (S, draws) each
        drawn = np.divide(above, below, out=np.zeros_like(above), where=below > 0)
        found[row] = (drawn * taken).sum(axis=0)
    return found


def middle(drawn: np.ndarray) -> tuple[float, float]:
    """Where 95 % of these numbers lie."""
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)


def entities(tags: Sequence[str]) -> set[Entity]:
    """The names in BIO tags. An I- that goes on with nothing of its kind begins a name, as in the CoNLL scorer."""
    found: set[Entity] = set()
    kind, start = "", 0
    for i, tag in enumerate([*tags, "O"]):
        goes_on = tag.startswith("I-") and tag[2:] == kind
        if kind and not goes_on:
            found.add((kind, start, i))
            kind = ""
        if tag != "O" and not goes_on:
            kind, start = tag[2:], i
    return found


def answer_words(text: str) -> list[str]:
    """Lower case, without marks and without a, an, the: how SQuAD compares answers."""
    plain = text.lower().translate(str.maketrans("", "", string.punctuation))
    return [word for word in plain.split() if word not in ("a", "an", "the")]


def answer_f1(gold: str | None, said: str | None) -> float:
    """F1 of the words of two answers; 1 where both are None, 0 where only one is."""
    if gold is None or said is None:
        return float(gold is said)
    one, two = answer_words(gold), answer_words(said)
    shared = sum((Counter(one) & Counter(two)).values())
    return 2 * shared / (len(one) + len(two)) if shared else float(one == two)
