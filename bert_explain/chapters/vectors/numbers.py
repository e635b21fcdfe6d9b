"""What decides the questions of the chapter: where a word's opposite stands among its neighbours, where a sum of words lands,
which of its two meanings a word's one vector is nearer to."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from bert_explain.analysis.sentence import Piece
from bert_explain.analysis.vectors import is_stop_word, units, word_rows
from bert_explain.chapters.vectors import analogies, one_vector
from bert_explain.chapters.vectors.analogies import Term
from bert_explain.kernel.readings import signed
from bert_explain.learning.question import Ask, NotAskable, leader, table, words_of
from bert_explain.models.vectors import Vectors
from bert_explain.query import Query
from bert_explain.trace import Trace

WORDS = words_of(Path(__file__).with_name("words.toml"))
CLOSE, FAR = 10, 1000  # ranks: "among the first ten", "beyond the first thousand"
EQUAL, NEARER = 0.04, 0.07  # cosines that differ by no more are about the same; by this much, one is nearer


class Opposed(NamedTuple):
    """A word of the text, and its opposite."""

    word: str
    other: str


def opposed(vectors: Vectors, *texts: str) -> Opposed | None:
    """The first word of the texts that has an opposite, where the table holds both; None where none has."""
    # Of a word in two pairs the first counts.
    other = {one: two for pair in reversed(WORDS["opposites"]) for one, two in (pair, pair[::-1])}
    for row in (row for text in texts for row in word_rows(vectors, text)):
        word = row.word.lower()
        if row.index is not None and word in other and vectors.index(other[word]) is not None:
            return Opposed(word, other[word])
    return None


def rank_among(vectors: Vectors, word: str, other: str) -> tuple[int, float]:
    """The place of a word among the neighbours of another (1 is the nearest, the word itself left out), and its cosine."""
    own, at = vectors.row(word), vectors.row(other)
    every = vectors.keyed.vectors @ units(vectors, [own])[0] / vectors.keyed.norms
    every[own] = -np.inf
    return int((every > every[at]).sum()) + 1, float(every[at])


def opposite(ask: Ask) -> pd.DataFrame:
    """Evidence: the rank of a word's opposite among the word's neighbours in Word2Vec."""
    return _opposite(ask, "word2vec")


def opposite_in_glove(ask: Ask, _: pd.DataFrame) -> pd.DataFrame:
    """The same in GloVe. Raises BadModel where it is not installed."""
    return _opposite(ask, "glove")


def _opposite(ask: Ask, name: str) -> pd.DataFrame:
    vectors = ask.models.vectors(name)
    pair = opposed(vectors, ask.query.text_a, ask.query.text_b)
    if pair is None:
        raise NotAskable("No word of this text is one of those whose opposite is known here.")
    rank, cosine = rank_among(vectors, *pair)
    where = "near" if rank <= CLOSE else "middle" if rank <= FAR else "far"
    shown = {where: f"number {rank:,}, cosine {signed(cosine)}"}
    return table(
        {key: (float(key == where), shown.get(key, "")) for key in ("near", "middle", "far")},
        word=Piece(pair.word),
        other=Piece(pair.other),
        rank=rank,
        place=f"{rank:,}",
        size=f"{vectors.size:,}",
        cosine=signed(cosine),
        title=vectors.title,
    )


def near_a_rank(evidence: pd.DataFrame) -> str:
    """Why it is not asked where the rank is at the edge of two answers."""
    rank = evidence.attrs["facts"]["rank"]
    if any(0.85 * edge < rank < 1.15 * edge for edge in (CLOSE + 0.5, FAR)):
        return "Here the opposite stands at the edge between two answers."
    return ""


class Plural(NamedTuple):
    """A sum that asks for a plural: `many` - `one` + `word`; `hoped` is the plural of `word`."""

    many: str
    one: str
    word: str
    hoped: str

    @property
    def text(self) -> str:
        return f"{self.many} - {self.one} + {self.word}"


def plural(vectors: Vectors, trace: Trace, position: int) -> Plural | None:
    """The sum for two nouns of the text: the word at `position` where it has a plural in the table; None without two."""
    words = [row.word.lower() for text in (trace.query.text_a, trace.query.text_b) for row in word_rows(vectors, text)]
    own = trace.tokens[position].original.lower()
    able = [w for w in dict.fromkeys(words) if _counts(vectors, w)]
    if len(able) < 2:
        return None
    word = own if own in able else able[-1]
    one = next(w for w in able if w != word)
    return Plural(f"{one}s", one, word, f"{word}s")


def _counts(vectors: Vectors, word: str) -> bool:
    """Whether a word is one that has a plural by "s" here: both in the table, no function word, no form in -s itself."""
    plain = (
        word.isascii() and word.isalpha() and len(word) > 2 and not word.endswith(("s", "ed", "ing")) and not is_stop_word(word)
    )
    return plain and all(vectors.index(form) is not None for form in (word, f"{word}s"))


def summed(ask: Ask) -> pd.DataFrame:
    """Evidence: the cosine of three words with the sum, in Word2Vec."""
    vectors = ask.models.vectors()
    found = plural(vectors, ask.trace, ask.position)
    if found is None:
        raise NotAskable("This text has no two words whose plural the table knows, so there is no sum to ask about.")
    return _summed(vectors, found)


def royal(ask: Ask, _: pd.DataFrame) -> pd.DataFrame:
    """The same of king - man + woman, where one hopes for queen."""
    return _summed(ask.models.vectors(), Plural("king", "man", "woman", "queen"), same="king", given="woman")


def _summed(vectors: Vectors, found: Plural, same: str = "", given: str = "") -> pd.DataFrame:
    terms = (Term(1, found.many), Term(-1, found.one), Term(1, found.word))
    total = analogies.add(vectors, terms).total
    words = {"hoped": found.hoped, "same": same or found.word, "given": given or found.many}
    every = vectors.keyed.vectors @ total / vectors.keyed.norms / (float(np.linalg.norm(total)) or 1.0)
    near = {key: float(every[vectors.row(word)]) for key, word in words.items()}
    top = int(every.argmax())
    return table(
        {key: (value, signed(value)) for key, value in near.items()},
        sum=Piece(found.text.replace("-", "−")),
        hoped=Piece(words["hoped"]),
        same=Piece(words["same"]),
        given=Piece(words["given"]),
        top=Piece(vectors.words[top]),
        cosine=signed(float(every[top])),
        hoped_cosine=signed(near["hoped"]),
        best=Piece(words[max(near, key=near.__getitem__)]),
        best_cosine=signed(max(near.values())),
    )


class Meanings(NamedTuple):
    """A word with two meanings: a word near to each of them (`one`, `two`), and a sentence for each (`first`, `second`)."""

    word: str
    one: str
    two: str
    first: str
    second: str


def meanings(vectors: Vectors, trace: Trace, position: int) -> Meanings | None:
    """A word of the text of which two meanings are known here, the one at `position` before others; None where there is none.

    The table holds it and the two words beside it.
    """
    known = {row[0]: Meanings(*row) for row in WORDS["meanings"]}
    words = [row.word.lower() for text in (trace.query.text_a, trace.query.text_b) for row in word_rows(vectors, text)]
    own = trace.tokens[position].original.lower()
    for word in dict.fromkeys([own, *words] if own in words else words):
        found = known.get(word)
        if found is not None and all(vectors.index(one) is not None for one in found[:3]):
            return found
    return None


def between(ask: Ask) -> pd.DataFrame:
    """Evidence: the cosines of a word's one vector with a word near to each of its two meanings, in Word2Vec."""
    vectors = ask.models.vectors()
    found = meanings(vectors, ask.trace, ask.position)
    if found is None:
        raise NotAskable("This text has none of the words of which two meanings are known here.")
    own, one, two = units(vectors, [vectors.row(word) for word in found[:3]])
    return _leans(found, float(own @ one), float(own @ two), ask.trace.spec.title)


def between_in_context(ask: Ask, _: pd.DataFrame) -> pd.DataFrame:
    """The cosines of the encoder's vector of the word in the text with its vectors in a sentence of either meaning, after the
    last layer. Raises NotAskable."""
    found = meanings(ask.models.vectors(), ask.trace, ask.position)
    assert found is not None  # the question was asked of it
    here = _read(ask.models.vectors(), ask.trace, found.word)
    there = [_read(ask.models.vectors(), ask.run(Query(text)), found.word) for text in (found.first, found.second)]
    if here is None or any(one is None for one in there):
        raise NotAskable(f"Here the model has no vector for “{found.word}”: it stands beyond what the model reads.")
    one, two = (float(here @ other) for other in there)
    return _leans(found, one, two, ask.trace.spec.title)


def _read(vectors: Vectors, trace: Trace, word: str) -> np.ndarray | None:
    """The vector after the last layer where a word first stands, at length 1: the mean of its pieces'."""
    for sentence, text in enumerate((trace.query.text_a, trace.query.text_b)):
        for row in word_rows(vectors, text):
            at = one_vector.positions(trace, sentence, row) if row.word.lower() == word else []
            if at:
                found = trace.hidden[-1][at].mean(axis=0)
                return found / (float(np.linalg.norm(found)) or 1.0)
    return None


def _leans(found: Meanings, one: float, two: float, title: str) -> pd.DataFrame:
    where = "same" if abs(one - two) <= EQUAL else "one" if one > two else "two"
    shown = {"one": f"cosine {signed(one)}", "two": f"cosine {signed(two)}", "same": ""}
    return table(
        {key: (float(key == where), shown[key]) for key in shown},
        word=Piece(found.word),
        one=Piece(found.one),
        two=Piece(found.two),
        first=Piece(found.first.rstrip(".")),
        second=Piece(found.second.rstrip(".")),
        one_cosine=signed(one),
        two_cosine=signed(two),
        apart=abs(one - two),
        model=title,
    )


def half_way(evidence: pd.DataFrame) -> str:
    """Why it is not asked where one is nearer by a little only."""
    if EQUAL < evidence.attrs["facts"]["apart"] < NEARER:
        return "Here one meaning is nearer by a little, and not clearly so."
    return ""


def turned(evidence: pd.DataFrame, tried: pd.DataFrame) -> bool:
    """Whether the encoder's vector leans clearly to a meaning, and the table's row does not lean to that one."""
    clear = tried.attrs["facts"]["apart"] >= NEARER
    return clear and leader(tried) != leader(evidence)
