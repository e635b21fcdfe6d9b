"""Sentences whose every word has a part of speech, marked by hand: for the question in which layer a probe reads it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bert_explain.errors import Missing
from bert_explain.kernel.tasks import FOLDER, WORD, Worded, read_rows

# Universal Dependencies' tags (Nivre et al. 2020), those of the open classes first.
TAGS = {
    "NOUN": "noun",
    "PROPN": "name",
    "VERB": "verb",
    "ADJ": "adjective",
    "ADV": "adverb",
    "INTJ": "interjection",
    "PRON": "pronoun",
    "DET": "determiner",
    "ADP": "preposition",
    "AUX": "auxiliary",
    "NUM": "numeral",
    "PART": "particle",
    "CCONJ": "coordinating conjunction",
    "SCONJ": "subordinating conjunction",
    "PUNCT": "punctuation mark",
}


@dataclass(frozen=True)
class Sentence(Worded):
    """A sentence and the tag of each of its words."""

    tags: tuple[str, ...]


@cache
def load(path: Path = FOLDER / "parts-of-speech" / "sentences.tsv") -> tuple[Sentence, ...]:
    """Read the sentences, once per server. Raises Missing without the file, ValueError with its line for a wrong row."""
    if not path.is_file():
        raise Missing(f"The sentences with parts of speech are not there: {path.name} is not in {path.parent}.")
    return read_rows(path, _sentence)


def _sentence(row: dict[str, str]) -> Sentence:
    tags, words = tuple(row["tags"].split()), WORD.findall(row["text"])
    if len(tags) != len(words):
        raise ValueError(f"{len(tags)} tags for {len(words)} words")
    if unknown := set(tags) - set(TAGS):
        raise ValueError(f"{', '.join(sorted(unknown))} is none of the tags {', '.join(TAGS)}")
    return Sentence(row["text"], tags)
