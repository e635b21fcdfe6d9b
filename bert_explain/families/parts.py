"""What a family says of itself, and the parts of a model under one set of names for every architecture.

Shapes: T tokens, H hidden size, L layers, A heads, F feed-forward size, V vocabulary, E size of the embeddings (mostly H).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from torch import nn


@dataclass(frozen=True)
class Layer:
    """One encoder layer's modules, under one set of names for every architecture."""

    query: nn.Linear
    key: nn.Linear
    value: nn.Linear
    project: nn.Linear
    attention_norm: nn.LayerNorm
    expand: nn.Linear
    activation: Any
    contract: nn.Linear
    output_norm: nn.LayerNorm


@dataclass(frozen=True)
class Embed:
    """The embedding tables; `segment` is None where the architecture has no segments.

    first : the row of the position table that is position 0.
    constant : a table whose first row is added at every position.
    """

    token: nn.Embedding
    position: nn.Embedding
    segment: nn.Embedding | None
    norm: nn.LayerNorm
    first: int = 0
    constant: nn.Embedding | None = None


@dataclass(frozen=True)
class Parts:
    """A module taken apart. A head that the checkpoint did not hold is None.

    replaced_head : (T, H) -> (T,), the logit that each token was replaced. widen : E numbers -> H numbers, before layer 1.
    """

    embed: Embed
    layers: tuple[Layer, ...]
    mlm_head: Any = None
    pooler: nn.Linear | None = None
    nsp_head: nn.Linear | None = None
    replaced_head: Any = None
    widen: nn.Linear | None = None


@dataclass(frozen=True)
class TaskPlan:
    """Where the weights of a task head stand in a checkpoint, and what they read, as Hugging Face's class has it. C outputs.

    out : the map (C, H). dense, activation : a map (H, H) before it, and the function between the two; "" where there is none.
    pooled : it reads the pooler's vector; else the last layer's.
    """

    out: str
    dense: str = ""
    activation: Literal["", "tanh", "relu", "gelu"] = ""
    pooled: bool = False


@dataclass(frozen=True)
class Sizes:
    """The sizes in a config.json that decide how many numbers a model has."""

    vocabulary: int  # V
    positions: int
    segments: int  # rows; 0 where there is no such table
    hidden: int  # H
    feed_forward: int  # F
    layers: int  # L
    heads: int  # A
    embedding: int  # E

    def body(self) -> int:
        """Numbers of the tables and the layers, without any head; arithmetic, nothing is made."""
        h, f = self.hidden, self.feed_forward
        tables = (self.vocabulary + self.positions + self.segments) * self.embedding + 2 * self.embedding
        layer = 4 * (h * h + h) + 2 * h * f + f + h + 4 * h
        return tables + self.layers * layer


@dataclass(frozen=True)
class Family:
    """How one architecture is opened.

    name : `model_type` in config.json; `title` : as people call it.
    module : (config, names of the weights) -> the class of transformers that holds them, imported when it is asked for.
    tokenizer : -> the class of transformers that reads its texts when its folder names none.
    pieces : how its tokenizer cuts words; `vocabularies` : sets of files, one of which must be there.
    sizes : config -> its sizes; `numbers` : (config, names of the weights) -> how many numbers the module will hold, its two
        uses of the token table counted as one.
    parts : (module, the heads that were in the checkpoint) -> its parts.
    heads : each head, and words of which one stands in the name of a weight of it.
    between : how many end tokens stand between two sentences.
    prefix : what Hugging Face's classes of it begin with; tasks : kind of task head -> where its weights stand.
    """

    name: str
    title: str
    module: Callable[[Any, Collection[str]], type[Any]]
    tokenizer: Callable[[], type[Any]]
    sizes: Callable[[Any], Sizes]
    numbers: Callable[[Any, Collection[str]], int]
    parts: Callable[[Any, Collection[str]], Parts]  # torch knows no part of a module by its type: Parts says them
    heads: Mapping[str, tuple[str, ...]]
    pieces: Literal["wordpiece", "byte-level"] = "wordpiece"
    between: int = 1
    vocabularies: tuple[tuple[str, ...], ...] = (("tokenizer.json",), ("vocab.txt",))
    prefix: str = ""
    tasks: Mapping[str, TaskPlan] = field(default_factory=dict)


def tasks(sequence: TaskPlan) -> dict[str, TaskPlan]:
    """The plans of a family: labels of a token, starts and ends are one map in all of them, labels of a text are not."""
    return {"sequence": sequence, "token": TaskPlan("classifier"), "span": TaskPlan("qa_outputs")}


def bert_layer(layer: Any) -> Layer:
    """A layer as BERT names its modules, which RoBERTa and ELECTRA took over."""
    a = layer.attention
    return Layer(
        a.self.query,
        a.self.key,
        a.self.value,
        a.output.dense,
        a.output.LayerNorm,
        layer.intermediate.dense,
        layer.intermediate.intermediate_act_fn,
        layer.output.dense,
        layer.output.LayerNorm,
    )


def bert_sizes(config: Any) -> Sizes:
    """Sizes under the names that BERT gives them."""
    return Sizes(
        config.vocab_size,
        config.max_position_embeddings,
        config.type_vocab_size,
        config.hidden_size,
        config.intermediate_size,
        config.num_hidden_layers,
        config.num_attention_heads,
        getattr(config, "embedding_size", config.hidden_size),
    )


def bert_tokenizer() -> type:
    """WordPiece, as BERT's own code has it."""
    from transformers.models.bert.tokenization_bert import BertTokenizer

    return BertTokenizer
