"""One of something is said as one."""

import re

import numpy as np

from bert_explain.analysis import next_sentence as ns
from bert_explain.chapters.attention import heads_off
from bert_explain.chapters.next_sentence import sentence_pairs
from bert_explain.chapters.tokens import padding
from bert_explain.chapters.vectors import numbers as vectors
from bert_explain.content.next_sentence import Row
from bert_explain.query import Query
from bert_explain.trace import run
from tests.chapters.asking import Beside, ask_of
from tests.chapters.test_confusions import CARDS
from tests.tiny import tiny_bert


def test_one_copy_of_padding_fills_it_up(mini_bert):
    tokens = run(mini_bert, Query("cat")).tokens
    mask = np.ones(len(tokens), dtype=int)
    said = padding.look((padding.Row("A", tokens, mask), padding.Row("B", tokens, mask * (np.arange(len(tokens)) < 2)))).plain()
    assert "1 copy of" in said
    assert "fills it up" in said


def test_one_head_alone_changes_it(mini_bert):
    model = tiny_bert()
    whole = run(model, Query("the bank", masked=(1,)))
    table = heads_off.single_heads(whole, 1, lambda query: run(model, query))
    table["change"] = np.where(np.arange(len(table)) == len(table) - 1, 0.001, 0.2)
    said = heads_off.look_single(table, whole, 1).plain()
    assert re.search(r"heads, 1, alone, changes it by less", said)


def test_one_word_in_plain_sight(mini_bert):
    outcome = CARDS["onlym"]
    found = outcome.evidence(ask_of(mini_bert, "cat"))
    said = outcome.said("fact", found).plain()
    assert "of 1 word in plain sight, each " in said


def test_one_row_is_left_out():
    rows = [Row("One sentence.", "Another one.")] * 3
    assert any("2 are left out" in said for said in sentence_pairs.check(rows, 1).problems)
    assert any("1 is left out" in said for said in sentence_pairs.check(rows, 2).problems)


def test_a_word_of_two_pairs_has_the_first_as_its_opposite():
    assert vectors.opposed(Beside().vectors(), "An old house.").other == "young"


def test_a_chosen_token_keeps_its_place_in_a_swapped_pair(mini_bert):
    trace = run(mini_bert, Query("The cat sat.", "It slept."))
    cat = trace.pieces.index("cat")
    other = run(mini_bert, trace.query.but(swapped=True))
    assert other.pieces[ns.carried_token(trace, other.query, cat)] == "cat"
    assert ns.carried_token(trace, other.query, 0) is None
