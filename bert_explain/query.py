"""The query, at its public address; see `core.query`."""

from bert_explain.core.query import CHOICES, Query

__all__ = ["CHOICES", "Query"]
