"""A logistic regression on frozen vectors: trained on a draw of examples, its penalty chosen inside them, scored on the test.

The numbers are standardised with the draw's own mean and spread. The strength of the penalty is the one that does best on
patterns of the draw that are held out in turn; the test split is looked at once, at the end. scikit-learn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bert_explain.kernel import baseline, scores
from bert_explain.kernel.tasks import Answer, Example, Pair, Task, Tokens
from bert_explain.kernel.tasks import Sequence as Text

STRENGTHS = (0.001, 0.01, 0.1, 1.0)  # C: the larger, the weaker the penalty
FOLDS = 3
STEPS, NEAR = 1000, 1e-3  # of the optimiser: at most so many; it stops where no slope is larger


@dataclass(frozen=True, eq=False)
class Cell:
    """What came of one draw of examples."""

    held: float  # score on the draw's own held-out patterns at the chosen strength, 0 to 1; NaN where nothing can be held out
    strength: float
    parts: np.ndarray  # (test examples, 2): as scores.parts has them

    @property
    def score(self) -> float:
        """0 to 1, on the test split."""
        return scores.score(self.parts)


def on_vectors(task: Task, train: Sequence[Example], x: np.ndarray, xt: np.ndarray) -> Cell:
    """x, xt : (rows, F), a row an example of `train` and of `task.test` (a row a word, for tags)."""

    def scaler() -> Any:
        from sklearn.preprocessing import StandardScaler

        return StandardScaler()

    return _cell(task, train, x, xt, scaler, STRENGTHS)


def on_words(task: Task, train: Sequence[Example]) -> Cell:
    """A bag of words, as `kernel.baseline` counts it, trained and chosen in the same way; counts are not standardised."""

    def counter() -> Any:
        from sklearn.feature_extraction import DictVectorizer

        return DictVectorizer()

    x, xt = (np.array([baseline.features(_labelled(e)) for e in some], dtype=object) for some in (train, task.test))
    return _cell(task, train, x, xt, counter, baseline.STRENGTHS)


def _cell(
    task: Task, train: Sequence[Example], x: np.ndarray, xt: np.ndarray, prepare: Callable[[], Any], strengths: Sequence[float]
) -> Cell:
    y = [labels(e) for e in train]
    held, strength = _choose(task, train, x, y, prepare, strengths)
    (said,) = _said(prepare(), x, _flat(y), xt, [len(labels(e)) for e in task.test], [strength])
    return Cell(held, strength, scores.parts(task, task.test, _answers(task, said)))


def _choose(
    task: Task,
    train: Sequence[Example],
    x: np.ndarray,
    y: Sequence[Sequence[str]],
    prepare: Callable[[], Any],
    strengths: Sequence[float],
) -> tuple[float, float]:
    """The score on held-out patterns of the draw, and the strength that has it: the strongest penalty among equals."""
    from sklearn.model_selection import GroupKFold

    groups = [e.pattern for e in train]
    folds = min(FOLDS, len(set(groups)))
    if folds < 2:
        return float("nan"), strengths[len(strengths) // 2]
    starts = np.cumsum([0, *map(len, y)])

    def rows(some: Sequence[int]) -> np.ndarray:
        return np.concatenate([np.arange(starts[i], starts[i + 1]) for i in some])

    found: dict[float, list[np.ndarray]] = {strength: [] for strength in strengths}
    for kept, left in GroupKFold(folds).split(groups, groups=groups):
        asked, known = [train[i] for i in left], _flat([y[i] for i in kept])
        every = _said(prepare(), x[rows(kept)], known, x[rows(left)], [len(y[i]) for i in left], strengths)
        for strength, said in zip(strengths, every, strict=True):
            found[strength].append(scores.parts(task, asked, _answers(task, said)))
    totals = {strength: scores.score(np.concatenate(parts)) for strength, parts in found.items()}
    best = max(strengths, key=lambda strength: (round(totals[strength], 9), -strength))
    return totals[best], best


def _said(
    prepare: Any, x: np.ndarray, y: Sequence[str], xt: np.ndarray, lengths: Sequence[int], strengths: Sequence[float]
) -> list[list[list[str]]]:
    """For each strength what the regression says to each example: a list of one label, or of one a word.

    Where the training examples have one label only, it says that one. Each weaker penalty goes on from the one before it.
    """
    from sklearn import config_context
    from sklearn.linear_model import LogisticRegression

    ends, out = np.cumsum(lengths), []
    alone = len(set(y)) < 2
    with config_context(skip_parameter_validation=True):  # of this thread only
        if not alone:
            x, xt = prepare.fit_transform(x), prepare.transform(xt)
        model = LogisticRegression(max_iter=STEPS, tol=NEAR, warm_start=True)
        for strength in strengths:
            found = [y[0]] * len(xt) if alone else [str(label) for label in model.set_params(C=strength).fit(x, y).predict(xt)]
            out.append([found[end - length : end] for end, length in zip(ends, lengths, strict=True)])
    return out


def _answers(task: Task, said: list[list[str]]) -> list[Any]:
    return list(said) if task.kind == "token" else [one[0] for one in said]


def labels(example: Example) -> list[str]:
    """What is right of each row of an example: its label, or its words' tags."""
    if isinstance(example, Tokens):
        return list(example.tags)
    return [_labelled(example).label]


def _labelled(example: Example) -> Text | Pair:
    if isinstance(example, Tokens | Answer):
        raise TypeError(f"{type(example).__name__} has no label")
    return example


def _flat(rows: Sequence[Sequence[str]]) -> list[str]:
    return [label for row in rows for label in row]
