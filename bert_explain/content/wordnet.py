"""WordNet's example sentences, each with its sense: tables in assets/wordnet/, read at first use, once per server."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from bert_explain.core.places import ASSETS
from bert_explain.errors import Missing

if TYPE_CHECKING:
    import pandas as pd

FOLDER = ASSETS / "wordnet"
KINDS = {"n": "noun", "v": "verb", "a": "adjective", "r": "adverb"}


@dataclass(frozen=True, eq=False)
class WordNet:
    """The tables, for all readers. Do not change them."""

    sentences: pd.DataFrame  # text, word, start, end (characters of the word), sense (a synset's id), number; sorted by word
    senses: pd.DataFrame  # index: the synset's id; pos, topic (the lexicographers' file), definition, words

    @cached_property
    def rows(self) -> dict[str, range]:
        """Where each word's sentences stand: its rows follow one another."""
        words = self.sentences["word"].to_numpy()
        found: dict[str, range] = {}
        first = 0
        for i in range(1, len(words) + 1):
            if i == len(words) or words[i] != words[first]:
                found[words[first]] = range(first, i)
                first = i
        return found

    @cached_property
    def fingerprint(self) -> str:
        """A short name of this very list of sentences."""
        lines = "\n".join(self.sentences["text"])
        return hashlib.blake2b(lines.encode(), digest_size=4).hexdigest()

    @cached_property
    def forms(self) -> dict[str, tuple[str, ...]]:
        """The words that a form, as it stands in some sentence, may be: {"ran": ("run",), ...}; most frequent first."""
        table = self.sentences
        spans = zip(table["text"], table["start"], table["end"], table["word"], strict=True)
        counts: dict[str, dict[str, int]] = {}
        for text, start, end, word in spans:
            of = counts.setdefault(text[start:end].lower(), {})
            of[word] = of.get(word, 0) + 1
        return {form: tuple(sorted(of, key=lambda w: -of[w])) for form, of in counts.items()}


@cache
def load(folder: Path = FOLDER) -> WordNet:
    """Read the tables. Raises Missing, with what to do, where they are not there."""
    import pandas as pd

    try:
        sentences = pd.read_parquet(folder / "sentences.parquet")
        senses = pd.read_parquet(folder / "senses.parquet").set_index("sense")
    except FileNotFoundError:
        build = "python -m bert_explain.training wordnet --dict FOLDER"
        raise Missing(f"WordNet's sentences are not in {folder}. Build them: {build}.") from None
    return WordNet(sentences, senses)


@cache
def scores(folder: Path = FOLDER) -> dict:
    """What `python -m bert_explain.training senses` measured, and with which weights; empty where it was not run."""
    path = folder / "scores.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


@cache
def counts(folder: Path = FOLDER) -> dict[str, int]:
    """How many examples were read, found and left out when the tables were built."""
    return json.loads((folder / "counts.json").read_text(encoding="utf-8"))
