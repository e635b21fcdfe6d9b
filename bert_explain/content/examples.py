"""The example pairs, from examples.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Pair:
    """A sentence pair to begin with, and why it is worth a look."""

    name: str
    a: str
    b: str
    why: str
    word: str = ""  # the word to look at first


@cache
def pairs() -> tuple[Pair, ...]:
    """All example pairs; the first one is what a new reader sees."""
    text = Path(__file__).with_name("examples.toml").read_text(encoding="utf-8")
    return tuple(Pair(**pair) for pair in tomllib.loads(text)["pair"])
