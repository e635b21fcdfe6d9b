"""How an ELECTRA is opened, and where its parts are in Hugging Face's module.

BERT's layers and its tokenizer. What differs: the tables may be narrower than the layers (E < H), and one matrix then makes
H numbers of each sum; the generator's head is on E numbers; the discriminator has no head for words, but one that says of
each token whether it was replaced (Clark et al. 2020, section 2).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from torch import nn

from bert_explain.families.parts import Embed, Family, Parts, TaskPlan, bert_layer, bert_sizes, bert_tokenizer, tasks


def _module(config: Any, names: Collection[str]) -> type:
    from transformers.models.electra.modeling_electra import ElectraForMaskedLM, ElectraForPreTraining

    return ElectraForMaskedLM if _generates(config, names) else ElectraForPreTraining


def _generates(config: Any, names: Collection[str]) -> bool:
    """Whether the weights are a generator's; where their names are not known, whether the config says so."""
    if names:
        return any(name.startswith("generator_") for name in names)
    return any("ForMaskedLM" in name for name in config.architectures or ())


def _numbers(config: Any, names: Collection[str]) -> int:
    s = bert_sizes(config)
    h, e = s.hidden, s.embedding
    widened = e * h + h if e != h else 0
    head = h * e + e + 2 * e + s.vocabulary if _generates(config, names) else h * h + h + h + 1
    return s.body() + widened + head


def _parts(module: Any, has: Collection[str]) -> Parts:
    base = getattr(module, "electra", module)
    e, words, replaced = base.embeddings, None, None
    if "mlm" in has and hasattr(module, "generator_lm_head"):
        words = nn.Sequential(module.generator_predictions, module.generator_lm_head)
    if "replaced" in has:
        replaced = getattr(module, "discriminator_predictions", None)
    return Parts(
        Embed(e.word_embeddings, e.position_embeddings, e.token_type_embeddings, e.LayerNorm),
        tuple(bert_layer(layer) for layer in base.encoder.layer),
        mlm_head=words,
        replaced_head=replaced,
        widen=getattr(base, "embeddings_project", None),
    )


FAMILY = Family(
    name="electra",
    title="ELECTRA",
    module=_module,
    tokenizer=bert_tokenizer,
    sizes=bert_sizes,
    numbers=_numbers,
    parts=_parts,
    heads={"mlm": ("generator_",), "replaced": ("discriminator_predictions",)},
    prefix="Electra",
    tasks=tasks(TaskPlan("classifier.out_proj", "classifier.dense", "gelu")),
)
