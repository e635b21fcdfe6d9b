"""The words of the page "Masked words" that carry no number of the reader's text, from masked_words.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Notes:
    """The quiet line under each picture."""

    lens: str
    compare: str
    recipe: str


@dataclass(frozen=True)
class Depth:
    """One expander: a title, a text in Markdown (@H and @V stand for the model's sizes), and its formulas in LaTeX."""

    title: str
    text: str
    formulas: tuple[str, ...]


@cache
def notes() -> Notes:
    """All notes."""
    return Notes(**_read()["notes"])


@cache
def depth(name: str) -> Depth:
    """The expander of this name: "head", "score" or "recipe"."""
    found = _read()["depth"][name]
    return Depth(found["title"], found["text"], tuple(found["formulas"]))


@cache
def _read() -> dict:
    return tomllib.loads(Path(__file__).with_name("masked_words.toml").read_text(encoding="utf-8"))
