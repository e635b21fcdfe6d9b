"""The engine that runs models in this process, with torch: one forward pass, written out so that every stage is kept.

T tokens, P positions asked for, H hidden size, L layers, A heads, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import torch

from bert_explain.core.errors import BadQuery, Missing
from bert_explain.core.query import Query
from bert_explain.core.spec import ModelSpec
from bert_explain.core.store import MEGABYTE, Store
from bert_explain.core.target import Target, runs
from bert_explain.core.tokens import Cut, Token, lay_out
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
from bert_explain.models import batches, loaded
from bert_explain.models.encoder import Encoder

Laid = tuple[tuple[Token, ...], Cut]

HEADS = Store(16 * MEGABYTE)  # rows of logits (V,) by the vector that they were read from: some 130 of mini-bert's
FEW = 16  # rows of one call from which on none is kept: who asks for many asks once


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

    def run(self, query: Query) -> Trace:
        """The one forward pass: tokens, summed embeddings, every layer, next-sentence probability.

        Raises BadQuery when the query names a position, id, layer or head that does not exist here.
        """
        return self.run_all([query])[0]

    @torch.inference_mode()
    def run_all(self, queries: Sequence[Query], laid: Sequence[Laid] = ()) -> list[Trace]:
        """`run` of several texts in one pass, one behind the other: a layer's weights are read once for all of them.

        Nothing is padded and no text sees another: attention is computed for each by itself. Raises BadQuery.

        laid : their tokens and what was cut, as `lay_out` gives them, where they are known.
        """
        model, spec = self.model, self.spec
        for query in queries:
            check("layer", [at for at, _ in query.heads_off], spec.n_layers)
            check("head", [h for _, h in query.heads_off], spec.n_heads)
        laid = laid or [lay_out(spec, model.wordpiece, query) for query in queries]
        entered = [self._embed(query, tokens) for query, (tokens, _) in zip(queries, laid, strict=True)]
        counts = [len(tokens) for tokens, _ in laid]
        # Written into their place one by one: stacked at the end, they would be in memory twice.
        hidden = [np.empty((spec.n_layers + 1, count, spec.hidden_size), dtype=np.float32) for count in counts]
        attention = [np.empty((spec.n_layers, spec.n_heads, count, count), dtype=np.float32) for count in counts]
        x = entered[0][1] if len(entered) == 1 else torch.cat([first for _, first in entered])

        def keep(states: torch.Tensor, at: int) -> None:
            for own, part in zip(hidden, states.split(counts), strict=True):
                own[at] = part.numpy()

        keep(x, 0)
        for layer in range(spec.n_layers):
            joined = []
            parts = (part.split(counts) for part in model.asked(layer, x))
            for row, (query, q, k, v) in enumerate(zip(queries, *parts, strict=True)):
                kept = model.mix(q, k, v, [h for at, h in query.heads_off if at == layer])
                attention[row][layer] = kept["weights"].numpy()
                joined.append(kept["joined"])
            x = model.finish(layer, x, joined[0] if len(joined) == 1 else torch.cat(joined))["output"]
            keep(x, layer + 1)
        made = zip(queries, laid, entered, hidden, attention, x.split(counts), strict=True)
        return [
            self._trace(query, tokens, cut, embeddings, states, looks, last[0])
            for query, (tokens, cut), (embeddings, _), states, looks, last in made
        ]

    def _trace(
        self,
        query: Query,
        tokens: tuple[Token, ...],
        cut: Cut,
        embeddings: Embeddings,
        hidden: np.ndarray,
        attention: np.ndarray,
        first: torch.Tensor,
    ) -> Trace:
        """The record of one text; `first` is the last vector (H,) of its first token."""
        model, spec = self.model, self.spec
        pooled = model.pooled(first) if spec.has_pooler else None
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
        token, segment, position = self._parts(query, *self._places(tokens))
        total = token + segment + position
        norm = self.model.embed.norm
        normalised = norm(total)
        parts = (_array(token), _array(segment), _array(position), _array(total), _array(normalised))
        return Embeddings(*parts, _array(norm.weight), _array(norm.bias), norm.eps), self.model.widened(normalised)

    @staticmethod
    def _places(tokens: Sequence[Token]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Rows of the three tables, (T,) each: token, segment, position."""
        ids, segments, places = (torch.tensor([getattr(t, name) for t in tokens]) for name in ("id", "segment", "position_id"))
        return ids, segments, places

    def _parts(
        self, query: Query, ids: torch.Tensor, segments: torch.Tensor, places: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """What is summed, (T, E) each: token, segment, position; zeros for what the query takes away."""
        token, segment, position = self.model.rows(ids, segments, places)
        if query.tokens == "removed":
            token = torch.zeros_like(token)
        if query.segments == "removed":
            segment = torch.zeros_like(segment)
        if query.positions == "removed":
            position = torch.zeros_like(position)
        return token, segment, position

    def _entered(self, token: torch.Tensor, segment: torch.Tensor, position: torch.Tensor) -> torch.Tensor:
        """What goes into layer 1, (..., T, H)."""
        return self.model.widened(self.model.embed.norm(token + segment + position))

    @torch.inference_mode()
    def logits(self, states: np.ndarray) -> np.ndarray:
        """The masked-word (or next-word) head on hidden states (P, H): (P, V), before softmax. Raises Missing.

        A few rows are kept: a page asks for the same place more than once, and each time the head's whole table is read.
        """
        if not 0 < len(states) <= FEW or self.model.mlm_head is None:
            return _array(self.model.mlm_logits(_tensor(states)))
        keys = [(self.spec.name, self.spec.fingerprint, row.tobytes()) for row in states]
        found = {key: HEADS.peek(key) for key in keys}
        new = {key: row for key, row in zip(keys, states, strict=True) if found[key] is None}
        if new:
            made = _array(self.model.mlm_logits(_tensor(np.stack(list(new.values())))))
            found |= {key: HEADS.get(key, partial(_array_of, row)) for key, row in zip(new, made, strict=True)}
        rows: list[Any] = [found[key] for key in keys]
        return frozen(rows[0][None] if len(rows) == 1 else np.stack(rows))

    @torch.inference_mode()
    def replaced(self, states: np.ndarray) -> np.ndarray:
        """The logit that each token was replaced, (P, H) -> (P,), before the sigmoid. Raises Missing."""
        return _array(self.model.replaced_logits(_tensor(states)))

    @torch.inference_mode()
    def task(self, states: np.ndarray) -> np.ndarray:
        """The task head on the last layer's vectors (T, H): (C,), (T, C) or (T, 2), see `Trace.task_logits`. Raises Missing."""
        return _array(self.model.task_logits(_tensor(states)))

    @torch.inference_mode()
    def read(self, queries: Sequence[Query], targets: Sequence[Target]) -> tuple[np.ndarray, np.ndarray]:
        """Of N queries: the log-odds of a target each, (N,) float64, and which choice of its head comes first, (N,) int.

        Queries of one length go through together. Raises BadQuery, Missing.
        """
        laid = [lay_out(self.spec, self.model.wordpiece, query)[0] for query in queries]
        odds, first = np.zeros(len(laid)), np.zeros(len(laid), dtype=int)
        for batch in batches.by_length([len(tokens) for tokens in laid]):
            places = [self._places(laid[i]) for i in batch]
            parts = [self._parts(queries[i], ids, *rest) for i, (ids, *rest) in zip(batch, places, strict=True)]
            x = torch.stack([self._entered(*part) for part in parts])
            states = batches.walk(self.model, x, heads=self._heads([queries[i] for i in batch]))[-1]
            for i, choices in zip(batch, self._choices(states, [targets[i] for i in batch]), strict=True):
                odds[i] = float(_log_odds(choices, targets[i]))
                first[i] = targets[i].first_of(odds[i], int(choices.argmax()))
        return odds, first

    def gradients(self, query: Query, target: Target, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The target where these rows of the token table, (N, T, E), stand in the query's place, and how it changes with them.

        Returns the log-odds (N,) and their gradients by the rows (N, T, E), both float64. Raises BadQuery, Missing.
        """
        tokens, _ = lay_out(self.spec, self.model.wordpiece, query)
        if rows.shape[1:] != (len(tokens), self.model.embed.token.embedding_dim):
            raise BadQuery(f"This text has {len(tokens)} tokens: rows of {rows.shape[1:]} do not fit.")
        odds, found = np.zeros(len(rows)), np.zeros(rows.shape)
        size = max(1, batches.TOKENS // len(tokens))
        # A thread may have been put into inference mode by what called this: there no gradient is kept.
        with torch.inference_mode(False), torch.enable_grad():
            _, segment, position = self._parts(query, *self._places(tokens))
            for at in range(0, len(rows), size):
                some = _tensor(rows[at : at + size].astype(np.float32)).requires_grad_(True)
                token = torch.zeros_like(some) * some if query.tokens == "removed" else some
                x = self._entered(token, segment, position)
                states = batches.walk(self.model, x, heads=self._heads([query] * len(some)))[-1]
                each = torch.stack([_log_odds(one, target) for one in self._choices(states, [target] * len(some))])
                # Inputs of one batch do not meet: the gradient of the sum is each one's own.
                (slope,) = torch.autograd.grad(each.sum(), some)
                odds[at : at + size], found[at : at + size] = each.detach().numpy(), slope.numpy()
        return odds, found

    def _heads(self, queries: Sequence[Query]) -> torch.Tensor | None:
        """(B, L, A): 0 for the heads that a query switches off, else 1; None where none is."""
        if not any(query.heads_off for query in queries):
            return None
        on = torch.ones(len(queries), self.spec.n_layers, self.spec.n_heads)
        for row, query in enumerate(queries):
            check("layer", [at for at, _ in query.heads_off], self.spec.n_layers)
            check("head", [h for _, h in query.heads_off], self.spec.n_heads)
            for layer, head in query.heads_off:
                on[row, layer, head] = 0.0
        return on

    def _choices(self, states: torch.Tensor, targets: Sequence[Target]) -> Sequence[torch.Tensor]:
        """For each of B texts the logits (C,) of everything that its target's head may say, from last states (B, T, H)."""
        model, rows = self.model, torch.arange(len(targets))
        if all(target.head == "words" for target in targets):  # the head's table is read once for all
            return list(model.mlm_logits(states[rows, [target.position for target in targets]]))
        found = []
        for state, target in zip(states, targets, strict=True):
            match target.head:
                case "words":
                    found.append(model.mlm_logits(state[[target.position]])[0])
                case "next":
                    found.append(model.nsp_logits(model.pooled(state[0])))
                case "label":
                    found.append(model.task_logits(state))
                case "tag":
                    found.append(model.task_logits(state)[target.position])
                case "span":
                    logits = model.task_logits(state)
                    first, last = torch.from_numpy(runs(target.first, target.last).T)
                    found.append(logits[first, 0] + logits[last, 1])
        return found

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


def run_all(model: Encoder, queries: Sequence[Query], laid: Sequence[Laid] = ()) -> list[Trace]:
    """`run` of several queries in one pass: cheaper than one after the other, the same numbers. Raises BadQuery.

    laid : of each its tokens and what was cut, as `tokenize` gives them, where they are known.
    """
    return LocalEngine(loaded.hold(model)).run_all(queries, laid)


def attention_tensors(trace: Trace) -> list[torch.Tensor]:
    """A trace's attention as Hugging Face returns it, for tools that expect that: L tensors (1, A, T, T), copies."""
    return [torch.from_numpy(weights[None].copy()) for weights in trace.attention]


def find(spec: Any) -> LocalEngine | None:
    """The engine that runs this model here, or None."""
    model = loaded.find(spec)
    return LocalEngine(model) if isinstance(model, Encoder) else None


answered_by(find)


def _log_odds(choices: torch.Tensor, target: Target) -> torch.Tensor:
    """Log P / (1 - P) of the wanted one of a head's choices (C,), or its logit against one other; gradients flow."""
    logits = choices.double()
    if target.alone:
        return logits[target.wanted]
    if target.against is not None:
        return logits[target.wanted] - logits[target.against]
    others = torch.cat([logits[: target.wanted], logits[target.wanted + 1 :]])
    return logits[target.wanted] - torch.logsumexp(others, dim=0)


def _tensor(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(array.copy())  # torch warns of arrays that it may not write to


def _array(x: torch.Tensor) -> np.ndarray:
    """float32, contiguous, read-only."""
    return frozen(x.detach().numpy())


def _array_of(row: np.ndarray) -> np.ndarray:
    """A row by itself: a view of it would keep all of them."""
    return frozen(row.copy())


def _bias(linear: torch.nn.Linear) -> torch.Tensor:
    return torch.zeros(linear.out_features) if linear.bias is None else linear.bias


def _view(x: torch.Tensor) -> np.ndarray:
    """A read-only look at a model's own numbers."""
    array = x.detach().numpy().view()
    array.flags.writeable = False
    return array
