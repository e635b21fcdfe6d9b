"""The engine that runs models in this process, with torch: one forward pass, written out so that every stage is kept.

T tokens, P positions asked for, H hidden size, L layers, A heads, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from bert_explain.core.errors import Missing
from bert_explain.core.query import Query
from bert_explain.core.spec import ModelSpec
from bert_explain.core.tokens import Token, lay_out
from bert_explain.core.trace import (
    Embeddings,
    Head,
    LayerStep,
    LayerWeights,
    NormWeights,
    Tables,
    Trace,
    answered_by,
    check,
    frozen,
)
from bert_explain.models import loaded
from bert_explain.models.encoder import Encoder


class LocalEngine:
    """Runs a loaded encoder or decoder. Thread-safe: the model is only read, and inference mode is set for each call."""

    def __init__(self, model: Encoder) -> None:
        self.model = model

    @property
    def spec(self) -> ModelSpec:
        return self.model.spec

    @property
    def wordpiece(self) -> Any:
        return self.model.wordpiece

    @torch.inference_mode()
    def run(self, query: Query) -> Trace:
        """The one forward pass: tokens, summed embeddings, every layer, next-sentence probability.

        Raises BadQuery when the query names a position, id, layer or head that does not exist here.
        """
        model, spec = self.model, self.spec
        tokens, cut = lay_out(spec, model.wordpiece, query)
        check("layer", [at for at, _ in query.heads_off], spec.n_layers)
        check("head", [h for _, h in query.heads_off], spec.n_heads)
        embeddings, x = self._embed(query, tokens)
        count = len(tokens)
        # Written into their place one by one: stacked at the end, they would be in memory twice.
        hidden = np.empty((spec.n_layers + 1, count, spec.hidden_size), dtype=np.float32)
        attention = np.empty((spec.n_layers, spec.n_heads, count, count), dtype=np.float32)
        hidden[0] = x.numpy()
        for layer in range(spec.n_layers):
            kept = model.attend(layer, x, [h for at, h in query.heads_off if at == layer])
            x = model.finish(layer, x, kept["joined"])["output"]
            hidden[layer + 1] = x.numpy()
            attention[layer] = kept["weights"].numpy()
        pooled = model.pooled(x[0]) if spec.has_pooler else None
        logits = model.nsp_logits(pooled) if spec.has_nsp and pooled is not None else None
        return Trace(
            spec=spec,
            query=query,
            tokens=tokens,
            cut=cut,
            embeddings=embeddings,
            hidden=frozen(hidden),
            attention=frozen(attention),
            pooled=None if pooled is None else _array(pooled),
            nsp=None if logits is None else _array(torch.softmax(logits, dim=-1)),
            nsp_logits=None if logits is None else _array(logits),
        )

    def _embed(self, query: Query, tokens: Sequence[Token]) -> tuple[Embeddings, torch.Tensor]:
        names = ("id", "segment", "position_id")
        ids, segments, places = (torch.tensor([getattr(t, name) for t in tokens]) for name in names)
        token, segment, position = self.model.rows(ids, segments, places)  # (T, H) each
        if query.tokens == "removed":
            token = torch.zeros_like(token)
        if query.segments == "removed":
            segment = torch.zeros_like(segment)
        if query.positions == "removed":
            position = torch.zeros_like(position)
        total = token + segment + position
        norm = self.model.embed.norm
        normalised = norm(total)
        parts = (_array(token), _array(segment), _array(position), _array(total), _array(normalised))
        return Embeddings(*parts, _array(norm.weight), _array(norm.bias), norm.eps), self.model.widened(normalised)

    @torch.inference_mode()
    def logits(self, states: np.ndarray) -> np.ndarray:
        """The masked-word (or next-word) head on hidden states (P, H): (P, V), before softmax. Raises Missing."""
        return _array(self.model.mlm_logits(_tensor(states)))

    @torch.inference_mode()
    def replaced(self, states: np.ndarray) -> np.ndarray:
        """The logit that each token was replaced, (P, H) -> (P,), before the sigmoid. Raises Missing."""
        return _array(self.model.replaced_logits(_tensor(states)))

    @torch.inference_mode()
    def task(self, states: np.ndarray) -> np.ndarray:
        """The task head on the last layer's vectors (T, H): (C,), (T, C) or (T, 2), see `Trace.task_logits`. Raises Missing."""
        return _array(self.model.task_logits(_tensor(states)))

    @torch.inference_mode()
    def head(self, states: np.ndarray, layer: int, head: int, off: Sequence[int] = ()) -> Head:
        """One head's step on the layer's input (T, H)."""
        kept = self.model.attend(layer, _tensor(states), off)
        return Head(layer, head, *(_array(kept[name][head]) for name in ("q", "k", "v", "scores", "weights", "mixed")))

    @torch.inference_mode()
    def layer(self, states: np.ndarray, layer: int, off: Sequence[int] = (), positions: Sequence[int] | None = None) -> LayerStep:
        """One layer on its input (T, H), stage by stage; of these positions only."""
        x = _tensor(states)
        joined = self.model.attend(layer, x, off)["joined"]
        if positions is not None:
            x, joined = x[list(positions)], joined[list(positions)]
        stages = self.model.finish(layer, x, joined)
        read = states if positions is None else _array(x)
        return LayerStep(layer, read, _array(joined), **{name: _array(v) for name, v in stages.items()})

    def tables(self) -> Tables:
        """The embedding tables; the model's own numbers, not a copy."""
        model, segment = self.model, self.model.segment_table()
        return Tables(_view(model.embed.token.weight), _view(model.position_table()), None if segment is None else _view(segment))

    def weights(self, layer: int) -> LayerWeights:
        """A layer's trained numbers; the model's own, not a copy."""
        m = self.model.layers[layer]
        first, second = (NormWeights(_view(n.weight), _view(n.bias), n.eps) for n in (m.attention_norm, m.output_norm))
        project, contract = ((_view(linear.weight), _view(_bias(linear))) for linear in (m.project, m.contract))
        return LayerWeights(*project, *contract, first, second)

    def nsp_weights(self) -> tuple[np.ndarray, np.ndarray]:
        """The next-sentence head: (2, H) and (2,). Raises Missing."""
        head = self.model.nsp_head
        if head is None:
            raise Missing(f"{self.spec.title} has no next-sentence head: it cannot say whether B follows A.")
        return _view(head.weight), _view(head.bias)


def run(model: Encoder, query: Query) -> Trace:
    """The one forward pass: tokens, summed embeddings, every layer, next-sentence probability.

    Raises BadQuery when the query names a position, id, layer or head that does not exist here.
    Thread-safe: the model is only read, and inference mode is set for the calling thread.
    """
    return LocalEngine(loaded.hold(model)).run(query)


def attention_tensors(trace: Trace) -> list[torch.Tensor]:
    """A trace's attention as Hugging Face returns it, for tools that expect that: L tensors (1, A, T, T), copies."""
    return [torch.from_numpy(weights[None].copy()) for weights in trace.attention]


def find(spec: Any) -> LocalEngine | None:
    """The engine that runs this model here, or None."""
    model = loaded.find(spec)
    return LocalEngine(model) if isinstance(model, Encoder) else None


answered_by(find)


def _tensor(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(array.copy())  # torch warns of arrays that it may not write to


def _array(x: torch.Tensor) -> np.ndarray:
    """float32, contiguous, read-only."""
    return frozen(x.detach().numpy())


def _bias(linear: torch.nn.Linear) -> torch.Tensor:
    return torch.zeros(linear.out_features) if linear.bias is None else linear.bias


def _view(x: torch.Tensor) -> np.ndarray:
    """A read-only look at a model's own numbers."""
    array = x.detach().numpy().view()
    array.flags.writeable = False
    return array
