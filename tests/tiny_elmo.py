"""A small biLM made on the spot: 2 layers, 4 numbers a direction, 12 words, random weights (seeded)."""

from functools import cache
from pathlib import Path

import torch

from bert_explain.models import elmo_format
from bert_explain.models.bilm import BiLM, Options
from bert_explain.models.elmo import Elmo

WORDS = ("<S>", "</S>", "<UNK>", "the", "bank", "river", "She", "walked", "to", "of", "water", ".")
SIZES = {
    "character_dim": 4,
    "filters": ((1, 4), (2, 6), (3, 8)),
    "n_highway": 2,
    "activation": "relu",
    "max_characters": 50,
    "cell": 12,
    "projection": 5,
    "n_layers": 2,
    "cell_clip": None,
    "proj_clip": None,
    "skip": True,
    "n_words": len(WORDS),
}


def options(**changes) -> Options:
    return Options(**(SIZES | changes))


@cache
def tiny_module(seed: int = 0, **changes) -> BiLM:
    """A biLM of these sizes; weights large enough that what goes in shows in what comes out."""
    torch.manual_seed(seed)
    model = BiLM(options(**changes))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.5)
    return model.eval().requires_grad_(False)


def tiny_elmo(seed: int = 0, **changes) -> Elmo:
    module = tiny_module(seed, **changes)
    return Elmo("tiny", "tiny ELMo", module, WORDS if module.softmax is not None else ())


def save_tiny(folder: Path, seed: int = 0) -> Path:
    """The same as a folder in our format."""
    elmo_format.save(tiny_module(seed), WORDS, folder)
    return folder
