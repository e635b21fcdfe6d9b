"""Attributions as numbers: units of a text, sums along a path worked by hand, random sets."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bert_explain.kernel import attribution
from bert_explain.kernel.attribution import HIDDEN, PUNCTUATION, SPECIAL, WORD
from bert_explain.query import Query
from bert_explain.trace import run
from tests.tiny import tiny_bert, tiny_roberta


def units_of(model, query: Query):
    return attribution.units(run(model, query).tokens, (query.text_a, query.text_b))


def test_a_text_is_words_marks_special_tokens_and_hidden_places(mini_bert):
    text = Query("Unforgettably good, 😀 c++!", "[SEP] don't")
    good = next(t.position for t in run(mini_bert, text).tokens if t.text == "good")
    found = units_of(mini_bert, text.but(masked=(good,)))
    kinds = {unit.text: unit.kind for unit in found}
    assert kinds["Unforgettably"] == WORD
    assert kinds["😀"] == WORD
    assert kinds[","] == kinds["!"] == kinds["+"] == kinds["'"] == PUNCTUATION
    assert kinds["[CLS]"] == kinds["[SEP]"] == SPECIAL
    assert kinds["good"] == HIDDEN


@settings(max_examples=60)
@given(a=st.text(max_size=40), b=st.text(max_size=20), roberta=st.booleans())
def test_every_token_belongs_to_one_unit(a, b, roberta):
    model, query = tiny_roberta() if roberta else tiny_bert(), Query(a, b)
    tokens = run(model, query).tokens
    found = attribution.units(tokens, (a, b))
    assert [p for unit in found for p in unit.positions] == list(range(len(tokens)))
    assert all(unit.text for unit in found)
    assert all(len(unit.short) <= attribution.LONGEST for unit in found)
    values = np.arange(len(tokens), dtype=float)
    assert attribution.summed(values, found).sum() == values.sum()


def path_of(function, slope, baseline, rows, steps=attribution.STEPS):
    """A path of a function of (T, E) inputs and its gradient."""

    def both(inputs):
        return np.array([function(x) for x in inputs]), np.stack([slope(x) for x in inputs])

    return attribution.integrate(both, np.array(baseline, float), np.array(rows, float), steps)


def test_a_linear_model_worked_by_hand():
    w = np.array([[1.0, 2.0], [-3.0, 0.5]])
    path = path_of(lambda x: (w * x).sum(), lambda x: w, [[0, 0], [1, 1]], [[4, 5], [2, 3]])
    assert path.values == pytest.approx([1 * 4 + 2 * 5, -3 * 1 + 0.5 * 2])
    assert (path.start, path.end) == (pytest.approx(-2.5), pytest.approx(14 - 6 + 1.5))
    assert path.error == pytest.approx(0, abs=1e-12)
    assert path.steps == attribution.STEPS[0]


def test_a_product_shares_out_evenly():
    """f = x y from (0, 0) to (2, 3): each gets half of 6, whatever its own size."""
    path = path_of(lambda x: x[0, 0] * x[1, 0], lambda x: x[::-1], [[0], [0]], [[2], [3]])
    assert path.values == pytest.approx([3, 3])


def test_more_points_are_taken_until_it_is_complete_and_else_it_says_so():
    steep = 60.0
    sharp = {
        "function": lambda x: float(np.tanh(steep * (x[0, 0] - 0.503))),
        "slope": lambda x: np.array([[steep * (1 - np.tanh(steep * (x[0, 0] - 0.503)) ** 2)]]),
        "baseline": [[0]],
        "rows": [[1]],
    }
    path = path_of(**sharp)
    assert path.steps > attribution.STEPS[0]
    assert path.complete
    few = path_of(**sharp, steps=(4,))
    assert not few.complete
    assert few.error > attribution.ENOUGH


def test_where_everything_cancels_the_error_is_a_share_of_the_magnitudes():
    path = path_of(lambda x: x[0, 0] - x[1, 0], lambda x: np.array([[1.0], [-1.0]]), [[0], [0]], [[1], [1]])
    assert path.end == path.start
    assert path.scale == 2
    assert path.complete
    nothing = path_of(lambda x: 0.0, np.zeros_like, [[0]], [[0]])
    assert nothing.error == 0


def test_random_sets_are_all_where_there_are_few_and_different_where_there_are_many():
    assert attribution.random_sets([4, 7, 9], 2, 20) == [(4, 7), (4, 9), (7, 9)]
    assert attribution.random_sets([4], 1, 20) == [(4,)]
    many = attribution.random_sets(range(400), 5, 20)
    assert len(set(many)) == 20 == len(many)
    assert many == attribution.random_sets(range(400), 5, 20)
    assert many != attribution.random_sets(range(400), 5, 20, seed=1)
    assert attribution.leading(np.array([1.0, 3.0, 3.0, 9.0]), [0, 1, 2], 2) == [1, 2]
