"""The right options of Attention, worked out another way on twenty pairs."""

import re

import numpy as np
import pytest

from bert_explain.chapters.attention import numbers, questions
from bert_explain.models import Encoder
from bert_explain.query import Query
from bert_explain.trace import run
from tests.chapters.asking import PAIRS, ask_of


def test_who_gets_most_is_the_mean_over_all_heads(mini_bert):
    for a, b, word in PAIRS:
        ask = ask_of(mini_bert, a, b, word)
        found = questions.MOST.evidence(ask)
        mean = run(mini_bert, Query(a, b)).attention[:, :, ask.position].reshape(-1, len(ask.trace.tokens)).mean(axis=0)
        assert questions.MOST.answer(found) == f"t{mean.argmax()}"
        assert found["value"].to_dict() == pytest.approx({name: mean[int(name[1:])] for name in found.index}, abs=1e-6)


def test_without_those_heads_the_mean_is_of_the_others(mini_bert):
    a, b, word = PAIRS[0]
    ask = ask_of(mini_bert, a, b, word)
    found = questions.MOST.evidence(ask)
    tried = questions.MOST.tried(ask, found)
    whole = ask.trace.attention[:, :, ask.position]
    off = whole.argmax(axis=2) == int(questions.MOST.answer(found)[1:])
    cut = run(mini_bert, ask.query.but(heads_off=tuple(map(tuple, np.argwhere(off).tolist()))))
    mean = cut.attention[~off][:, ask.position].mean(axis=0)
    assert tried["value"].to_dict() == pytest.approx({name: mean[int(name[1:])] for name in tried.index}, abs=1e-5)


def test_there_and_back_are_two_weights(mini_bert):
    for a, b, word in PAIRS:
        ask = ask_of(mini_bert, a, b, word)
        facts = questions.BACK.evidence(ask).attrs["facts"]
        weights = ask.trace.attention[facts["layer"] - 1, facts["head"] - 1]
        pieces = np.array(ask.trace.pieces)
        named = [re.fullmatch(r"(\S+)(?: \(token (\d+)\))?", facts[name].plain()).groups() for name in ("first", "second")]
        (rows, columns) = ([int(n)] if n else np.flatnonzero(pieces == text) for text, n in named)
        row, column = max(((r, c) for r in rows for c in columns), key=lambda at: weights[at])
        assert [text for text, _ in named] == [pieces[row], pieces[column]]
        ratio = weights[column, row] / weights[row, column]
        wanted = "same" if 0.8 <= ratio <= 1.25 else "less" if ratio < 0.8 else "more"
        assert questions.BACK.answer(questions.BACK.evidence(ask)) == wanted


def test_one_word_that_stands_twice_is_told_apart_by_its_place(mini_bert):
    found = questions.BACK.evidence(
        ask_of(mini_bert, "They planted a tree behind the house.", "After three years the tree gave apples.")
    )
    assert "tree (token 4) looks strongly at tree (token 14)" in questions.BACK.said("ask", found).plain()


def test_what_gets_most_without_those_heads_may_be_no_option(mini_bert):
    pair = next(p for p in questions.MOST.pairs if p.word == "board")
    ask = ask_of(mini_bert, pair.a, pair.b, pair.word)
    found = questions.MOST.evidence(ask)
    tried = questions.MOST.tried(ask, found)
    off = ask.trace.attention[:, :, ask.position].argmax(axis=2) == int(questions.MOST.answer(found)[1:])
    cut = run(mini_bert, ask.query.but(heads_off=tuple(map(tuple, np.argwhere(off).tolist()))))
    first = int(cut.attention[~off][:, ask.position].mean(axis=0).argmax())
    assert f"t{first}" not in tried.index
    assert questions.MOST.broken(found, tried)
    facts = {f"new_{name}": value for name, value in tried.attrs["facts"].items()}
    assert f"Without them {cut.pieces[first]} (token {first}) gets" in questions.MOST.said("broke", found, **facts).plain()


def test_the_next_token_counts_though_it_is_no_option(mini_bert, monkeypatch):
    ask = ask_of(mini_bert, "The cat sat on the mat.", "It was fast asleep.", "cat")
    ends = [t.position for t in ask.trace.tokens if t.text == "[SEP]"]
    shares = np.full(len(ask.trace.tokens), 0.03)
    shares[ends] = 0.21, 0.20
    row = numbers.mean_row(ask.trace, ask.position).assign(share=shares)
    monkeypatch.setattr(numbers, "mean_row", lambda *_: row)
    found = questions.MOST.evidence(ask)
    assert f"t{ends[1]}" not in found.index
    assert "about as much" in questions.MOST.why_not(found)


def test_a_special_token_that_the_reader_typed_ends_no_sentence(mini_bert):
    ask = ask_of(mini_bert, "A [PAD] cat.", "It slept.")
    typed = ask.trace.pieces.index("[PAD]")
    assert numbers._named(ask.trace, typed, own=1).plain() == "[PAD]"
    last = len(ask.trace.tokens) - 1
    assert numbers._named(ask.trace, last, own=1).plain() == f"[SEP] (token {last}), a token that ends a sentence"


def guess(model: Encoder, query: Query, position: int) -> int:
    return int(run(model, query).mlm_logits([position])[0].argmax())


@pytest.mark.rest
def test_one_head_less_counts_the_first_guesses_that_change(mini_bert):
    for a, b, word in PAIRS[:2]:
        ask = ask_of(mini_bert, a, b, word)
        found = questions.LESS.evidence(ask)
        query = Query(a, b, masked=(ask.position,))
        first = guess(mini_bert, query, ask.position)
        every = [(layer, head) for layer in range(6) for head in range(12)]
        changed = sum(guess(mini_bert, query.but(heads_off=(one,)), ask.position) != first for one in every)
        assert found.attrs["facts"]["changed"] == changed
        share = changed / 72
        assert questions.LESS.answer(found) == ("nearly" if share > 0.75 else "half" if share >= 0.25 else "seldom")
