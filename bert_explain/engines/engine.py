"""The protocol of an engine.

An engine runs one model. It takes and gives plain values (a query, numpy arrays, records), so that one in another process
can stand in for one in this: it has to give the same numbers to 1e-6.

T tokens, P positions asked for, H hidden size, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from bert_explain.core.query import Query
from bert_explain.core.spec import ModelSpec
from bert_explain.core.target import Target
from bert_explain.core.trace import Head, LayerStep, LayerWeights, Tables, Trace


class Engine(Protocol):
    """What runs one model of the BERT family. Safe from many threads."""

    spec: ModelSpec

    @property
    def model(self) -> Any:
        """What `run` takes as its model; a handle, for those above."""

    @property
    def wordpiece(self) -> Any:
        """The model's tokenizer (a `tokenizers.Tokenizer`, read only)."""

    def run(self, query: Query) -> Trace:
        """The one forward pass. Raises BadQuery."""

    def run_all(self, queries: Sequence[Query]) -> list[Trace]:
        """`run` of several queries in one pass: a layer's weights are read once for all. Raises BadQuery."""

    def logits(self, states: np.ndarray) -> np.ndarray:
        """The masked-word (or next-word) head on hidden states (P, H): (P, V), before softmax. Raises Missing."""

    def replaced(self, states: np.ndarray) -> np.ndarray:
        """The logit that each token was replaced, (P, H) -> (P,), before the sigmoid. Raises Missing."""

    def task(self, states: np.ndarray) -> np.ndarray:
        """The task head on the last layer's vectors (T, H): (C,), (T, C) or (T, 2), see `Trace.task_logits`. Raises Missing."""

    def read(self, queries: Sequence[Query], targets: Sequence[Target]) -> tuple[np.ndarray, np.ndarray]:
        """Of N queries: the log-odds of a target each, (N,) float64, and which choice of its head comes first, (N,) int.

        Raises BadQuery, Missing.
        """

    def gradients(self, query: Query, target: Target, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The target where these rows of the token table, (N, T, E), stand in the query's place, and how it changes with them.

        Returns the log-odds (N,) and their gradients by the rows (N, T, E), both float64. Raises BadQuery, Missing.
        """

    def head(self, states: np.ndarray, layer: int, head: int, off: Sequence[int] = ()) -> Head:
        """One head's step on the layer's input (T, H)."""

    def layer(self, states: np.ndarray, layer: int, off: Sequence[int] = (), positions: Sequence[int] | None = None) -> LayerStep:
        """One layer on its input (T, H), stage by stage; of these positions only."""

    def tables(self) -> Tables:
        """The embedding tables."""

    def weights(self, layer: int) -> LayerWeights:
        """A layer's trained numbers."""

    def nsp_weights(self) -> tuple[np.ndarray, np.ndarray]:
        """The next-sentence head: (2, H) and (2,). Raises Missing."""
