"""Where else does this word, in this sense, occur? WordNet's example sentences, ranked by their word's vector.

By a contextual vector and by a static one: for the static one all sentences with the same form are equally near.
"""

from __future__ import annotations

import string
from collections.abc import Sequence

import numpy as np
import pandas as pd

from bert_explain.analysis import word_forms
from bert_explain.analysis.occurrences import Occurrence
from bert_explain.analysis.senses import between
from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.content.wordnet import KINDS, WordNet


def entries(wordnet: WordNet, form: str) -> tuple[str, ...]:
    """WordNet's words that a form may be of, the likeliest first: "left" -> ("leave", "left"). Empty for none."""
    form = form.lower()
    known = [*wordnet.forms.get(form, ()), *word_forms.lemmas(form)]
    return tuple(dict.fromkeys(word for word in known if word in wordnet.rows))


def occurrences(wordnet: WordNet, rows: Sequence[int]) -> list[Occurrence]:
    """The sentences of some rows, each with its word's span and the id of its sense as the label."""
    part = wordnet.sentences.iloc[list(rows)]
    columns = (part[name].tolist() for name in ("text", "start", "end", "sense"))
    return [Occurrence(*found) for found in zip(*columns, strict=True)]


def rank(query: np.ndarray, vectors: np.ndarray, rows: Sequence[int], most: int) -> pd.DataFrame:
    """The rows nearest to a vector (D,), at most `most`: row, cosine, rank (from 1; equally near ones share it)."""
    near = between(query[None], vectors)[0]  # (N,)
    order = np.argsort(-np.nan_to_num(near, nan=-2.0), kind="stable")
    order = order[~np.isnan(near[order])][:most]
    return ranked(np.asarray(rows)[order], near[order])


def ranked(rows: np.ndarray, cosines: np.ndarray) -> pd.DataFrame:
    """The same table from rows and cosines that are in order already, as an index gives them."""
    cosines = np.asarray(cosines, dtype=float)
    places = [1 + int((cosines > value).sum()) for value in cosines]
    return pd.DataFrame({"row": np.asarray(rows, dtype=int), "cosine": cosines, "rank": places})


def hits(wordnet: WordNet, found: pd.DataFrame, letters: dict[str, str]) -> pd.DataFrame:
    """What stands in these rows: rank, cosine, meaning (its letter, if it has one), word, kind, sentence, definition,
    and start, end (characters of the word), sense."""
    part = wordnet.sentences.iloc[found["row"].tolist()]
    senses = wordnet.senses.loc[part["sense"]]
    return pd.DataFrame(
        {
            "rank": found["rank"].to_numpy(),
            "cosine": found["cosine"].to_numpy(),
            "meaning": [letters.get(sense, "") for sense in part["sense"]],
            "word": part["word"].to_numpy(),
            "kind": [KINDS[pos] for pos in senses["pos"]],
            "sentence": part["text"].to_numpy(),
            "definition": senses["definition"].to_numpy(),
            "start": part["start"].to_numpy().astype(int),
            "end": part["end"].to_numpy().astype(int),
            "sense": part["sense"].to_numpy(),
        }
    )


def letters(wordnet: WordNet, word: str) -> dict[str, str]:
    """A letter for each sense of a word that has a sentence here, in WordNet's order: A, B, ..., Z, AA, AB, ..."""
    part = wordnet.sentences.iloc[list(wordnet.rows.get(word, ()))]
    return {sense: _letter(i) for i, sense in enumerate(dict.fromkeys(part["sense"]))}


def _letter(number: int) -> str:
    more, last = divmod(number, 26)
    return (_letter(more - 1) if more else "") + string.ascii_uppercase[last]


def equally_near(found: pd.DataFrame) -> int:
    """How many hits share the first rank."""
    return int((found["rank"] == 1).sum())


def look(contextual: pd.DataFrame, static: pd.DataFrame, titles: tuple[str, str], word: str) -> Sentence:
    """What the two lists say, compared."""
    first = contextual.iloc[0]
    tied = equally_near(static)
    begin = "The first for {one} means “{definition}”: {sentence}. "
    values = {
        "one": titles[0],
        "other": titles[1],
        "definition": first["definition"],
        "sentence": Piece(first["sentence"]),
        "tied": tied,
        "word": Piece(word),
    }
    if tied > 1:
        kinds = static.loc[static["rank"] == 1, "sense"].nunique()
        values |= {"kinds": kinds, "meanings": "meaning" if kinds == 1 else "different meanings"}
        return say(
            begin + "For {other} the first {tied} are equally near, with {kinds} {meanings}: it cannot choose.",
            **values,
        )
    if not len(static):
        return say(begin + "{other} has no vector for {word}.", **values)
    same = "the same one" if static.iloc[0]["sense"] == first["sense"] else "another meaning"
    return say(begin + "The first of {other} has {same}; it knows the word's form only.", same=same, **values)
