"""Static word vectors: the words of a text in a table, neighbours by cosine, two words dimension by dimension.

A cosine here is the one of gensim and of the papers: vectors are brought to length 1, then multiplied number by number.
"""

from __future__ import annotations

import difflib
import re
import string
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.kernel import readings
from bert_explain.models.vectors import Vectors

LONGEST_WORD = 60  # characters of a word that is looked for; longer ones are in no table
MOST_WORDS = 512  # words of a text that are shown
FREQUENT = 20_000  # words that a misspelling is compared with, when no word is one or two letters away
LEVEL = 0.005  # cosines that differ by less are told as equal: two digits are shown
_WORD = re.compile(r"\[(?:MASK|UNK|CLS|SEP|PAD)\]|\w+(?:['’.-]\w+)*")


@dataclass(frozen=True)
class WordRow:
    """One word of a text: as written, its span of characters, its row in the table, None when it has none; and the word that
    finds the row, which may lack the possessive or have another apostrophe (as written when there is no row)."""

    word: str
    start: int
    end: int
    index: int | None
    key: str


def word_rows(vectors: Vectors, text: str) -> list[WordRow]:
    """The words of a text with their rows. A compound that the table does not hold is cut at its hyphens and points. What
    stands for no word, a typed [MASK] or [UNK], has no row: it is not the word "mask", and two of them are not one word.

    "Sea-birds rest." -> "Sea-birds" where the table has it, else "Sea" and "birds"; then "rest".
    """
    found: list[WordRow] = []
    for match in _WORD.finditer(text):
        index, key = row_of(vectors, match[0]) if match[0][0] != "[" else (None, match[0])
        if index is not None or re.fullmatch(r"\w+|\[\w+\]", match[0]):
            found.append(WordRow(match[0], *match.span(), index, key))
            continue
        for part in re.finditer(r"\w+(?:['’]\w+)*", match[0]):
            start = match.start() + part.start()
            found.append(WordRow(part[0], start, start + len(part[0]), *row_of(vectors, part[0])))
    return found


def repaired(vectors: Vectors) -> str:
    """What was done to names that ended inside a character."""
    many = "One word" if vectors.repaired == 1 else f"{vectors.repaired:,} words"
    rest = "Its name ends before that character." if vectors.repaired == 1 else "Their names end before that character."
    return f"{many} of the file had been cut inside a character. {rest}"


def row_of(vectors: Vectors, word: str) -> tuple[int | None, str]:
    """The row of a word with a straight apostrophe, else without its possessive, and what found it; None, and the word itself."""
    plain = word.replace("’", "'")
    for key in (plain, plain.removesuffix("'s")):
        if (found := vectors.index(key)) is not None:
            return found, key
    return None, word


def row_table(rows: list[WordRow]) -> pd.DataFrame:
    """The words of a text, their characters, and their row in the table (empty for words without a vector)."""
    return pd.DataFrame(
        {
            "word": [row.word for row in rows],
            "from character": [row.start for row in rows],
            "to": [row.end for row in rows],
            "row": pd.array([row.index for row in rows], dtype="Int64"),
        }
    )


def look_rows(rows: list[WordRow], size: int) -> Sentence:
    """How many words were found; and a word that stands twice and got the same row twice, or one that has none."""
    if not rows:
        return say("Sentence A has no words yet: there is nothing to look up.")
    lacking = next((row.word for row in rows if row.index is None), None)
    found = [row.index for row in rows if row.index is not None]
    twice = next((row.word for row in rows if row.index is not None and found.count(row.index) > 1), None)
    text, values = "{found} of {all} {have} a row among the {size:,} of the table.", {}
    if twice:
        text += " {twice} stands there more than once: each time it is the same row."
        values["twice"] = Piece(twice)
    if lacking:
        text += " {lacking} has none: to this table it is nothing at all."
        values["lacking"] = Piece(lacking)
    have = "word has" if len(rows) == 1 else "words has" if len(found) == 1 else "words have"
    return say(text, found=len(found), all=len(rows), have=have, size=size, **values)


def units(vectors: Vectors, rows: list[int]) -> np.ndarray:
    """The vectors of these rows, each divided by its length: (N, D) float32."""
    return vectors.keyed.vectors[rows] / vectors.keyed.norms[rows][:, None]


def nearest(vectors: Vectors, target: np.ndarray, k: int) -> list[tuple[str, float]]:
    """The k words of the table with the highest cosine to a vector (D,), and that cosine. By gensim."""
    if not np.linalg.norm(target):
        return []
    return vectors.keyed.similar_by_vector(np.asarray(target, np.float32), topn=min(k, vectors.size))


def neighbours(vectors: Vectors, word: str, k: int = 10) -> pd.DataFrame:
    """The k nearest words of a word, itself left out. Raises BadModel for a word that is not in the table."""
    row = vectors.index(word)
    own = word if row is None else vectors.words[row]
    found = [pair for pair in nearest(vectors, vectors.vector(word), k + 1) if pair[0] != own][:k]
    table = pd.DataFrame(found, columns=["word", "cosine"])
    table.insert(0, "rank", np.arange(1, len(table) + 1))
    if vectors.counts is not None:
        table["in the training text"] = [int(vectors.counts[vectors.index(w)]) for w in table["word"]]
    return table


def look_neighbours(vectors: Vectors, word: str, table: pd.DataFrame) -> Sentence:
    """The nearest, where one word is, and how much nearer it is than the last one shown."""
    if table.empty:
        return say("{word} has a vector of zeros: nothing is near to it.", word=Piece(word))
    first, last, top = table.iloc[0], table.iloc[-1], readings.best(table["cosine"], least=LEVEL, part=0.0)
    known = {
        "size": vectors.size,
        "near": Piece(first["word"]),
        "word": Piece(word),
        "cosine": first["cosine"],
        "k": len(table),
        "far": Piece(last["word"]),
        "last": last["cosine"],
    }
    if top.many == 1:
        return say("{near} is the one other word that can be compared with {word}: cosine {cosine:.2f}.", **known)
    begin = "Of {size:,} words, {near} points most nearly the same way as {word}: cosine {cosine:.2f}. "
    if not top.leads:
        begin = f"{top.level} words point about as nearly the same way as {{word}}, {{near}} among them: cosine {{cosine:.2f}}. "
    return say(begin + ("" if top.level == top.many else "Number {k}, {far}, has {last:.2f}."), **known).because(top)


def cosines(vectors: Vectors, rows: list[int]) -> np.ndarray:
    """The cosine of every two of these rows: (N, N)."""
    unit = units(vectors, rows)
    return unit @ unit.T


def compare(vectors: Vectors, one: str, other: str) -> pd.DataFrame:
    """Two words, number by number: D rows. `product` is that of the two numbers at length 1; the products add up to the
    cosine. Raises BadModel for a word that is not in the table."""
    pair = np.stack([vectors.vector(one), vectors.vector(other)])
    lengths = np.linalg.norm(pair, axis=1, keepdims=True)
    a, b = pair / np.where(lengths == 0, 1, lengths)
    return pd.DataFrame({"dimension": np.arange(len(a)), "first": a, "second": b, "product": a * b})


def look_compare(one: str, other: str, table: pd.DataFrame) -> Sentence:
    """The cosine, as the sum it is, and the dimension that gives the most to it, where one does."""
    products = table["product"].to_numpy()
    top = readings.best(np.abs(products), least=0.001)
    against = int((products < 0).sum())
    counts = "Dimension {top} counts most ({product:+.3f})" if top.leads else "No dimension counts clearly more than all others"
    if not products.any():
        return say(
            "A vector of zeros has no direction: {one} and {other} cannot be compared.", one=Piece(one), other=Piece(other)
        )
    return say(
        "The products add up to the cosine of {one} and {other}: {cosine:.3f}. " + counts + "; in {against} of {width} "
        "dimensions the two have opposite signs.",
        one=Piece(one),
        other=Piece(other),
        cosine=float(products.sum()),
        top=top.index,
        product=float(products[top.index]),
        against=against,
        width=len(products),
    ).because(top)


def number_table(vectors: Vectors, words: list[str]) -> pd.DataFrame:
    """The numbers of some words as the table holds them, one column each."""
    columns = {word: vectors.vector(word) for word in words}
    return pd.DataFrame({"dimension": np.arange(vectors.width), **columns})


@lru_cache(maxsize=8)
def typical(vectors: Vectors, pairs: int = 4000, seed: int = 0) -> tuple[float, float]:
    """What a cosine is worth here: the mean over random pairs of the 10,000 most frequent words (seeded), and the value
    that only one pair in a hundred exceeds."""
    rows = np.random.default_rng(seed).integers(0, min(10_000, vectors.size), (2, pairs))
    found = (units(vectors, rows[0]) * units(vectors, rows[1])).sum(axis=1)[rows[0] != rows[1]]
    return (float(found.mean()), float(np.percentile(found, 99))) if found.size else (0.0, 0.0)


def side_by_side(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The neighbours in several tables of vectors, as one table."""
    return pd.concat([found.assign(vectors=title) for title, found in tables.items()], ignore_index=True)


def say_mixture(word: str) -> Sentence:
    """What to look for in the neighbours of a word with several meanings."""
    return say(
        "Read the neighbours of {word}: which of its meanings do they speak of? Whichever sentence it stands in, "
        "these are the words that lie around it.",
        word=Piece(word),
    )


@lru_cache(maxsize=4096)
def suggestions(vectors: Vectors, word: str, most: int = 5) -> tuple[str, ...]:
    """Words of the table spelt nearly like one that is missing: one letter off, else two, else the most alike (difflib).

    Of those equally far, the more frequent come first (the tables are in that order). After P. Norvig, "How to write
    a spelling corrector" (2007).
    """
    word = word.strip().lower()
    if not word or len(word) > LONGEST_WORD:
        return ()
    rows = vectors.keyed.key_to_index
    near = _one_off({word})
    found = [w for w in near if w in rows]
    if not found and len(word) <= 12:  # two letters off: the square as many, so not for long words
        found = [w for w in _one_off(near) if w in rows]
    if found:
        return tuple(sorted(set(found) - {word}, key=rows.get)[:most])
    frequent = [w for w in vectors.words[:FREQUENT] if abs(len(w) - len(word)) <= 3]
    return tuple(difflib.get_close_matches(word, frequent, most, 0.7))


def _one_off(words: set[str]) -> set[str]:
    """Every string that is one letter left out, swapped, changed or put in away from one of these."""
    letters, found = string.ascii_lowercase, set()
    for word in words:
        cuts = [(word[:i], word[i:]) for i in range(len(word) + 1)]
        found |= {a + b[1:] for a, b in cuts if b}
        found |= {a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1}
        found |= {a + c + b[1:] for a, b in cuts if b for c in letters}
        found |= {a + c + b for a, b in cuts for c in letters}
    return found


def missing(vectors: Vectors, word: str) -> Sentence:
    """That a word has no vector, and which words it may have meant."""
    near = suggestions(vectors, word[: LONGEST_WORD + 1])
    shown = Piece(word if len(word) <= LONGEST_WORD else f"{word[:LONGEST_WORD]}…")
    if not near:
        return say(
            "{word} is not among the {size:,} words of this table, and so it has no vector.", word=shown, size=vectors.size
        )
    names = {f"near{i}": Piece(w) for i, w in enumerate(near)}
    listed = ", ".join(f"{{{name}}}" for name in names)
    return say(
        f"{{word}} is not among the {{size:,}} words of this table, and so it has no vector. Spelt alike: {listed}.",
        word=shown,
        size=vectors.size,
        **names,
    )


def is_stop_word(word: str) -> bool:
    """True for a word of scikit-learn's list of English function words: the, of, and ..."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return word.lower() in ENGLISH_STOP_WORDS


def shared(vectors: Vectors, text_a: str, text_b: str) -> list[tuple[WordRow, WordRow]]:
    """The words of the table that stand in both texts, each with its first place in either; stop words (scikit-learn's
    list) last, long words first."""
    first = {row.index: row for row in reversed(word_rows(vectors, text_b)) if row.index is not None}
    pairs = {row.index: (row, first[row.index]) for row in reversed(word_rows(vectors, text_a)) if row.index in first}
    return sorted(pairs.values(), key=lambda pair: (is_stop_word(pair[0].word), -len(pair[0].word)))
