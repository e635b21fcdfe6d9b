"""Query: what the reader typed and what the reader changed. A pure value: frozen, hashable, checked here."""

from __future__ import annotations

import operator
from dataclasses import dataclass, replace
from typing import Any, Literal

from bert_explain.core.errors import BadQuery

Segments = Literal["normal", "flipped", "removed"]
Positions = Literal["normal", "removed", "shuffled"]
Tokens = Literal["normal", "removed"]
Separators = Literal["normal", "removed"]

CHOICES: dict[str, tuple[str, ...]] = {
    "segments": ("normal", "flipped", "removed"),
    "positions": ("normal", "removed", "shuffled"),
    "tokens": ("normal", "removed"),
    "separators": ("normal", "removed"),
}


@dataclass(frozen=True, slots=True)
class Query:
    """A sentence pair and the interventions on it. Everything a trace depends on, besides the model.

    Positions count the tokens the encoder reads, `[CLS]` being 0. Layers and heads count from 0.

    text_a, text_b : the two sentences; an empty `text_b` means a single sentence.
    masked : positions whose token is replaced by `[MASK]`.
    replaced : pairs (position, vocabulary id); the token there is replaced by that id (BERT's "random word").
        A position that is masked as well reads `[MASK]`.
    heads_off : pairs (layer, head); the head's output is set to zero before the output projection.
    segments : "flipped" swaps segment A and B, "removed" adds no segment embedding at all.
    positions : "removed" adds no position embedding, "shuffled" permutes the position ids with `seed`.
    tokens : "removed" adds no token embedding.
    separators : "removed" leaves the `[SEP]` tokens out.
    swapped : sentence B goes first.

    Raises BadQuery when a field is of the wrong kind. Whether a position or head exists depends on the
    model and is checked by `trace.run`.
    """

    text_a: str
    text_b: str = ""
    masked: tuple[int, ...] = ()
    replaced: tuple[tuple[int, int], ...] = ()
    heads_off: tuple[tuple[int, int], ...] = ()
    segments: Segments = "normal"
    positions: Positions = "normal"
    tokens: Tokens = "normal"
    separators: Separators = "normal"
    swapped: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("text_a", "text_b"):
            _check_text(name, getattr(self, name))
        for name, allowed in CHOICES.items():
            if getattr(self, name) not in allowed:
                raise BadQuery(f"{name} must be one of {', '.join(allowed)}, not {_short(getattr(self, name))}.")
        for name, numbers in (("masked", 1), ("replaced", 2), ("heads_off", 2)):
            object.__setattr__(self, name, _canonical(name, getattr(self, name), numbers))
        if len(dict(self.replaced)) != len(self.replaced):
            raise BadQuery("replaced names the same position twice.")
        if not isinstance(self.swapped, bool):
            raise BadQuery(f"swapped must be True or False, not {_short(self.swapped)}.")
        seed = _whole(self.seed)
        if seed is None or seed >= 2**31:
            raise BadQuery(f"seed must be a whole number from 0 to {2**31 - 1}, not {_short(self.seed)}.")
        object.__setattr__(self, "seed", seed)

    @property
    def texts(self) -> tuple[str, str]:
        """The two sentences in the order in which the model reads them."""
        return (self.text_b, self.text_a) if self.swapped else (self.text_a, self.text_b)

    @property
    def names(self) -> tuple[str, str]:
        """The letters of the two sentences in the order in which the model reads them."""
        return ("B", "A") if self.swapped else ("A", "B")

    @property
    def follows(self) -> str:
        """What next sentence is about: "B follows A", or "A follows B" where they are swapped."""
        first, second = self.names
        return f"{second} follows {first}"

    @property
    def changed(self) -> bool:
        """True when any intervention is on. A seed alone changes nothing."""
        return self != Query(self.text_a, self.text_b, seed=self.seed)

    def but(self, **changes: Any) -> Query:
        """The same query with some fields changed: `query.but(masked=(3,))`."""
        return replace(self, **changes)

    def plain(self) -> Query:
        """The same sentences without any intervention."""
        return Query(self.text_a, self.text_b)


def _check_text(name: str, value: object) -> None:
    if not isinstance(value, str):
        raise BadQuery(f"{name} must be text, not {type(value).__name__}.")
    half = next((c for c in value if "\ud800" <= c <= "\udfff"), None)
    if half:
        raise BadQuery(f"{name} holds half of a character (U+{ord(half):04X}): no tokenizer can read it.")


def _whole(value: Any) -> int | None:
    """A whole number from 0 up, numpy's too, as int; None for anything else. True and False are not numbers here."""
    try:
        number = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        return None
    return number if number is not None and number >= 0 else None


def _short(value: object) -> str:
    """The value as Python writes it, cut to a length that fits in a sentence."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _canonical(name: str, value: Any, numbers: int) -> tuple[Any, ...]:
    """Sorted, without repeats: two queries that mean the same are equal, and cached once."""
    try:
        items = [(item,) for item in value] if numbers == 1 else [tuple(item) for item in value]
    except TypeError:
        items = [()]
    if any(len(item) != numbers for item in items):
        kind = "whole numbers" if numbers == 1 else "pairs of whole numbers"
        raise BadQuery(f"{name} must be a sequence of {kind}, not {_short(value)}.")
    whole = [tuple(_whole(number) for number in item) for item in items]
    if any(number is None for item in whole for number in item):
        raise BadQuery(f"{name} takes whole numbers from 0 up, not {_short(value)}.")
    return tuple(sorted({item[0] if numbers == 1 else item for item in whole}))
