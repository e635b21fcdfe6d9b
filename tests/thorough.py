"""What `make test` and `make rest` walk a part of, and `make thorough` the whole."""

import os
from collections.abc import Sequence
from typing import TypeVar

One = TypeVar("One")
THOROUGH = bool(os.environ.get("BERT_EXPLAIN_THOROUGH"))


def part(items: Sequence[One], number: int, of: int) -> Sequence[One]:
    """The `number`-th of so many parts, each from the beginning to the end; everything where the run is thorough."""
    return items if THOROUGH else items[number::of]
