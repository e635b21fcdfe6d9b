"""What decides the questions of the chapter: which of five readers expects a word most, and where seeing more does not help."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np
import pandas as pd
from scipy.special import softmax

from bert_explain.analysis.sentence import Piece
from bert_explain.chapters.sees import analysis as sees
from bert_explain.chapters.sees.analysis import Guess, Word
from bert_explain.errors import ExplainError
from bert_explain.kernel.readings import percent
from bert_explain.learning.question import Ask, NotAskable, table
from bert_explain.query import Query

SHOWN = 5
MOST_WORDS = 40  # words that are hidden in turn: a run of BERT each


def chosen(ask: Ask) -> tuple[str, tuple[Word, ...], int]:
    """The sentence of the word that the page is about, its words, and that word's place. Raises NotAskable."""
    here = sees.chosen(ask.trace, min(ask.position, len(ask.trace.tokens) - 1))
    if here is None:
        raise NotAskable("This text has no word that could be guessed.")
    _, found, place = here
    if not found[place].text[0].isalnum():
        raise NotAskable("This text has no word that could be guessed.")
    if len(found) < 3:
        raise NotAskable("This sentence has too few words for a guess at one of them.")
    return here


Made = TypeVar("Made")


def _able(make: Callable[[], Made]) -> Made | None:
    try:
        return make()
    except ExplainError:
        return None


def readers(ask: Ask) -> pd.DataFrame:
    """Evidence: 1 / rank of the word in each reader's list; readers that cannot guess it have 0."""
    text, words, target = chosen(ask)
    elmo, beside = _able(lambda: ask.models.elmo(text)), ask.models
    makers: tuple[Callable[[], Guess | None], ...] = (
        lambda: sees.word2vec(beside.vectors(), words, target, SHOWN),
        lambda: sees.elmo(elmo, words, target, "left", SHOWN) if elmo is not None else None,
        lambda: sees.elmo(elmo, words, target, "right", SHOWN) if elmo is not None else None,
        lambda: sees.decoder(beside.decoder(text), words, target, SHOWN),
        lambda: bert(ask, text, words, target),
    )
    found = [guess for make in makers if (guess := _able(make)) is not None]
    summary = sees.summary(found, target).set_index("key")
    if summary["rank"].notna().sum() < 2:
        raise NotAskable("Fewer than two of the readers have this word among those that they can guess.")
    rows = {key: _ranked(summary, key) for key in KEYS}
    order = sorted(rows, key=lambda key: -rows[key][0])
    return table(
        rows,
        word=Piece(words[target].text),
        best=NAMES[order[0]],
        best_rank=_rank(summary, order[0]),
        best_p=percent(summary["probability"][order[0]]),
        second=NAMES[order[1]],
        second_rank=_rank(summary, order[1]),
        bert_rank=f"has it as {rows['bert'][1]}" if rows["bert"][1] else "cannot guess it",
    )


NAMES = {
    "word2vec": "Word2Vec",
    "elmo-left": "ELMo from the left",
    "elmo-right": "ELMo from the right",
    "decoder": "the decoder",
    "bert": "BERT",
}
KEYS = tuple(NAMES)


def _ranked(summary: pd.DataFrame, key: str) -> tuple[float, str]:
    if key not in summary.index or pd.isna(summary["rank"][key]):
        return 0.0, ""
    return 1 / int(summary["rank"][key]), f"number {_rank(summary, key)}"


def _rank(summary: pd.DataFrame, key: str) -> str:
    return f"{int(summary['rank'][key]):,}"


def bert(ask: Ask, text: str, words: tuple[Word, ...], target: int) -> Guess:
    """BERT's guess at one word of a sentence that stands alone, all of its pieces hidden."""
    return sees.bert(ask.run(_hidden(ask, text, words[target])), words, target, SHOWN)


def _hidden(ask: Ask, text: str, word: Word) -> Query:
    """A sentence that stands alone, all pieces of one word hidden."""
    return Query(text, masked=tuple(sees.pieces_of(ask.trace.tokenize(Query(text))[0], word)))


def both(ask: Ask) -> pd.DataFrame:
    """Every word of the sentence: its probability for BERT, which sees both sides, and for the decoder, which sees the left.

    Columns: word, bert, decoder, ratio (bert / decoder). A word that one of them cannot guess is left out.
    """
    text, words, _ = chosen(ask)
    if not ask.trace.spec.has_mlm:
        raise NotAskable("This model has no head for masked words, so it cannot be compared with the decoder.")
    if len(words) > MOST_WORDS:
        raise NotAskable(f"This sentence has {len(words)} words; up to {MOST_WORDS} are hidden in turn here.")
    read, able = ask.models.decoder(text), [word for word in words if word.text[0].isalnum()]
    queries = [_hidden(ask, text, word) for word in able]
    ask.together(queries)
    there, rows = [], []
    for word, query in zip(able, queries, strict=True):
        trace = ask.run(query)
        one, two = sees.first_piece(trace, word), sees.first_piece(read, word)
        if one is not None and two is not None and one.original == two.original:
            there.append((word, trace.hidden[-1, one.position], one.original_id, two.position - 1, two.original_id))
    if there:  # each head reads its table once for all words
        texts, states, ids, places, others = zip(*there, strict=True)
        ours = softmax(ask.trace.engine.logits(np.stack(states)).astype(np.float64), axis=1)
        theirs = softmax(read.logits(places).astype(np.float64), axis=1)
        for row, word in enumerate(texts):
            p, q = float(ours[row, ids[row]]), float(theirs[row, others[row]])
            rows.append((word.text, p, q, p / max(q, 1e-30)))
    found = pd.DataFrame(rows, columns=["word", "bert", "decoder", "ratio"])
    if len(found) < 3:
        raise NotAskable("BERT and the decoder can guess fewer than three words of this sentence alike.")
    return found


def beaten(ask: Ask) -> pd.DataFrame:
    """Evidence: for how many words of the sentence the decoder's probability is above BERT's."""
    found = both(ask)
    less, count = int((found["ratio"] < 1).sum()), len(found)
    part = less / count
    where = "none" if not less else "some" if part < 0.5 else "most"
    shown = {where: f"{less} of {count} words"}
    worst = found.loc[found["ratio"].idxmin()]
    best = found.loc[found["ratio"].idxmax()]
    told = worst if less else best
    near = int((np.abs(np.log(np.maximum(found["ratio"], 1e-30))) < np.log(1.1)).sum())
    return table(
        {key: (float(key == where), shown.get(key, "")) for key in ("none", "some", "most")},
        less=less,
        count=count,
        word=Piece(told["word"]),
        bert=percent(told["bert"]),
        decoder=percent(told["decoder"]),
        near=near,
        part=part,
    )


def undecided(evidence: pd.DataFrame) -> str:
    """Why it is not asked where a word or two that are nearly level decide it."""
    facts = evidence.attrs["facts"]
    low, high = (facts["less"] - facts["near"]) / facts["count"], (facts["less"] + facts["near"]) / facts["count"]
    level = facts["near"] and (low <= 0 < high or low < 0.5 <= high)
    return "Here a word on which both are level decides it." if level else ""
