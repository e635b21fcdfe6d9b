"""Everyday sentences with one word left out: does a model think of a sensible one? The sentences are in cloze.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from bert_explain.models import Encoder
from bert_explain.query import Query
from bert_explain.trace import run

FILE = Path(__file__).with_name("cloze.toml")


@dataclass(frozen=True)
class Cloze:
    """A sentence with one [MASK], and words that make sense there (lower-case pieces)."""

    text: str
    sensible: frozenset[str]


def sentences() -> tuple[Cloze, ...]:
    """The fifty sentences."""
    found = tomllib.loads(FILE.read_text(encoding="utf-8"))["sentence"]
    return tuple(Cloze(one["text"], frozenset(one["sensible"])) for one in found)


def guesses(model: Encoder, one: Cloze, k: int = 5) -> list[str]:
    """The model's k best pieces for the [MASK], best first."""
    trace = run(model, Query(one.text))
    position = next(t.position for t in trace.tokens if t.text == "[MASK]")
    logits = trace.mlm_logits([position])[0]  # (V,)
    return model.tokenizer.convert_ids_to_tokens(logits.argsort()[::-1][:k].tolist())


def share(model: Encoder, k: int = 5) -> float:
    """The share of the sentences with a sensible word among the model's k best."""
    found = sentences()
    return sum(not one.sensible.isdisjoint(guesses(model, one, k)) for one in found) / len(found)
