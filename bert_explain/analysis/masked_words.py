"""Masked words: what the masked-word head expects at a place, and how that grows layer by layer.

T tokens, L layers, V pieces in the vocabulary. Probabilities are softmax(logits) of the head (Devlin et al. 2019,
section 3.1, task 1); ranks count from 1 and equal logits share the better rank.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from scipy.special import softmax

from bert_explain.analysis.masking import same_place, true_id
from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.core import byte_letters
from bert_explain.core.spec import ModelSpec
from bert_explain.core.tokens import text_of
from bert_explain.errors import BadQuery
from bert_explain.kernel import readings
from bert_explain.kernel.readings import percent
from bert_explain.trace import Trace


# what the head expects there
@dataclass(frozen=True, slots=True)
class Standing:
    """How one piece of the vocabulary does at one position."""

    id: int
    piece: str
    rank: int  # from 1
    probability: float
    logit: float


def standing(trace: Trace, position: int, piece_id: int, layer: int | None = None) -> Standing:
    """Rank and probability of one piece at one position. Raises BadQuery, Missing."""
    logits = _logits(trace, position, layer)
    return _standing(trace, logits, softmax(logits), piece_id)


def predictions(trace: Trace, position: int, k: int = 5) -> pd.DataFrame:
    """The k most probable pieces at one position, then the true one if it is not among them, then all the rest.

    Columns: rank, piece, id, probability, logit, mark ("true word", "rest" or ""). Probabilities add up to 1.
    """
    return leading(trace, _logits(trace, position), true_id(trace, position), k)


def leading(source: Reads, logits: np.ndarray, truth: int | None, k: int) -> pd.DataFrame:
    """The table of `predictions` for any logits (V,) in double precision; `truth` is the id of the true piece, or None."""
    p = softmax(logits)
    shown = best(logits, k).tolist()
    shown += [truth] if truth is not None and truth not in shown else []
    found = [_standing(source, logits, p, i) for i in shown]
    rows: list[tuple] = [(s.rank, s.piece, s.id, s.probability, s.logit, "true word" if s.id == truth else "") for s in found]
    others = len(logits) - len(shown)
    if others:
        rest = float(np.delete(p, shown).sum())
        rows.append((None, f"all other {others:,} pieces", None, rest, None, "rest"))
    ranks, pieces, ids, shares, values, marks = zip(*rows, strict=True)
    return pd.DataFrame(  # typed column by column: pandas takes four times as long to find the types, and to change them
        {
            "rank": pd.array(ranks, dtype="Int64"),
            "piece": list(pieces),
            "id": pd.array(ids, dtype="Int64"),
            "probability": np.array(shares, dtype=float),
            "logit": np.array(values, dtype=float),
            "mark": list(marks),
        }
    )


def look_predictions(table: pd.DataFrame, size: int) -> Sentence:
    """What to look for in a table from `predictions`; `size` is the number of pieces, V."""
    first, true = table.iloc[0], table[table["mark"] == "true word"]
    known = {"first": Piece(first["piece"]), "share": percent(first["probability"]), "size": size}
    if true.empty:
        return say(
            "Look at the first bar: {first} gets {share}. The text itself hides what stands here, so there is no true word.",
            **known,
        )
    row = true.iloc[0]
    if row["id"] == first["id"]:
        return say("Look at the first bar: {first} gets {share}, and it is the word that was hidden.", **known)
    known |= {"true": Piece(row["piece"]), "rank": int(row["rank"]), "its": percent(row["probability"])}
    return say(
        "Look at the first bar: {first} gets {share}. "
        "The word that was hidden, {true}, is number {rank:,} of {size:,}, with {its}.",
        **known,
    )


def compare(now: Trace, position: int, before: Trace, k: int = 5) -> pd.DataFrame:
    """The leading pieces at one masked word with the interventions (`now`) and without (`before`).

    Columns: piece, id, probability, before, change (a difference of probabilities), rank, rank_before, mark.
    The rows are the k best of both and the true piece. Raises BadQuery where the word is not in `before`.
    """
    other = same_place(now, position, before)
    if other is None:
        raise BadQuery("This word is not in the unchanged text, so there is nothing to compare it with.")
    x, y = _logits(now, position), _logits(before, other)
    truth = true_id(now, position)
    ids = list(dict.fromkeys([*best(x, k).tolist(), *best(y, k).tolist(), *([] if truth is None else [truth])]))
    px, py = softmax(x), softmax(y)
    table = pd.DataFrame(
        {
            "piece": [piece_text(now, i) for i in ids],
            "id": ids,
            "probability": px[ids],
            "before": py[ids],
            "change": px[ids] - py[ids],
            "rank": [rank_of(x, i) for i in ids],
            "rank_before": [rank_of(y, i) for i in ids],
            "mark": ["true word" if i == truth else "" for i in ids],
        }
    )
    return table.sort_values("probability", ascending=False, kind="stable", ignore_index=True)


def look_compare(table: pd.DataFrame) -> Sentence:
    """The piece that an intervention moved most, of a table from `compare`."""
    top = readings.best(table["change"].abs())
    row = table.iloc[top.index]
    if percent(row["before"]) == percent(row["probability"]):
        return say(
            "Nothing moves: {piece} had {now} in the unchanged model and has it still.",
            piece=Piece(row["piece"]),
            now=percent(row["probability"]),
        )
    verb = "gains" if row["change"] > 0 else "loses"
    return say(
        "Look at {piece}: it {verb}{most}. It had {before} in the unchanged model and has {now} now.",
        piece=Piece(row["piece"]),
        verb=verb,
        most=" most" if top.leads else ", though no more than another here" if top.many > 1 else "",
        before=percent(row["before"]),
        now=percent(row["probability"]),
    ).because(top)


# after every layer
def lens(trace: Trace, position: int, k: int = 3) -> pd.DataFrame:
    """What the masked-word head reads at one position after every layer (logit lens, nostalgebraist 2020); L + 1 rows.

    Columns: layer (0 = embeddings); piece_1..k, id_1..k and probability_1..k; winner, winner_rank,
    winner_probability (the piece that leads after the last layer); true, true_rank, true_probability (missing where
    the text itself says [MASK]).
    """
    truth = true_id(trace, position)
    by_layer = trace.mlm_logits_by_layer(position).astype(np.float64)  # (L + 1, V)
    winner = int(best(by_layer[-1], 1)[0])
    rows = []
    for layer, (logits, p) in enumerate(zip(by_layer, softmax(by_layer, axis=1), strict=True)):
        row: dict = {"layer": layer}
        for place, i in enumerate(best(logits, k).tolist(), 1):
            row |= {
                f"piece_{place}": piece_text(trace, i),
                f"id_{place}": i,
                f"probability_{place}": float(p[i]),
            }
        for name, i in (("winner", winner), ("true", truth)):
            found = None if i is None else _standing(trace, logits, p, i)
            row[name] = None if found is None else found.piece
            row[f"{name}_rank"] = None if found is None else found.rank
            row[f"{name}_probability"] = None if found is None else found.probability
        rows.append(row)
    table = pd.DataFrame(rows)
    return table.astype({"winner_rank": "Int64", "true_rank": "Int64", "winner_probability": float, "true_probability": float})


def look_lens(table: pd.DataFrame) -> Sentence:
    """From which layer on the final winner leads, of a table from `lens`."""
    last = len(table) - 1
    behind = table.index[table["winner_rank"] > 1]
    since = 0 if len(behind) == 0 else int(behind[-1]) + 1
    known = {
        "winner": Piece(table["winner"].iloc[-1]),
        "first": int(table["winner_rank"].iloc[0]),
        "since": since,
    }
    if since == 0:
        return say("Look at the first column: {winner} leads from the embeddings on, in every layer.", **known)
    if since == last and (table["winner_rank"].iloc[:-1] == 1).any():
        return say("Look at the first column: {winner} leads after the last layer, and not after the one before.", **known)
    if since == last:
        return say(
            "Look at the first column: only the last layer puts {winner} first. At the embeddings it was number {first:,}.",
            **known,
        )
    return say(
        "Look at the first column: {winner} was number {first:,} at the embeddings, and leads from layer {since} on.",
        **known,
    )


# the reader's own word
@dataclass(frozen=True, slots=True)
class Lookup:
    """A word as the vocabulary knows it: one piece (then `id` is set), or several, or none at all."""

    pieces: tuple[str, ...]
    id: int | None
    unknown: bool = False


def look_up(source: Reads, word: str) -> Lookup:
    """The pieces of a word. A piece can be given as the vocabulary writes it: `##ing` continues a word."""
    word = word.strip()
    as_it_is = source.wordpiece.token_to_id(word) if word else None
    if word and source.spec.pieces == "byte-level" and not word.startswith(byte_letters.SPACE):
        word = f" {word}"  # inside a text a word stands behind a space, and its piece begins with that space
    elif as_it_is is not None:
        return Lookup((word,), as_it_is)
    cut = source.wordpiece.encode(word, add_special_tokens=False)
    unknown = source.spec.special.unknown is not None and source.spec.special.unknown.id in cut.ids
    return Lookup(tuple(cut.tokens), cut.ids[0] if len(cut.ids) == 1 and not unknown else None, unknown)


def say_own_word(trace: Trace, position: int, word: str) -> Sentence:
    """How likely the reader's own word is at a masked position, or why it cannot be asked for."""
    found = look_up(trace, word)
    asked = Piece(word.strip()[:60])
    if not found.pieces:
        return say("There is nothing to look up: the tokenizer drops these characters.")
    if found.unknown:
        return say(
            "The vocabulary has no pieces for {word}: the model would read [UNK]. Ask for another word.",
            word=asked,
        )
    if found.id is None:
        cut = Piece(" ".join(found.pieces[:12]) + (" …" if len(found.pieces) > 12 else ""))
        return say(
            "{word} is cut into {n} pieces: {cut}. One mask stands for one piece, so only words that are one piece "
            "can be asked for.",
            word=asked,
            n=len(found.pieces),
            cut=cut,
        )
    at = standing(trace, position, found.id)
    return say(
        "{piece} is number {rank:,} of {size:,} here, with {share}.",
        piece=Piece(at.piece),
        rank=at.rank,
        size=trace.spec.vocab_size,
        share=percent(at.probability),
    )


# small things
def best(logits: np.ndarray, k: int) -> np.ndarray:
    """Ids of the k largest logits, largest first; (k,)."""
    k = max(1, min(k, len(logits)))
    top = np.argpartition(-logits, k - 1)[:k]  # the k largest in no order: a full sort of V costs ten times as much
    return top[np.lexsort((top, -logits[top]))]


class Reads(Protocol):
    """A trace or a model: what has a tokenizer, and says what its special tokens are."""

    @property
    def spec(self) -> ModelSpec: ...

    @property
    def wordpiece(self) -> Any: ...


def piece_text(source: Reads, piece_id: int) -> str:
    """The piece of that id; token tables may have rows that no piece uses."""
    return text_of(source.wordpiece, piece_id)


def _logits(trace: Trace, position: int, layer: int | None = None) -> np.ndarray:
    """(V,) in double precision: the softmax then adds up to 1 to the last digit shown."""
    return trace.mlm_logits([position], layer)[0].astype(np.float64)


def rank_of(logits: np.ndarray, piece_id: int) -> int:
    """1 for the largest logit; equal ones share the better rank."""
    return int((logits > logits[piece_id]).sum()) + 1


def _standing(source: Reads, logits: np.ndarray, p: np.ndarray, i: int) -> Standing:
    return Standing(i, piece_text(source, i), rank_of(logits, i), float(p[i]), float(logits[i]))
