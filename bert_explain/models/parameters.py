"""How large a loaded model is: its sizes, and its trained numbers counted from the weights, part by part."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

from torch import nn

from bert_explain.models.encoder import Encoder

PARTS = (
    "token table",
    "position table",
    "segment table",
    "widening",
    "attention",
    "feed-forward",
    "LayerNorm",
    "pooler",
    "masked-word head",
    "next-sentence head",
    "replaced-word head",
)


def parameter_counts(model: Encoder) -> dict[str, int]:
    """The number of trained numbers in each of PARTS, from the weights; 0 for a part that the model does not have.

    A tensor that serves twice is counted once, where it comes first: the masked-word head uses the token table again.
    """
    e, layers = model.embed, model.layers
    modules: dict[str, Iterable[nn.Module | None]] = {
        "token table": [e.token],
        "position table": [e.position],
        "segment table": [e.segment, e.constant],
        "widening": [model.widen],
        "attention": [m for x in layers for m in (x.query, x.key, x.value, x.project)],
        "feed-forward": [m for x in layers for m in (x.expand, x.contract)],
        "LayerNorm": [e.norm, *(m for x in layers for m in (x.attention_norm, x.output_norm))],
        "pooler": [model.pooler],
        "masked-word head": [model.mlm_head],
        "next-sentence head": [model.nsp_head],
        "replaced-word head": [model.replaced_head],
    }
    seen: set[int] = set()
    counts = {}
    for part in PARTS:
        tensors = {id(p): p for module in modules[part] if module is not None for p in module.parameters()}
        counts[part] = sum(p.numel() for at, p in tensors.items() if at not in seen)
        seen |= tensors.keys()
    return counts


class Sizes(TypedDict):
    """What decides how many numbers a model has."""

    layers: int
    heads: int
    hidden: int
    feed_forward: int
    vocabulary: int
    positions: int
    segments: int
    embedding: int
    replaced: bool
    pooler: bool
    mlm: bool
    nsp: bool


def sizes(model: Encoder) -> Sizes:
    """The sizes that decide the count, read off the model itself."""
    return {
        "layers": model.n_layers,
        "heads": model.n_heads,
        "hidden": model.hidden_size,
        "feed_forward": model.layers[0].expand.out_features,
        "vocabulary": model.vocab_size,
        "positions": model.embed.position.num_embeddings,
        "segments": sum(table.num_embeddings for table in (model.embed.segment, model.embed.constant) if table is not None),
        "embedding": 0 if model.widen is None else model.embed.token.embedding_dim,
        "replaced": model.has_replaced,
        "pooler": model.has_pooler,
        "mlm": model.has_mlm,
        "nsp": model.has_nsp,
    }
