"""mini-gpt: the same shape, vocabulary and text as mini-bert, but each position sees only the past and says the next word."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers.models.bert.configuration_bert import BertConfig
from transformers.models.bert.modeling_bert import BertForPreTraining, BertLMHeadModel

from bert_explain.training import options, pairs
from bert_explain.training.pieces import Pieces

VALIDATION = 240  # texts of each length that are measured


def start(encoder: Path, dropout: float = 0.0) -> BertLMHeadModel:
    """A decoder that begins with an encoder's weights: the same tensors, read through a causal mask. Or with a decoder's."""
    settings: dict[str, Any] = {
        "use_cache": False,
        "hidden_dropout_prob": dropout,
        "attention_probs_dropout_prob": dropout,
        "attn_implementation": options.attention(),
        "local_files_only": True,
    }
    if BertConfig.from_pretrained(encoder, local_files_only=True).is_decoder:
        return BertLMHeadModel.from_pretrained(encoder, dtype=torch.float32, **settings)
    config = BertConfig.from_pretrained(encoder, is_decoder=True, add_cross_attention=False, **settings)
    source = BertForPreTraining.from_pretrained(encoder, local_files_only=True, dtype=torch.float32)
    model = BertLMHeadModel(config)
    loaded = model.load_state_dict(source.state_dict(), strict=False)
    if loaded.missing_keys:
        raise ValueError(f"{encoder} lacks {', '.join(loaded.missing_keys)}")
    model.tie_weights()
    return model


def opened(folder: Path) -> BertLMHeadModel:
    """A trained decoder, in float32, as it is shipped."""
    return BertLMHeadModel.from_pretrained(folder, local_files_only=True, dtype=torch.float32)


class NextWord(nn.Module):
    """The decoder's loss as one module's forward pass."""

    def __init__(self, model: BertLMHeadModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """-> (logits where a next word is known (M, V), that word (M,))."""
        hidden = self.model.bert(batch["ids"], batch["attention"])[0]
        asked = batch["labels"] != pairs.IGNORED  # (B, T)
        return self.model.cls.predictions(hidden[asked]), batch["labels"][asked]


def loss(decoder: nn.Module, batch: dict[str, Tensor]) -> tuple[Tensor, int]:
    """Mean negative log likelihood of the next piece. Source: Radford et al. 2018, 3.1."""
    words, labels = decoder(batch)
    return F.cross_entropy(words.float(), labels), int(batch["attention"].sum())


def measure(decoder: NextWord, pieces: Pieces, *, count: int = VALIDATION, seed: int = 1234) -> dict[str, float]:
    """On held-out documents: perplexity a piece, and how often the next piece comes first (top-1)."""
    device = next(decoder.parameters()).device
    total, right, asked = 0.0, 0, 0
    for length, _ in pairs.LENGTHS:
        rng = np.random.default_rng((seed, length))
        for _ in range(max(1, count // 12)):
            batch = {name: torch.as_tensor(values).to(device) for name, values in pairs.runs(pieces, 12, length, rng).items()}
            words, labels = decoder(batch)
            total += float(F.cross_entropy(words.float(), labels, reduction="sum"))
            right += int((words.argmax(-1) == labels).sum())
            asked += len(labels)
    return {"perplexity": math.exp(total / asked), "next_top1": right / asked}


def main(arguments: list[str] | None = None) -> int:
    """Train mini-gpt from an encoder's weights and put the result in `--out`."""
    chosen = options.parser("gpt", __doc__, rate=4e-4).parse_args(arguments)
    torch.manual_seed(chosen.seed)
    source = start(chosen.weights, chosen.dropout)
    options.run(chosen, "gpt", NextWord(source), loss, measure, source)
    return 0
