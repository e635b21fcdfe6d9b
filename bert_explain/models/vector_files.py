"""Reading tables of word vectors: the bundled folder, and the files people have.

    folder                       vectors.npy (V, D) and vocab.txt ("word count" or "word", V lines), what the app itself uses;
                                 context.npy (V, D) and settings.json ({"sample": 5e-05}) where word2vec made them
    .txt, .vec                   a word and its numbers a line, with word2vec's header "V D" or without (GloVe)
    .bin                         word2vec's binary format
    .kv, .model, .gensim         what gensim's save() writes

Each may be gzipped (.gz), but for gensim's. A text or binary file is converted once to such a folder in the cache, so that
it can be memory-mapped from then on. gensim's own files are pickles, which can hold any program: they are read by an
unpickler that knows arrays, lists and dictionaries only, makes inert stand-ins for gensim's classes, and refuses the rest.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import pickle
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from bert_explain.errors import BadModel

CHUNK = 1 << 20
LONGEST_LINE = 1 << 20  # bytes; a word and a thousand numbers take a hundredth of it
FASTTEXT = (793712314).to_bytes(4, "little")  # the first bytes of fastText's own .bin

Progress = Callable[[float, str], None]
Rows = Iterator[tuple[bytes, np.ndarray]]


@dataclass(frozen=True, eq=False)
class Table:
    """Words and their vectors (V, D), as read."""

    words: list[str]
    array: np.ndarray
    counts: np.ndarray | None = None  # (V,)
    context: np.ndarray | None = None  # (V, D)
    sample: float | None = None  # word2vec's threshold for thinning frequent words out, where it is known


def read_folder(folder: Path) -> Table:
    """vectors.npy and vocab.txt, and context.npy and settings.json where they are there. Raises BadModel."""
    for name in ("vectors.npy", "vocab.txt"):
        if not (folder / name).is_file():
            raise BadModel(f"{folder.name} holds no word vectors: {name} is missing.")
    array = _mapped(folder / "vectors.npy")
    try:
        lines = (folder / "vocab.txt").read_bytes().decode("utf-8").removesuffix("\n").split("\n")
    except UnicodeDecodeError as error:
        raise BadModel(f"vocab.txt of {folder.name} is not in UTF-8.") from error
    if len(lines) != len(array):
        raise BadModel(f"vocab.txt of {folder.name} has {len(lines):,} words, vectors.npy {len(array):,} rows.")
    pairs = [line.rsplit(" ", 1) for line in lines]
    counted = all(len(pair) == 2 and pair[1].isdecimal() for pair in pairs)
    context = folder / "context.npy"
    return Table(
        [pair[0] for pair in pairs] if counted else lines,
        array,
        np.array([int(pair[1]) for pair in pairs]) if counted else None,
        _mapped(context) if context.is_file() else None,
        _sample(folder / "settings.json"),
    )


def _sample(path: Path) -> float | None:
    if not path.is_file():
        return None
    try:
        return float(json.loads(path.read_text(encoding="utf-8"))["sample"])
    except (ValueError, KeyError, TypeError) as error:
        raise BadModel(f"{path.name} of {path.parent.name} does not say word2vec's sample as a number.") from error


def _mapped(path: Path) -> np.ndarray:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise BadModel(f"{path.name} is not a whole NumPy file: {str(error)[:200]}") from error
    return _checked(array, path.name)


def _checked(array: Any, name: str) -> np.ndarray:
    if not isinstance(array, np.ndarray) or array.ndim != 2 or not array.size or array.dtype.kind != "f":
        raise BadModel(f"{name} is not a table of word vectors: a matrix of floating-point numbers is needed.")
    return array


def read_given(path: Path, progress: Progress) -> Table:
    """The file that whoever started the server named. Raises BadModel with what is wrong with it."""
    if path.is_dir():
        return read_folder(path)
    if not path.is_file():
        raise BadModel(f"There is no file {path}. Give --vectors a .txt, .vec, .bin or gensim file of word vectors.")
    name = path.name.lower().removesuffix(".gz")
    if path.stat().st_size == 0:
        raise BadModel(f"{path.name} is empty.")
    if name.endswith((".kv", ".model", ".gensim", ".wordvectors")):
        return _gensim(path)
    if not name.endswith((".txt", ".vec", ".bin")):
        raise BadModel(f"{path.name}: word vectors are read from .txt, .vec, .bin and gensim's .kv or .model files.")
    try:
        return read_folder(_converted(path, name.endswith(".bin"), progress))
    except (OSError, EOFError) as error:
        raise BadModel(f"{path.name} could not be read, or not be kept in {cache_folder()}: {error}") from error


def cache_folder() -> Path:
    """Where converted files are kept."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "bert_explain" / "vectors"


def _converted(path: Path, binary: bool, progress: Progress) -> Path:
    """The folder in the cache that holds the same table; made when it is not there. A changed file gets a new one."""
    state = path.stat()
    stamp = hashlib.sha256(f"{path}\0{state.st_size}\0{state.st_mtime_ns}".encode()).hexdigest()[:20]
    folder = cache_folder() / stamp
    if not (folder / "vocab.txt").is_file():
        folder.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(dir=folder.parent))
        try:
            _convert(path, binary, part, progress)
            os.replace(part, folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return folder


def _convert(path: Path, binary: bool, to: Path, progress: Progress) -> None:
    with _opened(path) as file:
        size, width, rows = (_binary if binary else _text)(file, path)
        array = np.lib.format.open_memmap(to / "vectors.npy", "w+", np.float32, (size, width))
        with open(to / "vocab.txt", "w", encoding="utf-8") as vocabulary:
            for row, (word, vector) in enumerate(rows):
                if not np.isfinite(vector).all():
                    raise BadModel(f"{path.name}: the vector of word {row + 1} holds something that is not a number.")
                array[row] = vector
                try:
                    vocabulary.write(word.decode("utf-8").replace("\n", " ") + "\n")
                except UnicodeDecodeError as error:
                    raise BadModel(f"{path.name}: word {row + 1} is not in UTF-8. Save the file in UTF-8.") from error
                if row % 2000 == 0:
                    progress(row / size, f"Reading {path.name}: {row:,} of {size:,} words")
        array.flush()


def _opened(path: Path) -> IO[bytes]:
    return gzip.open(path, "rb") if path.name.lower().endswith(".gz") else open(path, "rb")


def _header(line: bytes) -> tuple[int, int] | None:
    """Word2vec's first line, "V D"; None where the line is something else."""
    fields = line.split()
    return (int(fields[0]), int(fields[1])) if len(fields) == 2 and all(f.isdigit() for f in fields) else None


def _text(file: IO[bytes], path: Path) -> tuple[int, int, Rows]:
    first = file.readline(LONGEST_LINE)
    header = _header(first)
    width = header[1] if header else len(first.split()) - 1
    if width < 1:
        raise BadModel(f"{path.name} is not a file of word vectors: its first line is not a word and its numbers.")
    with _opened(path) as again:
        size = sum(1 for line in again if line.strip()) - bool(header)
    if size < 1 or (header and header[0] != size):
        said = f"says {header[0]:,} words and has {size:,}" if header else "has no words"
        raise BadModel(f"{path.name} {said}: it is cut short, or its first line is wrong.")

    def rows() -> Rows:
        line, number = (file.readline(LONGEST_LINE), 2) if header else (first, 1)
        while line:
            fields = line.rstrip().rsplit(b" ", width)  # from the right: a word may hold a space
            if line.strip():
                yield fields[0], _numbers(fields[1:], width, f"{path.name}, line {number}")
            line, number = file.readline(LONGEST_LINE), number + 1

    return size, width, rows()


def _numbers(fields: list[bytes], width: int, where: str) -> np.ndarray:
    if len(fields) != width:
        raise BadModel(f"{where}: {len(fields)} numbers instead of {width}. The file is cut short or damaged.")
    try:
        return np.array(fields, dtype=np.float32)
    except ValueError as error:
        raise BadModel(f"{where}: something stands there that is not a number. The file is damaged.") from error


def _binary(file: IO[bytes], path: Path) -> tuple[int, int, Rows]:
    first = file.readline(1000)
    header = _header(first)
    if first.startswith(FASTTEXT):
        raise BadModel(f"{path.name} is in fastText's own format. Give --vectors the .vec file that comes with it.")
    if not header or not header[0] or not header[1]:
        raise BadModel(f"{path.name} is not in word2vec's binary format: it does not begin with two numbers.")
    size, width = header

    def rows() -> Rows:
        buffer, at = b"", 0
        for number in range(size):
            while (end := buffer.find(b" ", at)) < 0 or len(buffer) < end + 1 + 4 * width:
                more = file.read(CHUNK)
                if not more or (end < 0 and len(buffer) - at > LONGEST_LINE):
                    raise BadModel(f"{path.name} is cut short: it says {size:,} words, and word {number + 1:,} is not whole.")
                buffer, at = buffer[at:] + more, 0
            yield buffer[at:end].lstrip(b"\n"), np.frombuffer(buffer, "<f4", width, end + 1)
            at = end + 1 + 4 * width

    return size, width, rows()


class _Inert:
    """Stands in for an object of gensim's: it holds what the file says of it, and can do nothing."""

    def __new__(cls, *_: Any, **__: Any) -> _Inert:
        return object.__new__(cls)

    def __init__(self, *_: Any, **__: Any):
        pass

    def __setstate__(self, state: Any) -> None:
        if isinstance(state, dict):
            self.__dict__.update(state)


class _Harmless(pickle.Unpickler):
    """Arrays, plain containers, inert stand-ins for gensim's classes; everything else is refused."""

    PLAIN = frozenset(
        {
            ("builtins", "set"),
            ("builtins", "frozenset"),
            ("builtins", "object"),
            ("collections", "OrderedDict"),
            ("collections", "defaultdict"),
            ("builtins", "int"),
            ("builtins", "list"),
            ("builtins", "dict"),
            ("numpy", "ndarray"),
            ("numpy", "dtype"),
            ("builtins", "hash"),
            ("_codecs", "encode"),
        }
    )
    ARRAYS = frozenset({"_reconstruct", "scalar", "_frombuffer"})

    def find_class(self, module: str, name: str) -> Any:
        root = module.split(".")[0]
        if root == "gensim" or module.startswith("numpy.random"):
            return _Inert
        if (module, name) in self.PLAIN or (root == "numpy" and module.count("core.") and name in self.ARRAYS):
            return super().find_class(module, name)
        raise BadModel(f"The file holds {module}.{name}, which word vectors do not need: it is not opened.")


def _gensim(path: Path) -> Table:
    """What gensim's KeyedVectors.save or Word2Vec.save wrote: the pickle, and large arrays in .npy files beside it."""
    try:
        found = _Harmless(io.BytesIO(path.read_bytes())).load()
    except BadModel as error:
        raise BadModel(f"{path.name}: {error}") from error
    except Exception as error:  # a damaged pickle fails in any way it likes
        raise BadModel(f"{path.name} is not a whole file of gensim's: {type(error).__name__}.") from error
    inner = getattr(found, "wv", found)
    words = getattr(inner, "index_to_key", None) or getattr(inner, "index2word", None)
    array = getattr(inner, "vectors", None)
    for middle in ("", ".wv"):
        beside = path.with_name(f"{path.name}{middle}.vectors.npy")
        if array is None and beside.is_file():
            array = _mapped(beside)
    if array is None and words:
        raise BadModel(f"{path.name} keeps its vectors in {path.name}.vectors.npy, which is not beside it.")
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise BadModel(f"{path.name} holds no word vectors of gensim's.")
    if len(words) != len(_checked(array, path.name)):
        raise BadModel(f"{path.name} has {len(words):,} words and {len(array):,} vectors: it is damaged.")
    return Table(words, array)
