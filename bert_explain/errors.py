"""The errors a reader can cause; see `core.errors`."""

from bert_explain.core.errors import BadModel, BadQuery, ExplainError, Missing

__all__ = ["BadModel", "BadQuery", "ExplainError", "Missing"]
