"""The words of the page "Outputs" that carry no number of the reader's text, from outputs.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Depth:
    """One expander: a question, an answer in Markdown, and its formulas in LaTeX."""

    title: str
    text: str
    formulas: tuple[str, ...]


@cache
def note(name: str) -> str:
    """The quiet line under a picture."""
    return _read()["notes"][name]


@cache
def depth(name: str) -> Depth:
    """The expander of this name: "vectors", "cls", "cosine", "map" or "features"."""
    found = _read()["depth"][name]
    return Depth(found["title"], found["text"], tuple(found["formulas"]))


@cache
def _read() -> dict:
    return tomllib.loads(Path(__file__).with_name("outputs.toml").read_text(encoding="utf-8"))
