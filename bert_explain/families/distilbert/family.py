"""How a DistilBERT is opened, and where its parts are in Hugging Face's module."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from torch import nn

from bert_explain.families.parts import Embed, Family, Layer, Parts, Sizes, TaskPlan, bert_tokenizer, tasks


def _module(config: Any, names: Collection[str]) -> type:
    from transformers.models.distilbert.modeling_distilbert import DistilBertForMaskedLM

    return DistilBertForMaskedLM


def _sizes(config: Any) -> Sizes:
    sizes = (config.dim, config.hidden_dim, config.n_layers, config.n_heads, config.dim)
    return Sizes(config.vocab_size, config.max_position_embeddings, 0, *sizes)


def _numbers(config: Any, names: Collection[str]) -> int:
    s = _sizes(config)
    return s.body() + s.hidden * s.hidden + s.hidden + 2 * s.hidden + s.vocabulary


def _layer(layer: Any) -> Layer:
    a, f = layer.attention, layer.ffn
    return Layer(a.q_lin, a.k_lin, a.v_lin, a.out_lin, layer.sa_layer_norm, f.lin1, f.activation, f.lin2, layer.output_layer_norm)


def _parts(module: Any, has: Collection[str]) -> Parts:
    base = getattr(module, "distilbert", module)
    e = base.embeddings
    words = None
    if "mlm" in has and hasattr(module, "vocab_projector"):
        words = nn.Sequential(module.vocab_transform, module.activation, module.vocab_layer_norm, module.vocab_projector)
    return Parts(
        Embed(e.word_embeddings, e.position_embeddings, None, e.LayerNorm),
        tuple(_layer(layer) for layer in base.transformer.layer),
        mlm_head=words,
    )


FAMILY = Family(
    name="distilbert",
    title="DistilBERT",
    module=_module,
    tokenizer=bert_tokenizer,
    sizes=_sizes,
    numbers=_numbers,
    parts=_parts,
    heads={"mlm": ("vocab_transform", "vocab_layer_norm", "vocab_projector")},
    prefix="DistilBert",
    tasks=tasks(TaskPlan("classifier", "pre_classifier", "relu")),
)
