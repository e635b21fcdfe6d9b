"""The trace and the run that makes it, at their public address; see `core.trace` and `engines`."""

from bert_explain.core.tokens import Cut, Token
from bert_explain.core.trace import Embeddings, Head, LayerStep, Trace
from bert_explain.engines.local import run, run_all

__all__ = ["Cut", "Embeddings", "Head", "LayerStep", "Token", "Trace", "run", "run_all"]
