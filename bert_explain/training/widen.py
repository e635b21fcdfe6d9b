"""A trained biLM made wider, or for other words, without losing what it knows, to be trained on from there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from bert_explain.models.bilm import BiLM

GATES = 4  # i, f, g, o lie below each other in an LSTM's matrices
NOISE = 0.05  # of a matrix's own spread: copies that are all alike would learn alike for ever


@torch.no_grad()
def widen(model: BiLM, cell: int, *, noise: float = NOISE, seed: int = 0) -> BiLM:
    """The same biLM with `cell` numbers in each LSTM's cell, that says what `model` says (exactly, without noise).

    Each new number is a copy of an old one, with noise; what goes out of an old one is shared out among its copies,
    unevenly. Everything else is taken over. Raises ValueError where `cell` is smaller than it is.
    Source: Chen et al. 2016, "Net2Net: accelerating learning via knowledge transfer", 2.2.
    """
    if cell < model.options.cell:
        raise ValueError(f"The cell has {model.options.cell} numbers; it cannot be widened to {cell}.")
    made = BiLM(replace(model.options, cell=cell))
    generator = torch.Generator().manual_seed(seed)
    kept = {name: value for name, value in model.state_dict().items() if not name.startswith(("ahead.", "back."))}
    made.load_state_dict(kept, strict=False)
    for old, new in zip((*model.ahead, *model.back), (*made.ahead, *made.back), strict=True):
        _widen(old, new, noise, generator)
    return made


def _widen(old: nn.LSTM, new: nn.LSTM, noise: float, generator: torch.Generator) -> None:
    of = torch.arange(new.hidden_size) % old.hidden_size  # (C',): which old number each new one copies
    for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"):
        before = getattr(old, name)
        rows = before.unflatten(0, (GATES, -1))[:, of].flatten(0, 1)  # (4 C, ...) -> (4, C', ...) -> (4 C', ...)
        if before.ndim == 2:
            drawn = noise * before.std() * torch.randn(rows.shape, generator=generator)
            drawn.unflatten(0, (GATES, -1))[:, : old.hidden_size] = 0  # the old numbers stay as they are
            rows = rows + drawn
        getattr(new, name).copy_(rows)
    before = old.get_parameter("weight_hr_l0")  # (P, C)
    new.get_parameter("weight_hr_l0").copy_(before[:, of] * _shares(of, generator))  # (P, C')


def _shares(of: Tensor, generator: torch.Generator) -> Tensor:
    """What each copy takes of its old number's output; the copies of one sum to 1. Shape: (C',)."""
    drawn = 0.5 + torch.rand(len(of), generator=generator)
    return drawn / torch.zeros(int(of.max()) + 1).index_add(0, of, drawn)[of]


@torch.no_grad()
def reworded(model: BiLM, before: Sequence[str], words: Sequence[str], counts: np.ndarray, unknown: str) -> BiLM:
    """The same biLM, whose softmax guesses `words` in place of `before`.

    A word of both keeps its row. A new one was counted as `unknown` so far: it takes that row, and of its probability the
    share that is the word's by counts (V,), how often each of `words` is the answer; what is left stays `unknown`'s.
    """
    assert model.softmax is not None  # a model without words is not trained
    made = BiLM(replace(model.options, n_words=len(words)))
    made.load_state_dict({k: v for k, v in model.state_dict().items() if not k.startswith("softmax.")}, strict=False)
    assert made.softmax is not None
    old = {word: row for row, word in enumerate(before)}
    of = torch.tensor([old.get(word, old[unknown]) for word in words])
    made.softmax.weight.copy_(model.softmax.weight[of])
    made.softmax.bias.copy_(model.softmax.bias[of])
    among = np.array([word not in old or word == unknown for word in words])
    share = np.where(among, counts + 1.0, 0.0)
    made.softmax.bias[torch.from_numpy(among)] += torch.from_numpy(np.log(share[among] / share.sum())).float()
    return made
