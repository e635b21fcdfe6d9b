"""A few kilobytes of text and a very small encoder, to run the training programs on."""

import json
import shutil
from itertools import product
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUNDLED = ROOT / "assets" / "models" / "mini-bert"

ANIMALS = {"dog": "barks", "cat": "purrs", "cow": "moos", "bird": "sings", "horse": "runs", "bee": "hums"}
PLACES = {"garden": "green", "house": "white", "river": "deep", "street": "long"}


@pytest.fixture(scope="session")
def text_folder(tmp_path_factory) -> Path:
    """Plain text in the form of the corpus: 120 documents of three short sentences that repeat each other's words."""
    folder = tmp_path_factory.mktemp("text")
    documents = [
        f"The {animal} is in the {place}. The {animal} {does} in the {place}.\nThe {place} is {colour} and number {n}."
        for n in range(5)
        for (animal, does), (place, colour) in product(ANIMALS.items(), PLACES.items())
    ]
    (folder / "stories.txt").write_text("\n\n".join(documents) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def small_encoder(tmp_path_factory) -> Path:
    """A Hugging Face folder: BERT of 2 layers and 32 numbers a token over the real vocabulary, random weights."""
    import torch
    from transformers import BertConfig, BertForPreTraining

    folder = tmp_path_factory.mktemp("small-encoder")
    torch.manual_seed(0)
    settings = BertConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, max_position_embeddings=128
    )
    BertForPreTraining(settings).save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt"):
        shutil.copyfile(BUNDLED / name, folder / name)
    assert json.loads((folder / "config.json").read_text())["vocab_size"] == 30_522
    return folder
