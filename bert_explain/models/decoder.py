"""The decoder of the OpenAI Transformer (Radford et al. 2018): the encoder's layers, with every look ahead forbidden.

Same layers, same sizes, same WordPiece vocabulary as the bundled encoder; what differs is one triangle of minus infinity
in the attention and the task: to predict the next token. Hugging Face's `BertLMHeadModel` with `is_decoder=True` holds
the weights (no cross-attention, no pooler); a test compares every stage with its own forward pass.

Texts start with [CLS], the start token; sentence A ends with [SEP], B follows and ends with [SEP]; all segments are 0.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bert_explain import families
from bert_explain.errors import BadModel
from bert_explain.models import fingerprint, trial
from bert_explain.models.encoder import Encoder, from_hugging_face
from bert_explain.models.folder import opened, read_config, read_weights
from bert_explain.models.loaded import Shelf
from bert_explain.models.registry import ASSETS, given

OPTION, VARIABLE = "--decoder", "BERT_EXPLAIN_DECODER"
BUNDLED = "mini-gpt"


class Past:
    """The keys and values (A, T, d) of every layer for the T tokens `ids` that a decoder has read: a key/value cache."""

    def __init__(self) -> None:
        self.ids: tuple[int, ...] = ()
        self._kept: dict[int, tuple[Tensor, Tensor]] = {}

    def keep(self, layer: int, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Those of new tokens (A, N, d) put behind the old ones. -> all of them (A, T + N, d)."""
        if layer in self._kept:
            before = self._kept[layer]
            k, v = torch.cat([before[0], k], dim=1), torch.cat([before[1], v], dim=1)
        self._kept[layer] = k, v
        return k, v

    def forget(self) -> None:
        """Begin anew."""
        self.ids = ()
        self._kept.clear()


@dataclass(frozen=True, eq=False)
class Decoder(Encoder):
    """A loaded, read-only decoder. `load_decoder` makes one; `from_module` wraps your own weights."""

    causal: bool = True

    @property
    def has_segments(self) -> bool:
        """Sentences are told apart by [SEP] alone: every token reads the same segment row."""
        return False

    @property
    def family(self) -> str:
        return "gpt"

    @cached_property
    def fingerprint(self) -> str:
        """As an encoder's; without the mask the same weights give other numbers."""
        return fingerprint.of_module(self.module) + ("" if self.causal else "-lifted")

    def allowed(self, scores: Tensor) -> Tensor:
        """Scores (A, T, T) with minus infinity wherever a token would look ahead: the softmax makes these exactly 0.

        Vaswani et al. 2017, section 3.2.3: "masking out (setting to -inf) all values in the input of the softmax
        which correspond to illegal connections".
        """
        if not self.causal:
            return scores
        looking, seen = scores.shape[-2:]  # fewer rows than columns where only the last tokens are looked from
        ahead = torch.ones(looking, seen, dtype=torch.bool).triu(1 + seen - looking)  # True above the diagonal
        return scores.masked_fill(ahead, float("-inf"))

    def attend_on(self, layer: int, x: Tensor, past: Past) -> Tensor:
        """`attend`'s "joined" for new tokens x (N, H) that follow those in `past`, which keeps theirs as well.

        No token looks ahead, so the keys and values of those before it are what they were: only the new rows are computed.
        """
        m = self.layers[layer]
        q, k, v = self.split(m.query(x)), self.split(m.key(x)), self.split(m.value(x))  # (A, N, d)
        k, v = past.keep(layer, k, v)  # (A, T, d)
        scores = self.allowed(torch.matmul(q, k.transpose(1, 2)) / math.sqrt(self.head_size))  # (A, N, T)
        return self.join(torch.matmul(torch.softmax(scores, dim=-1), v))

    def lifted(self) -> Decoder:
        """The same weights without the mask, for comparison only: it was never trained to look ahead."""
        return self._lifted

    @cached_property
    def _lifted(self) -> Decoder:
        return replace(self, causal=False)

    @property
    def nbytes(self) -> int:
        """Bytes of its weights; lifted, it has those of the one that it was made from."""
        return super().nbytes if self.causal else 0


def load_decoder(name: str = "") -> Decoder:
    """The decoder of that name; the same read-only object for every caller. '' means the default one.

    The bundled one is "mini-gpt"; a folder given at the start (`--decoder PATH`, BERT_EXPLAIN_DECODER) comes first.
    Raises BadModel, with what to do, for an unknown name or a folder that does not hold a decoder.
    """
    known = decoders()
    name = name or next(iter(known))
    if name not in known:
        raise BadModel(f"There is no decoder called “{name[:80]}” here. There is: {', '.join(known)}.")
    folder = known[name]
    found = _loaded.get(folder)
    if found is None:
        with _opening:
            found = _loaded.get(folder)
            if found is None:
                found = _loaded[folder] = from_folder(folder, name, name)
    return found


def decoder_ready(name: str = "") -> Decoder | None:
    """The decoder of that name if it is in memory; nothing is loaded."""
    known = decoders()
    folder = known.get(name or next(iter(known)))
    return None if folder is None else _loaded.get(folder)


def decoders() -> dict[str, Path]:
    """The decoders that this server may load, and their folders; the one given at the start comes first."""
    bundled = {BUNDLED: ASSETS / BUNDLED}
    path = given(OPTION, VARIABLE)
    if not path or path == BUNDLED:
        return bundled
    folder = Path(path).expanduser().resolve()
    name = f"{folder.name} (local)" if folder.name in bundled else folder.name or "local"
    return {name: folder, **bundled}


_loaded = Shelf()
_opening = threading.Lock()


def from_folder(folder: Path, name: str, title: str) -> Decoder:
    """Load a folder that `BertLMHeadModel.save_pretrained` and its tokenizer wrote. Raises BadModel."""
    return opened(folder, OPTION, lambda: _open(folder, name, title))


def _open(folder: Path, name: str, title: str) -> Decoder:
    from transformers.models.bert.modeling_bert import BertLMHeadModel

    config = read_config(folder)
    if config.model_type != "bert" or not config.is_decoder:
        kind = "an encoder" if config.model_type == "bert" else f"a {config.model_type} model"
        raise BadModel(f"{folder.name} is {kind}. It must be a bert model whose config.json says is_decoder: true.")
    if config.add_cross_attention or getattr(config, "position_embedding_type", "absolute") != "absolute":
        raise BadModel(f"{folder.name} is not a plain decoder: it has cross-attention, or its positions are relative.")
    module, tokenizer, missing, _ = read_weights(folder, config, families.of("bert"), BertLMHeadModel)
    if any("cls.predictions" in key for key in missing):
        raise BadModel(f"{folder.name} has no next-word head: its file lacks {missing[0]}.")
    model = from_module(name, title, module, tokenizer)
    trial.check(model, folder)
    return model


def from_module(name: str, title: str, module: Any, tokenizer: Any) -> Decoder:
    """Wrap a `BertLMHeadModel` with `is_decoder=True`."""
    model = from_hugging_face(name, title, module, tokenizer, frozenset({"mlm"}), Decoder)
    assert isinstance(model, Decoder)
    return model
