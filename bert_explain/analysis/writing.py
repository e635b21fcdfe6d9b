"""The decoder writing: a text that grows token by token, and what each choice was made from."""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bert_explain.analysis.masked_words import piece_text
from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.core.tokens import text_of_all
from bert_explain.kernel.readings import percent
from bert_explain.models.decoder import Decoder
from bert_explain.sampling import Settings
from bert_explain.trace import Token
from bert_explain.trace_decoder import Step, generate

SHOWN = 16  # candidates of a step that are kept for the pictures
SENTENCES = 2  # a text of the training has at most two: after their [SEP] there is nothing more to write


@dataclass(frozen=True, eq=False)
class Written:
    """One token written, with what the pictures need of its V candidates."""

    id: int
    text: str
    probability: float  # as the model gave it
    drawn: float | None  # the random number; None at temperature 0
    kept: int  # how many candidates the cuts left
    mass: float  # what these had together, before the cuts, after the temperature
    table: pd.DataFrame  # see `candidates`


class Writing:
    """A text that grows. Made once for all readers who ask for the same start, settings and seed; safe from many threads."""

    def __init__(self, model: Decoder, start: Sequence[int], settings: Settings) -> None:
        self.model, self.start, self.settings = model, tuple(start), settings
        self.steps: list[Written] = []
        self._lock = threading.Lock()
        self._source = generate(
            model,
            self.start,
            steps=model.max_tokens,
            temperature=settings.temperature,
            top_k=settings.top_k,
            top_p=settings.top_p,
            seed=settings.seed,
        )
        self._full = False

    @property
    def nbytes(self) -> int:
        """Bytes that it holds when all is written, about: a table of candidates, the keys and the values for each token."""
        spec = self.model.spec
        return (6_000 + 8 * spec.n_layers * spec.hidden_size) * self.model.max_tokens

    @property
    def ended(self) -> str:
        """Why there is no next token; '' while there is one."""
        if self._full:
            return f"All {self.model.max_tokens} positions are full."
        separator = self.model.tokenizer.sep_token_id
        ids = [*self.start, *(step.id for step in self.steps)]
        if self.steps and ids[-1] == separator and ids.count(separator) >= SENTENCES:
            return "The decoder has written the [SEP] that ends the second sentence: in its training a text ended there."
        return ""

    def lacks(self, count: int) -> bool:
        """Whether there is something to be written before there are `count` tokens."""
        return len(self.steps) < count and not self.ended

    def reach(self, count: int) -> bool:
        """One more token if fewer than `count` are written. False when nothing is left to do."""
        with self._lock:
            if len(self.steps) >= count or self.ended:
                return False
            step = next(self._source, None)
            self._full = step is None
            if step is not None:
                self.steps.append(_written(self.model, step))
            return step is not None

    def word_end(self, count: int) -> int:
        """How many tokens there are when the word after the first `count` is whole; looks at the token after it."""
        end = count + 1
        while True:
            while self.reach(end + 1):
                pass
            if len(self.steps) <= end or not self.steps[end].text.startswith("##"):
                return min(end, len(self.steps))
            end += 1

    def text(self, count: int) -> str:
        """The first `count` tokens written, as a reader would write them."""
        return text_of_all(self.model.tokenizer, self.model.wordpiece, [step.id for step in self.steps[:count]])


def start_place(tokens: Sequence[Token]) -> int:
    """Where writing goes on from when the reader has not chosen: the last word of sentence A, not its full stop."""
    for t in reversed(tokens):
        if t.sentence == 0 and not t.special and has_word(t.text):
            return t.position
    return 0


def has_word(text: str) -> bool:
    """Whether there is more in it than punctuation and signs."""
    return not all(unicodedata.category(c)[0] in "PS" for c in text)


def _written(model: Decoder, step: Step) -> Written:
    choice = step.choice
    return Written(
        step.id,
        step.text,
        step.probability,
        choice.drawn,
        int(choice.kept.sum()),
        float(choice.tempered[choice.kept].sum()),
        candidates(model, step),
    )


def candidates(model: Decoder, step: Step, k: int = SHOWN) -> pd.DataFrame:
    """The k likeliest candidates of a step, the chosen one, then all the rest as one row.

    Columns: rank, piece, id, before (the model's probability), tempered, after (what was drawn from; 0 = cut),
    fate ("chosen", "kept", "cut", "rest"). Each of the three columns adds up to 1.
    """
    c = step.choice
    ids = c.order[:k].tolist()
    ids += [] if step.id in ids else [step.id]
    rank = {i: int((c.before > c.before[i]).sum()) + 1 for i in ids}
    fates = ["chosen" if i == step.id else "kept" if c.after[i] > 0 else "cut" for i in ids]
    rows: list[tuple] = [
        (rank[i], piece_text(model, i), i, c.before[i], c.tempered[i], c.after[i], f) for i, f in zip(ids, fates, strict=True)
    ]
    if len(c.before) > len(ids):
        rest = [float(np.delete(p, ids).sum()) for p in (c.before, c.tempered, c.after)]
        rows.append((None, f"all other {len(c.before) - len(ids):,} pieces", None, *rest, "rest"))
    names = ["rank", "piece", "id", "before", "tempered", "after", "fate"]
    return pd.DataFrame(rows, columns=names).astype({"rank": "Int64", "id": "Int64"})


def look_step(step: Written, size: int) -> Sentence:
    """How this token came about; `size` is V."""
    row = step.table[step.table["fate"] == "chosen"].iloc[0]
    known = {"piece": Piece(step.text), "p": percent(step.probability), "rank": int(row["rank"])}
    if step.drawn is None:
        return say("{piece}, with {p}, was taken: none is likelier. Nothing is left to chance at temperature 0.", **known)
    start = "The cuts left {kept:,} of {size:,} pieces, which had {mass} together. "
    if step.kept == size:
        start = "Nothing was cut: all {size:,} pieces may come. "
    elif step.kept == 1:
        start = "The cuts left one of {size:,} pieces, which had {mass}: it had to come. "
    return say(
        start + "The random number was {drawn:.3f}, and it fell on {piece}, the decoder's number {rank:,}: "
        "{p} before, {after} in the draw.",
        kept=step.kept,
        size=size,
        mass=percent(step.mass),
        drawn=step.drawn,
        after=percent(row["after"]),
        **known,
    )


def written_table(steps: Sequence[Written]) -> pd.DataFrame:
    """One row a token written: number, piece, id, probability (the model's), rank, in_draw, kept, drawn."""
    rows = []
    for n, step in enumerate(steps, 1):
        row = step.table[step.table["fate"] == "chosen"].iloc[0]
        rows.append((n, step.text, step.id, step.probability, row["rank"], row["after"], step.kept, step.drawn))
    names = ["number", "piece", "id", "probability", "rank", "in_draw", "kept", "drawn"]
    return pd.DataFrame(rows, columns=names).astype({"drawn": float})
