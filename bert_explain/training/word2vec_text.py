"""The text as Word2Vec reads it: one file of words, a paragraph a line, read in small slices."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from bert_explain.training import corpus
from bert_explain.training.corpus import Document

SENTENCE = 1_000  # words of a paragraph that are read as one piece


def word_list(text: str) -> list[str]:
    """The words that Word2Vec learns: lower-case, no punctuation, compounds cut, no possessive.

    "The dog's well-known trick." -> ["the", "dog", "well", "known", "trick"]
    """
    found: list[str] = []
    for word in corpus.words(text.lower().replace("’", "'")):
        for part in re.split(r"[-_]+", word):
            part = part.removesuffix("'s").strip("'.")
            if any(c.isalnum() for c in part):
                found.append(part)
    return found


def write_words(documents: Sequence[Document], to: Path, seed: int = 1) -> int:
    """One line a paragraph, documents in a seeded random order, each as often as its weight says. Number of words.

    A weight of 1.2 is one time, and a second time for one document in five; 0.12 is no time at all for most.
    """
    rng = np.random.default_rng(seed)
    order = np.repeat(np.arange(len(documents)), corpus.times(documents, rng))
    rng.shuffle(order)
    count, part = 0, to.with_suffix(".part")
    with open(part, "w", encoding="utf-8") as file:
        for number in tqdm(order, "words", unit="doc", mininterval=2, file=sys.stderr):
            for paragraph in documents[number].paragraphs:
                words = word_list(paragraph)
                for start in range(0, len(words), SENTENCE):
                    file.write(" ".join(words[start : start + SENTENCE]) + "\n")
                count += len(words)
    os.replace(part, to)  # whole or not at all
    return count


class Lines:
    """The file of words, sentence by sentence, with a progress line. gensim reads it for the vocabulary."""

    def __init__(self, path: Path):
        self.path = path

    def __iter__(self) -> Iterator[list[str]]:
        size = self.path.stat().st_size
        bar = tqdm(total=size, desc="vocabulary", unit="B", unit_scale=True, mininterval=2, file=sys.stderr)
        with open(self.path, "rb") as file, bar:
            for line in file:
                bar.update(len(line))
                yield line.decode().split()


def next_slice(path: Path, at: int, words: int) -> tuple[list[list[str]], int]:
    """The sentences from byte `at` on that hold this many words or just over, and where those after them begin.

    A slice ends with the file at the latest; after it everything begins again at 0.
    """
    sentences: list[list[str]] = []
    with open(path, "rb") as file:
        file.seek(at)
        for line in file:
            sentences.append(line.decode().split())
            at, words = at + len(line), words - len(sentences[-1])
            if words <= 0:
                break
    return sentences, at if at < path.stat().st_size else 0
