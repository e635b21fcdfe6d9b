"""mini-elmo: two language models, one in each direction, trained as Peters et al. 2018 did, on a small scale.

    python -m bert_explain.training elmo --text FOLDER --minutes 75
    python -m bert_explain.training elmo --text FOLDER --weights NARROW --work runs/wide        a narrower model, widened
    python -m bert_explain.training elmo --export               the last checkpoint as a model folder, without training

Training goes on from the checkpoint in --work, whenever it was stopped. With a GPU it runs there; with torchrun on several.
On a CPU, MALLOC_TRIM_THRESHOLD_=4000000000 MALLOC_MMAP_THRESHOLD_=1000000000 in the environment saves a tenth of the time.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from bert_explain.errors import BadModel
from bert_explain.models import elmo as models
from bert_explain.models import elmo_format
from bert_explain.models.bilm import BiLM, Options
from bert_explain.models.characters import BEGIN, END, MAX_CHARACTERS, UNKNOWN
from bert_explain.training import cards, corpus, loop
from bert_explain.training.elmo_text import MARKS, Batches, Runs, kept, numbered, rows
from bert_explain.training.widen import reworded, widen

VOCABULARY = 16_000  # the marks included
TOKENS = 768  # in a batch
TRIES = 2048  # draws of wrong answers for a batch; about 1,000 different ones come of it
PLAN = loop.Plan(steps=10_000_000, minutes=75, rate=3e-3, warmup=0.03, decay=0.0, clip=1.0)
CELL, PROJECTION = 1920, 128
FILTERS = ((1, 32), (2, 32), (3, 64), (4, 96), (5, 96), (6, 64))
NOWHERE = -1e9  # score of an answer that must not count


def sizes(words: int = VOCABULARY, cell: int = CELL, projection: int = PROJECTION) -> Options:
    """mini-elmo's sizes: the original's form at a small fraction of its size. No clips: PyTorch's LSTM does without."""
    return Options(
        character_dim=16,
        filters=FILTERS,
        n_highway=2,
        activation="relu",
        max_characters=MAX_CHARACTERS,
        cell=cell,
        projection=projection,
        n_layers=2,
        cell_clip=None,
        proj_clip=None,
        skip=True,
        n_words=words,
    )


def fresh(options: Options, counts: np.ndarray | None = None, seed: int = 0) -> BiLM:
    """A model that has learned nothing yet, seeded; but how frequent each word is (counts (V,)) it may know already."""
    torch.manual_seed(seed)
    model = BiLM(options)
    nn.init.uniform_(model.token.characters.weight, -0.5, 0.5)
    if model.softmax is not None:
        nn.init.normal_(model.softmax.weight, std=options.projection**-0.5)
        share = np.ones(options.n_words) if counts is None else counts + 1.0
        with torch.no_grad():
            model.softmax.bias.copy_(torch.from_numpy(np.log(share / share.sum())))
    return model


def frequencies(runs: Runs, vocabulary: int) -> np.ndarray:
    """How often each row of the softmax is the answer in one pass, (V,)."""
    weight = np.repeat(runs.repeats, runs.lengths)
    counts = np.bincount(np.where(runs.words < vocabulary, runs.words, MARKS.index(UNKNOWN)), weight, vocabulary)
    counts[[MARKS.index(BEGIN), MARKS.index(END)]] = runs.repeats.sum() / 2  # each ends a run in one of two directions
    return counts


class Guesses(nn.Module):
    """Both directions' guesses as one module's forward pass, so that several processes share their gradients."""

    def __init__(self, model: BiLM):
        super().__init__()
        self.model = model

    @property
    def softmax(self) -> nn.Linear:
        """What scores the words, (V, P)."""
        assert self.model.softmax is not None  # a model without words is neither trained nor measured
        return self.model.softmax

    def forward(self, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """-> (states (2, T - 1, B, P) that guess, the words they have to guess (2, T - 1, B)); 0 is forward.

        The forward state at place t guesses word t + 1, the backward state at t guesses word t - 1.
        """
        token = self.model.token(batch["characters"])[batch["at"]]  # (W, P) -> (T, B, P)
        ahead, back, _ = self.model(token)
        states = torch.stack([ahead[-1][:-1], back[-1][1:]])
        return states, torch.stack([batch["targets"][1:], batch["targets"][:-1]])


class SampledLoss(nn.Module):
    """Cross-entropy over the true word and a few thousand drawn wrong ones, in place of the whole vocabulary.

    Each score is lowered by the log of how likely its word was drawn (Jean et al. 2015, section 3.1).
    """

    log_q: Tensor  # (V,)

    def __init__(self, model: BiLM, tries: int):
        super().__init__()
        self.guesses = Guesses(model)
        rank = torch.arange(model.options.n_words, dtype=torch.float64)
        p = torch.log((rank + 2) / (rank + 1)) / math.log(model.options.n_words + 1)
        log_q = torch.log(-torch.expm1(tries * torch.log1p(-p)))  # of being among `tries` draws: 1 - (1 - p)^tries
        self.register_buffer("log_q", log_q.float(), persistent=False)

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        states, targets = self.guesses(batch)
        x, targets, drawn = states.flatten(0, 2), targets.flatten(), batch["negatives"]
        softmax = self.guesses.softmax
        right = F.embedding(targets, softmax.weight)  # (N, P)
        true = (x * right).sum(-1) + softmax.bias[targets] - self.log_q[targets]
        wrong = F.linear(x, softmax.weight[drawn], softmax.bias[drawn] - self.log_q[drawn])  # (N, drawn)
        wrong = wrong.masked_fill(targets[:, None] == drawn, NOWHERE)
        return (torch.logaddexp(true, torch.logsumexp(wrong, -1)) - true).mean()


class FullLoss(nn.Module):
    """Cross-entropy over the whole vocabulary."""

    def __init__(self, model: BiLM):
        super().__init__()
        self.guesses = Guesses(model)

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        states, targets = self.guesses(batch)
        return F.cross_entropy(self.guesses.softmax(states.flatten(0, 2)), targets.flatten())


def measure(model: BiLM, runs: Runs, count: int | None = None) -> dict[str, float]:
    """Perplexity of each direction over the whole vocabulary, on held-out runs, all or about `count` spread evenly.

    A word outside the vocabulary counts as <UNK>, guessed like any other word; `unknown` is their share of the words. The
    mark that ends a run is guessed too (</S> ahead, <S> back). `top1` is how often the true word is the first guess.
    """
    device = next(model.parameters()).device
    guesses = Guesses(model)
    order = np.argsort(runs.lengths, kind="stable")
    order = order[:: max(1, len(order) // count)] if count else order
    lengths = runs.lengths[order]
    loss, right = torch.zeros(2, dtype=torch.float64), torch.zeros(2)
    asked, unknown = 0, 0
    for length in np.unique(lengths):
        same = order[lengths == length]
        for i in range(0, len(same), max(1, 2048 // (length + 2))):
            made = rows(runs, same[i : i + max(1, 2048 // (length + 2))], model.options.n_words)
            states, targets = guesses({name: torch.from_numpy(values).to(device) for name, values in made.items()})
            for side in (0, 1):
                scores, true = guesses.softmax(states[side].flatten(0, 1)).float(), targets[side].flatten()
                loss[side] += float(F.cross_entropy(scores, true, reduction="sum"))
                right[side] += int((scores.argmax(-1) == true).sum())
            asked += true.numel()
            unknown += int((made["targets"] == MARKS.index(UNKNOWN)).sum())
    words = asked - len(order)
    ahead, back = (loss / asked).tolist()
    return {
        "forward_perplexity": math.exp(ahead),
        "backward_perplexity": math.exp(back),
        "forward_top1": float(right[0]) / asked,
        "backward_top1": float(right[1]) / asked,
        "unknown": unknown / max(words, 1),
    }


def train(
    found: Sequence[corpus.Document],
    work: Path | str,
    plan: loop.Plan = PLAN,
    *,
    options: Options | None = None,
    cell: int = CELL,
    first: models.Elmo | None = None,
    full: bool = False,
    tokens: int = TOKENS,
    tries: int = TRIES,
    check_runs: int = 150,
) -> loop.Progress:
    """Train on these documents, or go on training, in `work`. full : the whole softmax instead of a sampled one.

    first : a model to begin with, made as wide as `cell` or `options` say, and guessing the most frequent words of this text.
    Raises BadText where there is nothing to learn from, BadModel where `first` guesses no words.
    """
    work, learn = Path(work), corpus.for_training(found)
    if not learn:
        raise corpus.BadText("There is no document to learn from.")
    text = corpus.fingerprint(learn)
    runs = kept(_text(work, text), learn)
    options = options or sizes(min(VOCABULARY, len(runs.types)), cell)
    held_out = numbered(corpus.for_validation(found), runs.types)
    model = _begun(first, options, runs) if first else fresh(options, frequencies(runs, options.n_words))
    whole = FullLoss(model) if full else SampledLoss(model, tries)

    def loss(module: nn.Module, batch: dict[str, Tensor]) -> tuple[Tensor, int]:
        return module(batch), batch["at"].numel()

    def check(_: nn.Module) -> dict[str, float]:
        scores = measure(model, held_out, check_runs)
        return {"val": math.log(scores["forward_perplexity"] * scores["backward_perplexity"]) / 2, **scores}

    batches = Batches(runs, options.n_words, tokens=tokens, tries=tries)
    of = {"program": "elmo", "text": text, "sizes": json.dumps(elmo_format.written_options(options))}
    held = check if len(held_out.repeats) else None
    return loop.train(whole, batches, loss, plan, work, check=held, title="mini-elmo", of=of)


def _text(work: Path, fingerprint: str) -> Path:
    return work / f"text-{fingerprint}.npz"


def _begun(first: models.Elmo, options: Options, runs: Runs) -> BiLM:
    if not first.has_words:
        raise BadModel(f"{first.title} comes without its softmax: it cannot be trained on.")
    wide, words = widen(first.module, options.cell), runs.types[: options.n_words]
    if list(first.words) == words:
        return wide
    return reworded(wide, first.words, words, frequencies(runs, options.n_words), UNKNOWN)


def export(work: Path | str, to: Path | str) -> BiLM:
    """Write the checkpoint in `work` as a model folder (float16). Raises BadText where there is none."""
    state = loop.checkpoint(Path(work))
    if state is None:
        raise corpus.BadText(f"{work} has no checkpoint to export.")
    weights = {name.removeprefix("guesses.model."): value for name, value in state["model"].items()}
    types = kept(_text(Path(work), state["of"]["text"])).types[: len(weights["softmax.weight"])]
    model = BiLM(elmo_format.options_of(json.loads(state["of"]["sizes"])))
    model.load_state_dict(weights)
    elmo_format.save(model, types, Path(to))
    return model


def evaluate(found: Sequence[corpus.Document], folder: Path | str, count: int | None = 4000) -> dict[str, float]:
    """`measure` of a model folder on these documents, as it is shipped (float16 weights, run in float32)."""
    loaded = models.from_folder(Path(folder), Path(folder).name)
    if not loaded.has_words:
        raise BadModel(f"{folder} comes without its softmax: there is no perplexity to measure.")
    with torch.inference_mode():
        return measure(loaded.module, numbered(found, loaded.words), count)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bert_explain.training elmo", description=__doc__.split("\n")[0])
    parser.add_argument("--text", type=Path, action="append", default=[], help="a folder of text; may be given again")
    parser.add_argument("--out", type=Path, default=models.ASSETS / models.MINI, help="default: %(default)s")
    parser.add_argument("--work", type=Path, default=Path("runs/elmo"), help="checkpoints; default: %(default)s")
    parser.add_argument("--minutes", type=float, default=PLAN.minutes, help="default: %(default)s")
    parser.add_argument("--rate", type=float, default=PLAN.rate, help="largest learning rate; default: %(default)s")
    parser.add_argument("--tokens", type=int, default=TOKENS, help="words in a batch; default: %(default)s")
    parser.add_argument("--weights", type=Path, help="a model folder to begin with; default: from nothing")
    parser.add_argument("--cell", type=int, default=CELL, help="numbers in an LSTM's cell; default: %(default)s")
    parser.add_argument("--full", action="store_true", help="the whole softmax instead of a sampled one")
    parser.add_argument("--export", action="store_true", help="only write the last checkpoint as a model folder")
    chosen = parser.parse_args(arguments)
    if chosen.export:
        export(chosen.work, chosen.out)
        return 0
    if not chosen.text:
        parser.error("--text FOLDER is needed: there is no training without text")
    first_process = loop.start()[1] == 0  # asked now: training ends what the processes share
    found = [document for place in chosen.text for document in corpus.documents(place)]
    plan = replace(PLAN, minutes=chosen.minutes, rate=chosen.rate)
    before = cards.history(chosen.weights) if chosen.weights else None  # now: the weights may be those that are replaced
    first = models.from_folder(chosen.weights, chosen.weights.name) if chosen.weights else None
    progress = train(found, chosen.work, plan, cell=chosen.cell, first=first, full=chosen.full, tokens=chosen.tokens)
    if first_process:
        export(chosen.work, chosen.out)
        wider = f", widened to {chosen.cell} cells" if first and first.module.options.cell < chosen.cell else ""
        begun = f"{chosen.weights.name}'s weights{wider}" if first else "nothing"
        cards.made(chosen.out, cards.told(progress, plan, corpus.for_training(found), begun))
        cards.trained(chosen.out, progress.tokens, corpus.for_training(found), begun, before, "words")
        held_out = corpus.for_validation(found)
        cards.update(chosen.out, evaluate(held_out, chosen.out) if held_out else {}, instead=True)
    return 0


if __name__ == "__main__":
    main()
