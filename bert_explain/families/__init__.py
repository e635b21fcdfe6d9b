"""The families of models: one folder each, which says how a checkpoint of it is opened and where its parts are.

Hugging Face's names stay in these folders. To add a family: a folder with a `family.py` that holds FAMILY, and its name here.
"""

from __future__ import annotations

from importlib import import_module

from bert_explain.core.errors import BadModel
from bert_explain.families.parts import Embed, Family, Layer, Parts, Sizes, TaskPlan

NAMES = ("bert", "distilbert", "electra", "roberta")  # as `model_type` in config.json says them

__all__ = ["NAMES", "Embed", "Family", "Layer", "Parts", "Sizes", "TaskPlan", "kinds", "of"]

# What is asked for and cannot be walked through; each with the reason.
_REFUSED = {
    "albert": "ALBERT has one layer that is used again and again, and its pieces come from SentencePiece",
    "xlm-roberta": "its pieces come from SentencePiece",
    "camembert": "its pieces come from SentencePiece",
    "deberta": "its attention has a part of its own for distances",
    "deberta-v2": "its attention has a part of its own for distances",
    "mpnet": "its attention has a part of its own for distances",
    "modernbert": "it turns its queries and keys by their positions and has no position table",
}


def kinds() -> str:
    """The families by their names, for a sentence."""
    *first, last = (of(name).title for name in NAMES)
    return f"{', '.join(first)} and {last}" if first else last


def of(model_type: str, folder: str = "") -> Family:
    """The family that config.json names. Raises BadModel, with the families that there are.

    folder : how the sentence calls the model.
    """
    if model_type in NAMES:
        return import_module(f"bert_explain.families.{model_type}.family").FAMILY
    article = "an" if str(model_type)[:1] in "aeiou" else "a"
    why = f": {_REFUSED[model_type]}" if model_type in _REFUSED else ""
    raise BadModel(
        f"{folder or 'This'} is {article} {str(model_type)[:40]} model{why}. This app walks through encoders of {kinds()}: "
        "give --model a folder of one of these."
    )
