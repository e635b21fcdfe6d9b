"""The training loop: its schedule, and that a killed run goes on where its checkpoint stands."""

from functools import partial

import pytest
import torch
from torch import nn

from bert_explain.training import loop, optimisers
from bert_explain.training.loop import Plan, Progress
from tests.training.made import Made


def line(generator):
    """Eight points of a straight line."""
    x = torch.randn(8, 3, generator=generator)
    return {"x": x, "y": x @ torch.tensor([1.0, -2.0, 0.5])}


Line = partial(Made, line)


def loss(model, batch):
    return ((model(batch["x"])[:, 0] - batch["y"]) ** 2).mean(), 8


def fresh():
    torch.manual_seed(0)
    return nn.Linear(3, 1)


def test_a_run_learns_and_says_how_far_it_is(tmp_path):
    model = fresh()
    done = loop.train(model, Line(), loss, Plan(steps=300, rate=0.1), tmp_path, check=lambda m: {"bias": m.bias.item()})
    assert done.step == 300
    assert done.tokens == 2400
    assert done.scores == {"bias": pytest.approx(model.bias.item())}
    torch.testing.assert_close(model.weight[0].detach(), torch.tensor([1.0, -2.0, 0.5]), atol=0.02, rtol=0)


def test_a_killed_run_ends_with_the_weights_of_one_that_was_not(tmp_path):
    plan = Plan(steps=40, rate=0.05, save_every=0.0)  # a checkpoint after every step
    whole = fresh()
    loop.train(whole, Line(), loss, plan, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        loop.train(fresh(), Line(fails=23), loss, plan, tmp_path / "killed")
    assert loop.checkpoint(tmp_path / "killed")["progress"]["step"] == 23
    resumed = nn.Linear(3, 1)  # other weights: they come from the checkpoint
    done = loop.train(resumed, Line(), loss, plan, tmp_path / "killed")
    assert done.step == 40
    assert torch.equal(resumed.weight, whole.weight)
    assert torch.equal(resumed.bias, whole.bias)


def test_a_checkpoint_cut_short_while_written_is_not_read(tmp_path):
    model = fresh()
    loop.save(tmp_path, model, optimisers.adamw(model, 1e-3, 0.0), Progress(step=7))
    (tmp_path / "checkpoint.pt.part").write_bytes(b"half of one")
    assert loop.checkpoint(tmp_path)["progress"]["step"] == 7


def test_a_run_of_something_else_is_not_gone_on_from(tmp_path):
    loop.train(fresh(), Line(), loss, Plan(steps=2), tmp_path, of={"text": "a", "program": "line"})
    assert loop.checkpoint(tmp_path)["of"] == {"text": "a", "program": "line", "optimiser": "adamw"}
    with pytest.raises(loop.OtherRun, match="another text and program"):
        loop.train(fresh(), Line(), loss, Plan(steps=4), tmp_path, of={"text": "b", "program": "curve"})
    assert loop.checkpoint(tmp_path)["progress"]["step"] == 2
    assert loop.train(fresh(), Line(), loss, Plan(steps=4), tmp_path, of={"text": "a"}).step == 4


def test_a_plan_that_is_changed_holds_from_there_on(tmp_path):
    model = fresh()
    loop.train(model, Line(), loss, Plan(steps=1, decay=0.5), tmp_path)
    optimiser = optimisers.adamw(model, 1e-3, 0.25)
    loop.resume(tmp_path, model, optimiser, torch.device("cpu"))
    assert [g["weight_decay"] for g in optimiser.param_groups] == [0.25, 0.0]
    assert len(optimiser.state) == 2, "what it remembers is the checkpoint's"


def test_a_loss_that_is_no_number_ends_the_run_and_leaves_the_checkpoint(tmp_path):
    def broken(model, batch):
        value, count = loss(model, batch)
        return value * (float("nan") if broken.at == 3 else 1.0), setattr(broken, "at", broken.at + 1) or count

    broken.at = 0
    with pytest.raises(loop.Diverged, match="At step 4 the loss is nan"):
        loop.train(fresh(), Line(), broken, Plan(steps=9, save_every=0.0), tmp_path)
    state = loop.checkpoint(tmp_path)
    assert state["progress"]["step"] == 3
    assert state["model"]["weight"].isfinite().all()


def test_a_gradient_that_is_no_number_is_not_let_into_a_checkpoint(tmp_path):
    """The loss is finite at that step: its weights would be ruined and saved before the next loss tells."""

    def steep(model, batch):
        value, count = loss(model, batch)
        return (value - value.detach()).abs().sqrt() + 1.0, count  # 1 with an infinite slope

    with pytest.raises(loop.Diverged, match=r"the loss is 1\.0, its gradient nan"):
        loop.train(fresh(), Line(), steep, Plan(steps=9, save_every=0.0), tmp_path)
    assert loop.checkpoint(tmp_path) is None


def test_it_is_measured_where_it_begins_and_where_it_ends(tmp_path):
    seen = []
    loop.train(fresh(), Line(), loss, Plan(steps=5), tmp_path, check=lambda m: seen.append(1) or {"score": len(seen)})
    assert len(seen) == 2


def test_a_finished_run_is_not_run_again(tmp_path):
    plan = Plan(steps=5, rate=0.1)
    loop.train(fresh(), Line(), loss, plan, tmp_path)
    assert loop.train(fresh(), Line(fails=0), loss, plan, tmp_path).step == 5


def test_the_rate_rises_and_falls_in_straight_lines():
    plan = Plan(rate=1.0, warmup=0.2)
    assert [loop.rate(plan, s) for s in (0.0, 0.1, 0.2, 0.6, 1.0)] == pytest.approx([0, 0.5, 1.0, 0.5, 0])
    assert loop.rate(Plan(rate=1.0, warmup=0.0), 0.0) == 1.0
    assert loop.rate(Plan(rate=1.0, warmup=1.0), 0.5) == 0.5


def test_time_ends_a_run_as_steps_do():
    assert Progress(step=10, seconds=30).share(Plan(steps=100, minutes=1)) == 0.5
    assert Progress(step=80, seconds=30).share(Plan(steps=100, minutes=1)) == 0.8
    assert Progress(step=10, seconds=90).share(Plan(steps=100, minutes=1)) == 1.0
    assert Progress(step=1, seconds=1).share(Plan(steps=100, minutes=0)) == 0.01
    assert Progress().share(Plan(steps=0)) == 0.0


def test_decay_touches_matrices_only():
    groups = optimisers.adamw(nn.Sequential(nn.Linear(3, 2), nn.LayerNorm(2)), 1e-3, 0.1).param_groups
    assert [(g["weight_decay"], [p.ndim for p in g["params"]]) for g in groups] == [(0.1, [2]), (0.0, [1, 1, 1])]


def test_a_batch_in_parts_trains_as_a_whole_one(tmp_path):
    read = []

    def counted(model, batch):
        value, _ = loss(model, batch)
        return value, read.append(len(batch["x"])) or len(batch["x"])

    models = {parts: fresh() for parts in (1, 3, 99)}
    done = {n: loop.train(m, Line(), counted, Plan(steps=5, rate=0.1, parts=n), tmp_path / str(n)) for n, m in models.items()}
    assert read == [8] * 5 + [3, 3, 2] * 5 + [1] * 8 * 5
    assert [one.tokens for one in done.values()] == [40, 40, 40]
    for n in (3, 99):
        assert done[n].loss == pytest.approx(done[1].loss, rel=1e-2)
        torch.testing.assert_close(models[n].weight, models[1].weight, atol=2e-3, rtol=0)
