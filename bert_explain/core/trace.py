"""Trace: everything the pages show of one query, computed once. A record of numpy arrays and of what the model is like.

No model is inside: a trace can be pickled, sent and kept by its bytes. What is not kept (one head's numbers, one layer's,
the masked-word head's) is asked of the engine that runs the model: see `engines`.

T tokens, H hidden size, L layers, A heads, d = H / A, F feed-forward size, V vocabulary. All arrays float32, read-only.
Records that hold arrays compare by identity.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

import numpy as np

from bert_explain.core.errors import BadModel, BadQuery, Missing
from bert_explain.core.query import Query
from bert_explain.core.spec import ModelSpec
from bert_explain.core.tokens import Cut, Token, lay_out, text_of

_TOKEN_BYTES = 400  # about, of one record of a token

Find = Callable[[Any], Any | None]
_finders: list[Find] = []


def answered_by(find: Find) -> None:
    """`find(spec)` gives the engine that runs this model in this process, or None. Said by `engines` when it is imported."""
    _finders.append(find)


def engine_of(spec: Any) -> Any:
    """The engine that answers what a record of this model does not keep. Raises BadModel where no such model is loaded."""
    for find in _finders:
        engine = find(spec)
        if engine is not None:
            return engine
    raise BadModel(
        f"{spec.title} is not loaded here (weights {spec.fingerprint}), so this can only be shown as it was kept. "
        f"Load it first: bert_explain.models.load({spec.name!r})."
    )


@dataclass(frozen=True, eq=False)
class Record:
    """A frozen record of arrays. Pickled, it is its fields and nothing else; read back, its arrays are read-only again."""

    def __getstate__(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for value in state.values():
            if isinstance(value, np.ndarray):
                value.flags.writeable = False
        self.__dict__.update(state)

    @property
    def nbytes(self) -> int:
        """Bytes held by its arrays, those of the records inside too."""
        values = [getattr(self, f.name) for f in fields(self)]
        return sum(value.nbytes for value in values if isinstance(value, np.ndarray | Record))


@dataclass(frozen=True, eq=False)
class Embeddings(Record):
    """What goes into layer 1. After an intervention, the removed part is zero here too: the parts always add up.

    E = H, but for ELECTRA's small models: there `hidden[0]` is one matrix times `normalised`, and not `normalised` itself.
    """

    token: np.ndarray  # (T, E)
    segment: np.ndarray  # (T, E); zeros where the model has no segments
    position: np.ndarray  # (T, E)
    total: np.ndarray  # (T, E) token + segment + position
    normalised: np.ndarray  # (T, E) LayerNorm(total)
    norm_weight: np.ndarray  # (E,) LayerNorm's learned scale
    norm_bias: np.ndarray  # (E,) LayerNorm's learned shift
    norm_eps: float  # added to the variance before the root


@dataclass(frozen=True, eq=False)
class Head(Record):
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
class LayerStep(Record):
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
class NormWeights(Record):
    """A LayerNorm's trained numbers."""

    weight: np.ndarray  # (H,) scale
    bias: np.ndarray  # (H,) shift
    eps: float  # added to the variance before the root


@dataclass(frozen=True, eq=False)
class LayerWeights(Record):
    """A layer's trained numbers as the reader of a trace needs them; y = x W^T + b for the matrices."""

    project: np.ndarray  # (H, H) output projection: out, in
    project_bias: np.ndarray  # (H,)
    contract: np.ndarray  # (H, F) second matrix of the feed-forward part: out, in
    contract_bias: np.ndarray  # (H,)
    attention_norm: NormWeights  # after the heads
    output_norm: NormWeights  # after the feed-forward part


@dataclass(frozen=True, eq=False)
class Tables(Record):
    """The embedding tables, which no sentence changes. E as in `Embeddings`."""

    token: np.ndarray  # (V, E)
    position: np.ndarray  # (max_tokens, E)
    segment: np.ndarray | None  # (2, E); None where the model has no segments


@dataclass(frozen=True, eq=False)
class Trace(Record):
    """One query through one model. Compare two traces to see what an intervention does."""

    spec: ModelSpec  # what the model is like; its weights are not in here
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

    @property
    def nbytes(self) -> int:
        """What it holds in memory, about: the arrays, and a little for each token."""
        return super().nbytes + _TOKEN_BYTES * len(self.tokens)

    @property
    def sentences(self) -> frozenset[int]:
        """Which sentences have a token, 0 for A and 1 for B. One of control characters alone has none."""
        return frozenset(token.sentence for token in self.tokens if token.sentence is not None)

    @property
    def is_pair(self) -> bool:
        """Whether tokens of both sentences were read, so that one can follow the other."""
        return self.sentences >= {0, 1}

    # what is asked of the engine ----------------------------------------------------------------------------------
    @property
    def engine(self) -> Any:
        """What runs its model here. Raises BadModel where the model is not loaded, as after unpickling elsewhere."""
        return engine_of(self.spec)

    @property
    def model(self) -> Any:
        """The loaded model that made it, so that `run(trace.model, query)` runs another query. Raises BadModel."""
        return self.engine.model

    @property
    def wordpiece(self) -> Any:
        """Its model's tokenizer (a `tokenizers.Tokenizer`). Raises BadModel where the model is not loaded."""
        return self.engine.wordpiece

    def tokenize(self, query: Query) -> tuple[tuple[Token, ...], Cut]:
        """Another query's tokens by the same model, without a run. Raises BadQuery, BadModel."""
        return lay_out(self.spec, self.wordpiece, query)

    def text_of(self, row: int) -> str:
        """The piece in a row of the token table. Raises BadModel where the model is not loaded."""
        return text_of(self.wordpiece, row)

    def mlm_logits(self, positions: Sequence[int], layer: int | None = None) -> np.ndarray:
        """The masked-word head at these positions, (P, V), before softmax.

        layer : read the hidden state after that many layers (0 = embeddings) instead of the last one; the head was
        trained on the last layer only, so earlier answers are a reading, not a prediction of the model
        (the "logit lens", nostalgebraist 2020).
        Raises BadQuery for a position or layer that does not exist, Missing where the model has no such head.
        """
        layer = self.spec.n_layers if layer is None else layer
        check("layer", [layer], self.spec.n_layers + 1)
        check("position", positions, len(self.tokens))
        logits: np.ndarray = self.engine.logits(self.hidden[layer][list(positions)])
        return logits

    def replaced_logits(self) -> np.ndarray:
        """The logit that each token was replaced, (T,), before the sigmoid; ELECTRA's discriminator. Raises Missing."""
        logits: np.ndarray = self.engine.replaced(self.hidden[-1])
        return logits

    def task_logits(self) -> np.ndarray:
        """The task head's numbers: (C,) for labels of the text, (T, C) for labels of tokens, (T, 2) for a start and an end.

        Before softmax or sigmoid; `spec.task` says what they are. Raises Missing where no such head stands on the model.
        """
        logits: np.ndarray = self.engine.task(self.hidden[-1])
        return logits

    def next_sentence(self) -> np.ndarray:
        """`nsp`, (2,): that B follows A, and that it does not. Raises Missing where the model has no such head."""
        if self.nsp is None:
            raise Missing(f"{self.spec.title} has no next-sentence head: it cannot say whether B follows A.")
        return self.nsp

    def mlm_logits_by_layer(self, position: int) -> np.ndarray:
        """The masked-word head at one position after every layer, (L + 1, V); row l is `mlm_logits`'s for layer l.

        One multiplication for all layers: the head's table is read once, which is most of the time.
        Raises BadQuery for a position that does not exist, Missing where the model has no such head.
        """
        check("position", [position], len(self.tokens))
        logits: np.ndarray = self.engine.logits(self.hidden[:, position])
        return logits

    def head(self, layer: int, head: int) -> Head:
        """Every number of one head's step. Layers and heads count from 0. Raises BadQuery."""
        check("layer", [layer], self.spec.n_layers)
        check("head", [head], self.spec.n_heads)
        step: Head = self.engine.head(self.hidden[layer], layer, head, self._off(layer))
        return step

    def layer(self, layer: int, positions: Sequence[int] | None = None) -> LayerStep:
        """Every stage of one layer, from its input to its output. Layers count from 0. Raises BadQuery.

        positions : only these tokens' rows (P, H), in this order: two thirds of the work is saved.
        """
        check("layer", [layer], self.spec.n_layers)
        check("position", () if positions is None else positions, len(self.tokens))
        step: LayerStep = self.engine.layer(self.hidden[layer], layer, self._off(layer), positions)
        return step

    def _off(self, layer: int) -> list[int]:
        return [h for at, h in self.query.heads_off if at == layer]


@dataclass(frozen=True, eq=False)
class DecoderTrace(Trace):
    """All that `Trace` has (tokens, cut, hidden (L + 1, T, H), attention (L, A, T, T), head, layer), read leftwards.

    `attention` is 0 above the diagonal: row i sums to 1 over the columns 0 to i.
    """

    def logits(self, positions: Sequence[int]) -> np.ndarray:
        """The next-word head (P, V), before softmax: position i predicts the token at i + 1. Raises BadQuery."""
        return self.mlm_logits(positions)


def frozen(values: Any) -> np.ndarray:
    """float32 (whole numbers stay whole), contiguous, read-only: shared by every reader, changed by none."""
    array = np.asarray(values)
    kind = np.float32 if np.issubdtype(array.dtype, np.floating) else array.dtype
    array = np.ascontiguousarray(array, dtype=kind)
    array.flags.writeable = False
    return array


def check(what: str, values: Sequence[int], size: int) -> None:
    """Raises BadQuery for a position, layer or head that does not exist; they go from 0 to `size` - 1."""
    bad = [v for v in values if not 0 <= v < size]
    if bad:
        raise BadQuery(f"There is no {what} {bad[0]}: {what}s go from 0 to {size - 1} here.")
