"""The glossary, from glossary.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Term:
    """One term of the field and what it means, in Markdown."""

    name: str
    text: str


@cache
def terms() -> tuple[Term, ...]:
    """All terms, in the order in which a text meets them."""
    text = Path(__file__).with_name("glossary.toml").read_text(encoding="utf-8")
    return tuple(Term(**term) for term in tomllib.loads(text)["term"])
