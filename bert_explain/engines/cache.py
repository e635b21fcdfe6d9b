"""What is kept for all readers of this server, bounded by bytes: one store for traces of all kinds and what is read off
them (`TRACES`), one for models (`MODELS`).
"""

from __future__ import annotations

from typing import Any

from bert_explain.core.errors import ExplainError
from bert_explain.core.store import MEGABYTE, Store, megabytes
from bert_explain.models.loaded import MODELS

__all__ = ["MODELS", "TRACES", "TooLarge", "fits"]

ENV_TRACES, TRACES_MB = "BERT_EXPLAIN_TRACE_MEMORY", 512  # megabytes for traces and readings


class TooLarge(ExplainError):
    """What is asked for would need more memory than this server keeps for it."""


TRACES = Store(lambda: megabytes(ENV_TRACES, TRACES_MB))


def fits(spec: Any, tokens: int) -> None:
    """Raises TooLarge, with what to do, where a trace of so many tokens would not fit; arithmetic, before anything is run."""
    needed, room = spec.trace_bytes(tokens), TRACES.limit
    if needed <= room:
        return
    possible = tokens
    while possible and spec.trace_bytes(possible) > room:
        possible -= 1
    shorter = f"Shorten it to {possible} tokens, or choose" if possible > 8 else "Choose"
    raise TooLarge(
        f"This text has {tokens} tokens. What {spec.title} computes for it, the attention of every head included, takes "
        f"{needed / MEGABYTE:,.0f} MB, and this server keeps {room / MEGABYTE:,.0f} MB. {shorter} a smaller model."
    )
