"""Words as character ids, the way ELMo reads them: UTF-8 bytes between two marks, padded to a fixed length.

Numbers as in the original (Peters et al. 2018; `bilm-tf`, data.py): 0 to 255 are bytes, 256 and 257 stand alone in the
"words" that open and close a sentence, 258 and 259 open and close each word, 260 pads.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np

BEGIN_SENTENCE, END_SENTENCE, BEGIN_WORD, END_WORD, PAD = 256, 257, 258, 259, 260
N_CHARACTERS = 261
MAX_CHARACTERS = 50  # a word's marks included: of a longer word only the first 48 bytes are read
BEGIN, END, UNKNOWN = "<S>", "</S>", "<UNK>"  # their names in a vocabulary


def character_ids(word: str, longest: int = MAX_CHARACTERS) -> np.ndarray:
    """The ids of one word, (longest,) int16, read-only. `BEGIN` and `END` give the marks of a sentence."""
    return _ids(word, longest)


@lru_cache(maxsize=65536)
def _ids(word: str, longest: int) -> np.ndarray:
    inner = {BEGIN: [BEGIN_SENTENCE], END: [END_SENTENCE]}.get(word)
    if inner is None:
        inner = list(word.encode("utf-8", "replace"))[: longest - 2]
    ids = np.full(longest, PAD, dtype=np.int16)
    ids[: len(inner) + 2] = [BEGIN_WORD, *inner, END_WORD]
    ids.flags.writeable = False
    return ids


def batch(words: Iterable[str], longest: int = MAX_CHARACTERS) -> np.ndarray:
    """The ids of many words, (W, longest)."""
    rows = [character_ids(word, longest) for word in words]
    return np.stack(rows) if rows else np.empty((0, longest), dtype=np.int16)


def cropped(ids: np.ndarray, widest: int) -> np.ndarray:
    """The same rows without the padding that changes nothing.

    Every window that holds padding alone gives the same number, and a filter keeps its largest: one such window (the
    widest filter's) is enough. The result of the character CNN stays the same, most of its work goes.
    """
    used = int((ids != PAD).sum(axis=-1).max(initial=0))
    return ids[..., : used + widest]


def shown(ids: Sequence[int]) -> str:
    """Character ids as text for a picture: `^` opens a word, `$` closes it, `_` pads; a lone byte is `?`."""
    marks = {BEGIN_WORD: b"^", END_WORD: b"$", PAD: b"_", BEGIN_SENTENCE: b"<S>", END_SENTENCE: b"</S>"}
    return b"".join(marks.get(int(i)) or bytes([int(i)]) for i in ids).decode("utf-8", "replace").replace("\ufffd", "?")
