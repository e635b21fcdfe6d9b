"""Small models made on the spot, for shapes and lacks that the bundled model does not have."""

from functools import cache

import torch
from transformers import (
    BertConfig,
    BertForPreTraining,
    BertLMHeadModel,
    BertModel,
    BertTokenizer,
    DistilBertConfig,
    DistilBertForMaskedLM,
)

from bert_explain.models.decoder import Decoder, from_module
from bert_explain.models.encoder import Encoder, from_hugging_face

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "bank", "river", "water", "##s", "cold", ".")


def tokenizer() -> BertTokenizer:
    """WordPiece over twelve pieces."""
    return BertTokenizer(vocab={word: i for i, word in enumerate(WORDS)})


@cache
def tiny_bert(kind: str = "full", seed: int = 0, **config) -> Encoder:
    """2 layers, 2 heads, 8 numbers a token, 32 positions, random weights (seeded), no noise.

    kind : "full", or what it lacks: "no heads" (neither masked-word nor next-sentence head), "bare" (no pooler
    either), "no segments", "distilbert" (no segments, pooler, next-sentence head).
    """
    sizes = {"vocab_size": len(WORDS), "max_position_embeddings": 32}
    torch.manual_seed(seed)
    if kind == "distilbert":
        sizes |= {"dim": 8, "n_layers": 2, "n_heads": 2, "hidden_dim": 16, "initializer_range": 0.4}
        settings = DistilBertConfig(**(sizes | config))
        settings._attn_implementation = "eager"
        return from_hugging_face(kind, "tiny DistilBERT", DistilBertForMaskedLM(settings), tokenizer())
    sizes |= {"hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}
    sizes |= {"initializer_range": 0.4, "type_vocab_size": 1 if kind == "no segments" else 2}
    settings = BertConfig(**(sizes | config))
    settings._attn_implementation = "eager"
    if kind in ("no heads", "bare"):
        module = BertModel(settings, add_pooling_layer=kind == "no heads")
    else:
        module = BertForPreTraining(settings)
    return from_hugging_face(kind, f"tiny BERT, {kind}", module, tokenizer())


def tiny_lm(seed: int = 0, **config) -> BertLMHeadModel:
    """Hugging Face's decoder in `tiny_bert`'s sizes; biases and LayerNorms are random too."""
    sizes = {"vocab_size": len(WORDS), "max_position_embeddings": 32, "hidden_size": 8, "num_hidden_layers": 2}
    sizes |= {"num_attention_heads": 2, "intermediate_size": 16, "initializer_range": 0.4, "is_decoder": True}
    torch.manual_seed(seed)
    settings = BertConfig(**(sizes | config))
    settings._attn_implementation = "eager"
    module = BertLMHeadModel(settings)
    with torch.no_grad():
        for weight in module.parameters():
            if weight.dim() == 1:
                weight.add_(torch.randn_like(weight) * 0.3)
    return module


@cache
def tiny_decoder(seed: int = 0, **config) -> Decoder:
    """`tiny_lm`, wrapped."""
    return from_module("tiny", "tiny decoder", tiny_lm(seed, **config), tokenizer())
