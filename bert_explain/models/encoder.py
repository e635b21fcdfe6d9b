"""The encoder of the BERT family: one forward pass, written out so that every stage can be kept.

Hugging Face's modules hold the weights; their names stay in `families`. The arithmetic follows Devlin et al. 2019
(BERT) and Vaswani et al. 2017, sections 3.1 to 3.3 (attention, feed-forward, residual + LayerNorm after each).
A test compares every stage with Hugging Face's own forward pass.

Shapes: T tokens, H hidden size, L layers, A heads, d = H / A, F feed-forward size, V vocabulary, P positions asked for.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from bert_explain.core.errors import Missing
from bert_explain.core.spec import ModelSpec, Special, Specials, TaskHead
from bert_explain.families import Embed, Layer
from bert_explain.families import of as family_of
from bert_explain.models import fingerprint, loaded

if TYPE_CHECKING:
    from transformers import PreTrainedModel


@dataclass(frozen=True, eq=False)
class Encoder:
    """A loaded, read-only encoder. Safe from many threads: nothing in it changes after loading.

    Build one with `models.load(name)`, or around your own weights with `encoder.from_hugging_face`.
    """

    name: str
    title: str
    config: Any = field(repr=False)
    tokenizer: Any = field(repr=False)
    wordpiece: Any = field(repr=False)  # a tokenizers.Tokenizer of our own: never truncates, never changes
    module: PreTrainedModel = field(repr=False)
    embed: Embed = field(repr=False)
    layers: tuple[Layer, ...] = field(repr=False)
    mlm_head: Any = field(default=None, repr=False)
    pooler: Any = field(default=None, repr=False)
    nsp_head: nn.Linear | None = field(default=None, repr=False)
    replaced_head: Any = field(default=None, repr=False)
    widen: nn.Linear | None = field(default=None, repr=False)
    task: TaskHead | None = None
    task_head: Any = field(default=None, repr=False)  # models.task_heads.Head, where there is a `task`
    unread: tuple[str, ...] = ()  # one sentence for each head of its folder that is not shown

    # sizes ------------------------------------------------------------------------------------------------------
    @property
    def n_layers(self) -> int:
        return len(self.layers)

    @property
    def n_heads(self) -> int:
        return self.config.num_attention_heads

    @property
    def hidden_size(self) -> int:
        return self.config.hidden_size

    @property
    def head_size(self) -> int:
        return self.hidden_size // self.n_heads

    @property
    def vocab_size(self) -> int:
        return self.embed.token.num_embeddings

    @property
    def max_tokens(self) -> int:
        """How many tokens the position table has room for (512 in BERT)."""
        return self.embed.position.num_embeddings - self.embed.first

    @property
    def parameters(self) -> int:
        """Number of trained numbers, without a task head's; a table that is used twice (tied) is counted once."""
        return sum(p.numel() for p in self.module.parameters())

    @property
    def nbytes(self) -> int:
        """Bytes of its weights."""
        head = () if self.task_head is None else self.task_head.parameters()
        return 4 * (self.parameters + sum(p.numel() for p in head))

    @property
    def has_segments(self) -> bool:
        return self.embed.segment is not None and self.embed.segment.num_embeddings > 1

    @property
    def has_mlm(self) -> bool:
        return self.mlm_head is not None

    @property
    def has_replaced(self) -> bool:
        """True for a discriminator: it tells replaced tokens."""
        return self.replaced_head is not None

    @property
    def has_nsp(self) -> bool:
        return self.nsp_head is not None

    @property
    def has_pooler(self) -> bool:
        return self.pooler is not None

    @property
    def lacks(self) -> tuple[str, ...]:
        """One sentence for each part that BERT has and this model has not."""
        return self.spec.lacks

    @property
    def family(self) -> str:
        """How it reads, as `ModelSpec.family` names it."""
        return self.config.model_type

    @property
    def special_layout(self) -> str:
        """The special tokens around two sentences, as they are written here."""
        start, end = self.spec.special.start.text, self.spec.special.end.text
        return f"{start} A {end * self.spec.between} B {end}"

    @cached_property
    def spec(self) -> ModelSpec:
        """All of this without the weights: a plain value, made once (the fingerprint reads every weight)."""
        tok, inner, family = self.tokenizer, self.wordpiece.model, family_of(self.config.model_type)
        normalizer = self.wordpiece.normalizer

        lowers = normalizer is not None and normalizer.normalize_str("A") == "a"

        def needed(row: int) -> Special:
            return Special(row, tok.convert_ids_to_tokens(row))

        def named(row: int | None) -> Special | None:
            return None if row is None else needed(row)

        special = Specials(
            needed(tok.cls_token_id),
            needed(tok.sep_token_id),
            named(tok.mask_token_id),
            named(tok.unk_token_id),
            named(tok.pad_token_id),
            frozenset(tok.all_special_ids),
        )
        spec = ModelSpec(
            name=self.name,
            title=self.title,
            family=self.family,
            n_layers=self.n_layers,
            n_heads=self.n_heads,
            hidden_size=self.hidden_size,
            feed_forward_size=self.layers[0].expand.out_features if self.layers else 0,
            vocab_size=self.vocab_size,
            max_tokens=self.max_tokens,
            fingerprint=self.fingerprint,
            special=special,
            has_segments=self.has_segments,
            has_mlm=self.has_mlm,
            has_nsp=self.has_nsp,
            has_pooler=self.has_pooler,
            has_replaced=self.has_replaced,
            embedding_size=self.embed.token.embedding_dim,
            pieces=family.pieces,
            between=family.between,
            causal=getattr(self, "causal", False),
            continuing=getattr(inner, "continuing_subword_prefix", None) or "##",
            lower_case=lowers,
            capitals=self._capitals() if lowers else 0,
            longest_word=getattr(inner, "max_input_chars_per_word", 100),
            task=self.task,
            unread=self.unread,
        )
        loaded.note(self, spec)
        return spec

    def _capitals(self) -> int:
        """How many pieces of the vocabulary have capitals; tokens that are taken as they stand, such as [CLS], do not count."""
        whole = {token.content for token in self.wordpiece.get_added_tokens_decoder().values()}
        pieces = self.wordpiece.get_vocab(with_added_tokens=False)
        return sum(piece != piece.lower() and piece not in whole for piece in pieces)

    @cached_property
    def fingerprint(self) -> str:
        """A short name of the weights and of what reads them: another one gives other numbers."""
        return fingerprint.of_module(self.module if self.task_head is None else nn.ModuleList([self.module, self.task_head]))

    # tables, for pictures of the weights themselves --------------------------------------------------------------
    def position_table(self) -> Tensor:
        """The learned position embeddings, (max_tokens, E), with what is added at every position."""
        rows = self.embed.position.weight.detach()[self.embed.first :]
        return rows if self.embed.constant is None else rows + self.embed.constant.weight.detach()[0]

    def segment_table(self) -> Tensor | None:
        """The segment embeddings, (2, H), or None."""
        return self.embed.segment.weight.detach() if self.embed.segment is not None and self.has_segments else None

    # the forward pass ---------------------------------------------------------------------------------------------
    def rows(self, ids: Tensor, segments: Tensor, positions: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The three rows that are summed for each token: token, segment, position, each (T, E)."""
        token = self.embed.token(ids)
        segment = self.embed.segment(segments) if self.embed.segment is not None else torch.zeros_like(token)
        position = self.embed.position(positions + self.embed.first)
        if self.embed.constant is not None:
            position = position + self.embed.constant.weight[0]
        return token, segment, position

    def enter(self, ids: Tensor, segments: Tensor, positions: Tensor) -> Tensor:
        """What goes into layer 1, (T, H): the three rows summed, and normalised."""
        return self.widened(self.embed.norm(sum(self.rows(ids, segments, positions))))

    def widened(self, normalised: Tensor) -> Tensor:
        """(T, E) -> (T, H): as it is where E = H; ELECTRA's small models have one matrix between."""
        return normalised if self.widen is None else self.widen(normalised)

    def split(self, x: Tensor) -> Tensor:
        """(T, H) -> (A, T, d): the hidden size is cut into A pieces of d numbers, one piece a head."""
        return x.view(x.shape[0], self.n_heads, self.head_size).transpose(0, 1)  # (T, A, d) -> (A, T, d)

    def join(self, x: Tensor) -> Tensor:
        """(A, T, d) -> (T, H): the heads' outputs side by side."""
        return x.transpose(0, 1).reshape(x.shape[1], self.hidden_size)  # (T, A, d) -> (T, H)

    def allowed(self, scores: Tensor) -> Tensor:
        """Scores (A, T, T) of the looks that are allowed; here all of them. A decoder forbids the looks ahead."""
        return scores

    def attend(self, layer: int, x: Tensor, off: Sequence[int] = ()) -> dict[str, Tensor]:
        """Self-attention of one layer on x (T, H), every intermediate number kept.

        q, k, v, mixed (A, T, d); scores, weights (A, T, T); joined (T, H). `off` lists heads whose output is zeroed.
        """
        return self.mix(*self.asked(layer, x), off)

    def asked(self, layer: int, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values of all heads, (T, H) each, from a layer's input (T, H)."""
        m = self.layers[layer]
        return m.query(x), m.key(x), m.value(x)

    def mix(self, query: Tensor, key: Tensor, value: Tensor, off: Sequence[int] = ()) -> dict[str, Tensor]:
        """What the heads make of one text's queries, keys and values (T, H); as `attend` gives it.

        Scaled dot-product attention: softmax(QK^T / sqrt(d)) V, Vaswani et al. 2017, eq. 1.
        """
        q, k, v = self.split(query), self.split(key), self.split(value)
        scores = torch.matmul(q, k.transpose(1, 2)) / math.sqrt(self.head_size)  # (A, T, d) x (A, d, T) -> (A, T, T)
        scores = self.allowed(scores)
        weights = torch.softmax(scores, dim=-1)
        mixed = torch.matmul(weights, v)  # (A, T, T) x (A, T, d) -> (A, T, d)
        if off:
            mixed = mixed.clone()
            mixed[list(off)] = 0.0
        joined = self.join(mixed)
        return {"q": q, "k": k, "v": v, "scores": scores, "weights": weights, "mixed": mixed, "joined": joined}

    def finish(self, layer: int, x: Tensor, joined: Tensor) -> dict[str, Tensor]:
        """The rest of a layer after its heads: project, add and norm, feed-forward, add and norm.

        All (T, H) but `expanded` (T, F). Vaswani et al. 2017, sections 3.1 and 3.3.
        """
        m = self.layers[layer]
        projected = m.project(joined)
        attended = x + projected
        attended_normalised = m.attention_norm(attended)
        expanded = m.activation(m.expand(attended_normalised))  # (T, F)
        contracted = m.contract(expanded)
        total = attended_normalised + contracted
        return {
            "projected": projected,
            "attended": attended,
            "attended_normalised": attended_normalised,
            "expanded": expanded,
            "contracted": contracted,
            "total": total,
            "output": m.output_norm(total),
        }

    def mlm_logits(self, hidden: Tensor) -> Tensor:
        """The masked-word head on hidden states (P, H) -> (P, V), before softmax. Raises Missing."""
        if self.mlm_head is None:
            raise Missing(f"{self.title} has no masked-word head: it cannot predict words.")
        return self.mlm_head(hidden)

    def replaced_logits(self, hidden: Tensor) -> Tensor:
        """The logit that each token was replaced, (P, H) -> (P,), before the sigmoid. Raises Missing."""
        if self.replaced_head is None:
            raise Missing(f"{self.title} has no head for replaced words.")
        return self.replaced_head(hidden)

    def pooled(self, cls: Tensor) -> Tensor:
        """tanh(W h + b) on the [CLS] vector(s) (..., H), as BERT's pooler does. Raises Missing."""
        if self.pooler is None:
            raise Missing(f"{self.title} has no pooler.")
        return torch.tanh(self.pooler(cls))

    def nsp_logits(self, pooled: Tensor) -> Tensor:
        """(is next, is not next) before softmax, (..., 2). Raises Missing."""
        if self.nsp_head is None:
            raise Missing(f"{self.title} has no next-sentence head: it cannot say whether B follows A.")
        return self.nsp_head(pooled)

    def task_logits(self, hidden: Tensor) -> Tensor:
        """The task head on the last layer's vectors (T, H): (C,) of a text, (T, C) of tokens, (T, 2) of spans. Raises Missing."""
        if self.task_head is None:
            raise Missing(f"{self.title} has no head for a task of its own.")
        return self.task_head(hidden, self.pooled(hidden[0]) if self.task_head.pooled else None)


def from_hugging_face(
    name: str,
    title: str,
    module: Any,
    tokenizer: Any,
    heads: frozenset[str] | None = None,
    kind: type[Encoder] | None = None,
    **more: Any,
) -> Encoder:
    """Wrap a Hugging Face module of one of `families`; as an Encoder, or as the `kind` of it given.

    heads : which of its family's heads were really in the checkpoint; None means whatever the module has.
    Hugging Face fills absent heads with random numbers: those must not be shown as if they were trained.
    more : `task`, `task_head` and `unread`, as the Encoder has them.
    Raises BadModel for a module of no family that there is.
    """
    module = module.eval().requires_grad_(False)
    wordpiece = copy.deepcopy(tokenizer.backend_tokenizer)  # calling `tokenizer` changes its backend, not this copy
    wordpiece.no_truncation()
    wordpiece.no_padding()
    family = family_of(module.config.model_type)
    parts = family.parts(module, frozenset(family.heads) if heads is None else heads)
    given = {one.name: getattr(parts, one.name) for one in fields(parts)}
    return (kind or Encoder)(name, title, module.config, tokenizer, wordpiece, module, **given, **more)
