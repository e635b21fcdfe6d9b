"""The options that the training programs of mini-bert and mini-gpt share, and what they do with them."""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import PreTrainedModel

from bert_explain.core.places import ASSETS
from bert_explain.training import cards, corpus, loop, optimisers, pairs, pieces

RUNS = Path("runs")  # checkpoints; not part of the project
BEFORE = "before.json"  # in such a folder: what the weights that its run began with had read
FIRST = "first.pt"  # in such a folder: the weights that its run began with
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt")


def parser(name: str, about: str, **defaults: float) -> argparse.ArgumentParser:
    """Text, folders, and the plan of loop.Plan, one option a field."""
    options = argparse.ArgumentParser(prog=f"python -m bert_explain.training {name}", description=about)
    options.add_argument("--text", type=Path, required=True, help="the folder of the training text")
    options.add_argument("--weights", type=Path, default=ASSETS / "models" / "mini-bert", help="the weights to begin with")
    options.add_argument("--out", type=Path, default=ASSETS / "models" / f"mini-{name}", help="default: %(default)s")
    options.add_argument("--work", type=Path, default=RUNS / name, help="checkpoints; default: %(default)s")
    options.add_argument("--tokens", type=int, default=4096, help="ids in a batch, on each device; default: %(default)s")
    options.add_argument("--dropout", type=float, default=0.0, help="for many epochs: 0.1; default: %(default)s")
    options.add_argument("--keep", type=float, default=0.0, help="share of the first weights in the last ones; default: 0")
    options.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    options.add_argument("--threads", type=int, default=0, help="threads of the CPU to compute with; 0: all")
    for one in fields(loop.Plan):
        kind = float if one.default is None else type(one.default)  # minutes: no limit unless given
        value = defaults.get(one.name, one.default)
        among = tuple(optimisers.KINDS) if one.name == "optimiser" else None
        name = f"--{one.name.replace('_', '-')}"
        options.add_argument(name, type=kind, default=value, choices=among, help="default: %(default)s")
    return options


def attention() -> str:
    """How attention is computed: fused on a GPU; multiplied out on a CPU, where PyTorch's fused one takes 1.2 times as long
    in training, its backward pass most of all."""
    return "sdpa" if torch.cuda.is_available() else "eager"


def run(
    chosen: argparse.Namespace,
    kind: str,
    module: nn.Module,
    loss: Callable,
    measure: Callable[..., dict[str, float]],
    source: PreTrainedModel,
) -> loop.Progress:
    """Train, export, and bring the model card up to date."""
    if chosen.threads:
        torch.set_num_threads(chosen.threads)
    found = corpus.documents(chosen.text)
    cut = partial(pieces.cut, tokenizer=chosen.weights / "tokenizer.json", kept=chosen.work)
    reads = corpus.for_training(found)
    learn = cut(reads)
    choice, printed = (
        cut(first_sources(corpus.for_validation(found, half)), weight=corpus.measured_weight)
        for half in (corpus.CHOICE, corpus.PRINT)
    )
    if not learn.documents:
        raise corpus.BadText(f"{chosen.text} holds no document of two sentences or more to learn from.")
    plan = loop.Plan(**{one.name: getattr(chosen, one.name) for one in fields(loop.Plan)})
    _, rank, _ = loop.start()
    batches = pairs.Batches(learn, kind, chosen.tokens, chosen.seed, rank)
    check = partial(measure, pieces=choice) if choice.documents else None
    before = _before(chosen.weights, chosen.work, source) if rank == 0 else None
    first = _first(source, chosen.work) if chosen.keep and rank == 0 else []
    of = {"program": kind, "text": corpus.fingerprint(found)}
    progress = loop.train(module, batches, loss, plan, chosen.work, check=check, title=chosen.out.name, of=of)
    if rank == 0:
        if chosen.keep:
            average(source, first, chosen.keep)
        progress.scores = loop.measured(module, partial(measure, pieces=printed)) if printed.documents else {}
        export(source, chosen.weights, chosen.out)
        kept = f", {chosen.keep:.0%} of them kept at the end" if chosen.keep else ""
        began = f"{chosen.weights.name}'s weights{kept}"
        cards.made(chosen.out, cards.told(progress, plan, reads, began))
        cards.trained(chosen.out, progress.tokens, reads, began if before else chosen.weights.name, before)
        cards.update(chosen.out, progress.scores, instead=True)
    return progress


def first_sources(held: list[corpus.Document]) -> list[corpus.Document]:
    """The documents of the sources that the first scores were measured on; all, where none of them is there."""
    return [d for d in held if d.source in corpus.FIRST] or held


def _before(weights: Path, work: Path, source: PreTrainedModel) -> dict[str, Any] | None:
    """What the weights that the run in `work` began with had read, kept there: --weights may be the folder it ends in.

    None where nothing is known, or where they are an encoder's and a decoder is made of them: that is a model's beginning.
    """
    kept = work / BEFORE
    if not kept.is_file():
        same = (
            json.loads((weights / "config.json").read_text(encoding="utf-8")).get("is_decoder", False) == source.config.is_decoder
        )
        work.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(cards.history(weights) if same else None), encoding="utf-8")
    return json.loads(kept.read_text(encoding="utf-8"))


def _first(model: PreTrainedModel, work: Path) -> list[torch.Tensor]:
    """The weights that the run in `work` began with, kept there: --weights may be the folder that it ends in."""
    kept = work / FIRST
    if not kept.is_file():
        work.mkdir(parents=True, exist_ok=True)
        torch.save([p.detach().clone() for p in model.parameters()], kept.with_suffix(".part"))
        kept.with_suffix(".part").replace(kept)
    return torch.load(kept, map_location="cpu", weights_only=True)


@torch.no_grad()
def average(model: nn.Module, first: list[torch.Tensor], keep: float) -> None:
    """Mix the weights that a model began with into those it has: what it knew before is lost less, often for free.

    first : one tensor a parameter, in their order. keep : their share, 0 to 1. Source: Wortsman et al. 2022, "Robust
    fine-tuning of zero-shot models".
    """
    for now, before in zip(model.parameters(), first, strict=True):
        now.lerp_(before.to(now.device), keep)


def export(model: PreTrainedModel, tokenizer: Path, out: Path) -> None:
    """A Hugging Face folder: weights in float16 (computed with in float32), configuration, tokenizer.

    Each file is written elsewhere and then put in its place at once: `out` may hold the weights that a run begins with.
    """
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".part-", dir=out) as made:
        config = Path(made) / "config.json"
        model.half().save_pretrained(made, safe_serialization=True)
        model.float()
        config.write_text(config.read_text(encoding="utf-8").replace('"float16"', '"float32"'), encoding="utf-8")
        (Path(made) / "generation_config.json").unlink(missing_ok=True)
        for name in TOKENIZER_FILES:
            if (tokenizer / name).is_file():
                shutil.copyfile(tokenizer / name, Path(made) / name)
        for file in Path(made).iterdir():
            file.chmod(0o644)
            file.replace(out / file.name)
