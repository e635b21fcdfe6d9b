"""How a BERT is opened, and where its parts are in Hugging Face's module."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from bert_explain.families.parts import Embed, Family, Parts, TaskPlan, bert_layer, bert_sizes, bert_tokenizer, tasks


def _module(config: Any, names: Collection[str]) -> type:
    from transformers.models.bert.modeling_bert import BertForPreTraining

    return BertForPreTraining


def _numbers(config: Any, names: Collection[str]) -> int:
    s = bert_sizes(config)
    h = s.hidden
    pooler, words, following = h * h + h, h * h + h + 2 * h + s.vocabulary, 2 * h + 2
    return s.body() + pooler + words + following


def _parts(module: Any, has: Collection[str]) -> Parts:
    base, cls = getattr(module, "bert", module), getattr(module, "cls", None)
    e = base.embeddings
    pooler = base.pooler.dense if "pooler" in has and base.pooler is not None else None
    return Parts(
        Embed(e.word_embeddings, e.position_embeddings, e.token_type_embeddings, e.LayerNorm),
        tuple(bert_layer(layer) for layer in base.encoder.layer),
        mlm_head=getattr(cls, "predictions", None) if "mlm" in has else None,
        pooler=pooler,
        nsp_head=getattr(cls, "seq_relationship", None) if "nsp" in has and pooler is not None else None,
    )


FAMILY = Family(
    name="bert",
    title="BERT",
    module=_module,
    tokenizer=bert_tokenizer,
    sizes=bert_sizes,
    numbers=_numbers,
    parts=_parts,
    heads={"mlm": ("cls.predictions",), "nsp": ("seq_relationship",), "pooler": ("pooler",)},
    prefix="Bert",
    tasks=tasks(TaskPlan("classifier", pooled=True)),
)
