"""How a RoBERTa is opened, and where its parts are in Hugging Face's module.

BERT's layers. What differs: pieces of bytes (BPE) in place of WordPiece; no segments (the one row of that table is the same
for every token, and is shown as part of the position); positions that begin at the third row of their table; two end tokens
between the sentences, <s> A </s></s> B </s>; no next sentence in its training, so no pooler is shown, trained or not.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from bert_explain.families.parts import Embed, Family, Parts, TaskPlan, bert_layer, bert_sizes, tasks


def _module(config: Any, names: Collection[str]) -> type:
    from transformers.models.roberta.modeling_roberta import RobertaForMaskedLM

    return RobertaForMaskedLM


def _tokenizer() -> type:
    from transformers.models.roberta.tokenization_roberta import RobertaTokenizer

    return RobertaTokenizer


def _numbers(config: Any, names: Collection[str]) -> int:
    s = bert_sizes(config)
    return s.body() + s.hidden * s.hidden + s.hidden + 2 * s.hidden + s.vocabulary


def _parts(module: Any, has: Collection[str]) -> Parts:
    base = getattr(module, "roberta", module)
    e = base.embeddings
    return Parts(
        Embed(
            e.word_embeddings, e.position_embeddings, None, e.LayerNorm, first=e.padding_idx + 1, constant=e.token_type_embeddings
        ),
        tuple(bert_layer(layer) for layer in base.encoder.layer),
        mlm_head=getattr(module, "lm_head", None) if "mlm" in has else None,
    )


FAMILY = Family(
    name="roberta",
    title="RoBERTa",
    module=_module,
    tokenizer=_tokenizer,
    sizes=bert_sizes,
    numbers=_numbers,
    parts=_parts,
    heads={"mlm": ("lm_head",)},
    pieces="byte-level",
    between=2,
    vocabularies=(("tokenizer.json",), ("vocab.json", "merges.txt")),
    prefix="Roberta",
    tasks=tasks(TaskPlan("classifier.out_proj", "classifier.dense", "tanh")),
)
