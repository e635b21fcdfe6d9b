"""The home page's doors to the other pages, from tour.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class Door:
    """A question a reader may have, and the page that answers it."""

    question: str
    page: str


@cache
def doors() -> tuple[Door, ...]:
    """All doors, in the order of the pages."""
    text = Path(__file__).with_name("tour.toml").read_text(encoding="utf-8")
    return tuple(Door(**door) for door in tomllib.loads(text)["door"])
