"""Sentences that no bundled model has read, each with the meaning of one of its words; from unread.toml."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Unread:
    """One sentence: the word in it that has several meanings, and the one that it has here."""

    word: str
    sense: str
    text: str


@cache
def sentences() -> tuple[Unread, ...]:
    """All of them, word by word."""
    read = tomllib.loads(Path(__file__).with_name("unread.toml").read_text(encoding="utf-8"))
    return tuple(
        Unread(entry["word"], sense, text) for entry in read["word"] for sense, texts in entry["senses"].items() for text in texts
    )


def fingerprint() -> str:
    """A short name of this very list."""
    lines = "\n".join(f"{one.word}|{one.sense}|{one.text}" for one in sentences())
    return hashlib.blake2b(lines.encode(), digest_size=4).hexdigest()
