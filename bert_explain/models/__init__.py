"""Models by name, each loaded once per server. `models.load("mini-bert")` is the front door."""

from bert_explain.errors import BadModel
from bert_explain.models.decoder import Decoder, load_decoder
from bert_explain.models.elmo import Elmo, load_elmo
from bert_explain.models.encoder import Encoder
from bert_explain.models.registry import Entry, default_name, entries, load, one_thread, ready
from bert_explain.models.vectors import Vectors, load_vectors

__all__ = [
    "BadModel",
    "Decoder",
    "Elmo",
    "Encoder",
    "Entry",
    "Vectors",
    "default_name",
    "entries",
    "load",
    "load_decoder",
    "load_elmo",
    "load_vectors",
    "one_thread",
    "ready",
]
