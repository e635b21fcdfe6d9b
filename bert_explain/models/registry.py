"""Which models there are and how each is loaded: bundled with the app, from the hub, or from a local folder.

Weights are opened as safetensors, or as a pickle that may hold numbers only, and no code from a checkpoint is run. A name
that a reader types or puts in a link is looked up here and never passed on: what may be loaded is decided by whoever
starts the server (`--model PATH`, BERT_EXPLAIN_MODEL, BERT_EXPLAIN_MODELS, and the settings in allowed.py). Loading
downloads nothing: `fetch` does, when somebody asked for it.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from bert_explain import families
from bert_explain.core import places
from bert_explain.errors import BadModel
from bert_explain.models import allowed, hub, task_heads, trial
from bert_explain.models.allowed import Entry
from bert_explain.models.encoder import Encoder, from_hugging_face
from bert_explain.models.folder import opened, read_config, read_weights
from bert_explain.models.loaded import Shelf

ASSETS = places.ASSETS / "models"
ENV_MODEL = "BERT_EXPLAIN_MODEL"
ENV_MODELS = "BERT_EXPLAIN_MODELS"

Progress = Callable[[float, str], None]


BUNDLED = Entry(
    "mini-bert",
    "mini-bert",
    "bundled",
    str(ASSETS / "mini-bert"),
    "6 layers, 12 heads, 384 numbers a token; always there",
)


def entries() -> dict[str, Entry]:
    """The models that this server may load, by name; the one given at the start comes first.

    BERT_EXPLAIN_MODELS (names, comma-separated) narrows the list, for servers with little memory or no network.
    """
    return dict(_entries(os.environ.get(ENV_MODELS, ""), given_at_start(), allowed.settings().models))


@lru_cache(maxsize=8)
def _entries(narrowed: str, given: str, listed: tuple[Entry, ...]) -> dict[str, Entry]:
    wanted = [name.strip() for name in narrowed.split(",") if name.strip()]
    every = {BUNDLED.name: BUNDLED, **{entry.name: entry for entry in listed}}
    found = {name: e for name, e in every.items() if not wanted or name in wanted} or {BUNDLED.name: BUNDLED}
    if not given or given in found:
        return {given: found[given], **found} if given else found
    path = Path(given).expanduser()
    name = path.resolve().name or "local"
    name = f"{name} (local)" if name in found else name
    return {name: Entry(name, name, "local", str(path.resolve()), "the folder given when the app was started"), **found}


def entry(name: str) -> Entry | None:
    """The model of that name, "" the default one; where any may be loaded, a repository of the hub too. None: it may not be."""
    return entries().get(name or default_name()) or _made(name) or allowed.unlisted(name)


def add(model: Encoder) -> None:
    """A model that this server made itself: its name opens it for as long as it is held; it is in nobody's list."""
    _loaded[Entry(model.name, model.title, "made", "", "made on this server, by training one of the others")] = model


def _made(name: str) -> Entry | None:
    """A model that was added, while it is held."""
    return next((entry for entry in _loaded if entry.source == "made" and entry.name == name), None)


def made() -> list[Entry]:
    """The models that this server made itself and holds."""
    return [entry for entry in _loaded if entry.source == "made"]


def here(entry: Entry) -> bool:
    """Whether a model can be loaded without asking the hub."""
    return entry.source != "hub" or _loaded.get(entry) is not None or hub.cached(entry.where, entry.revision) is not None


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
_being_opened: dict[Entry, threading.Lock] = {}  # two readers who ask for one model at once wait for one opening
_opening = threading.Lock()  # transformers changes settings of the whole process while it opens a model: one at a time


def load(name: str = "") -> Encoder:
    """The encoder of that name; the same read-only object for every caller. '' means the default model.

    Raises BadModel, with what to do, for an unknown name, a folder without weights, or a model that is not on this disk:
    nothing is downloaded (see `fetch`). A model that takes long to open makes nobody wait who asks for another.
    """
    wanted = entry(name)
    if wanted is None:
        raise BadModel(f"There is no model called “{name[:80]}” here. There is: {', '.join(entries())}.")
    model = _loaded.get(wanted)
    if model is None:
        with _being_opened.setdefault(wanted, threading.Lock()):
            model = _load(wanted)
    return model


def fetch(entry: Entry, progress: Progress, most: int | None = None) -> Path:
    """Download a model of the hub, because somebody asked for it; its folder. Raises BadModel.

    progress : called in this thread with (share from 0 to 1, what is happening); what it raises ends the download.
    most : bytes that its files may have, where no list says so.
    """
    return hub.fetch(entry.where, entry.title, progress, entry.revision, entry.size or most)


def prepare() -> None:
    """At the start of a server: whoever named a model of the hub to begin with has asked for its download. Raises BadModel."""
    first = entry("")
    if first is not None and not here(first):
        fetch(first, lambda share, what: None)
    load()


def ready(name: str = "") -> Encoder | None:
    """The encoder of that name if it is in memory; nothing is loaded."""
    wanted = entry(name)
    return None if wanted is None else _loaded.get(wanted)


def _load(entry: Entry) -> Encoder:
    found = _loaded.get(entry)
    if found is not None:
        return found
    folder = hub.cached(entry.where, entry.revision) if entry.source == "hub" else Path(entry.where)
    if folder is None:
        raise BadModel(f"{entry.title} is not on this machine.")
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
    module, tokenizer, lost, left = read_weights(folder, config, family)
    missing = " ".join(lost)
    heads = frozenset(part for part, keys in family.heads.items() if not any(key in missing for key in keys))
    found = task_heads.find(title, config, family, left, "pooler" in heads)
    model = from_hugging_face(name, title, module, tokenizer, heads, **found)
    trial.check(model, folder)
    return model
