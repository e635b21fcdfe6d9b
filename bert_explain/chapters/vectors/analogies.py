"""Analogies as arithmetic: king - man + woman. Mikolov, Yih and Zweig 2013, "Linguistic Regularities".

Every vector is brought to length 1 before it is added (gensim's way, and the papers': "3CosAdd"), so that no word counts
more only because its vector is long.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.analysis.vectors import LEVEL, nearest, units
from bert_explain.errors import BadQuery
from bert_explain.kernel import readings
from bert_explain.models.vectors import Vectors

MOST_TERMS = 6


@dataclass(frozen=True)
class Term:
    """One word of the sum, with its sign: +1 or -1."""

    sign: int
    word: str


def parse(text: str) -> tuple[Term, ...]:
    """ "king - man + woman" -> (+king, -man, +woman). A hyphen inside a word belongs to the word.

    Raises BadQuery for a text that is not words joined by + and -.
    """
    plain = text.replace("−", "-").replace("–", "-").replace("—", "-").strip()
    parts = re.split(r"(?:^|\s+)([+-])\s*|\s*(\+)\s*", f" {plain}" if plain[:1] in "+-" else f"+{plain}")
    parts = [part for part in parts if part is not None and part.strip()]
    signs, words = parts[0::2], [part.strip() for part in parts[1::2]]
    if not plain or len(parts) % 2 or any(s not in "+-" for s in signs) or any(w in ("+", "-") for w in words):
        raise BadQuery("Write words with + or - between them, and spaces around: king - man + woman.")
    if len(words) > MOST_TERMS:
        raise BadQuery(f"At most {MOST_TERMS} words can be added and taken away; here are {len(words)}.")
    spaced = next((w for w in words if re.search(r"\s", w)), None)
    if spaced:
        raise BadQuery("Put + or - between every two words, with spaces around: king - man + woman.")
    return tuple(Term(1 if sign == "+" else -1, word) for sign, word in zip(signs, words, strict=True))


def absent(vectors: Vectors, terms: tuple[Term, ...]) -> list[str]:
    """The words of a sum that the table does not hold."""
    return [term.word for term in terms if vectors.index(term.word) is None]


@dataclass(frozen=True)
class Sum:
    """A sum of vectors, step by step. `parts` (N, D): each word's vector at length 1, with its sign; `total` (D,)."""

    terms: tuple[Term, ...]
    parts: np.ndarray
    total: np.ndarray


def add(vectors: Vectors, terms: tuple[Term, ...]) -> Sum:
    """The sum; its direction is all that counts. Every word must be in the table (see `absent`)."""
    rows = [vectors.row(term.word) for term in terms]
    signs = np.array([term.sign for term in terms], np.float32)
    parts = units(vectors, rows) * signs[:, None]
    return Sum(terms, parts, parts.sum(axis=0))


def ranking(vectors: Vectors, added: Sum, k: int = 10) -> pd.DataFrame:
    """The words nearest to the sum: the k nearest that were not given, and every given one that comes before them.

    `rank` counts all words; `answer` counts those that were not given (0 for a given word).
    """
    given = {vectors.words[vectors.row(term.word)] for term in added.terms}
    found = nearest(vectors, added.total, k + len(given))
    table = pd.DataFrame(found, columns=["word", "cosine"])
    table.insert(0, "rank", np.arange(1, len(table) + 1))
    table["given"] = table["word"].isin(given)
    table["answer"] = np.where(table["given"], 0, (~table["given"]).cumsum())
    return table[table["answer"] <= k].reset_index(drop=True)


def given_ranks(vectors: Vectors, added: Sum) -> pd.DataFrame:
    """Each word of the sum: its cosine with the sum, and its rank among all words of the table when none is left out."""
    rows = [vectors.index(term.word) for term in added.terms]
    length = float(np.linalg.norm(added.total)) or 1.0
    every = vectors.keyed.vectors @ added.total / vectors.keyed.norms / length
    return pd.DataFrame(
        {
            "word": [term.word for term in added.terms],
            "sign": ["+" if term.sign > 0 else "-" for term in added.terms],
            "cosine": every[rows],
            "rank": [int((every > every[row]).sum()) + 1 for row in rows],
        }
    )


def look(table: pd.DataFrame, expected: str = "") -> Sentence:
    """The answer, whether it is the one that was hoped for, and what the nearest word of all is. Words that are nearer by
    less than LEVEL are told as equally near."""
    answers = table[~table["given"]]
    if answers.empty:
        return say("Nothing is left of the sum: the words cancel each other, and no direction remains.")
    first, top = answers.iloc[0], table.iloc[0]
    lead = readings.best(answers["cosine"], least=LEVEL, part=0.0)
    text = "The nearest word that was not given is {answer}, cosine {cosine:.2f}."
    if not lead.leads and lead.many > 1:
        text = "{level} of the words that were not given are about equally near, {answer} among them: cosine {cosine:.2f}."
    values = {"answer": Piece(first["word"]), "cosine": first["cosine"], "level": lead.level}
    if expected:
        values["hoped"] = Piece(expected)
        at = answers.index[answers["word"] == expected]
        if len(at) and answers.loc[at[0], "cosine"] > first["cosine"] - LEVEL:
            text += " That is the word hoped for." if lead.leads else " {hoped}, which was hoped for, is one of them."
        elif len(at):
            text += " {hoped} was hoped for; it comes at place {place}. Here the arithmetic fails."
            values["place"] = int(answers.loc[at[0], "answer"])
        else:
            text += " {hoped} was hoped for and is not {count}. Here the arithmetic fails."
            values["count"] = f"among the first {len(answers)}" if len(answers) > 1 else "that word"
    nearest_of_all = readings.best(table["cosine"], least=LEVEL, part=0.0)
    if top["given"]:
        text += (
            " Nearest of all is {top} itself, which stands in the sum."
            if nearest_of_all.leads
            else (" {top} itself, which stands in the sum, is as near as any.")
        )
        values["top"] = Piece(top["word"])
    return say(text, **values).because(lead, nearest_of_all)


def say_given(ranks: pd.DataFrame) -> Sentence | None:
    """Where the words of the sum themselves would stand in the ranking; None where nothing is left of the sum."""
    if not ranks["cosine"].any():
        return None
    best = ranks.loc[ranks["rank"].idxmin()]
    return say("With no word left out, {word} would stand at place {rank:,}.", word=Piece(best["word"]), rank=best["rank"])


def apart(vectors: Vectors, terms: tuple[Term, ...]) -> tuple[Term, ...]:
    """king-man, written without spaces, taken as king - man where the table does not hold it as one word."""
    found: list[Term] = []
    for term in terms:
        parts = [part for part in term.word.split("-") if part]
        if vectors.index(term.word) is None and len(parts) > 1 and len(found) + len(parts) <= MOST_TERMS:
            found += [Term(term.sign if not n else -1, part) for n, part in enumerate(parts)]
        else:
            found.append(term)
    return tuple(found)
