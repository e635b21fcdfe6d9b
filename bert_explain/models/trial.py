"""A trial run of a model that was just opened: a short text through everything, before a reader sees it."""

from __future__ import annotations

from pathlib import Path

import torch

from bert_explain.core.query import Query
from bert_explain.core.tokens import lay_out
from bert_explain.errors import BadModel
from bert_explain.models.encoder import Encoder

TWO = Query("The bank", "water")  # what is run
# What is cut: capitals, accents, characters beyond the alphabet, marks, an unknown character, a rare word.
CUT = (
    TWO,
    Query("Naïve Straße, İstanbul ÉCOLE don't"),
    Query("The unbelievable 漢字 \u2603 3.5 %", "A  second\ttext, with spaces."),
    Query("water"),
)


@torch.inference_mode()
def check(model: Encoder, folder: Path) -> None:
    """Raises BadModel where texts are not cut as the folder's own tokenizer cuts them, or a number is not finite."""
    _check_cuts(model, folder)
    _check_file(model, folder)
    own = () if model.task_head is None else model.task_head.named_parameters()
    for name, weight in (*model.module.named_parameters(), *own):
        if not torch.isfinite(weight).all():
            raise BadModel(f"The weights of {folder.name} have numbers that are not finite, in {name}: the file is damaged.")
    tokens, _ = lay_out(model.spec, model.wordpiece, TWO)
    x = model.enter(*(torch.tensor([getattr(t, part) for t in tokens]) for part in ("id", "segment", "position_id")))
    for layer in range(model.n_layers):
        x = model.finish(layer, x, model.attend(layer, x)["joined"])["output"]
    heads = {"last layer": x}
    if model.has_mlm:
        heads["masked-word head"] = model.mlm_logits(x)
    if model.has_replaced:
        heads["head for replaced words"] = model.replaced_logits(x)
    if model.has_nsp:
        heads["next-sentence head"] = model.nsp_logits(model.pooled(x[0]))
    if model.task_head is not None:
        heads["task head"] = model.task_logits(x)
    for part, numbers in heads.items():
        if not torch.isfinite(numbers).all():
            raise BadModel(
                f"{folder.name} was tried on two words, and its {part} gave numbers that are not finite: its weights are "
                "damaged, or were not made for 32 bits a number."
            )


def _check_cuts(model: Encoder, folder: Path) -> None:
    """As transformers' own call cuts them, special tokens and segments too."""
    for query in CUT:
        texts = [text for text in (query.text_a, query.text_b) if text]
        ours, _ = lay_out(model.spec, model.wordpiece, query)
        theirs = model.tokenizer(*texts)
        segments = theirs.get("token_type_ids") if model.has_segments else None
        if [t.id for t in ours] != theirs["input_ids"] and len(theirs["input_ids"]) <= model.max_tokens:
            raise BadModel(
                f"The tokenizer of {folder.name} puts other tokens around “{texts[0]}” than {model.special_layout}: this app "
                "would show another text than its model reads. Save its tokenizer with the class that it was trained with."
            )
        if segments is not None and len(segments) == len(ours) and [t.segment for t in ours] != segments:
            raise BadModel(
                f"The tokenizer of {folder.name} numbers the segments {_short(segments)}, not 0 for the first sentence and 1 for "
                "the second: this app would show other sums than its model reads."
            )


def _check_file(model: Encoder, folder: Path) -> None:
    """As tokenizer.json by itself cuts them: transformers rebuilds it from other files, which may contradict it."""
    from tokenizers import Tokenizer

    file = folder / "tokenizer.json"
    if not file.is_file():
        return
    alone = Tokenizer.from_file(str(file))
    alone.no_truncation()
    alone.no_padding()
    for text in (text for query in CUT for text in (query.text_a, query.text_b) if text):
        here, there = (one.encode(text, add_special_tokens=False) for one in (model.wordpiece, alone))
        if here.ids != there.ids:
            raise BadModel(
                f"{folder.name} has two tokenizers that contradict each other. “{text}” begins with “{_first(here, there)}” by "
                f"transformers' {type(model.tokenizer).__name__}, and with “{_first(there, here)}” by tokenizer.json. "
                f"{_remedy(model, alone)}"
            )


def _first(one, other) -> str:
    """The pieces up to the first that differs."""
    at = next((i for i, (a, b) in enumerate(zip(one.ids, other.ids, strict=False)) if a != b), min(len(one.ids), len(other.ids)))
    return " ".join(one.tokens[: at + 1])


def _remedy(model: Encoder, alone) -> str:
    lowers = [one.normalizer is not None and one.normalizer.normalize_str("A") == "a" for one in (model.wordpiece, alone)]
    if lowers[0] != lowers[1]:
        return (
            f'Say in tokenizer_config.json which is right: "do_lower_case": {str(lowers[1]).lower()} if it is tokenizer.json, '
            f"or take tokenizer.json away and leave vocab.txt."
        )
    return (
        'If tokenizer.json is right, write "tokenizer_class": "PreTrainedTokenizerFast" into tokenizer_config.json; if not, '
        "take tokenizer.json away and leave vocab.txt."
    )


def _short(values: list[int]) -> str:
    return " ".join(map(str, values[:12]))
