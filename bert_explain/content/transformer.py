"""What the page on the Transformer says of the boxes of its picture, and of its halves; from transformer.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Box:
    """One kind of box: what it computes, in a sentence, in a few, and as a formula; the page that shows it."""

    title: str
    says: str
    text: str
    formula: str = ""
    page: str = ""


@dataclass(frozen=True)
class Half:
    """What is lit in the picture: what there is to say, and how many layers stand above encoder and decoder."""

    says: str
    layers: tuple[str, str]


@cache
def boxes() -> dict[str, Box]:
    """Every kind of box."""
    return {name: Box(**box) for name, box in _read()["box"].items()}


@cache
def halves() -> dict[str, Half]:
    """By name: whole, gpt, bert."""
    return {name: Half(half["says"], tuple(half["layers"])) for name, half in _read()["half"].items()}


@cache
def _read() -> dict:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
