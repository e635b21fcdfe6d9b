"""Fine-tuning: one new output layer on a BERT, trained with it on a task's examples (Devlin et al. 2019, section 4).

The new layer is a linear map: from the pooled [CLS] for labels of a text or a pair, from each word's first piece for tags,
from each token to a start and an end for answers. A decoder has no pooler and its first token has seen nothing; there the
label is read off the last token (Radford et al. 2018, section 3.2).

T tokens, H hidden size, C labels, N examples.
"""

from __future__ import annotations

import copy
import io
import json
import shutil
import tempfile
import threading
import time
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from bert_explain.core.errors import BadModel, BadQuery
from bert_explain.core.query import Query
from bert_explain.core.spec import ModelSpec
from bert_explain.core.target import runs, sums
from bert_explain.core.tokens import Token, characters, first_pieces, lay_out, touching
from bert_explain.kernel import scores
from bert_explain.kernel.tasks import Answer, Example, Task, Tokens
from bert_explain.models import registry, task_heads
from bert_explain.models.encoder import Encoder, from_hugging_face
from bert_explain.models.loaded import MODELS
from bert_explain.training.pausing import PATIENCE, Pause, waited

BATCH = 16
TEST_BATCH = 32
WARM_UP, DECAY, CLIP, DROPOUT = 0.1, 0.01, 1.0, 0.1
MOST_PARAMETERS = 60_000_000  # weights, gradients and two averages take 16 bytes each: 1 GB
NOT_ONE = -100  # the label of a token that has none, as in PyTorch's cross entropy

Progress = Callable[..., None]


@dataclass(frozen=True)
class Recipe:
    """What is trained on what. Two equal recipes give the same numbers."""

    model: str  # its name
    task: str
    examples: int = 200  # of the training split, drawn by the seed; more than there are: all
    trained: str = "all"  # "head": the new layer only; "2": the last two layers too; "all"
    epochs: int = 3
    rate: float = 3e-4
    seed: int = 0

    @property
    def name(self) -> str:
        """What the model that comes of it is called, in an address too."""
        rate = f"{self.rate:g}".replace("-0", "-")
        return f"tuned-{self.model}-{self.task}-{self.examples}-{self.trained}-{self.epochs}-{rate}-{self.seed}"


@dataclass
class Watch:
    """How a training stands, for who looks at it from another thread; `paused` may be set from there."""

    losses: list[float] = field(default_factory=list)  # one a step
    right: list[float] = field(default_factory=list)  # share of a step's batch that was right before the step
    tested: list[tuple[int, float]] = field(default_factory=list)  # (steps done, score on the test split), one an epoch
    paused: Pause = field(default_factory=Pause)

    def begin(self) -> None:
        """Nothing has been done yet."""
        self.losses.clear()
        self.right.clear()
        self.tested.clear()
        self.paused.clear()


@dataclass(frozen=True, eq=False)
class Tuned:
    """A fine-tuned model and how it did. Arrays are read-only."""

    recipe: Recipe
    task: Task
    losses: tuple[float, ...]
    right: tuple[float, ...]
    tested: tuple[tuple[int, float], ...]
    said: tuple[Any, ...]  # for each test example: a label, its words' tags, or an answer's text or None
    chances: np.ndarray  # (N, C): what it gave each label; (N, 0) where a test example has more than one label
    score: float
    low: float  # the 95 % interval: other test patterns
    high: float
    before: np.ndarray  # (N, H): the vector that the label is read from, before training
    after: np.ndarray  # (N, H): and after it
    seconds: float  # of training, pauses left out
    net: Net = field(repr=False)

    @property
    def nbytes(self) -> int:
        """Bytes that it holds, its weights included."""
        return self.net.nbytes + self.chances.nbytes + self.before.nbytes + self.after.nbytes


_watched: OrderedDict[str, Watch] = OrderedDict()
_watching = threading.Lock()
MOST_WATCHED = 64


def watch_of(recipe: Recipe) -> Watch:
    """How the training of a recipe stands: one for all who look at it."""
    with _watching:
        watch = _watched.setdefault(recipe.name, Watch())
        _watched.move_to_end(recipe.name)
        while len(_watched) > MOST_WATCHED:
            _watched.popitem(last=False)
        return watch


class Net(nn.Module):
    """A body with a new layer on it; the body is a copy of `model`'s, an encoder or a decoder."""

    def __init__(self, model: Any, kind: str, labels: int) -> None:
        super().__init__()
        self.spec, self.wordpiece, self.kind = model.spec, model.wordpiece, kind
        self.tokenizer, self.looks_back = model.tokenizer, bool(getattr(model, "causal", False))
        self.body = copy.deepcopy(model.module.base_model)
        self.dropout = nn.Dropout(DROPOUT)
        self.head = nn.Linear(self.spec.hidden_size, 2 if kind == "span" else labels)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)

    @property
    def nbytes(self) -> int:
        return sum(p.numel() * p.element_size() for p in self.parameters())

    def freeze(self, trained: str) -> None:
        """Which weights are trained: see `Recipe.trained`. The new layer always is; the pooler with the layers."""
        layers = list(self.body.encoder.layer)
        keep = 0 if trained == "head" else len(layers) if trained == "all" else int(trained)
        self.body.requires_grad_(trained == "all")
        for layer in layers[len(layers) - keep :]:
            layer.requires_grad_(True)
        pooler = getattr(self.body, "pooler", None)
        if pooler is not None and keep:
            pooler.requires_grad_(True)

    def states(self, batch: Batch) -> Tensor:
        """The body's last hidden states (N, T, H)."""
        return self.body(batch.ids, attention_mask=batch.mask, token_type_ids=batch.segments).last_hidden_state

    def read(self, batch: Batch, states: Tensor) -> Tensor:
        """The one vector of each text that its label is read from, (N, H)."""
        if self.looks_back:
            return states[torch.arange(len(states)), batch.mask.sum(dim=1) - 1]
        pooler = getattr(self.body, "pooler", None)
        return states[:, 0] if pooler is None else pooler(states)

    def forward(self, batch: Batch) -> Tensor:
        """Logits: (N, C) for labels, (N, T, C) for tags, (N, T, 2) for answers."""
        states = self.states(batch)
        read = self.read(batch, states) if self.kind in ("sequence", "pair") else states
        return self.head(self.dropout(read))


@dataclass(frozen=True)
class Read:
    """One text as the model reads it, and what is right there."""

    tokens: tuple[Token, ...]
    target: Any = None  # a label's number; a number or NOT_ONE a token; (start, end) tokens


@dataclass(frozen=True)
class Batch:
    """Texts of one step, padded: (N, T) each."""

    ids: Tensor
    segments: Tensor
    mask: Tensor
    target: Tensor | None


def unfit(model: Any, kind: str) -> str:
    """Why a model is not fine-tuned here; "" where it is."""
    base = getattr(getattr(model, "module", None), "base_model", None)
    if base is None or not hasattr(getattr(base, "encoder", None), "layer"):
        return f"{model.spec.title} is not built as BERT is, so it is not fine-tuned here."
    if kind in ("sequence", "pair") and not model.spec.has_pooler and not getattr(model, "causal", False):
        return f"{model.spec.title} has no pooler, from which BERT reads a label, so it is not fine-tuned here."
    count = sum(p.numel() for p in base.parameters())
    if count > MOST_PARAMETERS:
        return (
            f"{model.spec.title} has {count / 1e6:,.0f} million weights; training them takes {16 * count / 1e9:.1f} GB here, "
            f"so it is not offered. Models of up to {MOST_PARAMETERS / 1e6:.0f} million are."
        )
    return ""


class Reader(Protocol):
    """What cuts texts into tokens: an encoder, a decoder, a net."""

    @property
    def spec(self) -> ModelSpec: ...

    @property
    def wordpiece(self) -> Any: ...


def read_text(net: Reader, text_a: str, text_b: str = "") -> tuple[Token, ...]:
    """The tokens of a text or a pair, as everywhere in the app."""
    return lay_out(net.spec, net.wordpiece, Query(text_a, text_b))[0]


def read_example(net: Reader, example: Example, labels: Sequence[str]) -> Read:
    """An example as the model reads it. An answer that was cut off counts as none."""
    tokens = read_text(net, *example.inputs)
    if isinstance(example, Tokens):
        target = [NOT_ONE] * len(tokens)
        for place, tag in zip(first_pieces(tokens, example.spans), example.tags, strict=True):
            if place is not None:
                target[place] = labels.index(tag)
        return Read(tokens, target)
    if isinstance(example, Answer):
        return Read(tokens, (0, 0) if example.span is None else answer_tokens(tokens, example.span))
    return Read(tokens, labels.index(example.label))


def answer_tokens(tokens: Sequence[Token], span: tuple[int, int]) -> tuple[int, int]:
    """The first and the last token of these characters of text B; (0, 0), "no answer", where they were cut off."""
    inside = touching(tokens, span, sentence=1)
    return (inside[0], inside[-1]) if inside else (0, 0)


def batch_of(reads: Sequence[Read]) -> Batch:
    """Texts padded to the longest of them."""
    width = max(len(r.tokens) for r in reads)

    def filled(rows: list[list[int]], empty: int) -> Tensor:
        return torch.tensor([row + [empty] * (width - len(row)) for row in rows])

    ids = filled([[t.id for t in r.tokens] for r in reads], 0)
    segments = filled([[t.segment for t in r.tokens] for r in reads], 0)
    mask = filled([[1] * len(r.tokens) for r in reads], 0)
    first = reads[0].target
    if first is None:
        target = None
    elif isinstance(first, list):
        target = filled([r.target for r in reads], NOT_ONE)
    else:
        target = torch.tensor([r.target for r in reads])
    return Batch(ids, segments, mask, target)


def loss_of(kind: str, logits: Tensor, batch: Batch) -> tuple[Tensor, float]:
    """Cross entropy, and the share of the batch that is right (of words, for tags; both ends, for answers)."""
    cross, target = nn.functional.cross_entropy, batch.target
    assert target is not None
    if kind == "span":
        start, end = logits.masked_fill(batch.mask[..., None] == 0, float("-inf")).unbind(-1)
        right = (start.argmax(1) == target[:, 0]) & (end.argmax(1) == target[:, 1])
        return (cross(start, target[:, 0]) + cross(end, target[:, 1])) / 2, float(right.float().mean())
    if kind == "token":
        flat, wanted = logits.flatten(0, 1), target.flatten()
        right = (flat.argmax(1) == wanted)[wanted != NOT_ONE]
        return cross(flat, wanted, ignore_index=NOT_ONE), float(right.float().mean()) if len(right) else 0.0
    return cross(logits, target), float((logits.argmax(1) == target).float().mean())


def drawn(task: Task, recipe: Recipe) -> list[Example]:
    """The training examples of a recipe: the first so many of an order that the seed gives."""
    return [task.train[i] for i in task.order(recipe.seed)[: recipe.examples]]


def train(model: Any, task: Task, recipe: Recipe, progress: Progress = lambda *_: None, watch: Watch | None = None) -> Tuned:
    """Fine-tune a copy of `model`; the model itself is not changed.

    progress : called with (share from 0 to 1, what is happening) after each step; what it raises ends the training.
    watch : is told of each step, and may pause it.
    Raises BadModel where the model cannot be trained here (`unfit`), BadQuery where there is nothing to train on.
    """
    if why := unfit(model, task.kind):
        raise BadModel(why)
    examples = drawn(task, recipe)
    if not examples or not task.test:
        raise BadQuery("There are no examples to train on, or none to test with.")
    watch = watch or Watch()
    # The generator is set and put back: other work of this process draws from it too.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        net = Net(model, task.kind, len(task.labels))
        reads = [read_example(net, example, task.labels) for example in examples]
        before = vectors(net, task)
        net.freeze(recipe.trained)
        spent = _steps(net, task, recipe, reads, progress, watch)
    net.eval()
    net.requires_grad_(False)
    said, chances = answers(net, task)
    parts = scores.parts(task, task.test, said)
    low, high = scores.interval(parts, [example.pattern for example in task.test])
    after = vectors(net, task)
    for array in (chances, before, after):
        array.flags.writeable = False
    told = tuple(watch.losses), tuple(watch.right), tuple(watch.tested)
    return Tuned(recipe, task, *told, tuple(said), chances, scores.score(parts), low, high, before, after, spent, net)


def kept(model: Any, recipe: Recipe) -> Tuned | None:
    """What came of a recipe, where it was trained on this server and is held still; nothing is trained."""
    return MODELS.peek(("tuned", model.spec.reads_as, recipe))


def made(model: Any, task: Task, recipe: Recipe, progress: Progress = lambda *_: None, watch: Watch | None = None) -> Tuned:
    """As `train`, once for all who ask for the same recipe, for as long as it is held among the models."""
    return MODELS.get(("tuned", model.spec.reads_as, recipe), lambda: train(model, task, recipe, progress, watch))


def in_the_walk(tuned: Tuned) -> Encoder:
    """The fine-tuned body and its new layer as an encoder that the other chapters open by its name; its masked-word and
    next-sentence heads are gone.

    Raises BadModel for a decoder, which does not walk as an encoder.
    """
    net = tuned.net
    if net.looks_back:
        raise BadModel("This one is a decoder: the walk's chapters are about encoders.")
    found = registry.ready(tuned.recipe.name)
    if found is None:
        title = f"{net.spec.title}, fine-tuned ({tuned.task.title})"
        head = task_heads.trained(net.body.config.model_type, net.kind, tuned.task.labels, net.head.weight, net.head.bias)
        found = from_hugging_face(tuned.recipe.name, title, net.body, net.tokenizer, **head)
        registry.add(found)
    return found


def _steps(net: Net, task: Task, recipe: Recipe, reads: list[Read], progress: Progress, watch: Watch) -> float:
    """All steps of a training; the seconds that they took.

    Dropout draws from the thread's one generator: its state is kept between two steps, so that nobody's other work in
    this process changes the numbers.
    """
    weights = [p for p in net.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in weights if p.dim() > 1], "weight_decay": DECAY},
        {"params": [p for p in weights if p.dim() <= 1], "weight_decay": 0.0},
    ]
    optimiser = torch.optim.AdamW(groups, lr=recipe.rate, fused=True)
    rng = np.random.default_rng([recipe.seed, 1])
    total, done, spent = -(-len(reads) // BATCH) * recipe.epochs, 0, 0.0
    warm = max(1, round(WARM_UP * total))
    for epoch in range(recipe.epochs):
        net.train()
        order = rng.permutation(len(reads))
        for at in range(0, len(reads), BATCH):
            _wait(watch, progress, done / total)
            started = time.perf_counter()
            for group in optimiser.param_groups:
                group["lr"] = recipe.rate * min((done + 1) / warm, (total - done) / max(1, total - warm))
            batch = batch_of([reads[i] for i in order[at : at + BATCH]])
            torch.manual_seed(recipe.seed * 1_000_003 + done)
            loss, right = loss_of(task.kind, net(batch), batch)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(weights, CLIP)
            optimiser.step()
            done += 1
            spent += time.perf_counter() - started
            watch.losses.append(float(loss.detach()))
            watch.right.append(right)
            progress(done / total, f"Epoch {epoch + 1} of {recipe.epochs}, step {done} of {total}")
        said, _ = answers(net, task, partial(progress, done / total, "Testing on what it has not seen"))
        watch.tested.append((done, scores.score(scores.parts(task, task.test, said))))
    return spent


def _wait(watch: Watch, progress: Progress, share: float) -> None:
    """As long as it is paused, and no longer than PATIENCE; `progress` ends it where nobody wants it any more."""
    said = f"Paused; it goes on by itself after {PATIENCE / 60:.0f} minutes, for others wait too"
    waited(watch.paused, partial(progress, share, said), PATIENCE)


@torch.inference_mode()
def vectors(net: Net, task: Task) -> np.ndarray:
    """(N, H): the vector of each test example that its label is read from."""
    net.eval()
    rows = []
    for at in range(0, len(task.test), TEST_BATCH):
        batch = batch_of([Read(read_text(net, *e.inputs)) for e in task.test[at : at + TEST_BATCH]])
        rows.append(net.read(batch, net.states(batch)))
    return torch.cat(rows).numpy().copy()


@torch.inference_mode()
def answers(net: Net, task: Task, look: Callable[[], None] = lambda: None) -> tuple[list[Any], np.ndarray]:
    """What the model says to each test example, as `kernel.scores` takes it; and what it gives each label, (N, C)."""
    net.eval()
    said: list[Any] = []
    chances = []
    for at in range(0, len(task.test), TEST_BATCH):
        look()
        some = task.test[at : at + TEST_BATCH]
        reads = [Read(read_text(net, *e.inputs)) for e in some]
        for example, read, row in zip(some, reads, net(batch_of(reads)), strict=True):
            if isinstance(example, Tokens):
                said.append(tags_of(read.tokens, example.spans, row.numpy(), task.labels))
            elif isinstance(example, Answer):
                found = best_span(read.tokens, row[: len(read.tokens)].numpy())
                said.append(None if found is None else example.passage[slice(*found)])
            else:
                said.append(task.labels[int(row.argmax())])
                chances.append(torch.softmax(row, dim=-1))
    return said, torch.stack(chances).numpy().copy() if chances else np.zeros((len(task.test), 0), dtype=np.float32)


def tags_of(tokens: Sequence[Token], spans: Sequence[tuple[int, int]], logits: np.ndarray, labels: Sequence[str]) -> list[str]:
    """A tag for each word, read from its first piece, logits (T, C); "O" for words that were cut off."""
    return ["O" if place is None else labels[int(logits[place].argmax())] for place in first_pieces(tokens, spans)]


def best_span(tokens: Sequence[Token], logits: np.ndarray) -> tuple[int, int] | None:
    """The characters of text B that answer: the largest sum of a start and an end (Devlin et al. 2019, section 4.3).

    logits : (T, 2). None where "no answer", start and end at [CLS], has a larger sum, or where there is no text B.
    """
    passage = [t.position for t in tokens if t.sentence == 1 and t.span]
    if not passage:
        return None
    places = runs(passage[0], passage[-1])
    every = sums(logits, places)  # "no answer" comes last
    best = int(every[:-1].argmax())
    if every[best] <= every[-1]:
        return None
    first, last = places[best]
    return characters(tokens[first : last + 1])


@torch.inference_mode()
def predict(net: Net, text_a: str, text_b: str = "") -> tuple[tuple[Token, ...], np.ndarray]:
    """The tokens of a text and the new layer's logits: (C,) for labels, (T, C) for tags, (T, 2) for answers."""
    read = Read(read_text(net, text_a, text_b))
    return read.tokens, net(batch_of([read]))[0].numpy().copy()


# As Hugging Face names them: kind of task -> (class, its new layer)
HEADS = {
    "sequence": ("BertForSequenceClassification", "classifier"),
    "pair": ("BertForSequenceClassification", "classifier"),
    "token": ("BertForTokenClassification", "classifier"),
    "span": ("BertForQuestionAnswering", "qa_outputs"),
}


def packed(tuned: Tuned) -> bytes:
    """The folder of `save` as a zip file. Nothing stays on the disk. Raises BadModel for a decoder."""
    with tempfile.TemporaryDirectory(prefix="bert_explain-") as home:
        folder = save(tuned, Path(home) / tuned.recipe.name)
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w", zipfile.ZIP_STORED) as file:  # weights hardly shrink
            for path in sorted(folder.iterdir()):
                file.write(path, f"{folder.name}/{path.name}")
        return data.getvalue()


def save(tuned: Tuned, folder: Path) -> Path:
    """A folder that Hugging Face's own class opens, in its place only when it is whole. Raises BadModel for a decoder."""
    if folder.is_dir():
        return folder
    net = tuned.net
    if net.looks_back:
        raise BadModel("Hugging Face has no class for a decoder of BERT's kind with a label on its last token.")
    import transformers

    name, head = HEADS[net.kind]
    config = copy.deepcopy(net.body.config)
    if labels := tuned.task.labels:
        config.id2label = dict(enumerate(labels))
        config.label2id = {label: i for i, label in enumerate(labels)}
    if net.kind in ("sequence", "pair"):
        config.problem_type = "single_label_classification"
    module = getattr(transformers, name)(config)
    pooled = net.kind in ("sequence", "pair")  # the other classes have no pooler
    body = {f"bert.{key}": value for key, value in net.body.state_dict().items() if pooled or not key.startswith("pooler.")}
    module.load_state_dict({**body, f"{head}.weight": net.head.weight, f"{head}.bias": net.head.bias})
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        module.save_pretrained(part)
        net.tokenizer.save_pretrained(part)
        about = {key: getattr(tuned.recipe, key) for key in Recipe.__dataclass_fields__}
        (part / "recipe.json").write_text(json.dumps({**about, "score_on_test_split": tuned.score}, indent=2) + "\n")
        part.rename(folder)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return folder
