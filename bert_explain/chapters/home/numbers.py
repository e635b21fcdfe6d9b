"""What the opening picture draws of the reader's own pair: text, pieces, numbers, one head's look, and what comes last."""

from __future__ import annotations

from typing import Any

import numpy as np

from bert_explain.analysis.attention import telling_head
from bert_explain.analysis.overview import token_role
from bert_explain.kernel.folding import fold
from bert_explain.kernel.readings import many
from bert_explain.trace import Trace

MOST = 14  # pieces that stand side by side
CELLS = 10  # numbers of a vector that are drawn


def opening(trace: Trace, position: int) -> dict[str, Any]:
    """The component's data. Every number is the trace's; the list of guesses has none: it is veiled.

    tokens : text and role of the pieces that are drawn, of `total`; numbers : (n, CELLS), the first numbers
    of each piece's vector at the input, scaled to -1..1; looks : the weights of the most telling head, from the piece that
    looks to the pieces looked at, and which they are.
    """
    link = telling_head(trace)
    keep = [p for p in (position, link.row, link.column) if p < len(trace.tokens)]
    places = list(fold(len(trace.tokens), MOST, keep=keep).places)
    rows = trace.embeddings.normalised[places][:, :CELLS].astype(float)
    largest = float(np.percentile(np.abs(rows), 98)) if rows.size else 0.0
    weights = trace.attention[link.layer, link.head, link.row][places]
    texts = [text for text in (trace.query.text_a, trace.query.text_b) if text.strip()]
    return {
        "texts": [text if len(text) <= 60 else f"{text[:59]}…" for text in texts],
        "tokens": [[trace.tokens[p].text, token_role(trace.tokens[p])] for p in places],
        "total": len(trace.tokens),
        "numbers": np.round(np.clip(rows / max(largest, 1e-9), -1, 1), 3).tolist(),
        "looks": np.round(weights.astype(float), 3).tolist(),
        "row": places.index(link.row) if link.row in places else 0,
        "layer": link.layer + 1,
        "head": link.head + 1,
        "layers": trace.hidden.shape[0] - 1,
    }


def in_words(drawn: dict[str, Any]) -> str:
    """The same for a screen reader."""
    pieces, shown = ", ".join(text for text, _ in drawn["tokens"]), len(drawn["tokens"])
    cut = "pieces" if shown == drawn["total"] else f"{drawn['total']} pieces, of which {shown} are drawn"
    who = drawn["tokens"][drawn["row"]][0] if drawn["tokens"] else ""
    return (
        f"Your text goes in at the top. It is cut into {cut}: {pieces}. Each piece becomes a list of numbers. "
        f"In {many(drawn['layers'], 'layer')} the pieces look at each other: drawn is what {who} looks at in "
        f"head {drawn['head']} of layer {drawn['layer']}. "
        "At the end stands a list of guesses, which is veiled."
    )
