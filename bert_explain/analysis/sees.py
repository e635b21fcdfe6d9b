"""One word of one sentence, as each model expects it, from what each may read.

Every model has its own units (WordPieces, words) and its own vocabulary, so a rank is said with its size. Words are
matched by their characters in the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import softmax

from bert_explain.analysis.masked_words import best, percent, piece_text
from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.models.vectors import Vectors
from bert_explain.trace import Token, Trace
from bert_explain.trace_decoder import DecoderTrace
from bert_explain.trace_elmo import ElmoTrace

_WORD = re.compile(r"\[(?:MASK|UNK|CLS|SEP|PAD)\]|\w+(?:['’.\-]\w+)*|[^\w\s]")
UNKNOWN = "<UNK>"  # ELMo's row for every word that is not in its vocabulary
WINDOW = 5  # words to each side that Word2Vec read in its training


class Word(NamedTuple):
    """A word or a punctuation mark, and its characters in the text."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, eq=False)
class Guess:
    """What one model expects at the chosen word."""

    key: str
    title: str
    reads: np.ndarray  # (W,) True for the words it has read
    table: pd.DataFrame | None = None  # as `ranking`; None when it cannot guess
    truth: str = ""  # the unit it was to guess: the word, or its first piece
    size: int = 0  # its vocabulary
    notes: tuple[str, ...] = field(default=())
    missing: str = ""  # why it cannot guess

    @property
    def true(self) -> Any:
        """The true unit's row of the table; None where its vocabulary does not have it."""
        if self.table is None:
            return None
        rows = self.table[self.table["mark"] == "true word"]
        return None if rows.empty else rows.iloc[0]


def words(text: str) -> tuple[Word, ...]:
    """Words and punctuation marks of a text, as written."""
    return tuple(Word(m.group(), *m.span()) for m in _WORD.finditer(text))


def covering(units: Sequence[Any], start: int, end: int) -> list[int]:
    """Indices of the units (with .start and .end) that share a character with start..end."""
    return [i for i, u in enumerate(units) if u.start < end and start < u.end]


def pieces_of(tokens: Sequence[Token], word: Word) -> list[int]:
    """Positions of the tokens of sentence A that share a character with the word."""
    own = [t for t in tokens if t.span is not None and t.sentence == 0]
    return [t.position for t in own if t.span[0] < word.end and word.start < t.span[1]]


def ranking(p: np.ndarray, name: Callable[[int], str], truth: int | None, k: int, unit: str = "words") -> pd.DataFrame:
    """The k most probable entries of a vocabulary (V,), then the true one, then all the rest: as `masked_words.leading`.

    Columns: rank, piece, id, probability, mark. Probabilities add up to 1.
    """
    shown = best(p, k).tolist()
    shown += [truth] if truth is not None and truth not in shown else []
    rows = [(int((p > p[i]).sum()) + 1, name(i), i, float(p[i]), "true word" if i == truth else "") for i in shown]
    if len(p) > len(shown):
        others = float(np.delete(p, shown).sum())
        rows.append((None, f"all other {len(p) - len(shown):,} {unit}", None, others, "rest"))
    table = pd.DataFrame(rows, columns=["rank", "piece", "id", "probability", "mark"])
    return table.astype({"rank": "Int64", "id": "Int64"})


# one function a model
def _side(count: int, target: int, side: str) -> np.ndarray:
    """(W,) the words left of the target, right of it, or both."""
    at = np.arange(count)
    return {"left": at < target, "right": at > target, "both": at != target}[side]


def _pieces(key: str, title: str, reads: np.ndarray, trace: Trace, at: Sequence[int], logits: np.ndarray, k: int) -> Guess:
    """A guess at the first piece of a word."""
    tokens, special = trace.tokens, trace.spec.special
    first = tokens[at[0]]
    no_word = [token.id for token in (special.mask, special.unknown) if token is not None]
    truth = None if first.original_id in no_word else first.original_id
    table = ranking(softmax(logits.astype(np.float64)), lambda i: piece_text(trace, i), truth, k, "pieces")
    notes = ()
    if len(at) > 1:
        cut = " ".join(tokens[p].original for p in at)
        notes = (f"The word is {len(at)} pieces to this model: {cut}. The guess is at the first one.",)
    return Guess(key, title, reads, table, first.original, len(logits), notes)


def bert(trace: Trace, of: Sequence[Word], target: int, k: int) -> Guess:
    """BERT reads every other word. `trace`: of the sentence alone, with all pieces of the word masked."""
    reads, title = _side(len(of), target, "both"), f"BERT ({trace.spec.title})"
    at = pieces_of(trace.tokens, of[target])
    if not at:
        return Guess("bert", title, reads, missing="This word is beyond the tokens that the model reads, or it drops it.")
    if not trace.spec.has_mlm:
        return Guess("bert", title, reads, missing=f"{trace.spec.title} has no masked-word head: it cannot predict words.")
    return _pieces("bert", title, reads, trace, at, trace.mlm_logits([at[0]])[0], k)


def decoder(trace: DecoderTrace, of: Sequence[Word], target: int, k: int) -> Guess:
    """The decoder reads what stands to the left, all of it and in order."""
    reads, title = _side(len(of), target, "left"), "The decoder (OpenAI Transformer)"
    at = pieces_of(trace.tokens, of[target])
    if not at:
        return Guess("decoder", title, reads, missing="This word is beyond the tokens that the model reads, or it drops it.")
    return _pieces("decoder", title, reads, trace, at, trace.logits([at[0] - 1])[0], k)


def elmo(trace: ElmoTrace, of: Sequence[Word], target: int, side: str, k: int) -> Guess:
    """One of ELMo's two models: the forward one reads from the left, the backward one from the right."""
    key, title = (f"elmo-{side}", f"ELMo, {'forward' if side == 'left' else 'backward'} model")
    reads = _side(len(of), target, side)
    units, names = trace.words, trace.vocabulary
    at = covering(units, of[target].start, of[target].end)
    if not at:
        return Guess(key, title, reads, missing="ELMo reads no word here.")
    p = trace.next_probabilities(at[0] - 1) if side == "left" else trace.previous_probabilities(at[-1] + 1)
    own = units[at[0] if side == "left" else at[-1]].text
    known = trace.model.index.get(own)
    notes = () if known is not None else (f"“{own}” is not among its {len(names):,} words, so it cannot expect it.",)
    if own != of[target].text:
        notes += (f"To ELMo the word is “{own}”.",)
    table = ranking(np.asarray(p, dtype=np.float64), lambda i: names[i], known, k)
    return Guess(key, title, reads, table, own, len(names), notes)


def word2vec(vectors: Vectors, of: Sequence[Word], target: int, k: int) -> Guess:
    """Word2Vec's own prediction: the mean of the window's vectors against every word's context vector.

    Training with negative samples makes u_w . v_c tend to ln P(w | c) / P(w), up to a constant (Levy and Goldberg 2014,
    eq. 7), so count_w exp(u_w . v_c), scaled to add up to 1, reads as P(w | c); the mean over the window is the neighbours'
    common guess. A table without context vectors or counts is ranked by cosine instead, and says so.
    """
    rows = [vectors.index(w.text.lower()) for w in of]
    left = [i for i in range(target - 1, -1, -1) if rows[i] is not None][:WINDOW]
    right = [i for i in range(target + 1, len(of)) if rows[i] is not None][:WINDOW]
    reads = np.isin(np.arange(len(of)), left + right)
    title = f"{vectors.title}, a window of {WINDOW} words"
    if not reads.any():
        return Guess("word2vec", title, reads, missing="None of the words around is in its table.")
    mean = np.mean([vectors.vector(of[i].text) for i in sorted(left + right)], axis=0)  # (D,)
    own, notes = rows[target], ()
    if own is None:
        notes = (f"“{of[target].text}” is not among its {vectors.size:,} words, so it cannot expect it.",)
    if vectors.context is None or vectors.counts is None:
        table = vectors.keyed.vectors
        scores = table @ mean / (np.linalg.norm(table, axis=1) * np.linalg.norm(mean) + 1e-9)
        notes += ("This table has no output weights: words are ranked by cosine, which is no probability.",)
    else:
        scores = np.asarray(vectors.context, np.float32) @ mean + np.log(np.maximum(vectors.counts, 1))
    table = ranking(softmax(scores.astype(np.float64)), lambda i: vectors.words[i], own, k)
    return Guess("word2vec", title, reads, table, of[target].text.lower(), vectors.size, notes)


# what to look for
SIDES = {
    "word2vec": "{words} around it, {left} to the left and {right} to the right, in no order",
    "elmo-left": "the {words} to the left",
    "elmo-right": "the {words} to the right",
    "decoder": "the {words} to the left",
    "bert": "all other words, {left} to the left and {right} to the right",
}


def has_read(guess: Guess, target: int) -> str:
    """What the model was allowed to read, in words."""
    left, right = int(guess.reads[:target].sum()), int(guess.reads[target:].sum())
    if not left + right:
        return "nothing: no word stands on its side"
    words_ = "1 word" if left + right == 1 else f"{left + right} words"
    return SIDES[guess.key].format(left=left, right=right, words=words_)


def look_guess(guess: Guess, target: int) -> Sentence:
    """What one model makes of it."""
    if guess.table is None:
        return say("{missing}", missing=guess.missing)
    first, true = guess.table.iloc[0], guess.true
    known = {"read": has_read(guess, target), "first": Piece(first["piece"]), "p": percent(first["probability"])}
    start = "It has read {read}. It expects {first}, with {p}"
    if first["piece"] == UNKNOWN and len(guess.table) > 1:
        known["next"] = Piece(guess.table.iloc[1]["piece"])
        start = "It has read {read}. It expects {first}, “some other word” that it has no row for, with {p}, then {next}"
    if true is None:
        return say(start + ".", **known)
    if true["rank"] == 1:
        return say(start + ": right.", **known)
    return say(
        start + "; the text's {true} is its number {rank:,} of {size:,}.",
        **known,
        true=Piece(true["piece"]),
        rank=int(true["rank"]),
        size=guess.size,
    )


def summary(guesses: Sequence[Guess], target: int) -> pd.DataFrame:
    """One row a model: key, model, read, rank and probability of the true unit, size, expects, its_probability, note."""
    rows = []
    for g in guesses:
        true, first = g.true, None if g.table is None else g.table.iloc[0]
        rows.append(
            {
                "key": g.key,
                "model": g.title,
                "read": has_read(g, target),
                "true": g.truth,
                "rank": None if true is None else int(true["rank"]),
                "size": g.size or None,
                "probability": np.nan if true is None else float(true["probability"]),
                "expects": "" if first is None else first["piece"],
                "its_probability": np.nan if first is None else float(first["probability"]),
                "note": " ".join([g.missing, *g.notes]).strip(),
            }
        )
    return pd.DataFrame(rows).astype({"rank": "Int64", "size": "Int64"})


def winner(table: pd.DataFrame) -> Any:
    """The row of `summary` with the best rank, the higher probability deciding between equals; None when nobody has one."""
    able = table[table["rank"].notna()].sort_values(["rank", "probability"], ascending=[True, False], kind="stable")
    return None if able.empty else able.iloc[0]


WHY = {
    "word2vec": "It knows only which words stand near, in no order; here that was worth most.",
    "elmo-left": "It has read only what stands to the left; here that was enough.",
    "elmo-right": "It has read only what stands to the right, backwards; here the later words tell most.",
    "decoder": "It has read only what stands to the left; here that was enough.",
    "bert": "It alone reads both sides at once, in order, with the word itself hidden.",
}


def look_summary(table: pd.DataFrame, word: str) -> Sentence:
    """Which model put the true word highest, and what that says."""
    first = winner(table)
    if first is None:
        return say("No model here can say how likely {word} is at this place.", word=Piece(word))
    known = {
        "word": Piece(word),
        "model": first["model"],
        "rank": int(first["rank"]),
        "size": int(first["size"]),
        "p": percent(first["probability"]),
        "why": WHY[first["key"]],
    }
    start = "Look at the bar marked “highest”: {model} puts {word} highest, number {rank:,} of {size:,}, with {p}. {why}"
    other = table[(table["key"] == ("decoder" if first["key"] == "bert" else "bert")) & table["rank"].notna()]
    if other.empty:
        return say(start, **known)
    known["other"] = int(other.iloc[0]["rank"])
    if first["key"] == "bert":
        return say(start + " From the left alone, the decoder has it at number {other:,}.", **known)
    return say(start + " BERT, which reads both sides, has it at number {other:,}.", **known)
