"""One LSTM layer with a projection, as ELMo uses it (Sak et al. 2014, "LSTM based RNN architectures ...", section 2).

For each step t, with x the input, h the projected state and c the cell:

    i, f, g, o = W_x x_t + W_h h_(t-1) + b
    c_t = clip(sigmoid(f) c_(t-1) + sigmoid(i) tanh(g))      at most `cell_clip` in size
    h_t = clip(W_p (sigmoid(o) tanh(c_t)))                   at most `proj_clip` in size

The weights live in a `torch.nn.LSTM`. Without clips that module does the work; it cannot clip between two steps, so with
clips the steps are written out here. A test holds the two against each other.
Shapes: T steps, B sequences, P projection, C cell.
"""

from __future__ import annotations

import warnings

import torch
from torch import Tensor, nn

warnings.filterwarnings("ignore", message="LSTM with projections is not supported with oneDNN")  # as expected

State = tuple[Tensor, Tensor]  # h (B, P), c (B, C)


def lstm_layer(width: int, cell: int, projection: int) -> nn.LSTM:
    """A layer that reads (T, B, width); begun as TensorFlow does: the forget gate open (bias 1)."""
    layer = nn.LSTM(width, cell, proj_size=projection)
    given, again = layer.get_parameter("bias_ih_l0"), layer.get_parameter("bias_hh_l0")
    with torch.no_grad():
        given.zero_()
        again.zero_()
        given[cell : 2 * cell] = 1.0  # order of the gates: i, f, g, o
    return layer


def run_layer(
    layer: nn.LSTM,
    x: Tensor,
    state: State | None = None,
    cell_clip: float | None = None,
    proj_clip: float | None = None,
) -> tuple[Tensor, State]:
    """x (T, B, width) -> outputs (T, B, P) and the state after the last step. `state` None begins with zeros."""
    if state is None:
        state = x.new_zeros(x.shape[1], layer.proj_size), x.new_zeros(x.shape[1], layer.hidden_size)
    if cell_clip is None and proj_clip is None:
        outputs, (h, c) = layer(x, (state[0][None], state[1][None]))
        return outputs, (h[0], c[0])
    return _steps(layer, x, state, cell_clip, proj_clip)


def _steps(layer: nn.LSTM, x: Tensor, state: State, cell_clip: float | None, proj_clip: float | None) -> tuple[Tensor, State]:
    h, c = state
    reads, keeps, projects = (layer.get_parameter(f"weight_{name}_l0") for name in ("ih", "hh", "hr"))
    given = x @ reads.T + (
        layer.get_parameter("bias_ih_l0") + layer.get_parameter("bias_hh_l0")
    )  # (T, B, 4 C): all steps at once
    outputs = []
    for step in given:
        i, f, g, o = (step + h @ keeps.T).chunk(4, dim=-1)
        c = _clipped(torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g), cell_clip)
        h = _clipped((torch.sigmoid(o) * torch.tanh(c)) @ projects.T, proj_clip)
        outputs.append(h)
    return torch.stack(outputs), (h, c)


def _clipped(x: Tensor, limit: float | None) -> Tensor:
    return x if limit is None else x.clamp(-limit, limit)
