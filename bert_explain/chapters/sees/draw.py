"""The page that lays the models side by side: one sentence, one word, five readers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import streamlit as st

from bert_explain.chapters.sees import analysis as sees
from bert_explain.chapters.sees import figures as figures
from bert_explain.chapters.sees.analysis import Guess, Word
from bert_explain.content import trained, words
from bert_explain.core.tokens import touching
from bert_explain.errors import ExplainError
from bert_explain.figures.masked_words import prediction_bars
from bert_explain.kernel.text import markdown
from bert_explain.models.elmo import elmo_names
from bert_explain.query import Query
from bert_explain.trace import run
from bert_explain.trace_decoder import run_decoder
from bert_explain.trace_elmo import run_elmo
from bert_explain.ui import cache, state
from bert_explain.ui.components import bars, token_row
from bert_explain.ui.frame import Page
from bert_explain.ui.notice import tell
from bert_explain.ui.picture import aside, explained, picture

K = state.Number("k", 1, 10, 5)
ROWS = (("word2vec",), ("elmo-left", "elmo-right"), ("decoder", "bert"))  # cards side by side: what differs in one thing only
CODE: dict[str, tuple[Callable[..., Any], ...]] = {
    "word2vec": (sees.word2vec, sees.ranking),
    "elmo-left": (sees.elmo, run_elmo),
    "elmo-right": (sees.elmo, run_elmo),
    "decoder": (sees.decoder, run_decoder),
    "bert": (sees.bert, run),
}


@dataclass(frozen=True)
class Chosen:
    """The sentence, its words, and the one to be guessed."""

    text: str
    words: tuple[Word, ...]
    target: int

    @property
    def word(self) -> Word:
        return self.words[self.target]


def chosen(page: Page) -> Chosen | None:
    """The chosen token's word and its sentence; a special token stands for the first word. None without any word."""
    found = sees.chosen(page.trace, page.position)
    return None if found is None else Chosen(*found)


def guesses(page: Page, now: Chosen) -> list[Guess]:
    """All five; a model that cannot guess says why."""
    return [
        _asked("word2vec", "Word2Vec", now, lambda: sees.word2vec(cache.vectors("word2vec"), now.words, now.target, _k())),
        _asked("elmo-left", "ELMo, forward model", now, lambda: _elmo(now, "left")),
        _asked("elmo-right", "ELMo, backward model", now, lambda: _elmo(now, "right")),
        _asked("decoder", "The decoder (OpenAI Transformer)", now, lambda: _decoder(now)),
        _asked("bert", f"BERT ({page.model.title})", now, lambda: _bert(page, now)),
    ]


def _k() -> int:
    return state.get(K)


def _asked(key: str, title: str, now: Chosen, ask: Callable[[], Guess]) -> Guess:
    try:
        return ask()
    except ExplainError as error:
        return Guess(key, title, np.zeros(len(now.words), bool), missing=str(error))


def _elmo(now: Chosen, side: str) -> Guess:
    return sees.elmo(cache.elmo_trace(elmo_names()[0], now.text), now.words, now.target, side, _k())


def _decoder(now: Chosen) -> Guess:
    return sees.decoder(cache.decoder_trace(cache.decoder().name, now.text), now.words, now.target, _k())


def _bert(page: Page, now: Chosen) -> Guess:
    plain = Query(now.text)
    hidden = plain.but(masked=sees.pieces_of(cache.laid(page.model, plain), now.word))
    return sees.bert(cache.trace(page.model.name, hidden), now.words, now.target, _k())


# the parts
def choose(page: Page) -> None:
    """Both sentences; a click chooses the word, and the whole page follows."""
    now = chosen(page)
    if now is None:
        tell("There is no word to guess here. Type a sentence above.")
        return
    found = guesses(page, now)
    table = sees.summary(found, now.target)
    best = sees.winner(table)
    with aside("Another word", "sees-word"):
        token_row(
            page.trace.tokens,
            key="choose",
            label="The text: choose the word to be guessed",
            chosen=_of_word(page, now),
            on_pick=lambda i: state.put(token=i),
        )
        st.caption(words.notes("sees").choose)
    with picture(
        "highest",
        "Which model expected the word?",
        look=sees.look_summary(table, now.word.text),
        table=lambda: table,
        code=(sees.summary, sees.winner),
        note=words.notes("sees").highest,
    ):
        bars(
            figures.rank_bars(table, "" if best is None else best["key"]),
            key="ranks",
            label="Probability of the true word in each model",
        )
    by_key = {guess.key: guess for guess in found}
    with aside("What each of the five has read, and expects", "sees-five"):
        st.slider("How many guesses to show below", 1, K.high, width=280, **state.bind(K))
        for row in ROWS:
            for column, key in zip(st.columns(len(row), gap="medium"), row, strict=True):
                with column:
                    _reader(now, by_key[key])


def _of_word(page: Page, now: Chosen) -> set[int]:
    """Positions of the chosen word's pieces in the pair."""
    at = page.trace.tokens[page.position]
    sentence = at.sentence if at.span is not None else next(t.sentence for t in page.trace.tokens if t.span is not None)
    return set(touching(page.trace.tokens, (now.word.start, now.word.end), sentence or 0))


def _reader(now: Chosen, guess: Guess) -> None:
    """One model: what it has read, shaded; what it expects, as bars."""
    table = guess.table
    with picture(
        guess.key,
        guess.title,
        look=sees.look_guess(guess, now.target),
        table=None if table is None else lambda: table,
        code=CODE[guess.key],
        note=" ".join([words.notes("sees").reads, *map(markdown, guess.notes)]),
    ):
        shown, shade, place = figures.row(now.words, guess, now.target)
        token_row(
            shown,
            key=f"reads-{guess.key}",
            label=f"What {guess.title} has read",
            shade=shade,
            chosen={place},
        )
        if table is not None:
            bars(prediction_bars(table), key=f"bars-{guess.key}", label=f"What {guess.title} expects")


def depth(page: Page, name: str) -> None:
    """More on demand, with this model's sizes."""
    found = words.depth("sees", name)
    text = found.text.replace("@V", f"{page.model.vocab_size:,}").replace("@TRAINED", trained.briefly())
    explained(replace(found, text=text))
