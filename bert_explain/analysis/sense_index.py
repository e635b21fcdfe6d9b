"""An index over the vectors of WordNet's sentences: built once, kept on disk, searched without reading it all.

HNSW graphs (Malkov and Yashunin 2018) by the library usearch, cosine, half precision: the nearest in well under a
millisecond, and nearly always the true ones. A file belongs to one model's weights, one layer and one list of
sentences; its name says which, so that other weights never meet an old index.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from bert_explain.analysis.occurrences import Reader
from bert_explain.analysis.sense_search import occurrences
from bert_explain.content.wordnet import WordNet
from bert_explain.models.batches import Progress
from bert_explain.models.vector_files import cache_folder

PART = 4_000  # sentences that are read at a time


def path(reader: Reader, layer: int, wordnet: WordNet) -> Path:
    """The index's file, there or not."""
    return cache_folder().parent / "senses" / f"{reader.key}-{reader.fingerprint}-{layer}-{wordnet.fingerprint}.usearch"


def opened(reader: Reader, layer: int, wordnet: WordNet) -> Any | None:
    """The index from disk, memory-mapped; None where there is none, or a file that is cut short."""
    from usearch.index import Index

    file = path(reader, layer, wordnet)
    try:
        index = Index.restore(str(file), view=True) if file.is_file() else None
    except (RuntimeError, OSError, ValueError):
        return None
    return index if index is not None and len(index) == len(wordnet.sentences) and index.ndim == reader.size else None


def build(reader: Reader, layer: int, wordnet: WordNet, progress: Progress) -> Any:
    """Read every sentence, index its word's vector after `layer`, keep it on disk. Minutes on one core.

    A build that is broken off goes on where it was, PART sentences at most before. A folder that cannot be written to
    loses nothing but the next server's time: the index is given all the same.
    """
    file = path(reader, layer, wordnet)
    index = _begun(file, reader.size)
    total = len(wordnet.sentences)
    for first in range(len(index), total, PART):
        rows = np.arange(first, min(first + PART, total))

        def told(done: int, _: int, at: int = first) -> None:
            progress(at + done, total)

        vectors = reader.vectors(occurrences(wordnet, rows.tolist()), layer, told)[0]
        index.add(rows, np.nan_to_num(vectors), threads=1)
        _keep(index, _half(file))
    _keep(index, file)
    if _half(file).is_file():
        _half(file).unlink()
    return index


def _half(file: Path) -> Path:
    """Where an index stands that is not whole yet: a server that is stopped goes on from there."""
    return file.with_suffix(".half")


def _begun(file: Path, size: int) -> Any:
    """What was kept of an index that is not whole, else an empty one."""
    from usearch.index import Index

    try:
        found = Index.restore(str(_half(file))) if _half(file).is_file() else None
    except (RuntimeError, OSError, ValueError):
        found = None
    if found is not None and found.ndim == size and len(found) % PART == 0:
        return found
    return Index(ndim=size, metric="cos", dtype="f16")


def _keep(index: Any, file: Path) -> None:
    """Write a file whole, or not at all; a folder that cannot be written to is left alone."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        new = file.with_suffix(f".{os.getpid()}.new")
        index.save(str(new))
        os.replace(new, file)
    except (OSError, RuntimeError):
        return


def search(index: Any, vector: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """(rows, cosines) of the `most` nearest, the nearest first."""
    found = index.search(vector.astype(np.float32), most, threads=1)
    cosines = 1 - np.asarray(found.distances, dtype=float)
    return np.asarray(found.keys, dtype=int), np.round(cosines, 3)  # half precision: three digits hold
