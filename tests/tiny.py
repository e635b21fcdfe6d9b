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
    ElectraConfig,
    ElectraForMaskedLM,
    ElectraForPreTraining,
    RobertaConfig,
    RobertaForMaskedLM,
    RobertaTokenizer,
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


def noisy(module: torch.nn.Module) -> torch.nn.Module:
    """Biases and LayerNorms random too: zeros and ones would hide mistakes."""
    with torch.no_grad():
        for weight in module.parameters():
            if weight.dim() == 1:
                weight.add_(torch.randn_like(weight) * 0.3)
    return module


def electra(kind: str = "discriminator", seed: int = 0, **config) -> torch.nn.Module:
    """Hugging Face's ELECTRA in `tiny_bert`'s sizes, 6 numbers a row of its tables. kind : or "generator"."""
    sizes = {"vocab_size": len(WORDS), "max_position_embeddings": 32, "hidden_size": 8, "num_hidden_layers": 2}
    sizes |= {"num_attention_heads": 2, "intermediate_size": 16, "initializer_range": 0.4, "embedding_size": 6}
    torch.manual_seed(seed)
    settings = ElectraConfig(**(sizes | config))
    settings._attn_implementation = "eager"
    return noisy((ElectraForMaskedLM if kind == "generator" else ElectraForPreTraining)(settings))


@cache
def tiny_electra(kind: str = "discriminator", seed: int = 0, **config) -> Encoder:
    """`electra`, wrapped."""
    return from_hugging_face(f"electra-{kind}", f"tiny ELECTRA, {kind}", electra(kind, seed, **config), tokenizer())


READ = (
    "The bank of the river was cold. He sat by the river bank, and the fish did not bite. She walked to the bank. The water was "
    "cold and clear! They played a game of bridge. A naïve café — “don’t”, 漢字 and İstanbul."
)


@cache
def byte_tokenizer(size: int = 400) -> RobertaTokenizer:
    """RoBERTa's tokenizer, trained on the spot: 256 bytes, five special tokens, the rest merges."""
    import json

    from tokenizers import ByteLevelBPETokenizer

    trained = ByteLevelBPETokenizer()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    trained.train_from_iterator([READ] * 5, vocab_size=size, min_frequency=1, special_tokens=special, show_progress=False)
    model = json.loads(trained.to_str())["model"]
    return RobertaTokenizer(vocab=model["vocab"], merges=[tuple(merge) for merge in model["merges"]])


def roberta(seed: int = 0, **config) -> torch.nn.Module:
    """Hugging Face's RoBERTa in `tiny_bert`'s sizes: 34 rows of positions for 32 tokens."""
    sizes = {"vocab_size": len(byte_tokenizer()), "max_position_embeddings": 34, "hidden_size": 8, "num_hidden_layers": 2}
    sizes |= {"num_attention_heads": 2, "intermediate_size": 16, "initializer_range": 0.4, "type_vocab_size": 1}
    torch.manual_seed(seed)
    settings = RobertaConfig(**(sizes | config))
    settings._attn_implementation = "eager"
    return noisy(RobertaForMaskedLM(settings))


@cache
def tiny_roberta(seed: int = 0, **config) -> Encoder:
    """`roberta`, wrapped."""
    return from_hugging_face("roberta", "tiny RoBERTa", roberta(seed, **config), byte_tokenizer())


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
