"""Asking a chapter's questions in tests: without Streamlit, of any text, by any encoder."""

from __future__ import annotations

import re
from functools import lru_cache

from bert_explain.analysis.overview import telling_token
from bert_explain.content import examples
from bert_explain.learning.pairs import EVERYDAY
from bert_explain.learning.question import Ask, NotAskable, Question
from bert_explain.models import load_decoder, load_elmo, load_vectors
from bert_explain.query import Query
from bert_explain.trace import run
from bert_explain.trace_decoder import run_decoder
from bert_explain.trace_elmo import run_elmo

# Twenty pairs that no question was made for, and odd texts.
PAIRS = (
    [(p.a, p.b, p.word) for p in examples.pairs()]
    + [(p.a, p.b, p.word) for p in EVERYDAY]
    + [
        ("Nobody knew where the old man lived.", "The old man never told them.", ""),
    ]
)
ODD = [
    ("", ""),
    (" ", "\t"),
    ("cat", ""),
    ("😀 🎉", "🧑‍🚀"),
    ("[MASK] [SEP] [CLS]", "[UNK]"),
    ("the the the the", "the the"),
    ("a\x00b\u202e", ""),
    ("<b>bold</b> {x} $y$ `z`", "%s {0}"),
    ("مرحبا بالعالم", "שלום"),
    ("word " * 300, "more " * 300),
]


class Beside:
    """The models beside the encoder, as questions ask for them; traces are kept."""

    def vectors(self, name: str = "word2vec"):
        return load_vectors(name)

    def decoder(self, text: str, text_b: str = "", replaced=(), lifted: bool = False):
        return _decoder(text, text_b, tuple(replaced), lifted)

    def elmo(self, text: str):
        return _elmo(text)


@lru_cache(maxsize=256)
def _decoder(text: str, text_b: str, replaced, lifted: bool):
    model = load_decoder()
    return run_decoder(model.lifted() if lifted else model, text, text_b, replaced)


@lru_cache(maxsize=256)
def _elmo(text: str):
    return run_elmo(load_elmo(), text)


@lru_cache(maxsize=48)
def _plain(model, query: Query):
    return run(model, query)


def ask_of(model, a: str, b: str = "", word: str = "") -> Ask:
    """The question of these sentences; traces are kept for as long as it lives, that of the sentences as they are longer."""
    query = Query(a, b)
    kept: dict[Query, object] = {query: _plain(model, query)}

    def traced(query: Query):
        if query not in kept:
            kept[query] = run(model, query)
        return kept[query]

    return Ask(query, traced, Beside(), telling_token(traced(query).tokens, word))


def complaints(question: Question, ask: Ask) -> list[str]:
    """What is wrong with what a question says of a text; nothing where it is not askable and says so well."""
    try:
        found = question.evidence(ask)
    except NotAskable as error:
        return _bad("not askable", str(error))
    why = question.why_not(found)
    if why:
        return _bad("unclear", why)
    options = question.choices(ask, found)
    said = [question.said("ask", found).plain(), question.said("fact", found).plain(), *(o.text.plain() for o in options)]
    said += [s.plain() for o in options if (s := question.because(o, found)) is not None]
    wrong = [line for text in said for line in _bad("said", text, ended=text not in {o.text.plain() for o in options})]
    if options and question.answer(found) not in {o.id for o in options}:
        wrong.append(f"the answer {question.answer(found)} is no option")
    if question.experiment is not None:
        try:
            tried = question.tried(ask, found)
        except NotAskable as error:  # said beside the button
            return wrong + _bad("not tried", str(error))
        facts = {f"new_{name}": value for name, value in tried.attrs.get("facts", {}).items()}
        wrong += _bad("tried", question.said("broke" if question.broken(found, tried) else "held", found, **facts).plain())
        wrong += _bad("try", question.said("try", found).plain(), ended=False)
    return wrong


def _bad(what: str, text: str, ended: bool = True) -> list[str]:
    found = (
        [f"{what}: {text!r}"]
        if re.search(r"\bnan\b|\bNone\b|\.\.(?!\.)|  |\{\w*\}", text) and not re.search(r"\{x\}|\{0\}", text)
        else []
    )
    if ended and not text.rstrip('”")').endswith((".", "?", "!")):
        found.append(f"{what} does not end: {text!r}")
    return found
