"""The chapters: one folder a page, its declaration in chapter.py. The order of the pages is ui/stages.py's."""

from __future__ import annotations

import importlib
from functools import cache

from bert_explain.learning.chapter import Chapter


@cache
def load(name: str) -> Chapter:
    """The chapter of a folder's name: `load("attention")`. Imported when its page is first opened."""
    return importlib.import_module(f"bert_explain.chapters.{name}.chapter").CHAPTER
