"""What moves the weights: AdamW as for BERT, or Muon on the matrices inside the layers and AdamW elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, distributed, nn

ADAM: dict[str, Any] = {"betas": (0.9, 0.98), "eps": 1e-6}  # RoBERTa's: Liu et al. 2019, 3.1; BERT's second beta is 0.999
# One step of the Newton-Schulz iteration: X <- aX + (bA + cA²)X with A = XXᵀ. Source: Jordan et al. 2024.
QUINTIC = (3.4445, -4.7750, 2.0315)
SIZE = 0.5  # Liu et al. measured 0.2 to 0.4 for AdamW; embeddings, which AdamW moves here, want the smaller step


def adamw(model: nn.Module, rate: float, decay: float) -> torch.optim.AdamW:
    """AdamW with decay on matrices only: LayerNorms and biases keep their scale, as in BERT's own code."""
    return torch.optim.AdamW(_groups(list(model.parameters()), decay), lr=rate, fused=True, **ADAM)


def muon(model: nn.Module, rate: float, decay: float) -> Together:
    """Muon for the matrices of the layers, AdamW for embeddings, heads, LayerNorms and biases.

    A layer's matrix is one inside an `nn.ModuleList`: embeddings and the output over the vocabulary are left to
    AdamW, as Muon's authors do.
    """
    layers = [m for m in model.modules() if isinstance(m, nn.ModuleList)]
    inside = {id(p): p for layer in layers for p in layer.parameters() if p.ndim == 2 and p.requires_grad}
    rest = [p for p in model.parameters() if id(p) not in inside]
    return Together(
        Muon(list(inside.values()), lr=rate, decay=decay),
        torch.optim.AdamW(_groups(rest, decay), lr=rate, fused=True, **ADAM),
    )


def _groups(parameters: list[nn.Parameter], decay: float) -> list[dict[str, Any]]:
    named = [p for p in parameters if p.requires_grad]
    return [
        {"params": [p for p in named if p.ndim > 1], "weight_decay": decay},
        {"params": [p for p in named if p.ndim <= 1], "weight_decay": 0.0},
    ]


class Muon(torch.optim.Optimizer):
    """Momentum whose every step is made orthogonal: all directions of a matrix move alike.

    The step is scaled by SIZE sqrt(max(rows, columns)): its root mean square is then SIZE times the learning rate,
    and one rate does for AdamW beside it. It multiplies in float32, under autocast in bfloat16: torch.optim.Muon always
    takes bfloat16, which processors without it do many times slower.
    Source: Jordan et al. 2024, "Muon"; the scale: Liu et al. 2025, "Muon is scalable for LLM training", 2.2.
    """

    def __init__(self, params: list[nn.Parameter], lr: float, decay: float = 0.0, momentum: float = 0.95) -> None:
        super().__init__(params, {"lr": lr, "decay": decay, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # a closure is never given
        """Move every matrix that has a gradient. Several processes share the work: each makes some of the steps."""
        rank, world = (distributed.get_rank(), distributed.get_world_size()) if distributed.is_initialized() else (0, 1)
        for group in self.param_groups:
            moved = [p for p in group["params"] if p.grad is not None]
            steps = [self._direction(p, group["momentum"], n % world == rank) for n, p in enumerate(moved)]
            if world > 1 and steps:
                whole = torch.cat([step.flatten() for step in steps])
                distributed.all_reduce(whole)  # where another process made the step, ours is 0
                steps = [new.view_as(p) for p, new in zip(moved, whole.split([p.numel() for p in moved]), strict=True)]
            for p, new in zip(moved, steps, strict=True):
                p.mul_(1 - group["lr"] * group["decay"])
                p.add_(new, alpha=-group["lr"] * SIZE * max(p.shape) ** 0.5)

    def _direction(self, p: nn.Parameter, momentum: float, mine: bool) -> Tensor:
        """The momentum of one matrix brought up to date, and its orthogonal step if it is ours to make, else 0."""
        state = self.state[p]
        if "speed" not in state:
            state["speed"] = torch.zeros_like(p)
        if p.grad is None:
            return torch.zeros_like(p)
        speed = state["speed"].lerp_(p.grad, 1 - momentum)
        return orthogonal(p.grad.lerp(speed, momentum)) if mine else torch.zeros_like(p)  # Nesterov's momentum


def orthogonal(matrix: Tensor, steps: int = 5) -> Tensor:
    """The matrix with its singular values brought near 1 (0.7 to 1.2) and its directions kept. Shape: as given."""
    a, b, c = QUINTIC
    x = matrix.float() if matrix.shape[0] <= matrix.shape[1] else matrix.float().T
    x = x / x.norm().clamp(min=1e-7)
    for _ in range(steps):
        square = x @ x.T  # (short side, short side)
        x = torch.addmm(x, torch.addmm(square, square, square, beta=b, alpha=c), x, beta=a)
    return (x if matrix.shape[0] <= matrix.shape[1] else x.T).to(matrix.dtype)


class Together:
    """Several optimisers that step as one; what the training loop and its checkpoints need of an optimiser."""

    def __init__(self, *parts: torch.optim.Optimizer) -> None:
        self.parts = parts

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """The groups of all parts; a learning rate written here is used."""
        return [group for part in self.parts for group in part.param_groups]

    def step(self) -> None:
        """One step of each."""
        for part in self.parts:
            part.step()

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients."""
        for part in self.parts:
            part.zero_grad(set_to_none=set_to_none)

    def state_dict(self) -> dict[str, Any]:
        """All states, in order."""
        return {str(i): part.state_dict() for i, part in enumerate(self.parts)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """What `state_dict` gave."""
        for i, part in enumerate(self.parts):
            part.load_state_dict(state[str(i)])


Optimiser = torch.optim.Optimizer | Together
KINDS: dict[str, Callable[[nn.Module, float, float], Optimiser]] = {"adamw": adamw, "muon": muon}
