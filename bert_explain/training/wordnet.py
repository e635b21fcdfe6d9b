"""WordNet's example sentences as one small table: `python -m bert_explain.training wordnet --dict FOLDER`.

FOLDER holds WordNet's data.noun, data.verb, data.adj, data.adv, index.sense and, if it has them, the exception lists
(noun.exc ...). Written are three files in assets/wordnet/: sentences.parquet, senses.parquet and counts.json.

A sentence belongs to a synset (a set of words that share one meaning). Its row names the word of the synset that stands
in it, in whatever form, and the characters where. A sentence in which none of them can be found is left out, and counted.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from bert_explain.analysis import word_forms
from bert_explain.content.wordnet import FOLDER

FILES = {"noun": "n", "verb": "v", "adj": "a", "adv": "r"}
# The lexicographers' files, by number (`man 5WN lexnames`): the broad topic that each synset was filed under.
TOPICS = (
    *("adj.all", "adj.pert", "adv.all", "noun.Tops", "noun.act", "noun.animal", "noun.artifact", "noun.attribute"),
    *("noun.body", "noun.cognition", "noun.communication", "noun.event", "noun.feeling", "noun.food", "noun.group"),
    *("noun.location", "noun.motive", "noun.object", "noun.person", "noun.phenomenon", "noun.plant", "noun.possession"),
    *("noun.process", "noun.quantity", "noun.relation", "noun.shape", "noun.state", "noun.substance", "noun.time"),
    *("verb.body", "verb.change", "verb.cognition", "verb.communication", "verb.competition", "verb.consumption"),
    *("verb.contact", "verb.creation", "verb.emotion", "verb.motion", "verb.perception", "verb.possession"),
    *("verb.social", "verb.stative", "verb.weather", "adj.ppl"),
)
SHORTEST = 2  # words of a sentence: "bank" alone is no company


@dataclass(frozen=True)
class Synset:
    """One meaning: its words, what it says, its example sentences."""

    id: str  # part of speech and place in WordNet's file: "n09236472"
    pos: str
    topic: str  # the lexicographers' file: "noun.food"
    words: tuple[str, ...]
    definition: str
    sentences: tuple[str, ...]


def main(arguments: list[str] | None = None) -> None:
    """Build the table and say what was counted."""
    parser = argparse.ArgumentParser(prog="bert_explain.training wordnet", description=__doc__.splitlines()[0])
    parser.add_argument("--dict", type=Path, required=True, help="the folder with data.noun, index.sense, noun.exc ...")
    parser.add_argument("--out", type=Path, default=FOLDER, help="where to write (assets/wordnet)")
    given = parser.parse_args(arguments)
    print(json.dumps(build(given.dict, given.out), indent=2))


def build(dictionary: Path, out: Path) -> dict[str, int]:
    """Read WordNet's files, write the tables, return the counts."""
    numbers = sense_numbers(dictionary / "index.sense")
    counts: Counter[str] = Counter()
    senses, rows = [], []
    for name, pos in FILES.items():
        exceptions = read_exceptions(dictionary / f"{name}.exc")
        for synset in read_synsets(dictionary / f"data.{name}", pos):
            found = list(occurrences(synset, exceptions, counts))
            if found:
                senses.append((synset.id, pos, synset.topic, synset.definition, ", ".join(synset.words)))
                rows += [(*row, synset.id, numbers.get((row[1].lower(), synset.id), 0)) for row in found]
    sentences = pd.DataFrame(rows, columns=["text", "word", "start", "end", "sense", "number"])
    sentences = sentences.drop_duplicates(["text", "word", "sense"])
    sentences = sentences.astype({"start": "uint16", "end": "uint16", "number": "uint8"})
    sentences = sentences.sort_values(["word", "number", "sense"], kind="stable", ignore_index=True)
    table = pd.DataFrame(senses, columns=["sense", "pos", "topic", "definition", "words"])
    out.mkdir(parents=True, exist_ok=True)
    sentences.to_parquet(out / "sentences.parquet", compression="zstd", index=False)
    table.to_parquet(out / "senses.parquet", compression="zstd", index=False)
    several = sentences.groupby("word")["sense"].nunique()
    said = {
        "examples": counts["examples"],
        "left out: the word is not in it": counts["not found"],
        "left out: fewer than two words": counts["too short"],
        "sentences": len(sentences),
        "senses": len(table),
        "words": sentences["word"].nunique(),
        "words with two or more senses here": int((several > 1).sum()),
    }
    (out / "counts.json").write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")
    return said


def occurrences(synset: Synset, exceptions: dict, counts: Counter) -> Iterator[tuple[str, str, int, int]]:
    """(sentence, word, start, end) for each example in which a word of the synset stands; longer expressions first."""
    for text in synset.sentences:
        counts["examples"] += 1
        if len(text.split()) < SHORTEST:
            counts["too short"] += 1
            continue
        for word in sorted(synset.words, key=lambda w: -w.count(" ")):  # stable: WordNet's order decides among equals
            span = word_forms.find(text, word, synset.pos, exceptions)
            if span:
                yield text, word, *span
                break
        else:
            counts["not found"] += 1


def read_synsets(path: Path, pos: str) -> Iterator[Synset]:
    """The synsets of one data file (format: `man 5WN wndb`)."""
    with path.open(encoding="latin-1") as lines:
        for line in lines:
            if line.startswith("  "):  # the licence, at the head of the file
                continue
            data, _, gloss = line.partition(" | ")
            fields = data.split()
            count = int(fields[3], 16)
            words = tuple(_plain(word) for word in fields[4 : 4 + 2 * count : 2])
            definition, sentences = split_gloss(gloss)
            yield Synset(pos + fields[0], pos, TOPICS[int(fields[1])], words, definition, sentences)


def _plain(word: str) -> str:
    """`awake(p)` -> "awake": the mark says where an adjective may stand."""
    return re.sub(r"\((?:a|p|ip)\)$", "", word).replace("_", " ")


def split_gloss(gloss: str) -> tuple[str, tuple[str, ...]]:
    """A gloss is a definition, then examples in quotation marks: (definition, examples)."""
    definition, _, rest = gloss.strip().partition('"')
    quoted = re.findall(r'"([^"]*)"', '"' + rest) if rest else []
    sentences = (re.sub(r"\s+", " ", text).replace("`", "'").strip(" ;,") for text in quoted)
    return definition.strip(" ;:,"), tuple(text for text in sentences if text)


def read_exceptions(path: Path) -> dict[str, tuple[str, ...]]:
    """Irregular forms: "ran run" a line. Empty where the folder has no such file."""
    if not path.is_file():
        return {}
    lines = (line.split() for line in path.read_text(encoding="latin-1").splitlines())
    return {form.replace("_", " "): tuple(roots) for form, *roots in (line for line in lines if line)}


def sense_numbers(path: Path) -> dict[tuple[str, str], int]:
    """(word, synset) -> which of the word's senses it is, the most frequent first, from index.sense."""
    kinds = {"1": "n", "2": "v", "3": "a", "4": "r", "5": "a"}
    found = {}
    with path.open(encoding="latin-1") as lines:
        for line in lines:
            key, offset, number, _ = line.split()
            lemma, _, rest = key.partition("%")
            found[lemma.replace("_", " "), kinds[rest[0]] + offset] = int(number)
    return found
