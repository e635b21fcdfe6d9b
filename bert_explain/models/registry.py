"""Which models there are and how each is loaded: bundled with the app, from the hub, or from a local folder.

Weights are opened as safetensors, or as a pickle that may hold numbers only, and no code from a checkpoint is run. A name
that a reader types or puts in a link is looked up here and never passed on: what may be loaded is decided by whoever
starts the server (`--model PATH`, BERT_EXPLAIN_MODEL, BERT_EXPLAIN_MODELS).
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from bert_explain import families
from bert_explain.errors import BadModel
from bert_explain.models import trial
from bert_explain.models.encoder import Encoder, from_hugging_face
from bert_explain.models.folder import opened, read_config, read_weights
from bert_explain.models.loaded import Shelf

ASSETS = Path(__file__).resolve().parents[2] / "assets" / "models"
ENV_MODEL = "BERT_EXPLAIN_MODEL"
ENV_MODELS = "BERT_EXPLAIN_MODELS"

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Entry:
    """One line of the registry. `where` is a folder (bundled, local) or a hub id."""

    name: str
    title: str
    source: Literal["bundled", "hub", "local"]
    where: str
    about: str


def _from_hub(name: str, title: str, about: str) -> Entry:
    return Entry(name, title, "hub", f"google-bert/{name}", f"{about} from the hub")


BUILT_IN = (
    Entry(
        "mini-bert",
        "mini-bert",
        "bundled",
        str(ASSETS / "mini-bert"),
        "6 layers, 12 heads, 384 numbers a token; always there",
    ),
    _from_hub("bert-base-uncased", "BERT-base, uncased", "12 layers, 12 heads, 768 numbers a token; 440 MB"),
    _from_hub("bert-large-uncased", "BERT-large, uncased", "24 layers, 16 heads, 1024 numbers a token; 1.3 GB"),
    _from_hub("bert-base-cased", "BERT-base, cased", "keeps capitals and accents; 436 MB"),
    _from_hub("bert-base-multilingual-cased", "BERT-base, 104 languages", "714 MB"),
)


def entries() -> dict[str, Entry]:
    """The models that this server may load, by name; the one given at the start comes first.

    BERT_EXPLAIN_MODELS (names, comma-separated) narrows the built-in list, for servers with little memory or
    no network.
    """
    return dict(_entries(os.environ.get(ENV_MODELS, ""), given_at_start()))


@lru_cache(maxsize=8)
def _entries(allowed: str, given: str) -> dict[str, Entry]:
    wanted = [name.strip() for name in allowed.split(",") if name.strip()]
    found = {e.name: e for e in BUILT_IN if not wanted or e.name in wanted} or {BUILT_IN[0].name: BUILT_IN[0]}
    if not given or given in found:
        return {given: found[given], **found} if given else found
    path = Path(given).expanduser()
    name = path.resolve().name or "local"
    name = f"{name} (local)" if name in found else name
    return {name: Entry(name, name, "local", str(path.resolve()), "the folder given when the app was started"), **found}


def default_name() -> str:
    """The model a new reader sees: the one given at the start, else mini-bert."""
    return next(iter(entries()))


def given_at_start() -> str:
    """`--model` after `streamlit run app.py --`, else the environment variable BERT_EXPLAIN_MODEL, else ''."""
    return given("--model", ENV_MODEL)


def given(option: str, variable: str) -> str:
    """What this server was started with: `option` on its command line, else the environment variable, else ''."""
    return _given(option, tuple(sys.argv[1:]), os.environ.get(variable, ""))


@lru_cache(maxsize=32)
def _given(option: str, arguments: tuple[str, ...], default: str) -> str:
    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False, allow_abbrev=False)
    parser.add_argument(option, dest="value", default=default)
    try:
        return parser.parse_known_args(arguments)[0].value.strip()
    except argparse.ArgumentError:
        return default.strip()


def one_thread() -> None:
    """Let each forward pass run on one thread: many readers at once are served faster so than by threads that wait."""
    import torch

    torch.set_num_threads(1)


_loaded = Shelf()
_fetching: dict[Entry, threading.Lock] = {}  # two readers who ask for one model at once wait for one download
_opening = threading.Lock()  # transformers changes settings of the whole process while it opens a model: one at a time


def load(name: str = "", progress: Progress | None = None) -> Encoder:
    """The encoder of that name; the same read-only object for every caller. '' means the default model.

    progress : called in this thread with (share from 0 to 1, what is happening) while a hub model is downloaded.
    Raises BadModel, with what to do, for an unknown name, a folder without weights, or a hub that cannot be reached.
    A download makes nobody wait who asks for another model.
    """
    known = entries()
    entry = known.get(name or default_name())
    if entry is None:
        raise BadModel(f"There is no model called “{name[:80]}” here. There is: {', '.join(known)}.")
    model = _loaded.get(entry)
    if model is None:
        with _fetching.setdefault(entry, threading.Lock()):
            model = _load(entry, progress or _silent)
    return model


def ready(name: str = "") -> Encoder | None:
    """The encoder of that name if it is in memory; nothing is loaded."""
    entry = entries().get(name or default_name())
    return None if entry is None else _loaded.get(entry)


def _silent(share: float, what: str) -> None:
    """Nobody is watching."""


def _load(entry: Entry, progress: Progress) -> Encoder:
    found = _loaded.get(entry)
    if found is not None:
        return found
    folder = _download(entry, progress) if entry.source == "hub" else Path(entry.where)
    with _opening:
        model = _loaded[entry] = from_folder(folder, entry.name, entry.title)
    return model


def from_folder(folder: Path, name: str, title: str) -> Encoder:
    """Load a Hugging Face folder (config.json, weights, tokenizer files), and try it on two words. Raises BadModel."""
    return opened(folder, "--model", lambda: _open(folder, name, title))


def _open(folder: Path, name: str, title: str) -> Encoder:
    config = read_config(folder)
    family = families.of(config.model_type, folder.name)
    if getattr(config, "is_decoder", False) or getattr(config, "position_embedding_type", "absolute") != "absolute":
        raise BadModel(f"{folder.name} is not a plain encoder: it looks only backwards, or its positions are relative.")
    module, tokenizer, lost = read_weights(folder, config, family)
    missing = " ".join(lost)
    heads = frozenset(part for part, keys in family.heads.items() if not any(key in missing for key in keys))
    model = from_hugging_face(name, title, module, tokenizer, heads)
    trial.check(model, folder)
    return model


def _download(entry: Entry, progress: Progress) -> Path:
    """The hub's copy of the model, from the cache on disk when it is there. Raises BadModel when it cannot be had."""
    from bert_explain.models.hub import snapshot

    return snapshot(entry.where, entry.title, progress)
