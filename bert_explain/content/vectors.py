"""What the page on word vectors offers to begin with, from vectors.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Analogy:
    """A sum of words to try, and the word one hopes for ('' where there is no right answer)."""

    text: str
    hoped: str
    fails: bool = False  # kept to show a failure


@dataclass(frozen=True)
class WordList:
    """Words for a map."""

    name: str
    words: str


@cache
def _read() -> dict:
    return tomllib.loads(Path(__file__).with_name("vectors.toml").read_text(encoding="utf-8"))


@cache
def analogies() -> tuple[Analogy, ...]:
    """The sums; the first is what a new reader sees."""
    return tuple(Analogy(**one) for one in _read()["analogy"])


@cache
def lists() -> tuple[WordList, ...]:
    """The word lists; the first is what a new reader sees."""
    return tuple(WordList(**one) for one in _read()["list"])


def paragraph() -> str:
    """The text to train on that the app brings."""
    return _read()["train"]["text"].strip()
