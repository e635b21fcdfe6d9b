"""Reading tables of word vectors: the bundled folder, and the files people have.

    folder                       vectors.npy (V, D) and vocab.txt ("word count" or "word", V lines), what the app itself uses;
                                 context.npy (V, D) and settings.json ({"sample": 5e-05}) where word2vec made them
    .txt, .vec                   a word and its numbers a line, with word2vec's header "V D" or without (GloVe)
    .bin                         word2vec's binary format
    .kv, .model, .gensim         what gensim's save() writes (`gensim_files.py`)

Each may be gzipped (.gz). A text or binary file is converted once to such a folder in the cache, so that it can be
memory-mapped from then on. Which of the two it is, its content says: names are often wrong.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import os
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np

from bert_explain.errors import BadModel
from bert_explain.models import gensim_files
from bert_explain.models.vector_table import BYTE_ORDER_MARK, Table, opened, read_folder

CHUNK = 1 << 20
LONGEST_LINE = 1 << 20  # bytes; a word and a thousand numbers take a hundredth of it
MOST_DIGITS = 12  # of a number that counts words or columns
CUT_AT = 40  # bytes; the shortest at which a writer of word vectors is known to cut words is 59
DEFLATED = 1032  # gzip makes nothing smaller than by this
READER = 2  # raised when the same file is read differently: what older readers kept is then left alone
OTHER_KINDS = {  # first bytes -> what the file is, what to do
    b"\xff\xfe": "is written in UTF-16. Save it in UTF-8.",
    b"\xfe\xff": "is written in UTF-16. Save it in UTF-8.",
    b"PK\x03\x04": "is a zip archive. Unpack it and give the file that is in it.",
}
FASTTEXT = (793712314).to_bytes(4, "little")  # the first bytes of fastText's own .bin

Progress = Callable[[float, str], None]
Rows = Iterator[tuple[bytes, np.ndarray]]


def read_given(path: Path, progress: Progress) -> Table:
    """The file that whoever started the server named. Raises BadModel with what is wrong with it."""
    if path.is_dir():
        return read_folder(path)
    if not path.is_file():
        raise BadModel(f"There is no file {path}. Give --vectors a .txt, .vec, .bin or gensim file of word vectors.")
    name = path.name.lower().removesuffix(".gz")
    try:
        if path.stat().st_size == 0:
            raise BadModel(f"{path.name} is empty.")
        _refuse_other_kinds(path)
        if name.endswith((".kv", ".model", ".gensim", ".wordvectors")):
            return gensim_files.read(path)
        if not name.endswith((".txt", ".vec", ".bin")):
            raise BadModel(f"{path.name}: word vectors are read from .txt, .vec, .bin and gensim's .kv or .model files.")
        return read_folder(_converted(path, name.endswith(".bin"), progress))
    except (EOFError, zlib.error) as error:
        raise BadModel(f"{path.name} is cut short or damaged: it cannot be unpacked to its end.") from error
    except OSError as error:
        raise BadModel(f"{path.name} could not be read: {error.strerror or error}.") from error


def _refuse_other_kinds(path: Path) -> None:
    with opened(path) as file:
        first = file.read(4)
    for mark, said in OTHER_KINDS.items():
        if first.startswith(mark):
            raise BadModel(f"{path.name} {said}")


def cache_folder() -> Path:
    """Where converted files are kept."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "bert_explain" / "vectors"


def _converted(path: Path, binary: bool, progress: Progress) -> Path:
    """The folder in the cache that holds the same table; made when it is not there. A changed file gets a new one."""
    state = path.stat()
    stamp = hashlib.sha256(f"{READER}\0{path}\0{state.st_size}\0{state.st_mtime_ns}".encode()).hexdigest()[:20]
    folder = cache_folder() / stamp
    if not (folder / "settings.json").is_file():
        with _keeping():
            folder.parent.mkdir(parents=True, exist_ok=True)
            part = Path(tempfile.mkdtemp(dir=folder.parent))
        try:
            _convert(path, binary, part, progress)
            with _keeping():
                if not (folder / "settings.json").is_file():  # another process may have been quicker
                    os.replace(part, folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return folder


@contextmanager
def _keeping() -> Iterator[None]:
    """What goes wrong in here is wrong with the place where converted files are kept, not with the file."""
    try:
        yield
    except OSError as error:
        where = f"{cache_folder()} ({error.strerror or error})"
        raise BadModel(
            f"There is no keeping converted word vectors in {where}. Set XDG_CACHE_HOME to a folder with room."
        ) from error


def _convert(path: Path, binary: bool, to: Path, progress: Progress) -> None:
    binary = _holds_bytes(path, binary)
    names: list[str] = []
    repaired = 0
    with opened(path) as file:
        size, width, rows = (_binary if binary else _text)(file, path)
        with _keeping():
            _room(to, 4 * size * width)
            array = np.lib.format.open_memmap(to / "vectors.npy", "w+", np.float32, (size, width))
        for row, (word, vector) in enumerate(rows):
            if not np.isfinite(vector).all():
                raise BadModel(f"{path.name}: the vector of word {row + 1} holds something that is not a number.")
            array[row] = vector
            name, whole = _name(word, binary, f"{path.name}: word {row + 1}")
            names.append(name.replace("\n", " ") + "\n")
            repaired += not whole
            if row % 2000 == 0:
                progress(row / size, f"Reading {path.name}: {row:,} of {size:,} words")
    with _keeping():
        array.flush()
        (to / "vocab.txt").write_bytes("".join(names).encode())
        (to / "settings.json").write_text(json.dumps({"sample": None, "repaired": repaired}), encoding="utf-8")


def _room(folder: Path, wanted: int) -> None:
    """Raises OSError where the disk has no room for so many bytes."""
    free = shutil.disk_usage(folder).free
    if wanted > free:
        raise OSError(f"{wanted / 1e6:,.0f} MB are needed, {free / 1e6:,.0f} MB are free")


def _name(word: bytes, binary: bool, where: str) -> tuple[str, bool]:
    """A word's name, and whether it is whole: word2vec cuts long words after so many bytes, which can be inside a character.

    What is left of such a character is taken off. Raises BadModel for any other name that is not UTF-8; and in a text for
    a short one too, which nobody cut: there the whole file is in another encoding, and can be saved in UTF-8.
    """
    try:
        return word.decode("utf-8"), True
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data" and (binary or len(word) >= CUT_AT):
            return word[: error.start].decode("utf-8"), False
        todo = "Have the file written anew" if binary else "Save the file"
        raise BadModel(f"{where} is not in UTF-8. {todo} in UTF-8.") from error


def _header(line: bytes, path: Path) -> tuple[int, int] | None:
    """Word2vec's first line, "V D"; None where the line is something else. Raises BadModel for numbers past all files."""
    fields = line.split()
    if len(fields) != 2 or not all(f.isdigit() for f in fields):
        return None
    digits = [f.lstrip(b"0") or b"0" for f in fields]
    longest = max(map(len, digits))
    if longest > MOST_DIGITS:
        raise BadModel(f"{path.name} begins with a number of {longest:,} digits, where it should say how many words it has.")
    return int(digits[0]), int(digits[1])


def _holds_bytes(path: Path, named_so: bool) -> bool:
    """Whether numbers stand in the file as bytes, not as digits; its name only where the content does not tell."""
    with opened(path) as file:
        header = _header(file.readline(LONGEST_LINE).removeprefix(BYTE_ORDER_MARK), path)
        start = file.read(LONGEST_LINE)
    if header is None:
        return named_so
    line = start.split(b"\n", 1)[0]
    numbers = line.rsplit(None, header[1])[1:] if header[1] < LONGEST_LINE else []
    if numbers and _all_numbers(numbers):
        return False
    first = start.partition(b" ")[2][: 4 * header[1]]
    return named_so or any(byte < 32 and byte not in b"\t\n\r" for byte in first)


def _all_numbers(fields: list[bytes]) -> bool:
    try:
        np.array(fields, dtype=np.float32)
    except ValueError:
        return False
    return True


def _text(file: IO[bytes], path: Path) -> tuple[int, int, Rows]:
    first = file.readline(LONGEST_LINE).removeprefix(BYTE_ORDER_MARK)
    header = _header(first, path)
    line, at = (file.readline(LONGEST_LINE), 2) if header else (first, 1)
    width = header[1] if header else len(first.split()) - 1
    if width < 1 or (header is None and not _all_numbers(first.split()[-1:])):
        raise BadModel(f"{path.name} is not a file of word vectors: its first line is not a word and its numbers.")
    with opened(path) as again:
        size = sum(1 for line in again if line.strip()) - bool(header)
    if size < 1 or (header and header[0] != size):
        said = f"says {header[0]:,} words and has {size:,}" if header else "has no words"
        raise BadModel(f"{path.name} {said}: it is cut short, or its first line is wrong.")
    _fields(line, width, f"{path.name}, line {at}")  # before room is made for so many numbers

    def rows() -> Rows:
        for number, text in enumerate(itertools.chain([line], iter(lambda: file.readline(LONGEST_LINE), b"")), at):
            if text.strip():
                word, *numbers = _fields(text, width, f"{path.name}, line {number}")
                yield word, _numbers(numbers, f"{path.name}, line {number}")

    return size, width, rows()


def _fields(line: bytes, width: int, where: str) -> list[bytes]:
    """The word and its numbers, still as text. Counted from the right: a word may hold blanks, or be one."""
    fields = line.rstrip().rsplit(None, min(width, LONGEST_LINE))
    if len(fields) == width and line[:1].isspace():  # a word without letters
        fields.insert(0, b"")
    if len(fields) != width + 1:
        raise BadModel(f"{where}: {len(fields) - 1} numbers instead of {width:,}. The file is cut short or damaged.")
    return fields


def _numbers(fields: list[bytes], where: str) -> np.ndarray:
    try:
        return np.array(fields, dtype=np.float32)
    except ValueError as error:
        raise BadModel(f"{where}: something stands there that is not a number. The file is damaged.") from error


def _binary(file: IO[bytes], path: Path) -> tuple[int, int, Rows]:
    first = file.readline(1000)
    header = _header(first, path)
    if first.startswith(FASTTEXT):
        raise BadModel(f"{path.name} is in fastText's own format. Give --vectors the .vec file that comes with it.")
    if not header or not header[0] or not header[1]:
        raise BadModel(f"{path.name} is not in word2vec's binary format: it does not begin with two numbers.")
    size, width = header
    there = path.stat().st_size * (1 if isinstance(file, io.BufferedReader) else DEFLATED)
    if size * (1 + 4 * width) > there:
        raise BadModel(f"{path.name} says {size:,} words of {width:,} numbers, and is too small to hold them: it is cut short.")

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
