"""Home's opening picture: every number is the trace's, and none tells a guess."""

import numpy as np
import pytest

from bert_explain.analysis.attention import telling_head
from bert_explain.chapters.home import numbers
from bert_explain.query import Query
from bert_explain.trace import run
from tests.chapters.asking import ODD


def test_it_draws_the_pieces_their_numbers_and_the_most_telling_look(mini_bert):
    trace = run(mini_bert, Query("The cat sat.", "It slept."))
    drawn = numbers.opening(trace, 2)
    assert [text for text, _ in drawn["tokens"]] == trace.pieces
    rows = trace.embeddings.normalised[:, : numbers.CELLS]
    signs = np.sign(np.array(drawn["numbers"])) == np.sign(rows)
    assert signs[np.abs(rows) > 0.01].all()
    link = telling_head(trace)
    assert drawn["row"] == link.row
    assert drawn["looks"] == pytest.approx(trace.attention[link.layer, link.head, link.row], abs=5e-4)
    assert "veiled" in numbers.in_words(drawn)


@pytest.mark.parametrize(("a", "b"), ODD)
def test_any_text_can_be_drawn(mini_bert, a, b):
    trace = run(mini_bert, Query(a, b))
    drawn = numbers.opening(trace, 0)
    assert len(drawn["tokens"]) == len(drawn["numbers"]) == len(drawn["looks"]) <= numbers.MOST + 2
    assert 0 <= drawn["row"] < len(drawn["tokens"])
    assert np.isfinite(drawn["numbers"]).all()
    assert numbers.in_words(drawn)
