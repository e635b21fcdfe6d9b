"""From logits to the next token: temperature, top-k, top-p, and one seeded draw. Pure numpy.

V pieces in the vocabulary. The order of the steps and what each keeps equal transformers' TemperatureLogitsWarper,
TopKLogitsWarper and TopPLogitsWarper, which a test checks. Top-k: Fan et al. 2018; top-p (nucleus): Holtzman et al. 2020.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bert_explain.errors import BadQuery

HOTTEST = 5.0


@dataclass(frozen=True, slots=True)
class Settings:
    """How a token is chosen. temperature 0 takes the most probable one; top_k 0 and top_p 1 cut nothing.

    Raises BadQuery for values out of range.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.temperature <= HOTTEST:
            raise BadQuery(f"The temperature goes from 0 to {HOTTEST:g}, not {self.temperature}.")
        if self.top_k < 0:
            raise BadQuery(f"top_k is a whole number from 0 (no cut) up, not {self.top_k}.")
        if not 0 < self.top_p <= 1:
            raise BadQuery(f"top_p is a share above 0 and up to 1 (no cut), not {self.top_p}.")
        if self.seed < 0:
            raise BadQuery(f"The seed is a whole number from 0 up, not {self.seed}.")


@dataclass(frozen=True, eq=False)
class Choice:
    """One token chosen, and everything that led to it. Probabilities (V,) in double precision."""

    id: int
    before: np.ndarray  # softmax of the logits as the model gave them
    tempered: np.ndarray  # softmax(logits / temperature); equals `before` at temperature 0, where nothing is drawn
    after: np.ndarray  # what the draw is made from: 0 for every piece that was cut, the kept ones add up to 1
    drawn: float | None  # the random number from 0 to 1; None at temperature 0

    @property
    def kept(self) -> np.ndarray:
        """(V,) True for the pieces that may be chosen."""
        return self.after > 0

    @property
    def order(self) -> np.ndarray:
        """(V,) ids from the most probable piece to the least; equal ones by id."""
        return np.lexsort((np.arange(len(self.before)), -self.before))


def softmax(logits: np.ndarray) -> np.ndarray:
    """(V,) probabilities that add up to 1; minus infinity becomes exactly 0."""
    e = np.exp(logits - logits.max())
    return e / e.sum()


def choose(logits: np.ndarray, settings: Settings, step: int = 0) -> Choice:
    """One token from logits (V,). The same seed and step always draw the same number."""
    logits = logits.astype(np.float64)
    before = softmax(logits)
    if settings.temperature == 0:
        best = int(logits.argmax())
        return Choice(best, before, before, np.eye(1, len(logits), best)[0], None)
    warm = logits / settings.temperature
    after = softmax(top_p(top_k(warm, settings.top_k), settings.top_p))
    drawn = float(np.random.default_rng([settings.seed, step]).random())
    order = np.lexsort((np.arange(len(after)), -after))  # the likeliest first: they fill the line from 0 to 1
    line = after[order].cumsum()
    place = min(int(np.searchsorted(line, drawn, side="right")), int((after > 0).sum()) - 1)
    return Choice(int(order[place]), before, softmax(warm), after, drawn)


def top_k(logits: np.ndarray, k: int) -> np.ndarray:
    """Only the k largest logits stay, with those equal to the smallest of them; the others become minus infinity."""
    if not 0 < k < len(logits):
        return logits
    return np.where(logits < np.partition(logits, -k)[-k], -np.inf, logits)


def top_p(logits: np.ndarray, p: float) -> np.ndarray:
    """Only the fewest pieces, likeliest first and equal ones by id, whose probabilities reach p together stay; at least one.

    So the cut follows `Choice.order`, the order in which the pieces lie on the line: of equal ones the first stay.
    """
    if p >= 1:
        return logits
    rising = np.lexsort((-np.arange(len(logits)), logits))  # the reverse of (-logit, id)
    cut = np.zeros(len(logits), dtype=bool)
    cut[rising] = softmax(logits[rising]).cumsum() <= 1 - p
    cut[rising[-1]] = False
    return np.where(cut, -np.inf, logits)
