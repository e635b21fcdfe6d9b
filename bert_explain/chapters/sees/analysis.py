"""One word of one sentence, as each model expects it, from what each may read.

Every model has its own units (WordPieces, words) and its own vocabulary, so a rank is said with its size. Words are
matched by their characters in the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import softmax

from bert_explain.analysis.masked_words import best, piece_text
from bert_explain.analysis.remember import remember
from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.core.tokens import covering, touching
from bert_explain.kernel import readings
from bert_explain.kernel.readings import Leader, listed, percent
from bert_explain.models.vectors import Vectors
from bert_explain.trace import Token, Trace
from bert_explain.trace_decoder import DecoderTrace
from bert_explain.trace_elmo import ElmoTrace

_WORD = re.compile(r"\[(?:MASK|UNK|CLS|SEP|PAD)\]|\w+(?:['’.\-]\w+)*|[^\w\s]")
UNKNOWN = "<UNK>"  # ELMo's row for every word that is not in its vocabulary
WINDOW = 5  # words to each side that Word2Vec read in its training
EXPECTED = 10  # a word that is not among a model's first ten was not expected by it
AHEAD = np.log(1.25)  # by which factor a probability must be ahead of the next, as a logarithm


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

    @cached_property
    def true(self) -> Any:
        """The true unit's row of the table; None where its vocabulary does not have it."""
        if self.table is None:
            return None
        rows = np.flatnonzero(self.table["mark"].to_numpy() == "true word")
        return self.table.iloc[rows[0]] if rows.size else None


def words(text: str) -> tuple[Word, ...]:
    """Words and punctuation marks of a text, as written."""
    return tuple(Word(m.group(), *m.span()) for m in _WORD.finditer(text))


def pieces_of(tokens: Sequence[Token], word: Word) -> list[int]:
    """Positions of the tokens of sentence A that share a character with the word."""
    return touching(tokens, (word.start, word.end))


def chosen(trace: Trace, position: int) -> tuple[str, tuple[Word, ...], int] | None:
    """The sentence of a token, its words, and the word's place; of a special token, the first word's. None without any word."""
    own = [(t.position, t.sentence, t.span) for t in trace.tokens if t.span is not None and t.sentence is not None]
    if not own:
        return None
    _, sentence, span = next((one for one in own if one[0] == position), own[0])
    text = (trace.query.text_a, trace.query.text_b)[sentence]
    found = words(text)
    place = covering(found, span)
    return (text, found, place[0]) if place else None


def ranking(p: np.ndarray, name: Callable[[int], str], truth: int | None, k: int, unit: str = "words") -> pd.DataFrame:
    """The k most probable entries of a vocabulary (V,), then the true one, then all the rest: as `masked_words.leading`.

    Columns: rank, piece, id, probability, mark. Probabilities add up to 1.
    """
    shown = best(p, k).tolist()
    shown += [truth] if truth is not None and truth not in shown else []
    rows: list[tuple[int | None, str, int | None, float, str]] = [
        (int((p > p[i]).sum()) + 1, name(i), i, float(p[i]), "true word" if i == truth else "") for i in shown
    ]
    if len(p) > len(shown):
        others = float(np.delete(p, shown).sum())
        rows.append((None, f"all other {len(p) - len(shown):,} {unit}", None, others, "rest"))
    ranks, names, ids, shares, marks = zip(*rows, strict=True)
    return pd.DataFrame(
        {
            "rank": pd.array(ranks, dtype="Int64"),
            "piece": list(names),
            "id": pd.array(ids, dtype="Int64"),
            "probability": np.array(shares, dtype=float),
            "mark": list(marks),
        }
    )


# one function a model
def _side(count: int, target: int, side: str) -> np.ndarray:
    """(W,) the words left of the target, right of it, or both."""
    at = np.arange(count)
    return {"left": at < target, "right": at > target, "both": at != target}[side]


def first_piece(trace: Trace, of: Word) -> Token | None:
    """The first piece of a word of the text, where it tells the word; None where it is hidden, unknown, or not read."""
    at, special = pieces_of(trace.tokens, of), trace.spec.special
    no_word = [token.id for token in (special.mask, special.unknown) if token is not None]
    first = trace.tokens[at[0]] if at else None
    return None if first is None or first.original_id in no_word else first


def _pieces(key: str, title: str, reads: np.ndarray, trace: Trace, of: Word, logits: np.ndarray, k: int) -> Guess:
    """A guess at the first piece of a word."""
    tokens, at, known = trace.tokens, pieces_of(trace.tokens, of), first_piece(trace, of)
    first, truth = tokens[at[0]], None if known is None else known.original_id
    table = ranking(softmax(logits.astype(np.float64)), lambda i: piece_text(trace, i), truth, k, "pieces")
    notes: tuple[str, ...] = ()
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
    return _pieces("bert", title, reads, trace, of[target], trace.mlm_logits([at[0]])[0], k)


def decoder(trace: DecoderTrace, of: Sequence[Word], target: int, k: int) -> Guess:
    """The decoder reads what stands to the left, all of it and in order."""
    reads, title = _side(len(of), target, "left"), "The decoder (OpenAI Transformer)"
    at = pieces_of(trace.tokens, of[target])
    if not at:
        return Guess("decoder", title, reads, missing="This word is beyond the tokens that the model reads, or it drops it.")
    return _pieces("decoder", title, reads, trace, of[target], trace.logits([at[0] - 1])[0], k)


def elmo(trace: ElmoTrace, of: Sequence[Word], target: int, side: str, k: int) -> Guess:
    """One of ELMo's two models: the forward one reads from the left, the backward one from the right."""
    key, title = (f"elmo-{side}", f"ELMo, {'forward' if side == 'left' else 'backward'} model")
    reads = _side(len(of), target, side)
    units, names = trace.words, trace.vocabulary
    at = covering(units, (of[target].start, of[target].end))
    if not at:
        return Guess(key, title, reads, missing="ELMo reads no word here.")
    p = trace.next_probabilities(at[0] - 1) if side == "left" else trace.previous_probabilities(at[-1] + 1)
    own = units[at[0] if side == "left" else at[-1]].text
    known = trace.model.index.get(own)
    notes: tuple[str, ...] = ()
    if known is None:
        notes = (f"“{own}” is not among its {len(names):,} words, so it cannot expect it.",)
    if own != of[target].text:
        notes += (f"To ELMo the word is “{own}”.",)
    table = ranking(np.asarray(p, dtype=np.float64), lambda i: names[i], known, k)
    return Guess(key, title, reads, table, own, len(names), notes)


def word2vec(vectors: Vectors, of: Sequence[Word], target: int, k: int) -> Guess:
    """Word2Vec's own prediction: the mean of the window's vectors against every word's context vector.

    Training with negative samples makes u_w . v_c tend to ln P(w | c) / N(w), up to a constant, N being what the samples are
    drawn from (Levy and Goldberg 2014, eq. 7): the counts to the power 3/4. And of frequent words the training kept only
    some, so what it saw of w is P(w | c) times the share it kept. So `prior`(w) exp(u_w . v_c), scaled to add up to 1, reads
    as P(w | c); the mean over the window is the neighbours' common guess. A table without context vectors or counts is
    ranked by cosine instead, and says so.
    """
    rows = [vectors.index(w.text.lower()) for w in of]
    left = [i for i in range(target - 1, -1, -1) if rows[i] is not None][:WINDOW]
    right = [i for i in range(target + 1, len(of)) if rows[i] is not None][:WINDOW]
    reads = np.isin(np.arange(len(of)), left + right)
    title = f"{vectors.title}, a window of {WINDOW} words"
    if not reads.any():
        return Guess("word2vec", title, reads, missing="None of the words around is in its table.")
    mean = np.mean([vectors.vector(of[i].text) for i in sorted(left + right)], axis=0)  # (D,)
    own = rows[target]
    notes: tuple[str, ...] = ()
    if own is None:
        notes = (f"“{of[target].text}” is not among its {vectors.size:,} words, so it cannot expect it.",)
    if vectors.context is None or vectors.counts is None:
        table = vectors.keyed.vectors
        scores = table @ mean / (np.linalg.norm(table, axis=1) * np.linalg.norm(mean) + 1e-9)
        notes += ("This table has no output weights: words are ranked by cosine, which is no probability.",)
    else:
        context, start = _outputs(vectors)
        scores = context @ mean + start
    table = ranking(softmax(scores.astype(np.float64)), lambda i: vectors.words[i], own, k)
    return Guess("word2vec", title, reads, table, of[target].text.lower(), vectors.size, notes)


@remember
def _outputs(vectors: Vectors) -> tuple[np.ndarray, np.ndarray]:
    """The context vectors (V, D) as they are multiplied, and the logarithm of the prior (V,): the same for every text."""
    assert vectors.context is not None  # there is something to be multiplied
    assert vectors.counts is not None
    return np.asarray(vectors.context, np.float32), np.log(prior(vectors.counts, vectors.sample))


def prior(counts: np.ndarray, sample: float | None) -> np.ndarray:
    """(V,) what Word2Vec's product is multiplied with, up to a factor: count^(3/4), over the share of a word that was kept.

    sample : word2vec's threshold for frequent words, None or 0 where none was left out. Of a word with the share f of the text
    the part (sqrt(f / sample) + 1) sample / f is read, at most all (word2vec.c; gensim does the same).
    """
    n = np.maximum(np.asarray(counts, dtype=np.float64), 1)
    if not sample:
        return n**0.75
    ratio = n / n.sum() / sample
    return n**0.75 / np.minimum((np.sqrt(ratio) + 1) / ratio, 1)


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
    alone = left + right == 1
    words_ = ("1 word" if guess.key == "word2vec" else "word") if alone else f"{left + right} words"
    said = SIDES[guess.key].format(left=left, right=right, words=words_)
    return said.replace("all other words, ", "the one other word, ") if alone else said


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
    if true["id"] == first["id"]:
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


def expected(table: pd.DataFrame) -> tuple[Leader, pd.DataFrame]:
    """Which model expected the true word best, of the rows of `summary` that read the words in order: the answer, and these rows.

    Compared is the probability of the true unit, as its logarithm. A word that is not among a model's first ten was not
    expected; who leads must be ahead by a quarter.
    """
    able = table[table["rank"].notna() & (table["key"] != "word2vec")].reset_index(drop=True)
    logs = np.log(np.maximum(able["probability"].to_numpy(dtype=float), 1e-300))
    logs = np.where(able["rank"].to_numpy(dtype=float) <= EXPECTED, logs, np.nan)
    rule = {"nothing": -np.inf, "effect": 0.0, "margin": AHEAD, "cases": 1, "least_cases": 1}
    return readings.leader(logs, **rule), able


def winner(table: pd.DataFrame) -> Any:
    """The row of the model that expected the word best; None where none did, or several about equally well, or where the bare
    counts of words around (Word2Vec) did as well."""
    found, able = expected(table)
    if found.index is None or _counts_do(table, found):
        return None
    return able.iloc[found.index]


def _counts_do(table: pd.DataFrame, found: Leader) -> bool:
    """Whether Word2Vec, which knows no order, gives the word as much as the first of the others."""
    of = table[(table["key"] == "word2vec") & table["rank"].notna()]
    return bool(len(of)) and found.best is not None and np.log(max(of.iloc[0]["probability"], 1e-300)) > found.best.value - AHEAD


WHY = {
    "elmo-left": "It has read only what stands to the left.",
    "elmo-right": "It has read only what stands to the right, backwards.",
    "decoder": "It has read only what stands to the left.",
    "bert": "It alone reads both sides at once, in order, with the word itself hidden.",
}


def look_summary(table: pd.DataFrame, word: str) -> Sentence:
    """Which model expected the true word, and what it had read; that none did, or several, where it is so."""
    found, able = expected(table)
    known: dict[str, object] = {"word": Piece(word)}
    if not table["rank"].notna().any():
        return say("No model here can say how likely {word} is at this place.", **known)
    if found.best is None:
        return say(
            "No model that reads the words in order has {word} among its first {count} guesses: it could not be expected here.",
            count=EXPECTED,
            **known,
        )
    if _counts_do(table, found):
        row = table[table["key"] == "word2vec"].iloc[0]
        return say(
            "Word2Vec, which knows no order, gives {word} {p}, and none of the others clearly more: this word can be "
            "expected without reading.",
            p=percent(row["probability"]),
            **known,
        )
    if found.kind == "level":
        names = [f"{able['model'][i]} (number {able['rank'][i]:,}, {percent(able['probability'][i])})" for i in found.level]
        return say("Several models expect {word} about equally: {names}.", names=listed(names), **known)
    first = able.iloc[found.best.index]
    known |= {
        "model": first["model"],
        "rank": int(first["rank"]),
        "size": int(first["size"]),
        "p": percent(first["probability"]),
        "why": WHY[first["key"]],
        "count": EXPECTED,
    }
    if found.best.many == 1:
        start = "Look at the bar marked “highest”: of those that read the words in order only {model} has {word} among its "
        start += "first {count} guesses, number {rank:,} of {size:,}, with {p}. {why}"
    else:
        start = (
            "Look at the bar marked “highest”: {model} gives {word} the most, {p}; it is its number {rank:,} of {size:,}. {why}"
        )
    other = able[able["key"] == ("decoder" if first["key"] == "bert" else "bert")]
    if not other.empty:
        known |= {"other": int(other.iloc[0]["rank"]), "its": percent(other.iloc[0]["probability"])}
        who = "From the left alone, the decoder" if first["key"] == "bert" else "BERT, which reads both sides,"
        start += f" {who} has it at number {{other:,}}, with {{its}}."
    return say(start, **known).because(found.best)
