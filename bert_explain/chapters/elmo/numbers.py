"""What decides the questions of the chapter: what is spelled alike, which direction has read a word, which guesses it better."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from bert_explain.analysis.sentence import Piece
from bert_explain.chapters.elmo.analysis import MARKS, nearest, place_of
from bert_explain.kernel.readings import percent, signed
from bert_explain.learning.question import Ask, NotAskable, table
from bert_explain.models.elmo import Elmo
from bert_explain.trace_elmo import ElmoTrace, read_word

NOTHING = 1e-4  # a state that moves by less, as a share of its length, has not read the word: that is rounding
LETTERS = 4  # a word of fewer has hardly a letter that could change its place
NEIGHBOURS = 8  # of a word, among which the first that is another word is looked for
REACH = 8  # words around the chosen one: further away a word's trace may be too faint to tell from none


def reading(ask: Ask) -> tuple[ElmoTrace, int, int]:
    """The sentence of the word that the page is about, as ELMo reads it; the word's place; which sentence it is (0 = A)."""
    token = ask.trace.tokens[min(ask.position, len(ask.trace.tokens) - 1)]
    both, first = (ask.query.text_a, ask.query.text_b), token.sentence or 0
    for sentence in (first, 1 - first):
        trace = ask.models.elmo(both[sentence])
        if trace.words:
            span = token.span if sentence == token.sentence else None
            return trace, place_of(trace.words, span), sentence
    raise NotAskable("There is no word here that ELMo could read.")


class Spelled(NamedTuple):
    """A word of the text, what it becomes when two of its letters change places, and when one of them is doubled."""

    word: str
    typo: str
    doubled: str


def misspelt(model: Elmo, word: str) -> Spelled | None:
    """A word with two neighbouring letters exchanged, the inner ones nearest to its middle that differ, and with the first of
    these doubled, where neither is a word of the model's list; None for what is no plain word of small letters."""
    if not (word.isascii() and word.isalpha() and len(word) >= LETTERS and word[1:].islower()):
        return None
    middle = len(word) / 2 - 1
    for i in sorted(range(1, len(word) - 1), key=lambda i: (abs(i - middle), i)):
        found = Spelled(word, word[:i] + word[i + 1] + word[i] + word[i + 2 :], word[: i + 1] + word[i:])
        if word[i] != word[i + 1] and found.typo not in model.index and found.doubled not in model.index:
            return found
    return None


def spelled_word(ask: Ask) -> tuple[Elmo, Spelled]:
    """The word whose letters are asked about: the page's, else the longest of its sentence that can be misspelt."""
    trace, at, _ = reading(ask)
    if not trace.spec.has_words:
        raise NotAskable("This ELMo comes without a list of words, so there is none that would be spelled alike.")
    rest = sorted((word.text for word in trace.words), key=lambda text: -len(text))
    for text in (trace.words[at].text, *rest):
        found = misspelt(trace.model, text)
        if found is not None:
            return trace.model, found
    raise NotAskable(f"No word of this sentence has {LETTERS} plain letters or more that could change places.")


def spelled_alike(ask: Ask) -> pd.DataFrame:
    """Evidence: how near the letters put a misspelt word, another word, and the word in capitals to the word itself."""
    model, found = spelled_word(ask)
    return _spelled(model, found.word, found.typo)


def with_a_letter_doubled(ask: Ask, _: pd.DataFrame) -> pd.DataFrame:
    """The same with the other slip: a letter doubled."""
    model, found = spelled_word(ask)
    return _spelled(model, found.word, found.doubled)


def _spelled(model: Elmo, word: str, typo: str) -> pd.DataFrame:
    own = read_word(model, word).encoding
    near = nearest(model, own, NEIGHBOURS, leave_out=(word,))["word"]
    other = next((text for text in near if text.isalpha() and text.lower() != word.lower()), None)
    if other is None:
        raise NotAskable(f"ELMo's list has no other word that would be spelled like “{word}”.")
    middle = model.encodings[MARKS:].mean(axis=0)  # as in `nearest`
    texts = {"typo": typo, "other": other, "caps": word.upper()}
    cosines = {key: _cosine(own - middle, read_word(model, text).encoding - middle) for key, text in texts.items()}
    first, second = sorted(texts, key=lambda key: -cosines[key])[:2]
    return table(
        {key: (value, f"cosine {signed(value)}") for key, value in cosines.items()},
        word=Piece(word),
        size=f"{len(model.words):,}",
        best=Piece(texts[first]),
        best_cosine=signed(cosines[first]),
        second=Piece(texts[second]),
        second_cosine=signed(cosines[second]),
        **{key: Piece(text) for key, text in texts.items()},
        **{f"{key}_cosine": signed(value) for key, value in cosines.items()},
    )


def _cosine(one: np.ndarray, other: np.ndarray) -> float:
    return float(one @ other) / (float(np.linalg.norm(one) * np.linalg.norm(other)) or 1.0)


def has_read(ask: Ask) -> pd.DataFrame:
    """Evidence: how far each direction's state at a word moves when a later word is blanked."""
    trace, at, _ = reading(ask)
    texts = [word.text.casefold() for word in trace.words]
    read = set(texts[: at + 1])  # of a word that stands there too, it could not be said which of the two is meant
    later = [i for i in range(at + 1, min(len(texts), at + REACH)) if texts[i].isalpha() and texts[i] not in read]
    if not later:
        raise NotAskable("No word stands after the one that this is about, other than those before it.")
    other = max(later, key=lambda i: (len(trace.words[i].text), -i))
    low, high = max(0, at - 1), other + 1
    moves = trace.influence(low, high)[:, at - low, other - low].astype(float)
    forward, backward = (bool(move > NOTHING) for move in moves)
    where = "both" if forward and backward else "forward" if forward else "backward" if backward else "neither"
    shown = {where: f"forward moves by {percent(moves[0]) if forward else '0 %'}, backward by {percent(moves[1])}"}
    return table(
        {key: (float(key == where), shown.get(key, "")) for key in ("forward", "backward", "both")},
        word=Piece(trace.words[at].text),
        other=Piece(trace.words[other].text),
        least=float(moves.max()),
        forward=percent(float(moves[0])) if forward else "0 %",
        backward=percent(float(moves[1])) if backward else "0 %",
    )


def too_faint(evidence: pd.DataFrame) -> str:
    """Why it is not asked where the word hardly leaves a trace in either direction."""
    faint = evidence.attrs["facts"]["least"] < 0.01
    return "Here the later word hardly moves either direction." if faint else ""


def guessed(ask: Ask) -> pd.DataFrame:
    """Evidence: the probability of a word from the words before it, and from those after it."""
    trace, at, _ = reading(ask)
    if len(trace.words) < 3:
        raise NotAskable("This text has fewer than three words, so there is little to guess from.")
    return _guessed(trace, at)


def _guessed(trace: ElmoTrace, at: int) -> pd.DataFrame:
    if not trace.spec.has_words:
        raise NotAskable("This ELMo comes without a list of words, so it guesses none.")
    if not trace.guesses.known[at]:
        raise NotAskable(f"“{trace.words[at].text[:60]}” is none of the words that ELMo can guess.")
    p, ranks = trace.guesses.true[:, at].astype(float), trace.guesses.rank[:, at]
    apart = abs(float(np.log(max(p[0], 1e-30) / max(p[1], 1e-30))))
    where = "same" if apart <= SAME else "left" if p[0] > p[1] else "right"
    values = {"left": p[0], "right": p[1], "same": 2.0 if where == "same" else 0.0}
    return table(
        {key: (float(value), percent(value) if key != "same" else "") for key, value in values.items()},
        word=Piece(trace.words[at].text),
        left=percent(p[0]),
        right=percent(p[1]),
        left_rank=f"{int(ranks[0]):,}",
        right_rank=f"{int(ranks[1]):,}",
        size=f"{trace.spec.vocab_size:,}",
        before=at,
        after=len(trace.words) - at - 1,
        apart=apart,
    )


SAME = float(np.log(1.25))  # as likely from either side, within a quarter


def nearly_same(evidence: pd.DataFrame) -> str:
    """Why it is not asked where one side is a little better."""
    apart = evidence.attrs["facts"]["apart"]
    return "Here one side is a little better, and not clearly so." if SAME < apart < float(np.log(1.6)) else ""


def without_one_side(ask: Ask, evidence: pd.DataFrame) -> pd.DataFrame:
    """The same word, in its sentence without the words of the side that did better."""
    trace, at, _ = reading(ask)
    if evidence["value"].idxmax() == "same":
        raise NotAskable("Both sides did about as well, so there is none that did better.")
    word, from_left = trace.words[at], evidence["value"]["left"] >= evidence["value"]["right"]
    if at == (0 if from_left else len(trace.words) - 1):
        raise NotAskable("On the side that did better there is no word that could be taken away.")
    shorter = ask.models.elmo(trace.text[word.start :] if from_left else trace.text[: word.end])
    return _guessed(shorter, 0 if from_left else len(shorter.words) - 1)
