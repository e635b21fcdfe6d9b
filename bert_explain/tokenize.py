"""From two sentences to the tokens a loaded model reads; see `core.tokens`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bert_explain.core.query import Query
from bert_explain.core.tokens import Cut, Token, lay_out

if TYPE_CHECKING:
    from bert_explain.models.encoder import Encoder

__all__ = ["Cut", "Token", "tokenize"]


def tokenize(model: Encoder, query: Query) -> tuple[tuple[Token, ...], Cut]:
    """The query's tokens, T records, and what was cut. Raises BadQuery for positions or ids that do not exist."""
    return lay_out(model.spec, model.wordpiece, query)
