"""Trace: everything the pages show of one query, computed once. `run(model, query)` is the one forward pass.

T tokens, H hidden size, L layers, A heads, d = H / A, F feed-forward size, V vocabulary. All arrays float32, read-only.
Records that hold arrays compare by identity.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch

from bert_explain.errors import BadQuery
from bert_explain.models.encoder import Encoder
from bert_explain.query import Query
from bert_explain.tokenize import Cut, Token, tokenize

__all__ = ["Cut", "Embeddings", "Head", "LayerStep", "Token", "Trace", "run"]


@dataclass(frozen=True, eq=False)
class Embeddings:
    """What goes into layer 1. After an intervention, the removed part is zero here too: the parts always add up."""

    token: np.ndarray  # (T, H)
    segment: np.ndarray  # (T, H); zeros where the model has no segments
    position: np.ndarray  # (T, H)
    total: np.ndarray  # (T, H) token + segment + position
    normalised: np.ndarray  # (T, H) LayerNorm(total)
    norm_weight: np.ndarray  # (H,) LayerNorm's learned scale
    norm_bias: np.ndarray  # (H,) LayerNorm's learned shift
    norm_eps: float  # added to the variance before the root


@dataclass(frozen=True, eq=False)
class Head:
    """Every number of one head's step: weights = softmax(q k^T / sqrt(d)), mixed = weights v."""

    layer: int
    head: int
    q: np.ndarray  # (T, d)
    k: np.ndarray  # (T, d)
    v: np.ndarray  # (T, d)
    scores: np.ndarray  # (T, T) q k^T / sqrt(d)
    weights: np.ndarray  # (T, T) rows sum to 1
    mixed: np.ndarray  # (T, d) weights x v; zeros when the head is switched off


@dataclass(frozen=True, eq=False)
class LayerStep:
    """One layer, stage by stage; each field is the input of the next."""

    layer: int
    input: np.ndarray  # (T, H) hidden[layer]
    joined: np.ndarray  # (T, H) the heads' outputs side by side
    projected: np.ndarray  # (T, H) joined W_O + b
    attended: np.ndarray  # (T, H) input + projected (residual)
    attended_normalised: np.ndarray  # (T, H) LayerNorm(attended)
    expanded: np.ndarray  # (T, F) GELU(attended_normalised W_1 + b)
    contracted: np.ndarray  # (T, H) expanded W_2 + b
    total: np.ndarray  # (T, H) attended_normalised + contracted (residual)
    output: np.ndarray  # (T, H) LayerNorm(total) = hidden[layer + 1]


@dataclass(frozen=True, eq=False)
class Trace:
    """One query through one model. Compare two traces to see what an intervention does."""

    model: Encoder = field(repr=False)
    query: Query
    tokens: tuple[Token, ...] = field(repr=False)
    cut: Cut  # what did not fit into the model's positions
    embeddings: Embeddings = field(repr=False)
    hidden: np.ndarray = field(repr=False)  # (L + 1, T, H)
    attention: np.ndarray = field(repr=False)  # (L, A, T, T): row looks, column is looked at; rows sum to 1
    pooled: np.ndarray | None = field(repr=False)  # (H,) tanh(W h_CLS + b); None without a pooler
    nsp: np.ndarray | None  # (2,) probabilities (is next, is not next); None without the head
    nsp_logits: np.ndarray | None  # (2,) before softmax

    @cached_property
    def pieces(self) -> list[str]:
        """The tokens' texts, `[CLS]` first."""
        return [t.text for t in self.tokens]

    def mlm_logits(self, positions: Sequence[int], layer: int | None = None) -> np.ndarray:
        """The masked-word head at these positions, (P, V), before softmax.

        layer : read the hidden state after that many layers (0 = embeddings) instead of the last one; the head was
        trained on the last layer only, so earlier answers are a reading, not a prediction of the model
        (the "logit lens", nostalgebraist 2020).
        Raises BadQuery for a position or layer that does not exist, Missing where the model has no such head.
        """
        layer = self.model.n_layers if layer is None else layer
        _check("layer", [layer], self.model.n_layers + 1)
        _check("position", positions, len(self.tokens))
        with torch.inference_mode():
            rows = torch.from_numpy(self.hidden[layer][list(positions)])  # (P, H)
            return _array(self.model.mlm_logits(rows))

    def mlm_logits_by_layer(self, position: int) -> np.ndarray:
        """The masked-word head at one position after every layer, (L + 1, V); row l is `mlm_logits`'s for layer l.

        One multiplication for all layers: the head's table is read once, which is most of the time.
        Raises BadQuery for a position that does not exist, Missing where the model has no such head.
        """
        _check("position", [position], len(self.tokens))
        with torch.inference_mode():
            return _array(self.model.mlm_logits(torch.from_numpy(self.hidden[:, position].copy())))

    def head(self, layer: int, head: int) -> Head:
        """Every number of one head's step. Layers and heads count from 0. Raises BadQuery."""
        _check("layer", [layer], self.model.n_layers)
        _check("head", [head], self.model.n_heads)
        with torch.inference_mode():
            kept = self.model.attend(layer, torch.from_numpy(self.hidden[layer].copy()), self._off(layer))
            numbers = {name: _array(kept[name][head]) for name in ("q", "k", "v", "scores", "weights", "mixed")}
        return Head(layer, head, **numbers)

    def layer(self, layer: int, positions: Sequence[int] | None = None) -> LayerStep:
        """Every stage of one layer, from its input to its output. Layers count from 0. Raises BadQuery.

        positions : only these tokens' rows (P, H), in this order: two thirds of the work is saved.
        """
        _check("layer", [layer], self.model.n_layers)
        _check("position", () if positions is None else positions, len(self.tokens))
        with torch.inference_mode():
            x = torch.from_numpy(self.hidden[layer].copy())
            joined = self.model.attend(layer, x, self._off(layer))["joined"]
            if positions is not None:
                x, joined = x[list(positions)], joined[list(positions)]
            stages = self.model.finish(layer, x, joined)
        read = self.hidden[layer] if positions is None else _array(x)
        return LayerStep(layer, read, _array(joined), **{name: _array(v) for name, v in stages.items()})

    def attention_tensors(self) -> list[torch.Tensor]:
        """`attention` as Hugging Face returns it, for tools that expect that: L tensors (1, A, T, T), copies."""
        return [torch.from_numpy(weights[None].copy()) for weights in self.attention]

    def _off(self, layer: int) -> list[int]:
        return [h for at, h in self.query.heads_off if at == layer]


@torch.inference_mode()
def run(model: Encoder, query: Query) -> Trace:
    """The one forward pass: tokens, summed embeddings, every layer, next-sentence probability.

    Raises BadQuery when the query names a position, id, layer or head that does not exist here.
    Thread-safe: the model is only read, and inference mode is set for the calling thread.
    """
    tokens, cut = tokenize(model, query)
    _check("layer", [at for at, _ in query.heads_off], model.n_layers)
    _check("head", [h for _, h in query.heads_off], model.n_heads)
    embeddings, x = _embed(model, query, tokens)
    hidden, attention = [x], []
    for layer in range(model.n_layers):
        kept = model.attend(layer, x, [h for at, h in query.heads_off if at == layer])
        x = model.finish(layer, x, kept["joined"])["output"]
        hidden.append(x)
        attention.append(kept["weights"])
    pooled = model.pooled(x[0]) if model.has_pooler else None
    logits = model.nsp_logits(pooled) if model.has_nsp else None
    return Trace(
        model=model,
        query=query,
        tokens=tokens,
        cut=cut,
        embeddings=embeddings,
        hidden=_array(torch.stack(hidden)),  # (L + 1, T, H)
        attention=_array(torch.stack(attention)),  # (L, A, T, T)
        pooled=None if pooled is None else _array(pooled),
        nsp=None if logits is None else _array(torch.softmax(logits, dim=-1)),
        nsp_logits=None if logits is None else _array(logits),
    )


def _embed(model: Encoder, query: Query, tokens: Sequence[Token]) -> tuple[Embeddings, torch.Tensor]:
    names = ("id", "segment", "position_id")
    ids, segments, places = (torch.tensor([getattr(t, name) for t in tokens]) for name in names)
    token, segment, position = model.rows(ids, segments, places)  # (T, H) each
    if query.tokens == "removed":
        token = torch.zeros_like(token)
    if query.segments == "removed":
        segment = torch.zeros_like(segment)
    if query.positions == "removed":
        position = torch.zeros_like(position)
    total = token + segment + position
    norm = model.embed.norm
    x = norm(total)
    arrays = (_array(part) for part in (token, segment, position, total, x, norm.weight, norm.bias))
    return Embeddings(*arrays, norm_eps=norm.eps), x


def _array(x: torch.Tensor) -> np.ndarray:
    """float32, contiguous, read-only: shared by every reader, changed by none."""
    array = np.ascontiguousarray(x.detach().numpy(), dtype=np.float32)
    array.flags.writeable = False
    return array


def _check(what: str, values: Sequence[int], size: int) -> None:
    bad = [v for v in values if not 0 <= v < size]
    if bad:
        raise BadQuery(f"There is no {what} {bad[0]}: {what}s go from 0 to {size - 1} here.")
