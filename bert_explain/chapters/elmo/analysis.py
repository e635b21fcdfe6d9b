"""ELMo's reading, as tables: the character CNN on one word, what each direction has read, what each direction expects.

T words, V vocabulary, F filters. "Forward" goes from left to right, "backward" from right to left.
Source: Peters et al. 2018, "Deep contextualized word representations"; Kim et al. 2016 for the character CNN.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.core.tokens import covering
from bert_explain.kernel import readings
from bert_explain.kernel.readings import many, percent
from bert_explain.models.elmo import Elmo
from bert_explain.trace_elmo import CharacterRead, ElmoTrace, Word

WINDOW = 24  # words in a staircase
DIRECTIONS = ("forward", "backward")
MARKS = 3  # the vocabulary's first rows are no words: <S>, </S>, <UNK>


def place_of(words: Sequence[Word], span: tuple[int, int] | None) -> int:
    """The word that covers these characters of the text; the longest word where none does. 0 in a text without words."""
    if span is not None and (there := covering(words, span)):
        return there[0]
    return max(range(len(words)), key=lambda i: len(words[i].text), default=0)


# characters
def ngrams(read: CharacterRead) -> list[str]:
    """(F,) the characters that stood under each filter when it answered most."""
    return ["".join(read.characters[p : p + w]) for p, w in zip(read.place, read.width, strict=True)]


def filters(model: Elmo, read: CharacterRead, count: int = 8) -> pd.DataFrame:
    """The filters in which a word stands out most, strongest first: filter (from 1), width, characters, answer, usual, above.

    above : (answer - mean) / standard deviation over 2,000 frequent words. A filter that answers every word the same
    tells nothing about this one.
    """
    mean, spread = model.usual_filters
    above = (read.fired - mean) / np.maximum(spread, 1e-6)
    table = pd.DataFrame(
        {
            "filter": np.arange(1, len(read.width) + 1),
            "width": read.width,
            "characters": ngrams(read),
            "begins": read.place,
            "answer": read.fired,
            "usual": mean,
            "above": above,
        }
    )
    return table[table["answer"] > 0].nlargest(count, "above").reset_index(drop=True)


def filter_map(table: pd.DataFrame, read: CharacterRead) -> np.ndarray:
    """(rows of `filters`, characters of the word and its marks): the answer where the filter's window lay, NaN elsewhere."""
    values = np.full((len(table), letters(read)), np.nan)
    for row, (begins, width, answer) in enumerate(table[["begins", "width", "answer"]].itertuples(index=False)):
        values[row, begins : begins + width] = answer
    return values


def letters(read: CharacterRead) -> int:
    """How many characters are the word's own, its two marks included, and one for the padding behind it."""
    return min(len(read.characters), 1 + sum(c != "_" for c in read.characters))


def look_filters(table: pd.DataFrame, read: CharacterRead) -> Sentence:
    """What the filter in the first row answers, and where in the word; the rows are sorted."""
    if table.empty:
        return say("No filter answers {word} with more than 0.", word=Piece(read.word))
    first = table.iloc[0]
    return say(
        "Look at the first row: filter {number} is {width} wide, and its answer to {word} comes from {gram}. It answers "
        "{answer:.2f}; its average over frequent words is {usual:.2f}.",
        number=int(first["filter"]),
        width=int(first["width"]),
        gram=Piece(first["characters"]),
        word=Piece(read.word),
        answer=first["answer"],
        usual=first["usual"],
    )


def nearest(model: Elmo, encoding: np.ndarray, k: int = 8, leave_out: Collection[str] = ()) -> pd.DataFrame:
    """The vocabulary's words whose token encodings point most the same way: word, cosine. Empty without a vocabulary.

    The average of all encodings is taken off first: all of them lean the same way, and that would hide what differs
    (Mu and Viswanath 2018, "All-but-the-top").
    """
    if not len(model.encodings):
        return pd.DataFrame({"word": [], "cosine": []})
    middle = model.encodings[MARKS:].mean(axis=0)
    table, own = model.encodings - middle, encoding - middle
    sizes = np.linalg.norm(table, axis=1) * max(float(np.linalg.norm(own)), 1e-12)
    cosines = table @ own / np.maximum(sizes, 1e-12)
    cosines[:MARKS] = -np.inf
    found = [i for i in np.argsort(-cosines, kind="stable")[: k + len(leave_out) + MARKS] if np.isfinite(cosines[i])]
    found = [i for i in found if model.words[i] not in leave_out][:k]
    return pd.DataFrame({"word": [model.words[i] for i in found], "cosine": cosines[found].astype(float)})


def look_nearest(model: Elmo, word: str, table: pd.DataFrame) -> Sentence:
    """Whether a word is in the vocabulary, and what its characters bring it next to."""
    no = "is none of the words that ELMo can guess, and yet it has a vector"
    known = "is one of the words that ELMo can guess" if word in model.index else no
    if table.empty:
        said = "{word} {known}: the model comes without a list of words to compare it with."
        return say(said, word=Piece(word), known=known)
    top = readings.best(table["cosine"], least=0.005, part=0.0)
    near = "Its characters put it nearest to {near}, with a cosine of {cosine:.2f}."
    if not top.leads:
        near = "Its characters put it near to {near}, with a cosine of {cosine:.2f}" + (
            ", and to others as much." if top.many > 1 else "."
        )
    return say(
        "{word} {known}. " + near, word=Piece(word), known=known, near=Piece(table["word"][0]), cosine=table["cosine"][0]
    ).because(top)


# directions
def window(count: int, position: int, most: int = WINDOW) -> tuple[int, int]:
    """The words drawn in a staircase: all of them, or `most` around the chosen one. -> (first, last), last excluded."""
    first = max(0, min(position - most // 2, count - most))
    return first, min(count, first + most)


def staircases(trace: ElmoTrace, first: int, last: int) -> np.ndarray:
    """(2, N, N) `ElmoTrace.influence`, with NaN where a direction has not read the word yet."""
    moved = trace.influence(first, last).astype(np.float64)
    late = np.triu(np.ones(moved.shape[1:], dtype=bool), 1)
    moved[0][late] = np.nan
    moved[1][late.T] = np.nan
    return moved


def staircase_table(trace: ElmoTrace, first: int, last: int) -> pd.DataFrame:
    """One row a direction, state and word it has read: how far blanking the word moves the state."""
    moved = staircases(trace, first, last)
    names = [w.text for w in trace.words[first:last]]
    rows = [
        (DIRECTIONS[side], first + t + 1, names[t], first + j + 1, names[j], moved[side, t, j])
        for side, t, j in np.argwhere(np.isfinite(moved))
    ]
    return pd.DataFrame(rows, columns=["direction", "state", "at", "place", "word", "moves it by"])


def look_directions(trace: ElmoTrace, moved: np.ndarray, first: int, position: int) -> Sentence:
    """Which words each direction has read at the chosen one, and which other word weighs most there."""
    at, count = position - first, len(trace.words)
    word = Piece(trace.words[position].text)
    others = moved[:, at].copy()
    others[:, at] = np.nan
    if not np.isfinite(others).any():
        return say("{word} stands alone: both directions have read it, and no other word.", word=word)
    side, j = np.unravel_index(np.nanargmax(others), others.shape)
    top = readings.best(others, least=0.01)
    end = "Of the other words drawn, {other} moves the {direction} state most: by {share} of its length when it is blanked."
    if not top.leads:
        end = "{other} moves the {direction} state by {share} of its length when it is blanked"
        end += ", no more than another word does." if top.many > 1 else "."
    return say(
        "Look at the framed rows, the states at {word}. The forward one has read {before}, the backward one {after}. " + end,
        word=word,
        before=many(position + 1, "word"),
        after=many(count - position, "word"),
        other=Piece(trace.words[first + j].text),
        direction=DIRECTIONS[side],
        share=percent(float(others[side, j])),
    ).because(top)


# guesses
def guess_table(trace: ElmoTrace) -> pd.DataFrame:
    """One row a word: its probability and rank in each direction, and each direction's first guess. Raises Missing."""
    g = trace.guesses
    words = np.array([*trace.vocabulary], dtype=object)
    return pd.DataFrame(
        {
            "place": np.arange(1, len(trace.words) + 1),
            "word": [w.text for w in trace.words],
            "in vocabulary": g.known,
            "forward guess": words[g.words[0, :, 0]],
            "forward probability": g.true[0],
            "forward rank": g.rank[0],
            "backward guess": words[g.words[1, :, 0]],
            "backward probability": g.true[1],
            "backward rank": g.rank[1],
        }
    )


def guesses_at(trace: ElmoTrace, position: int, side: int, k: int = 6) -> pd.DataFrame:
    """The likeliest words at one place in one direction: word, probability, rank, true; the true word last if it is late."""
    g = trace.guesses
    true = trace.model.row(trace.words[position].text)
    found = g.words[side, position, :k]
    rows = [
        (trace.vocabulary[i], float(p), r + 1, i == true)
        for r, (i, p) in enumerate(zip(found, g.probabilities[side, position, :k], strict=True))
    ]
    if true not in found:
        rows.append((trace.vocabulary[true], float(g.true[side, position]), int(g.rank[side, position]), True))
    return pd.DataFrame(rows, columns=["word", "probability", "rank", "true"])


def look_guesses(table: pd.DataFrame, position: int) -> Sentence:
    """How both directions do at the chosen word, and over the whole text."""
    row = table.iloc[position]
    better = int((table["forward rank"] < table["backward rank"]).sum())
    worse = int((table["forward rank"] > table["backward rank"]).sum())
    word = Piece(row["word"]) if row["in vocabulary"] else Piece("<UNK>")
    begin = "Look at {word}: it is guess number {ahead:,} for the forward model, number {back:,} for the backward model."
    end = " Of all {count} words the forward model ranks {better} better, the backward model {worse}"
    end += f", and {level} alike." if (level := len(table) - better - worse) else "."
    return say(
        begin + (end if len(table) > 1 else ""),
        word=word,
        ahead=int(row["forward rank"]),
        back=int(row["backward rank"]),
        better=better,
        worse=worse,
        count=len(table),
    )
