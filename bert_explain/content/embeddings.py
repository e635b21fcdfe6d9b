"""The words of the page "Input embeddings" that carry no number of the reader's text, from embeddings.toml."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path


def note(name: str) -> str:
    """One short line, Markdown: "removal", "turn", "nearest" or "positions"."""
    return _read()["notes"][name]


def depth(name: str) -> str:
    """What is told on demand, Markdown with LaTeX: "sum", "norm", "parts" or "positions"."""
    return _read()["depth"][name]


@cache
def _read() -> dict:
    return tomllib.loads(Path(__file__).with_name("embeddings.toml").read_text(encoding="utf-8"))
