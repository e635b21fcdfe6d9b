"""The words of a page that carry no number of the reader's text, from content/NAME.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any


@dataclass(frozen=True)
class Depth:
    """One expander: a title, a text in Markdown (@H and @V stand for the model's sizes), and its formulas in LaTeX."""

    title: str
    text: str
    formulas: tuple[str, ...]


@cache
def notes(page: str) -> Any:
    """The quiet lines beside the pictures, as attributes: `notes("attention").rollout`."""
    return SimpleNamespace(**_read(page)["notes"])


@cache
def depth(page: str, name: str) -> Depth:
    """One of the page's expanders: `depth("layer", "head")`."""
    found = _read(page)["depth"][name]
    return Depth(found["title"], found["text"], tuple(found["formulas"]))


def table(page: str, name: str) -> dict[str, Any]:
    """A table of the page's own, as it stands in the file; to be read only."""
    return _read(page)[name]


@cache
def _read(page: str) -> dict:
    return tomllib.loads(Path(__file__).with_name(f"{page}.toml").read_text(encoding="utf-8"))
