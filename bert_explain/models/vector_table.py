"""A table of word vectors, and the folder that holds one: what every reader of word vectors gives."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import numpy as np

from bert_explain.errors import BadModel

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
MOST_DIGITS = 12  # of a number that counts words


@dataclass(frozen=True, eq=False)
class Table:
    """Words and their vectors (V, D), as read."""

    words: list[str]
    array: np.ndarray
    counts: np.ndarray | None = None  # (V,)
    context: np.ndarray | None = None  # (V, D)
    sample: float | None = None  # word2vec's threshold for thinning frequent words out, where it is known
    repaired: int = 0  # words whose name ended inside a character


def read_folder(folder: Path) -> Table:
    """vectors.npy and vocab.txt, and context.npy and settings.json where they are there. Raises BadModel."""
    for name in ("vectors.npy", "vocab.txt"):
        if not (folder / name).is_file():
            raise BadModel(f"{folder.name} holds no word vectors: {name} is missing.")
    array = mapped(folder / "vectors.npy")
    try:
        lines = (folder / "vocab.txt").read_bytes().removeprefix(BYTE_ORDER_MARK).decode("utf-8").removesuffix("\n").split("\n")
    except UnicodeDecodeError as error:
        raise BadModel(f"vocab.txt of {folder.name} is not in UTF-8.") from error
    if len(lines) != len(array):
        raise BadModel(f"vocab.txt of {folder.name} has {len(lines):,} words, vectors.npy {len(array):,} rows.")
    pairs = [line.rsplit(" ", 1) for line in lines]
    counted = all(len(pair) == 2 and pair[1].isdecimal() and len(pair[1]) <= MOST_DIGITS for pair in pairs)
    context = folder / "context.npy"
    sample, repaired = _settings(folder / "settings.json")
    return Table(
        [pair[0] for pair in pairs] if counted else lines,
        array,
        np.array([int(pair[1]) for pair in pairs]) if counted else None,
        mapped(context) if context.is_file() else None,
        sample,
        repaired,
    )


def _settings(path: Path) -> tuple[float | None, int]:
    """Word2vec's sample, and how many words were repaired; (None, 0) where the folder does not say."""
    if not path.is_file():
        return None, 0
    try:
        said = json.loads(path.read_bytes().removeprefix(BYTE_ORDER_MARK))
        return (None if said["sample"] is None else float(said["sample"])), int(said.get("repaired", 0))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise BadModel(f"{path.name} of {path.parent.name} does not say word2vec's sample as a number.") from error


def mapped(path: Path) -> np.ndarray:
    """The table of a .npy file, which stays on the disk. Raises BadModel."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise BadModel(f"{path.name} is not a whole NumPy file: {str(error)[:200]}") from error
    return checked(array, path.name)


def checked(array: Any, name: str) -> np.ndarray:
    """The array, if it is a table of vectors (V, D). Raises BadModel."""
    if not isinstance(array, np.ndarray) or array.ndim != 2 or not array.size or array.dtype.kind != "f":
        raise BadModel(f"{name} is not a table of word vectors: a matrix of floating-point numbers is needed.")
    return array


def opened(path: Path) -> IO[bytes]:
    """The file's content, unpacked where it is gzipped, whatever its name says."""
    with open(path, "rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    return cast(IO[bytes], gzip.open(path, "rb")) if zipped else open(path, "rb")
