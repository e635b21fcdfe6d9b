"""The words of the page "Attention" that carry no number of the reader's text, from attention.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Notes:
    """What is said beside the pictures."""

    caution: str
    special: str
    off: str
    facts: str
    rollout: str
    single: str
    bertviz: str


@dataclass(frozen=True)
class Depth:
    """One expander: a question, an answer in Markdown, and its formulas in LaTeX."""

    title: str
    text: str
    formulas: tuple[str, ...]


@cache
def notes() -> Notes:
    """All notes."""
    return Notes(**_read()["notes"])


@cache
def depth(name: str) -> Depth:
    """The expander of this name: "weights", "facts" or "rollout"."""
    found = _read()["depth"][name]
    return Depth(found["title"], found["text"], tuple(found["formulas"]))


@cache
def _read() -> dict:
    return tomllib.loads(Path(__file__).with_name("attention.toml").read_text(encoding="utf-8"))
