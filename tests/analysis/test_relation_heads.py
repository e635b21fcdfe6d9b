"""Heads read as a parser, by hand and against another way of computing it."""

import numpy as np
import pytest

from bert_explain.analysis import relation_heads
from bert_explain.analysis.relation_heads import Looked
from bert_explain.kernel import relations
from bert_explain.kernel.relations import Relation, Sentence
from bert_explain.query import Query
from bert_explain.trace import run
from tests.tiny import tiny_bert, tiny_roberta


def test_words_of_several_pieces_by_hand():
    weights = np.array([[[[0.1, 0.2, 0.3, 0.4], [0.4, 0.3, 0.2, 0.1], [0.0, 0.5, 0.5, 0.0], [0.25, 0.25, 0.25, 0.25]]]])
    looks = relation_heads.words_look(weights, [[1], [2, 3], []])
    assert looks.shape == (1, 1, 3, 3)
    assert looks[0, 0, 0].tolist() == pytest.approx([0.3, 0.3, 0.0])
    assert looks[0, 0, 1].tolist() == pytest.approx([0.375, 0.5, 0.0])  # mean of its two rows
    assert looks[0, 0, 2].tolist() == [0, 0, 0]


def looked(right, offsets, halves, sentences):
    names = np.array(["det"] * len(offsets))
    return Looked(np.array(right, dtype=bool), names, np.array(offsets), np.array(sentences), np.array(halves))


def test_head_and_rule_are_chosen_on_one_half_and_scored_on_the_other():
    halves = ["choose"] * 4 + ["score"] * 4
    first = [1, 1, 1, 0, 0, 0, 1, 0]  # does best where it is chosen, poorly where it is scored
    second = [1, 0, 0, 0, 1, 1, 1, 1]
    found = relation_heads.best(looked([[first, second]], [1, 1, 2, 2, 1, 2, 2, 2], halves, [0, 1, 2, 3, 4, 5, 6, 7]), "det")
    assert (found.layer, found.head, found.chosen, found.share) == (0, 0, 0.75, 0.25)
    assert (found.offset, found.by_offset) == (1, 0.25)  # of equally common distances the nearer one
    assert (found.relations, found.sentences) == (4, 4)
    assert not found.beats
    assert not found.behind
    assert relation_heads.best(looked([[first]], [1] * 8, ["choose"] * 8, range(8)), "det") is None
    assert relation_heads.best(looked([[first]], [1] * 8, halves, range(8)), "poss") is None


def test_a_clear_lead_is_called_one():
    halves = ["choose"] * 20 + ["score"] * 20
    found = relation_heads.best(looked([[[1] * 40]], [1, 2] * 20, halves, range(40)))
    assert (found.share, found.by_offset, found.beats) == (1, 0.5, True)


@pytest.mark.parametrize("make", [tiny_bert, tiny_roberta], ids=["wordpiece", "bytes"])
def test_a_small_model_is_read_as_one_would_by_hand(make):
    model = make()
    sentence = Sentence("The cold water banks.", (Relation("det", 0, 2), Relation("dobj", 3, 2)), "choose")
    found = relation_heads.read(lambda query: run(model, query), [sentence])
    trace = run(model, Query(sentence.text))
    for layer in range(2):
        for head in range(2):
            weights = trace.attention[layer, head]
            for at, relation in enumerate(sentence.relations):
                pieces = {
                    i: [t.position for t in trace.tokens if t.span and t.span[0] < b and a < t.span[1]]
                    for i, (a, b) in enumerate(sentence.spans)
                }
                row = weights[pieces[relation.dependent]].mean(axis=0)
                to = {i: row[places].sum() for i, places in pieces.items() if i != relation.dependent}
                assert found.right[layer, head, at] == (max(to, key=to.get) == relation.head)


def test_words_beyond_the_last_position_are_left_out():
    model = tiny_bert()
    sentence = Sentence("the " * 40 + "bank", (Relation("det", 39, 40), Relation("det", 0, 1)), "score")
    found = relation_heads.read(lambda query: run(model, query), [sentence])
    assert (found.left_out, len(found.names)) == (1, 1)


def test_the_bundled_model_has_a_head_for_articles(mini_bert):
    some = relations.load()[:40]
    found = relation_heads.best(relation_heads.read(lambda query: run(mini_bert, query), some), "det")
    assert found.share > 0.85
    assert found.beats
    assert found.by_offset < 0.6
