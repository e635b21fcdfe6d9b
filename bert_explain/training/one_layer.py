"""A new layer on an encoder that stays as it is: trained in seconds, since each text goes through the encoder once.

What Devlin et al. 2019 call the feature-based approach (section 5.3), with the last layer's vectors: from the pooled [CLS]
for labels of a text, from each word's first piece for tags, from each token for the start and the end of an answer. The walk
goes on with the very same encoder, its other heads too.

T tokens, H hidden size, C outputs (two for a start and an end), N vectors.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

from bert_explain.core.errors import BadModel
from bert_explain.core.tokens import Token
from bert_explain.kernel import scores
from bert_explain.kernel.tasks import Answer, Example, Task, Tokens
from bert_explain.models import registry, task_heads
from bert_explain.models.encoder import Encoder
from bert_explain.models.loaded import MODELS
from bert_explain.training import fine_tuning
from bert_explain.training.fine_tuning import NOT_ONE, Progress, Read

STEPS, RATE, DECAY = 200, 1e-2, 0.05
BATCH = 16  # texts that go through the encoder together


@dataclass(frozen=True, eq=False)
class Standing:
    """An encoder with a layer for a task on it, and how it did on the test split."""

    model: Encoder = field(repr=False)
    task: Task = field(repr=False)
    score: float
    same: float  # what one answer for all would reach: the commonest label, no name, no answer
    low: float  # the 95 % interval of `score`: other test patterns
    high: float
    seconds: float

    @property
    def nbytes(self) -> int:
        """Bytes of the new layer: the encoder is counted where it is held."""
        return 4 * sum(p.numel() for p in self.model.task_head.parameters())


def unfit(model: Encoder, kind: str) -> str:
    """Why no layer is trained on a model; "" where one is."""
    return fine_tuning.unfit(model, kind)


def name_of(model: Encoder, task: str) -> str:
    """What the encoder with the layer on it is called, in an address too."""
    return f"tuned-{model.name}-{task}-layer"


def kept(model: Encoder, task: str) -> Standing | None:
    """What was trained on this server and is held still; nothing is trained."""
    return MODELS.peek(_key(model, task))


def made(model: Encoder, task: Task, progress: Progress = lambda *_: None) -> Standing:
    """As `train`, once for all who ask, for as long as it is held among the models; its name opens it in the walk."""
    found = MODELS.get(_key(model, task.name), lambda: train(model, task, progress))
    if registry.ready(found.model.name) is None:
        registry.add(found.model)
    return found


def _key(model: Encoder, task: str) -> tuple:
    return ("one layer", model.name, model.spec.reads_as, task)


def train(model: Encoder, task: Task, progress: Progress = lambda *_: None) -> Standing:
    """Train a layer on all training examples of a task; the encoder is not changed.

    progress : called with (share from 0 to 1, what is happening); what it raises ends the training.
    Raises BadModel where the model cannot carry it (`unfit`).
    """
    if why := unfit(model, task.kind):
        raise BadModel(why)
    started, every = time.perf_counter(), (*task.train, *task.test)
    states = []
    for at in range(0, len(every), BATCH):
        progress(0.9 * at / len(every), f"Text {at + 1} of {len(every)}")
        states += _states(model, every[at : at + BATCH])
    progress(0.9, "The layer learns")
    layer = _learned(model, task, states[: len(task.train)])
    said = [_said(model, task, example, one, layer) for example, one in zip(task.test, states[len(task.train) :], strict=True)]
    parts = scores.parts(task, task.test, said)
    low, high = scores.interval(parts, [example.pattern for example in task.test])
    same = scores.score(scores.parts(task, task.test, scores.always(task, task.train)[1]))
    head = task_heads.trained(model.config.model_type, task.kind, task.labels, layer.weight, layer.bias)
    title = f"{model.title} with a layer for {task.title}"
    stands = replace(model, name=name_of(model, task.name), title=title, unread=(), **head)
    return Standing(stands, task, scores.score(parts), same, low, high, time.perf_counter() - started)


@torch.no_grad()
def _states(model: Encoder, examples: Sequence[Example]) -> list[tuple[tuple[Token, ...], Tensor]]:
    """The tokens of each text, and the last layer's vectors (T, H)."""
    reads = [Read(fine_tuning.read_text(model, *example.inputs)) for example in examples]
    batch = fine_tuning.batch_of(reads)
    found = model.module.base_model(batch.ids, attention_mask=batch.mask, token_type_ids=batch.segments).last_hidden_state
    return [(read.tokens, row[: len(read.tokens)].clone()) for read, row in zip(reads, found, strict=True)]


def _learned(model: Encoder, task: Task, states: Sequence[tuple[tuple[Token, ...], Tensor]]) -> nn.Linear:
    """The layer after STEPS steps on all examples at once."""
    targets = [fine_tuning.read_example(model, example, task.labels).target for example in task.train]
    if task.kind == "span":
        x, y, ruled_out = _whole(states, targets)
        return _stepped(x, y, ruled_out, 2)
    rows, labels = [], []
    for target, (_, hidden) in zip(targets, states, strict=True):
        if isinstance(target, list):
            places = [i for i, label in enumerate(target) if label != NOT_ONE]
            rows += [hidden[i] for i in places]
            labels += [target[i] for i in places]
        else:
            rows.append(model.pooled(hidden[0]))
            labels.append(target)
    return _stepped(torch.stack(rows), torch.tensor(labels), None, len(task.labels))


def _whole(
    states: Sequence[tuple[tuple[Token, ...], Tensor]], targets: Sequence[tuple[int, int]]
) -> tuple[Tensor, Tensor, Tensor]:
    """All tokens of all texts, padded: (N, T, H), the starts and ends (N, 2), and what is added to the logits of padding."""
    width = max(len(hidden) for _, hidden in states)
    x = torch.zeros(len(states), width, states[0][1].shape[1])
    ruled_out = torch.full((len(states), width, 1), -1e9)
    for i, (_, hidden) in enumerate(states):
        x[i, : len(hidden)] = hidden
        ruled_out[i, : len(hidden)] = 0
    return x, torch.tensor(targets), ruled_out


def _stepped(x: Tensor, y: Tensor, ruled_out: Tensor | None, outputs: int) -> nn.Linear:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        layer = nn.Linear(x.shape[-1], outputs)
    optimiser = torch.optim.AdamW(layer.parameters(), lr=RATE, weight_decay=DECAY, fused=True)
    for _ in range(STEPS):
        optimiser.zero_grad(set_to_none=True)
        logits = layer(x) if ruled_out is None else layer(x) + ruled_out  # (N, C), or (N, T, 2)
        nn.functional.cross_entropy(logits, y).backward()
        optimiser.step()
    return layer.requires_grad_(False)


@torch.no_grad()
def _said(model: Encoder, task: Task, example: Example, states: tuple[tuple[Token, ...], Tensor], layer: nn.Linear):
    tokens, hidden = states
    if isinstance(example, Tokens):
        return fine_tuning.tags_of(tokens, example.spans, layer(hidden).numpy(), task.labels)
    if isinstance(example, Answer):
        found = fine_tuning.best_span(tokens, layer(hidden).numpy())
        return None if found is None else example.passage[slice(*found)]
    return task.labels[int(layer(model.pooled(hidden[0])).argmax())]
