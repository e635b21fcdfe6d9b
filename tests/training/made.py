"""Batches made on the spot, for runs of the training loop."""

from collections.abc import Callable

import torch


class Made:
    """Batch `step` is what `make` draws with a generator seeded by it; reading the batch `fails` raises, as a kill would
    end the run."""

    def __init__(self, make: Callable[[torch.Generator], dict[str, torch.Tensor]], fails: int | None = None):
        self.make, self.fails = make, fails

    def __len__(self):
        return 1000

    def __getitem__(self, step):
        if step == self.fails:
            raise KeyboardInterrupt
        return self.make(torch.Generator().manual_seed(step))
