"""The training text: documents of paragraphs, what is held out, sentences and words.

A folder of text holds one file a source (`news.txt`, `news.txt.xz`, ...): one paragraph a line, a blank line between
documents. In a file named `...-sentences` every line stands alone: it is a document of one sentence, and nothing follows it.
A folder `wordnet` in it (or any folder with WordNet's `data.noun`) adds WordNet's definitions. Its example sentences are not
read: the scores of senses are measured on them.
What is held out for the scores is written down in `held_out.json` and never trained on.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from bert_explain.errors import ExplainError

SPLIT = Path(__file__).with_name("held_out.json")
EVERY, REST = 50, 7  # a source that the split does not name: documents 7, 57, 107 ... are held out
NOVELS = "classics"
DICTIONARY = "wordnet"  # definitions are full of knowledge, but nobody writes like that
ALONE = "-sentences"  # at the end of a source's name: each line stands by itself
# How often a source is read, next to its size. Novels come to a tenth of what is read: with more of them the models speak
# the English of 1890. Small sources of everyday English are read more often, text that is much alike less often.
WEIGHTS = {
    NOVELS: 0.12,
    "health": 0.4,
    "dialogues": 0.6,
    "trivia-sentences": 0.6,
    DICTIONARY: 1.0,
    "vital": 1.0,
    "pageranked": 1.0,
    "textbooks": 1.0,
    "captions-sentences": 1.2,
    "gum": 1.5,
    "recipes": 1.5,
    "news": 2.0,
    "wikipedia": 2.0,
    "tatoeba-sentences": 3.0,
    "storybooks": 3.0,
    "tinystories": 3.0,
    "wikinews": 3.0,
    "commonsense-sentences": 3.0,
    "factbook": 3.0,
    "facts-sentences": 6.0,
}
FIRST = (NOVELS, "factbook", "news", "textbooks", "wikipedia")  # the sources of the first split, whose scores stay comparable
CHOICE, PRINT = 0, 1  # the two halves of what is held out: to choose on, and to measure what is printed

# A sentence ends at . ! ? (and a closing quote) before a space and a capital, a digit or an opening quote; not after an
# abbreviation ("Dr."), a single initial ("J. Smith") or letters with points between ("U.S. Senate").
_END = re.compile(r"""[.!?]["'”’)]*\s+(?=["'“‘(]?[A-Z0-9])""")
_NOT_AN_END = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Dr|St|Prof|Rev|Hon|Capt|Col|Gen|Lt|Sgt|Jr|Sr|vs|No|Vol|Fig|etc|Inc)|\b[A-Za-z])\.\s+$"
)
_WORD = re.compile(r"\w+(?:['’.-]\w+|,\d{3}\b)*|[^\w\s]")


class BadText(ExplainError):
    """The training text is not there, or not in the form that the programs read."""


@dataclass(frozen=True)
class Document:
    """One document of one source. `number` counts from 0 within its source."""

    source: str
    number: int
    paragraphs: tuple[str, ...]


def documents(folder: Path | str) -> list[Document]:
    """All documents under a folder, source by source in the order of their names.

    Raises BadText where there is no folder, nothing in it to read, or a file that is not UTF-8.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise BadText(f"There is no folder {folder}. Give --text the folder that holds the .txt or .txt.xz files.")
    found: list[Document] = []
    for path in sorted([*folder.glob("*.txt"), *folder.glob("*.txt.xz")]):
        source = path.name.split(".")[0]
        opener = lzma.open if path.suffix == ".xz" else open
        try:
            with opener(path, "rt", encoding="utf-8") as lines:
                blocks = _lines(lines) if alone(source) else _blocks(lines)
                found += [Document(source, n, paragraphs) for n, paragraphs in enumerate(blocks)]
        except (UnicodeDecodeError, lzma.LZMAError, EOFError) as error:
            raise BadText(f"{path} is not text in UTF-8{', packed whole' if path.suffix == '.xz' else ''}: {error}.") from error
    for wordnet in (folder, folder / "wordnet", folder / "dict", folder / "wordnet" / "dict"):
        if (wordnet / "data.noun").is_file():
            found += wordnet_documents(wordnet)
            break
    if not found:
        raise BadText(f"{folder} holds no .txt or .txt.xz file with text in it, and no WordNet.")
    return found


def _lines(lines: Iterator[str]) -> Iterator[tuple[str, ...]]:
    return ((line.strip(),) for line in lines if line.strip())


def alone(source: str) -> bool:
    """Whether each document of a source is one sentence that nothing follows, however many full stops are in it."""
    return source == DICTIONARY or source.endswith(ALONE)


def _blocks(lines: Iterator[str]) -> Iterator[tuple[str, ...]]:
    block: list[str] = []
    for line in lines:
        line = line.strip()
        if line:
            block.append(line)
        elif block:
            yield tuple(block)
            block = []
    if block:
        yield tuple(block)


def wordnet_documents(folder: Path) -> list[Document]:
    """One document a synset: one of its words with the definition, as one sentence.

    The format of the files is in WordNet's wndb(5WN): the gloss stands after " | ", examples are quoted in it.
    """
    found: list[Document] = []
    for part in ("noun", "verb", "adj", "adv"):
        with open(folder / f"data.{part}", encoding="utf-8") as lines:
            for line in lines:
                if line.startswith("  "):  # the licence, at the top of each file
                    continue
                data, _, gloss = line.partition(" | ")
                fields = data.split(" ")
                count = int(fields[3], 16)
                lemmas = [re.sub(r"\(.*\)$", "", w).replace("_", " ") for w in fields[4 : 4 + 2 * count : 2]]
                definition = re.split(r';\s*"', gloss, maxsplit=1)[0].strip().strip(";").strip()
                first = f"{lemmas[0]} means {definition}."
                found.append(Document(DICTIONARY, len(found), (first[:1].upper() + first[1:],)))
    return found


def fingerprint(found: Sequence[Document]) -> str:
    """Sixteen letters and digits that stand for these documents, their words and how often each is read."""
    seen = hashlib.sha256()
    for document in found:
        seen.update(f"{document.source} {document.number} {weight(document.source)}\n".encode())
        seen.update("\n".join(document.paragraphs).encode())
    return seen.hexdigest()[:16]


@lru_cache(maxsize=1)
def _split() -> dict[str, tuple[frozenset[int], frozenset[int]]]:
    written = json.loads(SPLIT.read_text(encoding="utf-8"))["sources"]
    return {name: (frozenset(_numbers(of)), frozenset(of["left_out"])) for name, of in written.items()}


def _numbers(of: dict) -> Sequence[int]:
    """The numbers that are held out of a source: listed, or all that the rule gives."""
    return of["held_out"] if isinstance(of["held_out"], list) else range(REST, of["documents"], EVERY)


def held_out(document: Document) -> bool:
    """Whether a document belongs to the validation split: measured on, never trained on."""
    if document.source in _split():
        return document.number in _split()[document.source][0]
    return document.source != DICTIONARY and document.number % EVERY == REST


def left_out(document: Document) -> bool:
    """Whether a document is neither trained on nor measured on: another version of one that is held out."""
    return document.source in _split() and document.number in _split()[document.source][1]


def for_training(found: Sequence[Document]) -> list[Document]:
    """The documents that models learn from."""
    return [d for d in found if not held_out(d) and not left_out(d)]


def for_validation(found: Sequence[Document], half: int | None = None) -> list[Document]:
    """The documents that scores are measured on, all or one half of them: CHOICE for what is chosen by a score (an average, a
    rate), PRINT for the scores that are printed. Every other one that is held out belongs to the same half."""
    return [d for d in found if held_out(d) and half in (None, d.number // EVERY % 2)]


def weight(source: str) -> float:
    """How often a source is read, next to its size. A source that is not in the table is read as often as it is long."""
    return WEIGHTS.get(source, 1.0)


def times(found: Sequence[Document], rng: np.random.Generator) -> np.ndarray:
    """How many times each document is read in one pass, its weight on average. Shape: (D,)."""
    weights = np.array([weight(d.source) for d in found])
    return np.floor(weights + rng.random(len(found))).astype(np.int8)


def measured_weight(source: str) -> float:
    """How often a source is drawn when scores are measured: as in the first scores, whatever is read how often today."""
    return 3.0 if source in FIRST and source != NOVELS else 1.0


def sentences(paragraph: str) -> list[str]:
    """A paragraph cut into sentences, by punctuation. "Dr. Li left. She ran." -> ["Dr. Li left.", "She ran."]"""
    start, found = 0, []
    for end in _END.finditer(paragraph):
        if not _NOT_AN_END.search(paragraph[max(start, end.end() - 12) : end.end()]):
            found.append(paragraph[start : end.end()].strip())
            start = end.end()
    return [piece for piece in (*found, paragraph[start:].strip()) if piece]


def words(text: str) -> list[str]:
    """Words and punctuation marks, as written. "It's 3.5 cm." -> ["It's", "3.5", "cm", "."]"""
    return _WORD.findall(text)
