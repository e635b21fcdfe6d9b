"""The pictures of one layer: strips that add up, equations with this cell's numbers, no text taken for markup."""

from __future__ import annotations

import re
from types import SimpleNamespace

import numpy as np
import pytest

from bert_explain.analysis import layer as layers
from bert_explain.chapters.layer import figures as figures
from bert_explain.chapters.layer import head as by_hand
from bert_explain.chapters.layer import journey
from bert_explain.chapters.layer import journey_figures as paths
from bert_explain.figures.theme import DARK, LIGHT
from bert_explain.query import Query
from bert_explain.trace import run

PAIR = Query("She walked to the bank of the river.", "The water was cold and clear.")


@pytest.fixture(scope="module")
def trace(mini_bert):
    return run(mini_bert, PAIR)


def numbers(text: str) -> list[float]:
    return [float(x) for x in re.findall(r"-?\d+\.\d+", text)]


@pytest.mark.parametrize("position", [0, 5, 18])
def test_the_strips_of_the_output_add_up(trace, position):
    head = trace.head(1, 4)
    bands = figures.output_bands(by_hand.parts(head, position), trace.pieces, head.mixed[position], off=False)
    assert [band.sign for band in bands] == ["", "+", "+", "+", "+", "+", "="]
    assert bands[-1].values == pytest.approx(head.mixed[position], abs=1e-5)
    assert sum(band.values for band in bands[:-1]) == pytest.approx(bands[-1].values, abs=1e-9)
    assert bands[-2].name.endswith("× v(14 others)")


def test_a_head_that_is_off_ends_in_zeros(mini_bert):
    trace = run(mini_bert, PAIR.but(heads_off=((1, 4),)))
    head = trace.head(1, 4)
    bands = figures.output_bands(by_hand.parts(head, 5), trace.pieces, head.mixed[5], off=True)
    assert bands[-1].name == "switched off"
    assert not bands[-1].values.any()
    assert bands[-2].values == pytest.approx(head.weights[5] @ head.v, abs=1e-5)


def test_one_other_token_is_named(mini_bert):
    trace = run(mini_bert, Query("a b c d"))
    assert len(trace.tokens) == 6
    head = trace.head(0, 0)
    bands = figures.output_bands(by_hand.parts(head, 1), trace.pieces, head.mixed[1], off=False)
    assert len(bands) == 7
    assert "1 others" not in " ".join(band.name for band in bands)
    bars = figures.row_bars(by_hand.row_table(head, trace.pieces, 1), "weight", top=5)
    assert bars[-1].text == "1 other"


def test_query_times_key_is_the_product_strip(trace):
    q, k, product = figures.product_bands(by_hand.cell(trace.head(3, 2), 5, 7))
    assert q.values * k.values == pytest.approx(product.values)


def test_the_strips_of_the_layer_add_up(trace):
    step = trace.layer(1)
    joined, projected, entry, total, _ = figures.attention_bands(step, 5)
    assert projected.values + entry.values == pytest.approx(total.values, abs=1e-6)
    assert joined.values == pytest.approx(step.joined[5])
    contracted, before, total, output = figures.feed_forward_bands(step, 5)
    assert contracted.values + before.values == pytest.approx(total.values, abs=1e-6)
    assert output.values == pytest.approx(trace.hidden[2, 5])
    assert numbers(figures.lengths([contracted, output])) == pytest.approx(
        [np.linalg.norm(step.contracted[5]), np.linalg.norm(step.output[5])], abs=0.05
    )


@pytest.mark.parametrize(("row", "column"), [(4, 6), (5, 6), (0, 18)])
def test_the_equation_carries_the_numbers_of_the_cell(trace, row, column):
    head = trace.head(1, 4)
    cell = by_hand.cell(head, row, column)
    first = numbers(figures.score_latex(cell))
    assert first[0] == pytest.approx(head.q[row, 0], abs=0.006)
    assert first[1] == pytest.approx(head.k[column, 0], abs=0.006)
    assert first[-1] == pytest.approx(head.scores[row, column], abs=0.0006)
    assert first[-3] / first[-2] == pytest.approx(first[-1], abs=0.001)
    assert r"q_{31} k_{31}" in figures.score_latex(cell)
    second = numbers(figures.softmax_latex(cell))
    assert second[0] == pytest.approx(head.scores[row, column], abs=0.0006)
    if head.weights[row, column] > 0.0005:
        assert second[-1] == pytest.approx(head.weights[row, column], abs=0.0006)
        assert second[-3] / second[-2] == pytest.approx(second[-1], abs=0.001)
    else:
        assert r"\cdot 10^{-" in figures.softmax_latex(cell)


def test_equations_of_extreme_scores():
    from tests.analysis.test_layer import made

    cell = by_hand.cell(made([[400.0]], [[1.0], [-1.0]], [[1.0], [2.0]]), 0, 1)
    assert " - 400.0" in figures.softmax_latex(cell)
    assert "nan" not in figures.softmax_latex(cell)
    table = by_hand.row_table(made([[400.0]], [[1.0], [-4.0]], [[1.0], [2.0]]), ["x", "y"], 0)
    assert [bar.value for bar in figures.row_bars(table)] == pytest.approx([1, 0])


def test_bars_of_a_row_hold_all_of_it(trace):
    table = by_hand.row_table(trace.head(1, 4), trace.pieces, 5)
    for which in ("weight", "weight without the root"):
        bars = figures.row_bars(table, which)
        assert sum(bar.value for bar in bars) == pytest.approx(1)
        assert bars[-1].text == "13 others"
    assert [bar.text for bar in figures.row_bars(table)] == [
        bar.text for bar in figures.row_bars(table, "weight without the root")
    ]


def test_folded_neurons_are_all_there(trace):
    step = trace.layer(0)
    fold = figures.neurons(step, 5)
    assert fold.values.ravel() == pytest.approx(step.expanded[5])
    i, j = fold.strongest
    assert fold.values[i, j] == step.expanded[5].max()
    assert int(fold.rows[i]) + int(fold.columns[j]) == step.expanded[5].argmax()


def test_a_last_row_that_is_not_full_ends_empty():
    fold = figures.neurons(SimpleNamespace(expanded=np.arange(200, dtype=np.float32)[None]), 0)
    assert fold.values.shape == (2, 128)
    assert np.isnan(fold.values[1, 72:]).all()
    assert fold.values[1, 71] == 199
    assert fold.strongest == (1, 71)


def test_lines_are_the_measures(trace):
    values = journey.measures(trace)["length"]
    others, chosen = paths.journey(values, trace.pieces, 5, DARK).data
    assert np.asarray(chosen.y) == pytest.approx(values[:, 5])
    assert np.count_nonzero(~np.isnan(np.asarray(others.y, dtype=float))) == 18 * 7
    assert np.asarray(others.y)[8:15] == pytest.approx(values[:, 1])


def test_the_map_draws_every_path(trace):
    found = journey.path_map(trace)
    others, ends, chosen = paths.path_map(found, trace.pieces, 5, LIGHT).data
    assert np.asarray(chosen.x) == pytest.approx(found.points[:, 5, 0])
    assert list(chosen.text) == list("0123456")
    assert np.count_nonzero(~np.isnan(np.asarray(others.x, dtype=float))) == 18 * 7
    assert len(ends.x) == 18
    assert {name for name in ends.text if name} <= set(trace.pieces)


def test_the_shares_leave_out_what_is_zero(trace):
    table = layers.shares(trace, 5)
    table.loc[2, "attention"] = 0.0
    attention, fed = paths.shares(table, 0, LIGHT).data
    assert np.isnan(attention.y[2])
    assert np.asarray(fed.y) == pytest.approx(table["feed-forward"])


def test_pieces_are_not_markup_in_pictures(trace):
    nasty = ["<b>x</b>", "%{y}", "<a href='http://x'>"] * 7
    found = journey.path_map(trace)
    for figure in (
        paths.path_map(found, nasty[:19], 0, LIGHT),
        paths.path_map(found, nasty[:19], 1, LIGHT),
        paths.journey(journey.measures(trace)["length"], nasty[:19], 0, LIGHT),
    ):
        for drawn in figure.data:
            assert drawn.hovertemplate.replace("<br>", "").replace("<extra></extra>", "").count("<") == 0
            assert "%{y}, layer" not in drawn.hovertemplate
            for field in (drawn.text, drawn.customdata, [drawn.name]):
                assert not any("<" in str(text) for text in ([] if field is None else np.ravel(field)))
