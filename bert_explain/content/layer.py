"""The words of the page "Inside a layer" that carry no number of the reader's text, from layer.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Notes:
    """The quiet line under each picture."""

    products: str
    output: str
    joined: str
    added: str
    fed: str
    traced: str
    shares: str
    map: str
    map_long: str  # added to `map` for texts too long to write every name


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
    """The expander of this name: "head", "residual", "feed_forward" or "paths"."""
    found = _read()["depth"][name]
    return Depth(found["title"], found["text"], tuple(found["formulas"]))


@cache
def _read() -> dict:
    return tomllib.loads(Path(__file__).with_name("layer.toml").read_text(encoding="utf-8"))
