"""ELMo models by name, each loaded once per server. `load_elmo()` gives the bundled one.

Like the encoders, what may be loaded is decided by whoever starts the server (`--elmo FOLDER`, BERT_EXPLAIN_ELMO).
"""

from __future__ import annotations

import string
import threading
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from bert_explain.core.errors import BadModel, Missing
from bert_explain.core.trace_elmo import ElmoSpec
from bert_explain.models import elmo_format, fingerprint, loaded
from bert_explain.models.bilm import BiLM
from bert_explain.models.characters import UNKNOWN, batch, cropped
from bert_explain.models.registry import ASSETS, given

MINI = "mini-elmo"
ENV_ELMO = "BERT_EXPLAIN_ELMO"


@dataclass(frozen=True, eq=False)
class Elmo:
    """A loaded, read-only biLM. Safe from many threads: nothing in it changes after loading."""

    name: str
    title: str
    module: BiLM = field(repr=False)
    words: tuple[str, ...] = field(repr=False)  # the softmax's vocabulary; empty where the model predicts no words

    @cached_property
    def spec(self) -> ElmoSpec:
        """What there is to know without the weights, made once (the fingerprint reads every weight)."""
        made = fingerprint.of_module(self.module)
        spec = ElmoSpec(self.name, self.title, self.n_layers, self.projection, len(self.words), made)
        loaded.note(self, spec)
        return spec

    @property
    def nbytes(self) -> int:
        """Bytes of its weights, and of the table of encodings that is made at first use."""
        return 4 * (self.parameters + len(self.words) * self.projection)

    @property
    def n_layers(self) -> int:
        """LSTM layers; an embedding has one layer more, the token encoding."""
        return self.module.options.n_layers

    @property
    def projection(self) -> int:
        """P: numbers a direction and layer."""
        return self.module.options.projection

    @property
    def size(self) -> int:
        """Numbers in each layer of a word's embedding, both directions side by side: 2 P."""
        return 2 * self.projection

    @property
    def has_words(self) -> bool:
        """Whether the softmax is there. The original's published files leave it out."""
        return bool(self.words)

    @property
    def parameters(self) -> int:
        """Number of trained numbers, the softmax included."""
        return sum(p.numel() for p in self.module.parameters())

    @cached_property
    def index(self) -> dict[str, int]:
        """Each word's row in the softmax."""
        return {word: i for i, word in enumerate(self.words)}

    def encode(self, words: list[str]) -> Tensor:
        """Context-free token encodings, (W, P); each different word goes through the character CNN once."""
        if not words:
            return torch.zeros(0, self.projection)
        different = list(dict.fromkeys(words))
        at = {word: i for i, word in enumerate(different)}
        options = self.module.options
        ids = cropped(batch(different, options.max_characters), options.widest)
        return self.module.token(torch.from_numpy(ids.astype(np.int64)))[[at[word] for word in words]]

    @cached_property
    def encodings(self) -> np.ndarray:
        """Token encodings of the whole vocabulary, (V, P), float32, read-only: made at first use, about a second."""
        with _once, torch.inference_mode():
            table = np.zeros((len(self.words), self.projection), dtype=np.float32)
            order = sorted(range(len(self.words)), key=lambda i: len(self.words[i]))  # short words need few characters
            for i in range(0, len(order), 512):
                rows = order[i : i + 512]
                table[rows] = self.encode([self.words[row] for row in rows]).numpy()
        table.flags.writeable = False
        return table

    @cached_property
    def usual_filters(self) -> np.ndarray:
        """Mean and standard deviation of each filter's answer over the 2,000 most frequent words, (2, F), read-only.

        Without a vocabulary (the original's files) over single letters and digits.
        """
        options = self.module.options
        words = self.words[3:2003] or tuple(string.ascii_letters + string.digits)
        ids = torch.from_numpy(cropped(batch(words, options.max_characters), options.widest).astype(np.int64))
        with torch.inference_mode():
            fired = torch.cat([self.module.token.filters(chunk) for chunk in ids.split(512)])
        table = torch.stack([fired.mean(0), fired.std(0)]).numpy()
        table.flags.writeable = False
        return table

    def word_logits(self, states: Tensor) -> Tensor:
        """The shared softmax's scores for top states (..., P) -> (..., V). Raises Missing."""
        if self.module.softmax is None:
            raise Missing(f"{self.title} comes without its softmax: it gives vectors, but predicts no words.")
        return self.module.softmax(states)

    def row(self, word: str) -> int:
        """A word's row in the softmax; words that are not in the vocabulary share the row of <UNK>."""
        return self.index.get(word, self.index.get(UNKNOWN, 0))


_once = threading.Lock()
_loading = threading.Lock()
_loaded = loaded.Shelf()


def elmo_names() -> list[str]:
    """The ELMo models that this server may load; the one given at the start comes first."""
    return list(_folders())


def load_elmo(name: str = "") -> Elmo:
    """The biLM of that name, the same read-only object for every caller; '' is the default. Raises BadModel."""
    folders = _folders()
    name = name or next(iter(folders))
    folder = folders.get(name)
    if folder is None:
        raise BadModel(f"There is no ELMo model called “{name[:80]}” here. There is: {', '.join(folders)}.")
    found = _loaded.get(folder)
    if found is None:
        with _loading:
            found = _loaded.get(folder)
            if found is None:
                found = _loaded[folder] = from_folder(folder, name)
    return found


def elmo_ready(name: str = "") -> Elmo | None:
    """The biLM of that name if it is in memory; nothing is loaded."""
    folders = _folders()
    folder = folders.get(name or next(iter(folders)))
    return None if folder is None else _loaded.get(folder)


def from_folder(folder: Path, name: str) -> Elmo:
    """An ELMo model from a folder in the original's format or in ours. Raises BadModel."""
    module, words = elmo_format.read(Path(folder))
    return Elmo(name, name, module, words)


def _folders() -> dict[str, Path]:
    folder = given("--elmo", ENV_ELMO)
    bundled = {MINI: ASSETS / MINI}
    if not folder or folder == MINI:
        return bundled
    path = Path(folder).expanduser().resolve()
    name = path.name or "local"
    return {f"{name} (local)" if name in bundled else name: path, **bundled}
