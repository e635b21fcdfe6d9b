"""One answer of a model as one number: its log-odds, log P / (1 - P). What attributions share out among the words.

It is 0 where P is one half; unlike P it does not flatten out near 0 and 1, where a gradient would find nothing. Of one
answer against one other it is the difference of their two logits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import expit

HeadOf = Literal["words", "next", "label", "tag", "span"]
HEADS: tuple[HeadOf, ...] = ("words", "next", "label", "tag", "span")
LONGEST_ANSWER = 30  # tokens of an answer in a passage


@dataclass(frozen=True, slots=True)
class Target:
    """Which head is read, where, which of its choices is wanted, and against which.

    head : "words", the masked-word head at `position`: one choice a piece of the vocabulary; "next": is next, is not next;
        "label": a fine-tuned head's label of the text; "tag": its label of the token at `position`; "span": a run of tokens,
        see `runs`.
    wanted, against : numbers of choices; against None means all the others together.
    first, last : the tokens that an answer in a passage may lie in, both included.
    alone : each choice holds or not by itself (a sigmoid): its logit is its log-odds.
    """

    head: HeadOf
    wanted: int = 0
    against: int | None = None
    position: int = 0
    first: int = 0
    last: int = -1
    alone: bool = False

    def but_for(self, wanted: int, against: int | None = None) -> Target:
        """The same head at the same place, another answer."""
        return Target(self.head, wanted, against, self.position, self.first, self.last, self.alone)

    def first_of(self, odds: float, largest: int) -> int:
        """Which choice comes first, where `largest` has the largest logit; of one that holds by itself: it, or none (-1)."""
        return largest if not self.alone else self.wanted if odds > 0 else -1


def runs(first: int, last: int) -> np.ndarray:
    """(R, 2): first and last token of each run from `first` to `last`, of at most LONGEST_ANSWER; then (0, 0), no answer."""
    starts = np.arange(first, last + 1)[:, None]
    ends = starts + np.arange(LONGEST_ANSWER)
    found = np.stack(np.broadcast_arrays(starts, ends), axis=-1)[ends <= last]
    return np.concatenate([found, [(0, 0)]])


def sums(logits: np.ndarray, places: np.ndarray) -> np.ndarray:
    """(R,): of each of `runs` the logit to start at its first token plus that to end at its last one; logits (T, 2).

    The largest is the answer. Source: Devlin et al. 2019, section 4.3.
    """
    return np.asarray(logits[places[:, 0], 0] + logits[places[:, 1], 1])


def probability(odds: float | np.ndarray) -> np.ndarray:
    """P of log-odds: 1 / (1 + exp(-odds)), as exact near 0 as near 1."""
    return np.asarray(expit(np.asarray(odds, dtype=np.float64)))
