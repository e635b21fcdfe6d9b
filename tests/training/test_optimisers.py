"""Muon and AdamW: what each moves, how far, and that several processes take the steps that one takes."""

import subprocess
import sys
from functools import partial

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import distributed, nn

from bert_explain.training import loop, optimisers
from bert_explain.training.loop import Plan
from tests.conftest import ROOT
from tests.training.made import Made


class Small(nn.Module):
    """An embedding, a stack of two layers, an output over the vocabulary: the parts of an encoder."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.words = nn.Embedding(7, 4)
        self.layers = nn.ModuleList([nn.Linear(4, 6), nn.Linear(6, 4)])
        self.out = nn.Linear(4, 7)

    def forward(self, ids):
        x = self.words(ids)  # (B, 4)
        for layer in self.layers:
            x = torch.tanh(layer(x))
        return self.out(x)  # (B, 7)


def successors(generator):
    """Eight numbers below 7, whose successors are to be said."""
    ids = torch.randint(7, (8,), generator=generator)
    return {"ids": ids, "next": (ids + 1) % 7}


Successors = partial(Made, successors)


def loss(model, batch):
    return nn.functional.cross_entropy(model(batch["ids"]), batch["next"]), 8


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**31))
def test_an_orthogonal_step_has_singular_values_near_one_and_keeps_the_directions(rows, columns, seed):
    drawn = torch.randn(rows, columns, generator=torch.Generator().manual_seed(seed))
    u, s, v = torch.linalg.svd(drawn, full_matrices=False)
    wide = u @ torch.diag(s.clamp(min=s[0] / 5)) @ v  # no direction so weak that five steps do not lift it
    made = optimisers.orthogonal(wide)
    assert made.shape == wide.shape
    along = torch.diag(u.T @ made @ v.T)
    assert along.min() > 0.5
    assert along.max() < 1.3
    torch.testing.assert_close(u @ torch.diag(along) @ v, made, atol=2e-3, rtol=0)


def test_muon_moves_the_matrices_of_the_layers_and_adamw_the_rest():
    model = Small()
    inner, rest = optimisers.muon(model, 1e-3, 0.1).parts
    assert [p.shape for g in inner.param_groups for p in g["params"]] == [(6, 4), (4, 6)]
    assert {p.shape for g in rest.param_groups for p in g["params"]} == {(7, 4), (7,), (6,), (4,)}


def test_a_step_of_muon_is_as_large_as_it_says():
    model = nn.Module()
    model.layers = nn.ModuleList([nn.Linear(64, 64, bias=False)])
    weight = model.layers[0].weight
    before, weight.grad = weight.detach().clone(), torch.randn(64, 64, generator=torch.Generator().manual_seed(1))
    optimisers.Muon([weight], lr=1e-3).step()
    assert (weight.detach() - before).pow(2).mean().sqrt() == pytest.approx(optimisers.SIZE * 1e-3, rel=0.15)


def test_muon_learns(tmp_path):
    model = Small()
    done = loop.train(model, Successors(), loss, Plan(steps=300, rate=0.02, optimiser="muon"), tmp_path)
    assert done.loss < 1.0
    assert torch.equal(model(torch.arange(7)).argmax(-1), (torch.arange(7) + 1) % 7)


def test_a_killed_run_of_muon_ends_with_the_weights_of_one_that_was_not(tmp_path):
    plan = Plan(steps=20, rate=0.02, save_every=0.0, optimiser="muon")
    whole, resumed = Small(), Small()
    loop.train(whole, Successors(), loss, plan, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        loop.train(Small(), Successors(fails=11), loss, plan, tmp_path / "killed")
    loop.train(resumed, Successors(), loss, plan, tmp_path / "killed")
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), resumed.parameters(), strict=True))


def _steps(rank, world, file, made):
    """Three steps of muon on the same gradients in each of `world` processes; the weights go into `made`."""
    torch.set_num_threads(1)
    if world > 1:
        distributed.init_process_group("gloo", init_method=f"file://{file}", rank=rank, world_size=world)
    model = Small()
    mover = optimisers.muon(model, 0.02, 0.1)
    for step in range(3):
        loss(model, Successors()[step])[0].backward()
        mover.step()
        mover.zero_grad()
    torch.save([p.detach() for p in model.parameters()], f"{made}.{rank}")


def test_two_processes_share_the_steps_and_end_where_one_does(tmp_path):
    _steps(0, 1, None, tmp_path / "alone")
    command = [sys.executable, "-m", "tests.training.test_optimisers"]
    where = [tmp_path / "meet", tmp_path / "both"]
    running = [subprocess.Popen([*command, str(rank), "2", *where], cwd=ROOT) for rank in range(2)]
    assert [process.wait(120) for process in running] == [0, 0]
    alone = torch.load(tmp_path / "alone.0")
    for rank in range(2):
        for mine, theirs in zip(alone, torch.load(tmp_path / f"both.{rank}"), strict=True):
            torch.testing.assert_close(mine, theirs)


if __name__ == "__main__":
    _steps(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4])
