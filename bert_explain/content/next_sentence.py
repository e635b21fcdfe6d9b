"""Sentence pairs, documents, plain sentences and words of the page "Next sentence", from three TOML files."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """A sentence pair and, where there is one, its label: does B follow A? None means: not labelled."""

    a: str
    b: str
    follows: bool | None = None


@dataclass(frozen=True, slots=True)
class Probe:
    """Cases that differ in one thing only, the condition; `follows` holds the true answer under each condition."""

    name: str
    says: str
    conditions: tuple[str, ...]
    follows: tuple[bool, ...]
    cases: tuple[tuple[tuple[str, str], ...], ...]  # cases[i][j] = (A, B) of case i under condition j


@dataclass(frozen=True, slots=True)
class Document:
    """A short text, sentence by sentence, in its order."""

    title: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Depth:
    """One expander: a question, an answer in Markdown, a formula in LaTeX (or none) and what comes after it."""

    title: str
    text: str
    formula: str
    more: str


@cache
def rows() -> tuple[Row, ...]:
    """The pairs with which the table of pairs begins."""
    return tuple(Row(pair["a"], pair["b"], pair.get("next")) for pair in _read("next_sentence")["pair"])


@cache
def probes() -> tuple[Probe, ...]:
    """What next-sentence prediction is known to get wrong; the last one is drawn from `documents`."""
    found = [
        Probe(
            probe["name"],
            probe["says"],
            tuple(probe["conditions"]),
            tuple(probe["follows"]),
            tuple(tuple((a, b) for a, b in case) for case in probe["cases"]),
        )
        for probe in _read("next_sentence")["probe"]
    ]
    return (*found, _topic(documents()))


def _topic(texts: tuple[Document, ...]) -> Probe:
    """Every neighbouring pair of the documents; its B replaced by one from elsewhere in it, and from another text."""
    cases = []
    for number, text in enumerate(texts):
        other = texts[(number + 1) % len(texts)].sentences
        for place, a in enumerate(text.sentences[:-1]):
            elsewhere = text.sentences[(place + 3) % len(text.sentences)]
            cases.append(((a, text.sentences[place + 1]), (a, elsewhere), (a, other[place % len(other)])))
    says = "B comes from the right place of the same text, from a wrong place of it, or from another text. "
    says += "A reader notices the wrong place, too."
    return Probe("Topic", says, ("next sentence", "same text, wrong place", "another text"), (True, False, False), tuple(cases))


@cache
def documents() -> tuple[Document, ...]:
    """The short texts from which training pairs are drawn."""
    return tuple(Document(d["title"], tuple(d["sentences"])) for d in _read("documents")["document"])


@cache
def sentences() -> tuple[str, ...]:
    """Plain sentences about anything, to put in the place of B."""
    return tuple(_read("sentences")["sentences"])


@cache
def depth(name: str) -> Depth:
    """The expander of this name: "decision", "training" or "wrong"."""
    return Depth(**_read("next_sentence")["depth"][name])


@cache
def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name(f"{name}.toml").read_text(encoding="utf-8"))
