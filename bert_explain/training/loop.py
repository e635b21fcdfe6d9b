"""The training loop that every model of ours shares: progress, checkpoints that resume, a budget, one or many devices."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, distributed, nn
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from bert_explain.errors import ExplainError
from bert_explain.training import optimisers

Model = TypeVar("Model", bound=nn.Module)
Score = TypeVar("Score")

CHECKPOINT = "checkpoint.pt"
READ = {"cpu": 1, "cuda": 20}  # steps between two looks at the loss: reading it waits for the device


class OtherRun(ExplainError):
    """A folder's checkpoint is of another text, program, optimiser or size than the run that would go on from it."""


class Diverged(ExplainError):
    """The loss is not a number any more."""


@dataclass(frozen=True)
class Plan:
    """How long and how fast. The learning rate rises for `warmup` of the way and falls linearly to 0 at the end.

    The end is reached at `steps`, or after `minutes` of training if these come first (earlier runs counted in; none or 0:
    no limit).
    """

    steps: int = 10_000
    minutes: float | None = None
    rate: float = 2.5e-4
    warmup: float = 0.05
    decay: float = 0.01  # of the weights, on matrices only
    optimiser: str = "adamw"  # or "muon"
    clip: float = 1.0  # largest norm of the gradient
    save_every: float = 120.0  # seconds between checkpoints
    check_every: float = 600.0  # seconds between measurements on the held-out documents
    workers: int = 0  # processes that make batches
    parts: int = 1  # of a batch, computed one after the other: what a part holds stays near a CPU's core


@dataclass
class Progress:
    """How far a run is; it is kept in the checkpoint, and its last state goes into the model card."""

    step: int = 0
    tokens: int = 0
    seconds: float = 0.0
    loss: float = float("nan")  # running mean over about 100 steps
    scores: dict[str, float] = field(default_factory=dict)
    on: str = ""  # the hardware, in words

    def share(self, plan: Plan) -> float:
        """How much of the plan is done, 0 to 1."""
        return share(self.step, plan.steps, self.seconds, plan.minutes)


def share(done: int, whole: int, seconds: float, minutes: float | None) -> float:
    """How much of a plan is done, 0 to 1: by what was read, or by time where that is ahead; no minutes, no limit."""
    by_time = seconds / (60 * minutes) if minutes else 0.0
    return min(1.0, max(done / max(whole, 1), by_time))


def train(
    model: nn.Module,
    batches: Dataset,
    loss: Callable[[nn.Module, dict[str, Tensor]], tuple[Tensor, int]],
    plan: Plan,
    folder: Path,
    *,
    check: Callable[[nn.Module], dict[str, float]] | None = None,
    title: str = "",
    of: Mapping[str, str] | None = None,
) -> Progress:
    """Train until the plan is done, going on from the checkpoint in `folder` if there is one.

    batches : step -> batch, the same for the same step, so that nothing of the data's state needs to be kept.
    loss : (model, batch on the device) -> (a scalar, number of tokens read).
    check : scores of the model on held-out text; called after the first step, now and then, and at the end.
    of : what is trained on what, as words; a checkpoint that says otherwise is not gone on from.
    Raises OtherRun, and Diverged where the loss is not a number: the last checkpoint is from before.
    """
    device, rank, world = start()
    model.to(device)
    optimiser = optimisers.KINDS[plan.optimiser](model, plan.rate, plan.decay)
    of = {**(of or {}), "optimiser": plan.optimiser}
    progress = resume(folder, model, optimiser, device, of)
    whole = nn.parallel.DistributedDataParallel(model) if world > 1 else model
    low = bool(_agreed(float(precision(device)), device, world))
    progress.on = _hardware(device, world, low)
    reader = DataLoader(
        batches,
        batch_size=None,
        sampler=range(progress.step, plan.steps),
        num_workers=plan.workers,
        persistent_workers=False,
        prefetch_factor=8 if plan.workers else None,
        pin_memory=device.type == "cuda",
    )
    bar = tqdm(total=1.0, initial=progress.share(plan), disable=rank > 0, bar_format=BAR, desc=title, mininterval=2.0)
    saved = checked = clock = time.monotonic()
    model.train()
    for batch in reader:
        way = _agreed(progress.share(plan), device, world)
        if way >= 1:
            break
        for group in optimiser.param_groups:
            group["lr"] = rate(plan, way)
        batch = {name: torch.as_tensor(values).to(device, non_blocking=True) for name, values in batch.items()}
        value, count = torch.zeros((), device=device), 0
        for part in divided(batch, plan.parts):
            with torch.autocast(device.type, dtype=torch.bfloat16, enabled=low):
                lost, read = loss(whole, part)
            lost = lost * (rows(part) / rows(batch))
            lost.backward()
            value, count = value + lost.detach(), count + read
        norm = nn.utils.clip_grad_norm_(model.parameters(), plan.clip)
        due = time.monotonic() - saved > plan.save_every
        if rank == 0 and (due or progress.step % READ[device.type] == 0):
            progress.loss = _mean(progress, float(value.detach()), float(norm), READ[device.type])
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=low):  # Muon multiplies matrices too
            optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        now = time.monotonic()
        progress.step, progress.tokens = progress.step + 1, progress.tokens + count * world
        progress.seconds, clock = progress.seconds + now - clock, now
        bar.update(max(0.0, progress.share(plan) - bar.n))
        bar.set_postfix_str(_line(progress), refresh=False)
        if rank == 0 and check and (not progress.scores or now - checked > plan.check_every):
            progress.scores = measured(model, check)
            clock = checked = time.monotonic()  # measuring is not training
        if rank == 0 and due:
            save(folder, model, optimiser, progress, of)
            saved = time.monotonic()
    if rank == 0:
        progress.scores = measured(model, check) if check else progress.scores
        save(folder, model, optimiser, progress, of)
    bar.set_postfix_str(_line(progress))
    bar.close()
    if world > 1:
        distributed.barrier()  # the first process measures and saves; one that left before it could wait for it for ever
        del whole
        distributed.destroy_process_group()
    return progress


def divided(batch: dict[str, Tensor], parts: int) -> list[dict[str, Tensor]]:
    """A batch as at most so many batches of like size, its rows in their order. Every tensor has a row for each text."""
    if parts <= 1:
        return [batch]
    cut = {name: values.tensor_split(min(parts, len(values))) for name, values in batch.items()}
    return [dict(zip(cut, values, strict=True)) for values in zip(*cut.values(), strict=True)]


def rows(batch: dict[str, Tensor]) -> int:
    """How many texts a batch has."""
    return len(next(iter(batch.values())))


def _mean(progress: Progress, loss: float, norm: float, steps: int) -> float:
    """The running loss with the newest one in it. Raises Diverged before weights are moved that a checkpoint would keep."""
    if not math.isfinite(loss + norm):
        step = progress.step + 1
        raise Diverged(f"At step {step} the loss is {loss}, its gradient {norm}. Go on from the checkpoint with a lower --rate.")
    kept = 0.99**steps
    return loss if math.isnan(progress.loss) else kept * progress.loss + (1 - kept) * loss


BAR = "{desc} {percentage:3.0f}%|{bar}| {elapsed}<{remaining}{postfix}"


def _line(progress: Progress) -> str:
    speed = progress.tokens / max(progress.seconds, 1e-9)
    scores = "".join(f", {name} {value:.3f}" for name, value in progress.scores.items())
    return f"step {progress.step}, {progress.tokens / 1e6:.2f} M tokens, {speed:,.0f}/s, loss {progress.loss:.3f}{scores}"


def rate(plan: Plan, share: float) -> float:
    """The learning rate at a share of the plan: up for `warmup` of it, then down to 0, both linear."""
    return plan.rate * min(share / plan.warmup if plan.warmup else 1.0, (1 - share) / max(1 - plan.warmup, 1e-9), 1.0)


def measured(model: Model, check: Callable[[Model], Score]) -> Score:
    """The scores of `check`, taken without dropout and without gradients."""
    model.eval()
    with torch.inference_mode():
        scores = check(model)
    model.train()
    return scores


def start() -> tuple[torch.device, int, int]:
    """(device, rank, number of processes): a GPU when there is one; several when started by torchrun."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    rank, local = int(os.environ.get("RANK", "0")), int(os.environ.get("LOCAL_RANK", "0"))
    gpu = torch.cuda.is_available()
    if gpu:
        torch.cuda.set_device(local)
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    if world > 1 and not distributed.is_initialized():
        distributed.init_process_group("nccl" if gpu else "gloo")
    return torch.device("cuda", local) if gpu else torch.device("cpu"), rank, world


def precision(device: torch.device) -> bool:
    """Whether bfloat16 is used: on GPUs that have it, and on a CPU where a matrix product in it is really faster."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    wide = torch.randn(256, 384), torch.randn(384, 384)
    narrow = tuple(m.bfloat16() for m in wide)
    return _seconds(*narrow) < 0.8 * _seconds(*wide)


def _hardware(device: torch.device, world: int, low: bool) -> str:
    threads = torch.get_num_threads()
    cpu = f"{threads} thread{'s' * (threads > 1)} of a CPU"
    each = torch.cuda.get_device_name(device) if device.type == "cuda" else cpu
    kind = "bfloat16" if low else "float32"
    return f"{f'{world} processes, each ' if world > 1 else ''}{each}, {kind}, PyTorch {torch.__version__.split('+')[0]}"


def _seconds(left: Tensor, right: Tensor) -> float:
    times = []
    for _ in range(4):
        begun = time.perf_counter()
        left @ right
        times.append(time.perf_counter() - begun)
    return min(times)


def _agreed(number: float, device: torch.device, world: int) -> float:
    """The first process's number, so that all stop at the same step, in one precision, though their clocks differ."""
    if world == 1:
        return number
    told = torch.tensor(number, device=device)
    distributed.broadcast(told, 0)
    return float(told)


def save(
    folder: Path, model: nn.Module, optimiser: optimisers.Optimiser, progress: Progress, of: Mapping[str, str] | None = None
) -> None:
    """Write the checkpoint beside the old one, then put it in its place at once: a kill leaves one of the two whole."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {"model": model.state_dict(), "optimiser": optimiser.state_dict(), "progress": asdict(progress)}
    state["of"] = dict(of or {})
    unfinished = folder / f"{CHECKPOINT}.part"
    torch.save(state, unfinished)
    unfinished.replace(folder / CHECKPOINT)


def resume(
    folder: Path, model: nn.Module, optimiser: optimisers.Optimiser, device: torch.device, of: Mapping[str, str] | None = None
) -> Progress:
    """Put the checkpoint of a folder into model and optimiser; a new Progress where there is none.

    Raises OtherRun where the checkpoint is of another run than `of` says.
    """
    state = checkpoint(folder, device)
    if state is None:
        return Progress()
    other = [name for name, value in state.get("of", {}).items() if (of or {}).get(name, value) != value]
    if other:
        raise OtherRun(f"{folder} holds a run with another {' and '.join(other)}. Give --work a folder of its own.")
    model.load_state_dict(state["model"])
    planned = [{k: v for k, v in group.items() if k != "params"} for group in optimiser.param_groups]
    optimiser.load_state_dict(state["optimiser"])
    for group, settings in zip(optimiser.param_groups, planned, strict=True):
        group.update(settings)  # the state is the checkpoint's, the settings are this plan's
    return Progress(**state["progress"])


def checkpoint(folder: Path, device: torch.device | str = "cpu") -> dict[str, Any] | None:
    """What `save` wrote, or None."""
    path = folder / CHECKPOINT
    return torch.load(path, map_location=device, weights_only=True) if path.is_file() else None
