"""The sets of sentences with which the page "Same word" begins, from senses.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ExampleSet:
    """One word and sentences that have it, one a line as `label | sentence`."""

    name: str
    word: str
    lines: str
    fails: bool = False  # kept to show a failure: the bundled models hardly tell these meanings apart


@cache
def sets() -> tuple[ExampleSet, ...]:
    """The sets in the order in which they are offered."""
    read = tomllib.loads(Path(__file__).with_name("senses.toml").read_text(encoding="utf-8"))
    return tuple(ExampleSet(**{**entry, "lines": entry["lines"].strip()}) for entry in read["set"])
