"""Everyday pairs of sentences that follow one another or not: assets/tasks/pairs, for the next-sentence verdict."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from bert_explain.errors import Missing
from bert_explain.kernel.tasks import FOLDER, Pair, read_rows

LABELS = ("follows", "other")


@cache
def load(path: Path = FOLDER / "pairs" / "pairs.tsv") -> tuple[Pair, ...]:
    """Read the pairs, once per server; two with the same first sentence stand together, and it is their pattern.

    Raises Missing without the file, ValueError with its line for a wrong row.
    """
    if not path.is_file():
        raise Missing(f"The pairs of sentences are not there: {path.name} is not in {path.parent}.")
    return read_rows(path, _pair)


def _pair(row: dict[str, str]) -> Pair:
    if row["label"] not in LABELS:
        raise ValueError(f"{row['label']} is none of the labels {', '.join(LABELS)}")
    return Pair(row["first"], row["second"], row["label"], row["first"])


def sentences() -> tuple[str, ...]:
    """Every single sentence of the pairs, once."""
    return tuple(dict.fromkeys(text for pair in load() for text in (pair.first, pair.second)))
