"""The head for a task of its own that a folder may hold: found by config.json and by the weights' names, or said not to be read.

Hugging Face's classes put one or two linear maps on the encoder (its names and activations stand in `families`, its
arithmetic here): labels of a text from its first vector, a label of each token, a start and an end of an answer.
A head is read where config.json and the weights agree on what it is; whatever else is left over in a folder is named.

T tokens, H hidden size, C outputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from bert_explain.core.spec import TaskHead
from bert_explain.families import Family, TaskPlan
from bert_explain.families import of as family_of

KINDS = {"ForSequenceClassification": "sequence", "ForTokenClassification": "token", "ForQuestionAnswering": "span"}
CHOICE = "ForMultipleChoice"
READS = {"regression": "value", "multi_label_classification": "sigmoid", "single_label_classification": "softmax"}
_NAMED, _SHOWN = 3, 60  # names that a sentence lists; characters of what a folder calls its class

_ACTIVATIONS: dict[str, Any] = {"tanh": torch.tanh, "relu": functional.relu, "gelu": functional.gelu}


class Head(nn.Module):
    """A task head written out: one map to C outputs, in some families after another map and a function."""

    def __init__(self, kind: str, plan: TaskPlan, out: nn.Linear, dense: nn.Linear | None = None) -> None:
        super().__init__()
        self.whole, self.pooled, self.function = kind in ("sequence", "pair"), plan.pooled, plan.activation
        self.dense, self.out = dense, out
        self.eval().requires_grad_(False)

    def forward(self, hidden: Tensor, pooled: Tensor | None = None) -> Tensor:
        """hidden (T, H), and the pooler's vector (H,) where it reads that: (C,) for a text, else (T, C). Dropout is off."""
        x = hidden if not self.whole else hidden[0] if pooled is None else pooled
        if self.dense is not None:
            x = _ACTIVATIONS[self.function](self.dense(x))
        return self.out(x)


def made(task: TaskHead, plan: TaskPlan, weight: Tensor, bias: Tensor) -> dict[str, Any]:
    """A head of one map, (C, H) and (C,), as `from_hugging_face` takes it."""
    return {"task": task, "task_head": Head(task.kind, plan, _linear(weight, bias))}


def trained(model_type: str, kind: str, labels: tuple[str, ...], weight: Tensor, bias: Tensor) -> dict[str, Any]:
    """A layer that was trained on this server on a model of that family, (C, H) and (C,), as `from_hugging_face` takes it."""
    whole = kind in ("sequence", "pair")
    ending = next(name for name, known in KINDS.items() if known == ("sequence" if whole else kind))
    task = TaskHead(kind, labels, architecture=f"{family_of(model_type).prefix}{ending}", here=True)  # type: ignore[arg-type]
    return made(task, TaskPlan("", pooled=whole), weight, bias)


def find(title: str, config: Any, family: Family, left: Mapping[str, Tensor | None], has_pooler: bool) -> dict[str, Any]:
    """`task`, `task_head` and `unread`, as `from_hugging_face` takes them.

    title : how sentences call the model.
    left : the weights of the folder that are no part of the encoder or of a head for words and sentences, by name.
    has_pooler : whether the folder holds a pooler's weights.
    """
    called = str(next(iter(config.architectures or ()), ""))
    kind = _kind(called, family, left, has_pooler)
    if not left:
        if called.startswith(family.prefix) and called.removeprefix(family.prefix) in (*KINDS, CHOICE):
            return {"unread": (f"config.json of {title} says {called}, but its weights hold no such head, so none is shown.",)}
        return {}
    shown = called[:_SHOWN] or "no class"
    if kind == CHOICE:
        return {
            "unread": (
                f"{title} has a head for multiple choice ({shown}): it gives each of several texts, laid beside each other, one "
                "number. This app reads one text or one pair at a time, so that head is not shown.",
            )
        }
    if kind not in family.tasks:
        return {"unread": (f"{_names(title, left)}; config.json names {shown}, which does not say how they are read.",)}
    plan = family.tasks[kind]
    wanted = [f"{part}.{name}" for part in (plan.dense, plan.out) if part for name in ("weight", "bias")]
    rest = {name: tensor for name, tensor in left.items() if name not in wanted}
    more = (f"{_names(title, rest)}; {shown} has no such weights.",) if rest else ()
    head, why = _built(config, family, kind, {name: left.get(name) for name in wanted}, has_pooler)
    if head is None:
        return {"unread": (f"The task head of {title} ({shown}) is not shown: {why}.", *more)}
    return {"task": _described(config, kind, head.out.out_features, called), "task_head": head, "unread": more}


def _kind(called: str, family: Family, left: Mapping[str, Any], has_pooler: bool) -> str:
    """A kind of `family.tasks`, CHOICE, or "" where nothing says what the head is for.

    config.json names the class. Where it names none, the weights' names decide, if only one class has them: labels of a
    text and multiple choice have the same ones, and one output is left open.
    """
    if called:
        ending = called.removeprefix(family.prefix) if called.startswith(family.prefix) else ""
        return CHOICE if ending == CHOICE else KINDS.get(ending, "")
    if "qa_outputs.weight" in left:
        return "span"
    sequence = family.tasks["sequence"]
    out = left.get(f"{sequence.out}.weight")
    if out is None:
        out = left.get("classifier.weight")
        return "token" if out is not None and len(out) > 1 else ""
    if len(out) < 2:
        return ""
    whole = f"{sequence.dense}.weight" in left if sequence.dense else has_pooler
    return "sequence" if whole else "token"


def _built(
    config: Any, family: Family, kind: str, weights: Mapping[str, Tensor | None], has_pooler: bool
) -> tuple[Head | None, str]:
    """The head, or why there is none: the end of a sentence."""
    plan, hidden = family.tasks[kind], family.sizes(config).hidden
    if lacking := [name for name, tensor in weights.items() if tensor is None]:
        return None, f"the folder lacks {lacking[0]}"
    if plan.pooled and not has_pooler:
        return None, "it reads the pooler's vector, and the folder holds no pooler"
    given = {name: tensor for name, tensor in weights.items() if tensor is not None}
    out = given[f"{plan.out}.weight"]
    count = len(out) if out.dim() else 0
    shapes = {"out": (count, hidden), "dense": (hidden, hidden)}
    for part, name in (("out", plan.out), ("dense", plan.dense)):
        if name and (given[f"{name}.weight"].shape != shapes[part] or given[f"{name}.bias"].shape != shapes[part][:1]):
            return None, f"{name}.weight has not the shape that its class has"
    labels = 2 if kind == "span" else len(config.id2label or ())
    if count != labels or not count:
        what = "a start and an end are two" if kind == "span" else f"config.json names {labels}"
        return None, f"it has {count} outputs, and {what}"
    maps = [_linear(given[f"{name}.weight"], given[f"{name}.bias"]) if name else None for name in (plan.out, plan.dense)]
    assert maps[0] is not None
    return Head(kind, plan, maps[0], maps[1]), ""


def _described(config: Any, kind: str, outputs: int, called: str) -> TaskHead:
    if kind == "span":
        return TaskHead("span", architecture=called)
    names = dict(config.id2label)
    labels = tuple(str(names.get(i, "")) for i in range(outputs))
    if kind == "token":
        return TaskHead("token", labels, architecture=called)
    stated = getattr(config, "problem_type", None)
    # As transformers' own class trains it where nothing is said: one output is a regression.
    reads = READS.get(str(stated), "value" if outputs == 1 else "softmax")
    return TaskHead("sequence", labels, reads, called, stated in READS)  # type: ignore[arg-type]


def _names(title: str, tensors: Mapping[str, Any]) -> str:
    names = sorted(tensors)
    more = len(names) - _NAMED
    listed = ", ".join(name[:_SHOWN] for name in names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
    return f"The folder of {title} holds weights that are not shown here ({listed})"


def _linear(weight: Tensor, bias: Tensor) -> nn.Linear:
    found = nn.Linear(weight.shape[1], weight.shape[0])
    found.weight = nn.Parameter(weight.detach().clone().float())
    found.bias = nn.Parameter(bias.detach().clone().float())
    return found
