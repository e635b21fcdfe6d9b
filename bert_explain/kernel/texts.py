"""The small texts that the app carries for a tiny BERT to learn from: assets/texts/NAME/text.txt, each with its card."""

from __future__ import annotations

from functools import cache

from bert_explain.core.places import ASSETS

FOLDER = ASSETS / "texts"
TEXTS = {"facts": "Facts: countries, animals, opposites", "stories": "Stories for small children"}


@cache
def load(name: str) -> str:
    """The text of a name in TEXTS. Raises KeyError for another one."""
    if name not in TEXTS:
        raise KeyError(name)
    return (FOLDER / name / "text.txt").read_text(encoding="utf-8")
