"""What decides the questions of the chapter: which reader parts the meanings of a word, after which layer BERT does, and how
often the nearest sentence means the same."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from bert_explain.analysis import same_word, sense_search, senses
from bert_explain.analysis.occurrences import Occurrence
from bert_explain.analysis.sentence import Piece
from bert_explain.analysis.vectors import is_stop_word
from bert_explain.chapters.same_word.sense_looks import SILHOUETTE_EFFECT
from bert_explain.content import senses as content
from bert_explain.content import wordnet
from bert_explain.core.tokens import Token, covering, touching
from bert_explain.errors import ExplainError
from bert_explain.kernel.readings import many, signed
from bert_explain.learning.question import VALUE, Ask, NotAskable, table
from bert_explain.query import Query

ENOUGH = 18  # sentences of which can be asked whether the nearest means the same: with fewer the share is mostly chance
MORE, HALF, AROUND = 0.1, 0.5, 0.05  # above a blind pick: "clearly"; half of the time; as near as this is too near
NAMES = {"word2vec": "Word2Vec", "elmo": "ELMo", "decoder": "the decoder", "bert": "BERT"}


def set_of(*texts: str) -> content.ExampleSet | None:
    """The first of the page's sets whose word stands in the texts."""
    for one in content.sets():
        if any(_has(text, one.word) for text in texts):
            return one
    return None


def _has(text: str, word: str) -> bool:
    try:
        return bool(same_word.find((same_word.Line(text),), word).occurrences)
    except ExplainError:
        return False


def occurrences(ask: Ask) -> tuple[content.ExampleSet, tuple[Occurrence, ...]]:
    """The set whose word stands in the text, and its sentences. Raises NotAskable."""
    found = set_of(ask.query.text_a, ask.query.text_b)
    if found is None:
        words = ", ".join(one.word for one in content.sets())
        raise NotAskable(f"This text has none of the words that there are sentences for: {words}.")
    return found, same_word.find(same_word.parse(found.lines), found.word).occurrences


def of_pieces(hidden: np.ndarray, tokens: Sequence[Token], one: Occurrence) -> np.ndarray:
    """(K, T, H) -> (K, H): the mean over the pieces that touch the word; NaN where none does."""
    at = touching(tokens, (one.start, one.end))
    return hidden[:, at].mean(axis=1) if at else np.full((len(hidden), hidden.shape[-1]), np.nan)


def stack(ask: Ask, key: str, there: Sequence[Occurrence]) -> np.ndarray:
    """(K, N, D): what one reader makes of the word in every sentence, each read alone. Raises ExplainError."""
    rows = []
    for one in there:
        if key == "word2vec":
            rows.append(ask.models.vectors().vector(one.form)[None])
        elif key == "elmo":
            heard = ask.models.elmo(one.text)
            rows.append(heard.layers[:, covering(heard.words, (one.start, one.end))].mean(axis=1))
        else:
            read = ask.run(Query(one.text)) if key == "bert" else ask.models.decoder(one.text)
            rows.append(of_pieces(read.hidden, read.tokens, one))
    return np.stack(rows, axis=1)


def who_parts(ask: Ask) -> pd.DataFrame:
    """Evidence: each reader's silhouette after its last layer. One that cannot be had is left out."""
    chosen, there = occurrences(ask)
    labels = [one.label for one in there]
    found = {}
    for key in NAMES:
        try:
            found[key] = senses.silhouette(stack(ask, key, there)[-1], labels)
        except ExplainError:
            continue
    if len(found) < 2 or "bert" not in found:
        raise NotAskable("Fewer than two readers can be had here, so there is nothing to compare.")
    rows = {key: (found.get(key, -1.0), signed(found[key]) if key in found else "") for key in NAMES}
    order = sorted(found, key=lambda key: -found[key])
    return table(
        rows,
        word=Piece(chosen.word),
        count=len(there),
        best=NAMES[order[0]],
        best_value=signed(found[order[0]]),
        second=NAMES[order[1]],
        second_value=signed(found[order[1]]),
        static=signed(found.get("word2vec", float("nan"))),
        bert=signed(found["bert"]),
    )


def none_parts(evidence: pd.DataFrame) -> str:
    """Why it is not asked where even the best reader hardly parts the meanings."""
    parts = float(evidence[VALUE].max()) >= SILHOUETTE_EFFECT
    return "" if parts else "Here none of the readers clearly parts the meanings."


def where_parts(ask: Ask) -> pd.DataFrame:
    """Evidence: BERT's silhouette at the input, after the last layer, and the best of the layers between."""
    chosen, there = occurrences(ask)
    by_layer = [senses.silhouette(vectors, [one.label for one in there]) for vectors in stack(ask, "bert", there)]
    last = len(by_layer) - 1
    if last < 2:
        raise NotAskable("This model has fewer than two layers, so there is none in between.")
    middle = 1 + int(np.argmax(by_layer[1:last]))
    best = int(np.argmax(by_layer))
    rows = {"first": (by_layer[0], ""), "between": (by_layer[middle], f" (layer {middle})"), "last": (by_layer[last], "")}
    rows = {key: (value, f"{signed(value)}{where}") for key, (value, where) in rows.items()}
    return table(
        rows,
        word=Piece(chosen.word),
        count=len(there),
        layers=last,
        best="the input" if not best else f"layer {best}",
        best_value=signed(by_layer[best]),
        last_value=signed(by_layer[last]),
        input=signed(by_layer[0]),
    )


def common_word(ask: Ask) -> tuple[str, list[int]]:
    """The word of the text of which most sentences of WordNet can be asked, and their rows there. Raises NotAskable."""
    try:
        net = wordnet.load()
    except ExplainError as error:
        raise NotAskable(str(error)) from None
    read = re.findall(r"[^\W\d_]+", f"{ask.query.text_a} {ask.query.text_b}".lower())
    entries = dict.fromkeys(entry for word in read if not is_stop_word(word) for entry in net.forms.get(word, ()))
    able = {entry: _askable(net, entry) for entry in entries}
    best = max(able, key=lambda entry: able[entry], default="")
    if able.get(best, 0) < ENOUGH:
        raise NotAskable("WordNet has too few example sentences of each word of this text.")
    return best, list(net.rows[best])


def _askable(net: wordnet.WordNet, entry: str) -> int:
    """Of how many sentences with a word the right answer and a wrong one are possible."""
    part = net.sentences.iloc[list(net.rows[entry])]
    return senses.score(np.ones((len(part), 1)), part["word"], part["sense"].tolist(), part["text"].tolist()).queries


def nearest_means(ask: Ask) -> pd.DataFrame:
    """Evidence: how often the nearest other sentence with a word, after the last layer, has it in the same meaning."""
    word, rows = common_word(ask)
    net = wordnet.load()
    part = net.sentences.iloc[rows]
    found = []
    for done, one in enumerate(sense_search.occurrences(net, rows)):
        ask.progress(done / len(rows))
        trace = ask.once(Query(one.text))
        found.append(of_pieces(trace.hidden, trace.tokens, one))
    stack = np.stack(found, axis=1)
    scores = [senses.score(stack[at], part["word"], part["sense"].tolist(), part["text"].tolist()) for at in (-1, 0)]
    known = {"word": Piece(word), "count": len(rows), "model": ask.trace.spec.title}
    known["senses"] = many(part["sense"].nunique(), "meaning")
    last, first = (_nearest(one, **known) for one in scores)
    last.attrs["input"] = first
    return last


def at_the_input(ask: Ask, evidence: pd.DataFrame) -> pd.DataFrame:
    """The same of the vectors that go into the first layer."""
    return evidence.attrs["input"]


def _nearest(score: senses.Score, **known: object) -> pd.DataFrame:
    above = score.share - score.chance
    where = "most" if score.share > HALF else "some" if above > MORE else "none"
    right = f"{100 * score.share:.0f} of 100"
    return table(
        {key: (float(key == where), right if key == where else "") for key in ("none", "some", "most")},
        right=f"{100 * score.share:.0f}",
        chance=f"{100 * score.chance:.0f}",
        queries=score.queries,
        edge=min(abs(above - MORE), abs(score.share - HALF)),
        **known,
    )


def at_an_edge(evidence: pd.DataFrame) -> str:
    """Why it is not asked where the share lies between two answers."""
    near = evidence.attrs["facts"]["edge"] < AROUND
    return "Here the share lies at the edge between two answers." if near else ""
