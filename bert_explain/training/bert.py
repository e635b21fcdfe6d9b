"""mini-bert: masked words and next sentence, both losses summed, as BERT was trained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers.models.bert.modeling_bert import BertForPreTraining

from bert_explain.training import options, pairs
from bert_explain.training.pieces import Pieces

VALIDATION = 400  # pairs of each length that are measured


def start(folder: Path, dropout: float = 0.0) -> BertForPreTraining:
    """The model to train on from, in float32. Few epochs are seen, so dropout is off unless asked for."""
    return BertForPreTraining.from_pretrained(
        folder,
        local_files_only=True,
        dtype=torch.float32,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
        attn_implementation=options.attention(),
    )


class Heads(nn.Module):
    """The two losses as one module's forward pass, so that several processes share their gradients."""

    def __init__(self, model: BertForPreTraining) -> None:
        super().__init__()
        self.model = model

    def forward(self, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """-> (logits of the masked words (M, V), their labels (M,), logits of next sentence (B, 2))."""
        hidden, pooled = self.model.bert(batch["ids"], batch["attention"], batch["segments"])[:2]
        asked = batch["labels"] != pairs.IGNORED  # (B, T): the softmax over 30,522 pieces is only paid there
        return self.model.cls.predictions(hidden[asked]), batch["labels"][asked], self.model.cls.seq_relationship(pooled)


def loss(heads: nn.Module, batch: dict[str, Tensor]) -> tuple[Tensor, int]:
    """Mean loss of the masked words + mean loss of next sentence. Source: Devlin et al. 2019, A.2."""
    words, labels, follows = heads(batch)
    value = F.cross_entropy(words.float(), labels)
    if (batch["follows"] != pairs.IGNORED).any():  # sentences that stand alone have no next one
        value = value + F.cross_entropy(follows.float(), batch["follows"])
    return value, batch["ids"].numel()


def measure(
    heads: Heads, pieces: Pieces, *, count: int = VALIDATION, seed: int = 1234, by_length: bool = False
) -> dict[str, float]:
    """On held-out documents, the same pairs and masks each time: share of masked words that come first (top-1),
    in the first five, their mean loss, and the share of pairs judged right. by_length : each length's shares too."""
    device = next(heads.parameters()).device
    counted = np.zeros((len(pairs.LENGTHS), 6))  # right, in the first five, loss, asked; pairs judged right, pairs
    for row, (length, _) in zip(counted, pairs.LENGTHS, strict=True):
        rng = np.random.default_rng((seed, length))
        for _ in range(max(1, count // 40)):
            made = pairs.pairs(pieces, 40, length, rng)
            batch = {name: torch.as_tensor(values).to(device) for name, values in made.items()}
            words, labels, next_ = heads(batch)
            best = words.topk(5, dim=-1).indices == labels[:, None]  # (M, 5)
            lost = float(F.cross_entropy(words.float(), labels, reduction="sum"))
            judged = int((next_.argmax(-1) == batch["follows"]).sum())
            row += (int(best[:, 0].sum()), int(best.sum()), lost, len(labels), judged, len(next_))
    right, top5, total, asked, follows, seen = counted.sum(0).tolist()
    scores = {
        "masked_top1": right / asked,
        "masked_top5": top5 / asked,
        "masked_loss": total / asked,
        "next_sentence": follows / seen,
    }
    if by_length:
        for row, (length, _) in zip(counted, pairs.LENGTHS, strict=True):
            scores[f"masked_top1_{length}"], scores[f"next_sentence_{length}"] = row[0] / row[3], row[4] / row[5]
    return scores


def measure_single(heads: Heads, pieces: Pieces, *, count: int = 3 * VALIDATION, seed: int = 1234) -> float:
    """The share of pairs of two single sentences, nothing masked, that are judged right; the same pairs each time.

    Raises ValueError where the text has none.
    """
    rng, right = np.random.default_rng(seed), 0
    for _ in range(max(1, count // 40)):
        batch = pairs.single_pairs(pieces, 40, 96, rng)
        batch["labels"][:, 0] = batch["ids"][:, 0]  # the heads ask about some position: its answer is not looked at
        follows = heads(_on(heads, batch))[2]
        right += int((follows.argmax(-1).cpu().numpy() == batch["follows"]).sum())
    return right / (40 * max(1, count // 40))


def measure_alone(heads: Heads, pieces: Pieces, *, count: int = 3 * VALIDATION, seed: int = 1234) -> float:
    """The share of masked words that come first in sentences that stand alone, as many of each length as there are."""
    rng, right, asked = np.random.default_rng(seed), 0, 0
    masses = np.array([pieces.alone(*among)[-1] for among in pairs.ALONE])
    for among, share in zip(pairs.ALONE, masses / masses.sum(), strict=True):
        wanted = round(count * share)
        if wanted:
            batch = pairs.masked_sentences(pairs.sentences(pieces, wanted, among, rng), rng)
            words, labels, _ = heads(_on(heads, batch))
            right, asked = right + int((words.argmax(-1) == labels).sum()), asked + len(labels)
    return right / asked


def _on(heads: Heads, batch: dict[str, np.ndarray]) -> dict[str, Tensor]:
    device = next(heads.parameters()).device
    return {name: torch.as_tensor(values).to(device) for name, values in batch.items()}


def main(arguments: list[str] | None = None) -> int:
    """Train mini-bert on from `--weights` and put the result in `--out`."""
    chosen = options.parser("bert", __doc__).parse_args(arguments)
    torch.manual_seed(chosen.seed)  # heads that the first weights lack are drawn
    source = start(chosen.weights, chosen.dropout)
    options.run(chosen, "bert", Heads(source), loss, measure, source)
    return 0
