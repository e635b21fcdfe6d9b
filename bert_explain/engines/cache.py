"""What is kept for all readers of this server, bounded by bytes: one store for traces of all kinds and what is read off
them (`TRACES`), one for the tokens of texts (`LAID`), one for models (`MODELS`).
"""

from __future__ import annotations

from typing import Any

from bert_explain.core.errors import BadModel
from bert_explain.core.store import MEGABYTE, Store, megabytes
from bert_explain.models.loaded import MODELS

__all__ = ["LAID", "MODELS", "TRACES", "TooLarge", "fits"]

ENV_TRACES, TRACES_MB = "BERT_EXPLAIN_TRACE_MEMORY", 512  # megabytes for traces and readings


class TooLarge(BadModel):
    """What is asked for would need more memory than this server keeps for it."""


TRACES = Store(lambda: megabytes(ENV_TRACES, TRACES_MB))
LAID = Store(8 * MEGABYTE)  # some hundreds of short texts; beside the traces, which a long text's tokens would push out


def fits(spec: Any, tokens: int, what: str = "tokens") -> None:
    """Raises TooLarge, with what to do, where a trace of so many tokens would not fit; arithmetic, before anything is run.

    what : what the model reads, "words" for ELMo.
    """
    needed, room = spec.trace_bytes(tokens), TRACES.limit
    if needed <= room:
        return
    possible = tokens
    while possible and spec.trace_bytes(possible) > room:
        possible -= 1
    all_ = "the attention of every head" if what == "tokens" else "every layer in both directions"
    shorter = f"Shorten it to {possible} {what}, or choose" if possible > 8 else "Choose"
    raise TooLarge(
        f"This text has {tokens} {what}. What {spec.title} computes for it, {all_} included, takes "
        f"{needed / MEGABYTE:,.0f} MB, and this server keeps {room / MEGABYTE:,.0f} MB. {shorter} a smaller model."
    )
