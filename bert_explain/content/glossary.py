"""The glossary, from glossary.toml."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Term:
    """One term of the field and what it means, in Markdown. `hard` : the words that are explained where they stand."""

    name: str
    text: str
    hard: tuple[str, ...] = ()


@cache
def terms() -> tuple[Term, ...]:
    """All terms, in the order in which a text meets them."""
    text = Path(__file__).with_name("glossary.toml").read_text(encoding="utf-8")
    return tuple(Term(**{**term, "hard": tuple(term.get("hard", ()))}) for term in tomllib.loads(text)["term"])


def hard_words(text: str) -> tuple[Term, ...]:
    """The terms in a text of ours that a beginner does not know, in the order in which they stand there."""
    words = re.findall(r"[a-z]+(?:-[a-z]+)*", text.lower())
    return tuple(dict.fromkeys(term for word in words for term in terms() if word in term.hard))
