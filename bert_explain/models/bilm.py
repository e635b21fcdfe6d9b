"""The bidirectional language model (biLM) inside ELMo: Peters et al. 2018, "Deep contextualized word representations".

characters -> convolutions of several widths, each filter's largest answer -> highway layers -> projection
-> for each direction: two LSTM layers with projection, a residual connection around the second -> one shared softmax.

Shapes: N words, K characters a word, D character size, F filters in all, P projection, T words in a row, B rows, L layers,
V vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from bert_explain.models.characters import N_CHARACTERS
from bert_explain.models.lstm import State, lstm_layer, run_layer


@dataclass(frozen=True)
class Options:
    """The sizes, as the original's options.json gives them."""

    character_dim: int
    filters: tuple[tuple[int, int], ...]  # (width in characters, number of filters)
    n_highway: int
    activation: str  # "relu" or "tanh"
    max_characters: int
    cell: int
    projection: int
    n_layers: int
    cell_clip: float | None
    proj_clip: float | None
    skip: bool  # residual connection around the second and later layers
    n_words: int = 0  # size of the softmax's vocabulary; 0: the weights of the softmax are not there

    @property
    def n_filters(self) -> int:
        return sum(number for _, number in self.filters)

    @property
    def widest(self) -> int:
        return max(width for width, _ in self.filters)


class TokenEncoder(nn.Module):
    """From a word's characters to its vector, (N, K) -> (N, P). Neighbours play no part."""

    def __init__(self, options: Options):
        super().__init__()
        self.options = options
        self.characters = nn.Embedding(N_CHARACTERS, options.character_dim)
        self.convolutions = nn.ModuleList(nn.Conv1d(options.character_dim, number, width) for width, number in options.filters)
        self.highways = nn.ModuleList(Highway(options.n_filters) for _ in range(options.n_highway))
        self.project = nn.Linear(options.n_filters, options.projection)

    def windows(self, ids: Tensor) -> list[Tensor]:
        """Each filter's answer at each place, before the maximum: for each width (N, number of filters, places)."""
        x = self.characters(ids).transpose(1, 2)  # (N, K, D) -> (N, D, K)
        return [convolution(x) for convolution in self.convolutions]

    def filters(self, ids: Tensor) -> Tensor:
        """(N, K) -> (N, F): each filter's largest answer, through the activation."""
        activation = torch.tanh if self.options.activation == "tanh" else torch.relu
        return activation(torch.cat([answers.amax(dim=-1) for answers in self.windows(ids)], dim=-1))

    def forward(self, ids: Tensor) -> Tensor:
        x = self.filters(ids)
        for highway in self.highways:
            x = highway(x)
        return self.project(x)


class Highway(nn.Module):
    """g relu(W x + b) + (1 - g) x with a gate g = sigmoid(W' x + b') (Srivastava et al. 2015)."""

    def __init__(self, width: int):
        super().__init__()
        self.gate = nn.Linear(width, width)
        self.change = nn.Linear(width, width)
        nn.init.normal_(self.change.weight, std=width**-0.5)
        nn.init.zeros_(self.change.bias)
        nn.init.normal_(self.gate.weight, std=width**-0.5)
        nn.init.constant_(self.gate.bias, -2.0)  # begins by carrying x through, as the original does

    def forward(self, x: Tensor) -> Tensor:
        g = torch.sigmoid(self.gate(x))
        return g * torch.relu(self.change(x)) + (1 - g) * x


class BiLM(nn.Module):
    """Two language models, one in each direction, that share the token encoder and the softmax."""

    def __init__(self, options: Options):
        super().__init__()
        self.options = options
        self.token = TokenEncoder(options)
        widths = [options.projection] * options.n_layers
        self.ahead = nn.ModuleList(lstm_layer(w, options.cell, options.projection) for w in widths)
        self.back = nn.ModuleList(lstm_layer(w, options.cell, options.projection) for w in widths)
        self.softmax = nn.Linear(options.projection, options.n_words) if options.n_words else None

    def forward(self, token: Tensor, states: list[State | None] | None = None) -> tuple[list[Tensor], list[Tensor], list[State]]:
        """Token vectors (T, B, P) of rows that begin with <S> and end with </S>.

        -> forward layers, backward layers (L of (T, B, P) each, both in reading order), and the 2 L states left behind
        (forward layers first), which the next row may begin from: `states`. Every row has T words: no padding.
        """
        states = states or [None] * (2 * self.options.n_layers)
        n = self.options.n_layers
        ahead, left_ahead = self._direction(self.ahead, token, states[:n])
        back, left_back = self._direction(self.back, token.flip(0), states[n:])
        return ahead, [x.flip(0) for x in back], left_ahead + left_back

    def one_way(self, side: int, token: Tensor, states: list[State] | None = None) -> tuple[list[Tensor], list[State]]:
        """One direction alone, 0 forward or 1 backward: vectors (T, B, P) in the order in which it reads them.

        -> its layers (L of (T, B, P), in that order), and the L states left behind, which a later call may begin from.
        """
        return self._direction(self.back if side else self.ahead, token, states or [None] * self.options.n_layers)

    def _direction(self, layers: Iterable[Any], x: Tensor, states: list) -> tuple[list[Tensor], list[State]]:
        outputs, left = [], []
        for number, (layer, state) in enumerate(zip(layers, states, strict=True)):
            y, state = run_layer(layer, x, state, self.options.cell_clip, self.options.proj_clip)
            x = x + y if number and self.options.skip else y
            outputs.append(x)
            left.append(state)
        return outputs, left

    def parameters_by_part(self) -> dict[str, int]:
        """How many trained numbers each part holds."""
        parts = {"token encoder": self.token, "forward LSTM": self.ahead, "backward LSTM": self.back}
        if self.softmax is not None:
            parts["softmax"] = self.softmax
        return {name: sum(p.numel() for p in part.parameters()) for name, part in parts.items()}
