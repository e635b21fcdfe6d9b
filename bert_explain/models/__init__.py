"""Models by name, each loaded once per server. `models.load("mini-bert")` is the front door."""

from bert_explain.errors import BadModel
from bert_explain.models.encoder import Encoder
from bert_explain.models.registry import Entry, default_name, entries, load, one_thread

__all__ = ["BadModel", "Encoder", "Entry", "default_name", "entries", "load", "one_thread"]
