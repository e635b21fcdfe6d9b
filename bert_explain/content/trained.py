"""What each bundled model has read: `trained.json` beside its weights, and a small table of them all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bert_explain.core.places import ASSETS

FOLDERS = (*(ASSETS / "models" / name for name in ("mini-bert", "mini-gpt", "mini-elmo")), ASSETS / "vectors" / "word2vec")
FILE = "trained.json"


@dataclass(frozen=True)
class Source:
    """One source of text. `name` is its file's, `title` says what it is."""

    name: str
    title: str
    licence: str


@dataclass(frozen=True)
class Trained:
    """The training of one model. `read` counts every time that something was read, in `unit`s (pieces or words), over all
    runs since `began_with`; where `at_least`, an early run's amount was not written down."""

    name: str
    began_with: str
    read: int
    unit: str
    at_least: bool
    sources: tuple[Source, ...]

    @property
    def amount(self) -> str:
        """ "48.4 million pieces" """
        number = f"{self.read / 1e6:.1f} million" if self.read >= 1e5 else f"{self.read:,}"
        number = f"{self.read / 1e9:.1f} billion" if self.read >= 1e9 else number
        return f"{'at least ' if self.at_least else ''}{number} {self.unit}"


GLOVE = Trained(  # Pennington et al. 2014, section 4.2; made by others, so no file of ours says it
    "GloVe 6B",
    "nothing",
    6_000_000_000,
    "words",
    False,
    (Source("wikipedia-2014", "Wikipedia of 2014", "as published"), Source("gigaword-5", "Gigaword 5, news", "as published")),
)


def read(folder: Path) -> Trained | None:
    """What a model folder says of its training; None where it says nothing."""
    path = folder / FILE
    if not path.is_file():
        return None
    written = json.loads(path.read_text(encoding="utf-8"))
    amounts = [run["read"] for run in written["runs"]]
    return Trained(
        folder.name,
        written["began_with"],
        sum(n for n in amounts if n is not None),
        written["unit"],
        None in amounts,
        tuple(Source(name, of["title"], of["licence"]) for name, of in written["sources"].items()),
    )


@cache
def bundled() -> tuple[Trained, ...]:
    """The bundled models that say what they read."""
    return tuple(found for folder in FOLDERS if (found := read(folder)) is not None)


def shown() -> tuple[Trained, ...]:
    """All models that are laid side by side: the bundled ones, and GloVe."""
    return (*bundled(), GLOVE)


def readers_of(source: str) -> list[str]:
    """The bundled models that have read a source, by name."""
    return [one.name for one in bundled() if any(of.name == source for of in one.sources)]


def briefly() -> str:
    """The small table of the pages, in Markdown: what each model began with and has read, and WordNet's examples among it."""
    lines = ["| model | began with | has read since | kinds of text | WordNet's examples |", "|---|---|---|---:|---|"]
    for one in shown():
        wordnet = "read" if any(of.name == "wordnet" for of in one.sources) else "not told" if one is GLOVE else "not read"
        lines.append(f"| {one.name} | {one.began_with} | {one.amount} | {len(one.sources)} | {wordnet} |")
    return "\n".join(lines)


def table(models: Sequence[Trained] | None = None) -> list[dict[str, str]]:
    """One row a model: "name", "began with", "read", "sources" (titles, with licences). For pages and the README."""
    return [
        {
            "name": one.name,
            "began with": one.began_with,
            "read": one.amount,
            "sources": "; ".join(f"{s.title}, {s.licence}" for s in one.sources),
        }
        for one in (bundled() if models is None else models)
    ]


def markdown(models: Sequence[Trained] | None = None) -> str:
    """The table as the README has it: sources by the names of their files, which each model's card tells with their licences."""
    lines = ["| model | began with | has read since | of these sources |", "|---|---|---|---|"]
    for one in shown() if models is None else models:
        sources = ", ".join(source.name.removesuffix("-sentences") for source in one.sources)
        lines.append(f"| {one.name} | {one.began_with} | {one.amount} | {sources} |")
    return "\n".join(lines)
