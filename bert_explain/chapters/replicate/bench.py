"""The models of a trial, run in a job: traces of a table's rows are used once and not kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from bert_explain import models
from bert_explain.core.spec import ModelSpec
from bert_explain.core.tokens import Token
from bert_explain.engines.cache import LAID
from bert_explain.engines.local import LocalEngine
from bert_explain.kernel.tasks import Task
from bert_explain.models.batches import without_heads, words_vectors
from bert_explain.models.decoder import Decoder, load_decoder
from bert_explain.models.elmo import Elmo, load_elmo
from bert_explain.models.encoder import Encoder
from bert_explain.query import Query
from bert_explain.tokenize import tokenize
from bert_explain.trace import Trace, run
from bert_explain.trace_decoder import DecoderTrace, run_decoder
from bert_explain.trace_elmo import ElmoTrace, run_elmo
from bert_explain.training import fine_tuning
from bert_explain.training.fine_tuning import Recipe, Tuned


class Live:
    """The encoder of this name, and beside it the decoder and ELMo; each is loaded when it is first asked."""

    def __init__(self, name: str, encoder: Encoder | None = None) -> None:
        self.encoder = models.load(name) if encoder is None else encoder
        self.spec: ModelSpec = self.encoder.spec

    def tokens(self, query: Query) -> Sequence[Token]:
        """The query's tokens, without a run."""
        # Kept where pages keep those of their texts: the rows of a table are cut in every run of the page.
        return LAID.get((self.spec.name, self.spec.fingerprint, query), lambda: tokenize(self.encoder, query))[0]

    def piece(self, word: str) -> int | None:
        """The row of a word that is one piece of the vocabulary; None for every other."""
        if not word.strip():
            return None
        ids = self.encoder.wordpiece.encode(word.strip(), add_special_tokens=False).ids
        return ids[0] if len(ids) == 1 and ids[0] not in self.spec.special.ids else None

    def run(self, query: Query) -> Trace:
        """One forward pass of the encoder."""
        return run(self.encoder, query)

    def without_heads(self, query: Query, position: int, on: np.ndarray) -> np.ndarray:
        """(N, V) logits at a position, with some heads off in N ways; `on` (N, L, A) is 0 where one is off."""
        ids = [token.id for token in self.tokens(query)]
        return LocalEngine(self.encoder).logits(without_heads(self.encoder, ids, position, on))

    @cached_property
    def _decoder(self) -> Decoder:
        return load_decoder()

    @cached_property
    def _elmo(self) -> Elmo:
        return load_elmo()

    def decoder(self, text: str) -> DecoderTrace:
        """A text as the decoder reads it."""
        return run_decoder(self._decoder, text)

    def words(self, texts: Sequence[str], spans: Sequence[Sequence[tuple[int, int]]]) -> np.ndarray:
        """(L + 1, W, H): the vectors of some words of many sentences, text after text; NaN for a word that is not read."""
        return words_vectors(self.encoder, texts, spans)

    def unfit(self, kind: str, decoder: bool = False) -> str:
        """Why the encoder, or the decoder, is not fine-tuned here; "" where it is."""
        return fine_tuning.unfit(self._decoder if decoder else self.encoder, kind)

    def trained(self, task: Task, recipe: dict[str, Any], progress: Callable[..., None], decoder: bool = False) -> Tuned:
        """The encoder, or the decoder, fine-tuned on a task; it is not kept. recipe : what `Recipe` takes beside the names."""
        model = self._decoder if decoder else self.encoder
        return fine_tuning.train(model, task, Recipe(model.name, task.name, **recipe), progress)

    def elmo(self, text: str) -> ElmoTrace:
        """A text as ELMo reads it."""
        return run_elmo(self._elmo, text)
