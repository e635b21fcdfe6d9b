"""Word vectors that gensim saved: KeyedVectors.save and Word2Vec.save, of gensim 4 to 0.13, under Python 3 or 2.

Such a file is a pickle, which can hold any program: it is read by an unpickler that knows arrays, lists and dictionaries
only, makes inert stand-ins for gensim's classes, and refuses the rest. Large arrays stand beside it, a file each.

    gensim     words           vectors    in
    4          index_to_key    vectors    the object, or .wv
    3          index2word      vectors    the object, or .wv
    1, 2       index2word      syn0       the object, or .wv
    0.13       index2word      syn0       the object
"""

from __future__ import annotations

import _compat_pickle
import pickle
from pathlib import Path
from typing import Any

import numpy as np

from bert_explain.errors import BadModel
from bert_explain.models.vector_table import Table, checked, mapped, opened

WORDS = ("index_to_key", "index2word")
ARRAYS = ("vectors", "syn0")
PACKED = (".gz", ".bz2")  # gensim then writes .npz beside it


class _Inert:
    """Stands in for an object of gensim's: it holds what the file says of it, and can do nothing."""

    def __new__(cls, *_: Any, **__: Any) -> _Inert:
        return object.__new__(cls)

    def __init__(self, *_: Any, **__: Any):
        pass

    def __setstate__(self, state: Any) -> None:
        if isinstance(state, dict):
            self.__dict__.update({_text(name): value for name, value in state.items()})


def _rebuilt(made: Any, *_: Any) -> Any:
    """For `copyreg._reconstructor`, with which Python 2 makes an object: a stand-in, or an empty plain container."""
    return made()


def _no_bytes(*_: Any) -> bytes:
    """For `bytes()`, which is how protocol 2 writes an empty array's content."""
    return b""


def _text(value: Any) -> Any:
    """Python 2's strings are bytes: UTF-8, as gensim writes words. Raises UnicodeDecodeError."""
    return value.decode("utf-8") if isinstance(value, bytes) else value


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
        module, name = _compat_pickle.NAME_MAPPING.get((module, name), (module, name))  # Python 2's names
        module = _compat_pickle.IMPORT_MAPPING.get(module, module)
        root = module.split(".")[0]
        if root == "gensim" or module.startswith("numpy.random"):
            return _Inert
        if (module, name) == ("copyreg", "_reconstructor"):
            return _rebuilt
        if (module, name) == ("builtins", "bytes"):
            return _no_bytes
        if (module, name) in self.PLAIN or (root == "numpy" and module.count("core.") and name in self.ARRAYS):
            return super().find_class(module, name)
        raise BadModel(f"The file holds {module}.{name}, which word vectors do not need: it is not opened.")


def read(path: Path) -> Table:
    """The words and vectors of a file that gensim saved. Raises BadModel with what is wrong with it."""
    try:
        with opened(path) as file:
            found = _Harmless(file, encoding="bytes").load()
        inner = getattr(found, "wv", found)
        held = getattr(inner, "__dict__", {})
        words = next((held[name] for name in WORDS if held.get(name) is not None), None)
        words = list(map(_text, words)) if isinstance(words, list) else None
        apart = set(map(_text, held.get("__numpys") or ()))
    except BadModel as error:
        raise BadModel(f"{path.name}: {error}") from error
    except OSError:
        raise  # it is the disk, or what packed the file
    except UnicodeDecodeError as error:
        raise BadModel(f"{path.name} holds words that are not in UTF-8.") from error
    except Exception as error:  # a damaged pickle fails in any way it likes
        raise BadModel(f"{path.name} is not a whole file of gensim's: {type(error).__name__}.") from error
    if not words or not all(isinstance(word, str) for word in words):
        raise BadModel(f"{path.name} holds no word vectors of gensim's.")
    array = next((held[name] for name in ARRAYS if held.get(name) is not None), None)
    if array is None:
        base = path.name if inner is found else f"{path.name}.wv"
        array = _beside(path, base, [name for name in ARRAYS if name in apart])
    if len(words) != len(checked(array, path.name)):
        raise BadModel(f"{path.name} has {len(words):,} words and {len(array):,} vectors: it is damaged.")
    return Table(words, array)


def _beside(path: Path, base: str, names: list[str]) -> np.ndarray:
    """The array that gensim wrote into a file of its own, as the pickle says."""
    if not names:
        raise BadModel(f"{path.name} holds words and no vectors: it is not a table of word vectors.")
    packed = path.name.endswith(PACKED)
    beside = path.with_name(f"{base}.{names[0]}.{'npz' if packed else 'npy'}")
    if not beside.is_file():
        raise BadModel(f"{path.name} keeps its vectors in {beside.name}, which is not beside it.")
    if not packed:
        return mapped(beside)
    try:
        with np.load(beside, allow_pickle=False) as found:
            return found["val"]
    except Exception as error:  # a damaged archive fails in any way it likes
        raise BadModel(f"{beside.name} is not a whole NumPy file: {str(error)[:200]}") from error
