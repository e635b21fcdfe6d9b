"""Models by name, each loaded once per server. `models.load("mini-bert")` is the front door."""

from bert_explain.errors import BadModel
from bert_explain.models.allowed import Entry, may_download
from bert_explain.models.decoder import Decoder, load_decoder
from bert_explain.models.elmo import Elmo, load_elmo
from bert_explain.models.encoder import Encoder
from bert_explain.models.hub import Plan, plan
from bert_explain.models.registry import default_name, entries, entry, fetch, here, load, one_thread, prepare, ready
from bert_explain.models.vectors import Vectors, load_vectors

__all__ = [
    "BadModel",
    "Decoder",
    "Elmo",
    "Encoder",
    "Entry",
    "Plan",
    "Vectors",
    "default_name",
    "entries",
    "entry",
    "fetch",
    "here",
    "load",
    "load_decoder",
    "load_elmo",
    "load_vectors",
    "may_download",
    "one_thread",
    "plan",
    "prepare",
    "ready",
]
