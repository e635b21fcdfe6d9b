"""What a bag of words reaches on each task: counts of words and a logistic regression, the score to be beaten.

Lower case, as the bundled encoder reads. It knows no order but that of neighbours: for labels the words of a text (of a
pair, which stand in both and which in one), for tags a word and the two around it, for answers the words in and around
every run of words that might be one. The strength of the regression's penalty is chosen on the training split alone, with
whole patterns held out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from bert_explain.kernel import scores
from bert_explain.kernel.overlap import words
from bert_explain.kernel.tasks import WORD, Answer, Example, Pair, Task, Tokens
from bert_explain.kernel.tasks import Sequence as Text

SEEDS = (0, 1, 2, 3, 4)
PART = 0.9  # of the training examples that each seed draws
STRENGTHS = (0.3, 1.0, 3.0, 10.0, 30.0)  # C: the larger, the weaker the penalty
LONGEST = 8  # words of an answer
ASKING = ("who", "whom", "where", "when", "why", "how", "which", "what")


@dataclass(frozen=True)
class Baseline:
    """Scores on the test split, 0 to 1."""

    score: float  # trained on all training examples
    low: float  # the 95 % interval of that score: other test patterns
    high: float
    seeds: tuple[float, ...]  # each trained on nine tenths of the training examples, drawn by a seed
    strength: float  # C
    said: tuple[Any, ...]  # what was said to each test example, as scores.parts takes it


def measure(task: Task, seeds: Sequence[int] = SEEDS) -> Baseline:
    """Train on `task.train`, score on `task.test`."""
    strength = choose(task)
    said = answers(task, task.train, strength)
    parts = scores.parts(task, task.test, said)
    low, high = scores.interval(parts, [example.pattern for example in task.test])
    drawn = []
    for seed in seeds:
        picks = task.order(seed)[: round(PART * len(task.train))]
        some = answers(task, [task.train[i] for i in picks], strength)
        drawn.append(scores.score(scores.parts(task, task.test, some)))
    return Baseline(scores.score(parts), low, high, tuple(drawn), strength, tuple(said))


def choose(task: Task, folds: int = 5) -> float:
    """The strength that does best on held-out training patterns; the smallest among equals."""
    from sklearn.model_selection import GroupKFold

    groups = [example.pattern for example in task.train]
    totals = dict.fromkeys(STRENGTHS, 0.0)
    for kept, held in GroupKFold(folds).split(groups, groups=groups):
        train, test = [task.train[i] for i in kept], [task.train[i] for i in held]
        for strength in STRENGTHS:
            said = answers(task, train, strength, test)
            totals[strength] += scores.score(scores.parts(task, test, said))
    return max(STRENGTHS, key=lambda strength: (round(totals[strength], 9), -strength))


def answers(task: Task, train: Sequence[Example], strength: float, test: Sequence[Example] | None = None) -> list[Any]:
    """What the regression, trained on `train`, says to each of `test`: a label, tags, or an answer's text or None."""
    test = task.test if test is None else test
    if task.kind == "span":
        return _find_answers(_only(Answer, train), _only(Answer, test), strength)
    if task.kind == "token":
        tagged, asked = _only(Tokens, train), _only(Tokens, test)
        model = fit([f for e in tagged for f in token_features(e)], [tag for e in tagged for tag in e.tags], strength)
        said = iter(model.predict([f for e in asked for f in token_features(e)]))
        return [[str(next(said)) for _ in e.tags] for e in asked]
    known, rest = (_only(Text, train), _only(Text, test)) if task.kind == "sequence" else (_only(Pair, train), _only(Pair, test))
    labels = [e.label for e in known]
    if len(set(labels)) < 2 or not any(map(features, known)):  # one label, or no word at all: there is nothing to be learned
        return [Counter(labels).most_common(1)[0][0]] * len(rest)
    model = fit([features(e) for e in known], labels, strength)
    return [str(label) for label in model.predict([features(e) for e in rest])]


Kind = TypeVar("Kind")


def _only(kind: type[Kind], examples: Sequence[Example]) -> list[Kind]:
    """The examples, which are all of one kind. Raises TypeError where one is not."""
    for example in examples:
        if not isinstance(example, kind):
            raise TypeError(f"{type(example).__name__} among examples of {kind.__name__}")
    return [example for example in examples if isinstance(example, kind)]


def fit(rows: list[dict[str, float]], labels: list[str], strength: float) -> Any:
    """A logistic regression on named numbers (scikit-learn)."""
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    model = LogisticRegression(C=strength, max_iter=1000)
    return make_pipeline(DictVectorizer(), model).fit(rows, labels)


def features(example: Text | Pair) -> dict[str, float]:
    """Which words are there; of a pair, which are in both texts and which in one; of a marked word, its form."""
    match example:
        case Text():
            found = dict.fromkeys(words(example.text), 1.0)
            if example.marked:
                found[f"marked {example.text[slice(*example.marked)].lower()}"] = 1.0
        case Pair():
            one, two = set(words(example.first)), set(words(example.second))
            found = {f"both {word}": 1.0 for word in one & two} | {f"one {word}": 1.0 for word in one ^ two}
        case _:
            raise TypeError(f"{type(example).__name__} has no label")
    return found


def token_features(example: Tokens) -> list[dict[str, float]]:
    """For each word: it, the one before and the one behind it."""
    row = ["", *(word.lower() for word in example.words), ""]
    return [{f"before {b}": 1.0, f"is {w}": 1.0, f"behind {a}": 1.0} for b, w, a in zip(row, row[1:], row[2:], strict=False)]


def _find_answers(train: Sequence[Answer], test: Sequence[Answer], strength: float) -> list[str | None]:
    """The run of words that is most like an answer, or None where even that is less like one than is best in training."""
    rows, labels = [], []
    for example in train:
        for span, found in runs(example):
            rows.append(found)
            labels.append("yes" if span == example.span else "no")
    model = fit(rows, labels, strength)

    def best(example: Answer) -> tuple[float, str]:
        spans, found = zip(*runs(example), strict=True)
        likely = model.decision_function(list(found))
        top = int(np.argmax(likely))
        return float(likely[top]), example.passage[slice(*spans[top])]

    seen = [best(example) for example in train]
    # None is said below a bar: of all bars between two training questions, the one with the best score
    bars = [-np.inf, *sorted(value for value, _ in seen)]
    gains = [
        sum(scores.answer_f1(e.answer, text if value >= bar else None) for e, (value, text) in zip(train, seen, strict=True))
        for bar in bars
    ]
    bar = bars[int(np.argmax(gains))]
    return [text if value >= bar else None for value, text in map(best, test)]


def runs(example: Answer) -> list[tuple[tuple[int, int], dict[str, float]]]:
    """Every run of one to LONGEST words of a passage inside a sentence: its characters and what speaks for it."""
    found = [(m.start(), m.end(), m.group().lower()) for m in WORD.finditer(example.passage)]
    asked = set(words(example.question))
    kind = next((word for word in words(example.question) if word in ASKING), "other")
    plain = [word for _, _, word in found]
    out = []
    for i in range(len(found)):
        for j in range(i + 1, min(i + LONGEST, len(found)) + 1):
            if not re.match(r"\w", plain[j - 1]) or plain[j - 1] in (".", ";", ":"):
                if plain[j - 1] in (".", ";", ":"):
                    break
                continue
            if not re.match(r"\w", plain[i]):
                break
            near = plain[max(i - 6, 0) : i] + plain[j : j + 6]
            row = {
                "asked words near": float(sum(word in asked for word in set(near))),
                "asked words in it": float(sum(word in asked for word in plain[i:j])),
                f"length {min(j - i, 4)}": 1.0,
                f"{kind} first {plain[i]}": 1.0,
                f"{kind} digit {any(c.isdigit() for c in ''.join(plain[i:j]))}": 1.0,
                f"before {plain[i - 1] if i else ''}": 1.0,
                f"behind {plain[j] if j < len(plain) else ''}": 1.0,
                f"{kind} length {min(j - i, 4)}": 1.0,
            }
            out.append(((found[i][0], found[j - 1][1]), row))
    return out
