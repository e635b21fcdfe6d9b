"""Everyday sentences with one word left out: does a model think of a sensible one? The sentences are in cloze.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from bert_explain.models import Encoder
from bert_explain.query import Query
from bert_explain.trace import run

FILE = Path(__file__).with_name("cloze.toml")
FIRST = "first"  # the fifty of the first scores
GROUPS = ("home", "school", "food", "animals", "weather", "body", "travel", "technology", "places", "facts")


@dataclass(frozen=True)
class Cloze:
    """A sentence with one [MASK], words that make sense there (lower-case pieces), and what it is about."""

    text: str
    sensible: frozenset[str]
    group: str


def sentences(*groups: str) -> tuple[Cloze, ...]:
    """The sentences of these groups; without any, the two hundred of the ten groups."""
    found = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return tuple(Cloze(one["text"], frozenset(one["sensible"]), of) for of in groups or GROUPS for one in found[of])


def guesses(model: Encoder, one: Cloze, k: int = 5) -> list[str]:
    """The model's k best pieces for the [MASK], best first."""
    trace = run(model, Query(one.text))
    position = next(t.position for t in trace.tokens if t.text == "[MASK]")
    logits = trace.mlm_logits([position])[0]  # (V,)
    return model.tokenizer.convert_ids_to_tokens(logits.argsort()[::-1][:k].tolist())


def share(model: Encoder, k: int = 5, *groups: str) -> float:
    """The share of the sentences with a sensible word among the model's k best."""
    return _share([not one.sensible.isdisjoint(guesses(model, one, k)) for one in sentences(*groups)])


def scores(model: Encoder) -> dict[str, float]:
    """Under the names of `cards`: a sensible word first, one in the top five, the same for each group and for the first fifty."""
    asked = [(one.group, one.sensible, guesses(model, one)) for one in sentences()]
    hits = [(group, not sensible.isdisjoint(best)) for group, sensible, best in asked]
    return {
        "cloze_top1": _share([best[0] in sensible for _, sensible, best in asked]),
        "cloze_top5": _share([hit for _, hit in hits]),
        **{f"cloze_{group}": _share([hit for of, hit in hits if of == group]) for group in GROUPS},
        "cloze_first": share(model, 5, FIRST),
    }


def _share(hits: list[bool]) -> float:
    return sum(hits) / len(hits)
