"""One head by hand, one layer's stages, and the tokens' paths: worked examples, and sums that must come out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import BertConfig
from transformers.models.bert.modeling_bert import BertForPreTraining

from bert_explain.analysis import layer as layers
from bert_explain.chapters.layer import head as by_hand
from bert_explain.chapters.layer import journey
from bert_explain.errors import BadQuery
from bert_explain.models import encoder
from bert_explain.query import Query
from bert_explain.trace import Head, run

PAIR = Query("She walked to the bank of the river.", "The water was cold and clear.")


@pytest.fixture(scope="module")
def trace(mini_bert):
    return run(mini_bert, PAIR)


def made(q, k, v) -> Head:
    """A head from its three tables, as the encoder computes it."""
    q, k, v = (np.asarray(x, dtype=np.float32) for x in (q, k, v))
    scores = q @ k.T / np.sqrt(q.shape[1])
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    weights = powers / powers.sum(axis=1, keepdims=True)
    return Head(0, 0, q, k, v, scores, weights, weights @ v)


@pytest.fixture
def worked() -> Head:
    """d = 4, so the root is 2. Row 0: q · k = 2, 0 and -2; scores 1, 0, -1."""
    q = [[1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0]]
    k = [[1, 1, 5, 0], [1, -1, 0, 0], [-2, 0, 0, 7]]
    v = [[1, 0, 0, 0], [0, 10, 0, 0], [0, 0, 2, 0]]
    return made(q, k, v)


# one head by hand


def test_a_worked_cell(worked):
    cell = by_hand.cell(worked, 0, 0)
    assert cell.products.tolist() == [1, 1, 0, 0]
    assert (cell.dot, cell.root, cell.score) == (2, 2, 1)
    assert cell.powers == pytest.approx([np.e, 1, 1 / np.e])
    assert cell.total == pytest.approx(np.e + 1 + 1 / np.e)
    assert cell.weight == pytest.approx(0.66524096)
    assert by_hand.cell(worked, 0, 2).score == -1


def test_a_row_of_zeros_shares_evenly(worked):
    assert by_hand.row_table(worked, "abc", 1)["weight"].to_numpy() == pytest.approx([1 / 3] * 3)
    sharp = by_hand.sharpness(worked, 1)
    assert sharp.tokens == pytest.approx(3)
    assert sharp.tokens_undivided == pytest.approx(3)


def test_without_the_root_the_row_is_sharper(worked):
    sharp = by_hand.sharpness(worked, 0)
    assert sharp.top == pytest.approx(0.66524096)
    assert sharp.top_undivided == pytest.approx(np.exp(2) / (np.exp(2) + 1 + np.exp(-2)))
    assert sharp.tokens_undivided < sharp.tokens
    assert sharp.variance_undivided == pytest.approx(4 * sharp.variance)


def test_parts_are_ordered_by_length_not_by_weight(worked):
    first, rest = by_hand.parts(worked, 0, top=1)
    assert first.positions == (1,)  # weight 0.24 on a value 10 long beats 0.67 on one 1 long
    assert first.length == pytest.approx(10 * 0.24472847)
    assert rest.positions == (0, 2)
    assert first.weight + rest.weight == pytest.approx(1)
    assert (first.values + rest.values) == pytest.approx(worked.mixed[0], abs=1e-6)
    said = by_hand.look_output(worked, ["x", "y", "z"], 0, off=False).plain()
    assert "y brings most" in said
    assert "x has more weight, 0.67" in said


def test_scores_too_large_for_a_power_are_shifted():
    head = made([[400.0]], [[1.0], [0.99]], [[1.0], [2.0]])
    cell = by_hand.cell(head, 0, 0)
    assert cell.shift == pytest.approx(400)
    assert cell.powers[0] == pytest.approx(1)
    assert cell.weight == pytest.approx(1 / (1 + np.exp(-4)), rel=1e-4)


@given(row=st.integers(0, 18), column=st.integers(0, 18), layer=st.integers(0, 5), head=st.integers(0, 11))
@settings(max_examples=40)
def test_every_cell_equals_the_trace(trace, row, column, layer, head):
    taken = trace.head(layer, head)
    cell = by_hand.cell(taken, row, column)
    assert cell.score == pytest.approx(float(taken.scores[row, column]), abs=2e-5)
    assert cell.weight == pytest.approx(float(trace.attention[layer, head, row, column]), abs=1e-6)
    table = by_hand.products_table(cell)
    assert table["sum so far"].iloc[-1] == pytest.approx(cell.dot)
    assert table["q x k"].to_numpy() == pytest.approx(table["q"] * table["k"])


@given(row=st.integers(0, 18), layer=st.integers(0, 5), head=st.integers(0, 11), top=st.integers(1, 25))
@settings(max_examples=40)
def test_parts_add_up_to_the_output(trace, row, layer, head, top):
    taken = trace.head(layer, head)
    found = by_hand.parts(taken, row, top)
    assert sum(part.values for part in found) == pytest.approx(taken.mixed[row], abs=1e-5)
    assert sorted(i for part in found for i in part.positions) == list(range(19))
    assert sum(part.weight for part in found) == pytest.approx(1, abs=1e-5)
    lengths = [part.length for part in found[:top]]
    assert lengths == sorted(lengths, reverse=True)


@given(size=st.integers(1, 40), limit=st.integers(1, 12), data=st.data())
@settings(max_examples=60)
def test_a_window_keeps_the_row_the_column_and_the_strongest(size, limit, data):
    numbers = np.random.default_rng(size)
    head = made(*(numbers.normal(size=(size, 4)) for _ in range(3)))
    row, column = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size - 1))
    rows, columns = by_hand.window(head, row, column, limit)
    assert len(rows) == len(columns) == min(size, limit)
    assert row in rows
    assert column in columns
    assert np.all(np.diff(rows) == 1)
    assert np.all(np.diff(columns) > 0)
    if limit > 1:
        assert by_hand.strongest(head, row) in columns


def test_sentences_say_the_numbers_of_this_head(trace):
    taken = trace.head(1, 4)
    row = trace.pieces.index("the")
    best = by_hand.strongest(taken, row)
    said = by_hand.look_scores(taken, trace.pieces, row).plain()
    assert f"{taken.scores[row].max():.2f}" in said
    assert f"for {trace.pieces[best]}" in said
    assert f"{taken.weights[row].max():.2f} of the row" in said
    cell = by_hand.cell(taken, row, best)
    assert f"add up to {cell.dot:.2f}" in by_hand.look_products(cell, trace.pieces).plain()
    assert "switched off" in by_hand.look_output(taken, trace.pieces, row, off=True).plain()


# one layer


@pytest.mark.parametrize("layer", range(6))
def test_layer_norm_by_hand_equals_the_trace(trace, layer):
    step, modules = trace.layer(layer), trace.engine.weights(layer)
    for position in (0, 5, 18):
        done = layers.layer_norm(step.attended[position], modules.attention_norm)
        assert done.result == pytest.approx(step.attended_normalised[position], abs=2e-5)
        done = layers.layer_norm(step.total[position], modules.output_norm)
        assert done.result == pytest.approx(step.output[position], abs=5e-5)


@pytest.mark.parametrize("off", [(), ((2, 3), (2, 7), (4, 0))])
def test_what_the_heads_write_adds_up_to_the_projection(mini_bert, off):
    trace = run(mini_bert, PAIR.but(heads_off=off))
    step = trace.layer(2)
    parts = layers.written(trace, step, 5)
    bias = np.asarray(mini_bert.layers[2].project.bias)
    assert parts.sum(axis=0) + bias == pytest.approx(step.projected[5], abs=1e-5)
    table = layers.heads_table(trace, step, 5)
    assert table["share"].sum() == pytest.approx(1)
    assert table.loc[table["switched off"], "head"].tolist() == [h + 1 for at, h in off if at == 2]
    assert not table.loc[table["switched off"], "length of output"].any()
    assert table.loc[~table["switched off"], "length of output"].all()


def test_only_some_rows_of_a_layer_are_the_same_rows(trace):
    whole, some = trace.layer(3), trace.layer(3, positions=[7, 2])
    for name in layers.STAGES:
        assert getattr(some, name) == pytest.approx(getattr(whole, name)[[7, 2]], abs=1e-5)


def test_rows_that_do_not_exist_are_refused(trace):
    with pytest.raises(BadQuery, match="no position 99"):
        trace.layer(0, positions=[99])


def test_stages_are_the_layer_step(trace):
    step = trace.layer(1)
    table = layers.stages(step, 4).set_index("stage")
    assert list(table["numbers"]) == [384, 384, 384, 384, 384, 1536, 384, 384, 384]
    assert table.loc["output", "length"] == pytest.approx(np.linalg.norm(trace.hidden[2, 4]), rel=1e-5)
    assert table.loc["first sum", "mean"] == pytest.approx(step.attended[4].mean(), abs=1e-6)


@pytest.mark.parametrize("dimension", [0, 31, 32, 383])
def test_one_dimension_followed_through_a_layer(trace, dimension):
    step = trace.layer(2)
    table = layers.dimension_table(trace, step, 6, dimension)
    value = table.set_index("stage")["value"]
    assert value["first sum"] == pytest.approx(value["input"] + value["projected"], abs=1e-5)
    assert value["second sum"] == pytest.approx(value["LayerNorm"] + value["contracted"], abs=1e-5)
    assert value["output"] == pytest.approx(trace.hidden[3, 6, dimension], abs=1e-5)
    assert np.isnan(value["expanded"])
    how = table.set_index("stage")["how"]
    assert how["heads joined"].startswith(f"dimension {dimension % 32} of head {dimension // 32 + 1};")
    for stage, total in (("LayerNorm", value["LayerNorm"]), ("output", value["output"])):
        mean, spread, scale, shift = (
            float(how[stage].split(word)[1].split()[0].rstrip(")")) for word in ("mean ", "spread ", "scale ", "shift ")
        )
        x = float(how[stage][1:].split(" ")[0])
        assert (x - mean) / spread * scale + shift == pytest.approx(total, abs=2e-2)
    for stage in ("projected", "contracted"):
        summed = float(how[stage].split("(")[0].split()[-1]) + float(how[stage].split("bias ")[1])
        assert summed == pytest.approx(value[stage], abs=2e-3)


def test_shares_are_ratios_of_lengths(trace):
    table = layers.shares(trace, 5)
    assert list(table["layer"]) == [1, 2, 3, 4, 5, 6]
    for layer in (0, 5):
        step, line = trace.layer(layer), table.iloc[layer]
        assert line["attention"] == pytest.approx(np.linalg.norm(step.projected[5]) / np.linalg.norm(step.input[5]), rel=1e-4)
        assert line["feed-forward"] == pytest.approx(
            np.linalg.norm(step.contracted[5]) / np.linalg.norm(step.attended_normalised[5]), rel=1e-4
        )
    said = layers.look_shares(table, "bank").plain()
    assert f"{table['attention'].max():.0%}".replace("%", " %") in said
    assert f"layer {table.loc[table['feed-forward'].idxmax(), 'layer']}" in said


def test_a_layer_whose_heads_are_all_off_is_said(mini_bert):
    trace = run(mini_bert, PAIR.but(heads_off=tuple((0, h) for h in range(12))))
    step = trace.layer(0)
    assert "Every head of this layer gives zeros" in layers.look_attention(trace, step, 3, trace.pieces[3]).plain()
    assert layers.heads_table(trace, step, 3)["share"].tolist() == [0] * 12


def test_the_sentence_of_the_neurons_counts_them(trace):
    step = trace.layer(0)
    top, second = np.argsort(-step.expanded[5])[:2]
    for value, ends in ((2 * step.expanded[5, top], f"neuron {top} most"), (step.expanded[5, second], "among others")):
        expanded = step.expanded.copy()
        expanded[5, top] = value  # far ahead of the next, then level with it
        said = layers.look_feed_forward(replace(step, expanded=expanded), 5, trace.pieces[5]).plain()
        assert f"of 1,536 neurons {(step.expanded[5] > 0).sum()} answer" in said
        assert ends in said


# through the layers


def test_measures_of_the_paths(trace):
    found = journey.measures(trace)
    assert list(found) == list(journey.MEASURES)
    assert found["length"] == pytest.approx(np.linalg.norm(trace.hidden, axis=-1), rel=1e-5)
    assert found["like its embedding"][0] == pytest.approx(np.ones(19))
    assert np.isnan(found["like the layer before"][0]).all()
    assert found["like the layer before"][1] == pytest.approx(found["like its embedding"][1])
    x = trace.hidden[4].astype(np.float64)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    table = x @ x.T
    assert found["like the others"][4, 7] == pytest.approx((table[7].sum() - 1) / 18)
    lines = journey.table(trace)
    assert len(lines) == 7 * 19
    line = lines[(lines["layer"] == 3) & (lines["position"] == 5)].iloc[0]
    assert line["token"] == trace.pieces[5]
    assert line["length"] == pytest.approx(np.linalg.norm(trace.hidden[3, 5]), rel=1e-5)


def test_the_map_is_the_principal_components(trace):
    found = journey.path_map(trace)
    x = trace.hidden.reshape(-1, 384).astype(np.float64)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    x -= x.mean(axis=0)
    _, s, axes = np.linalg.svd(x, full_matrices=False)
    assert found.variance == pytest.approx(s[:2] ** 2 / (s**2).sum(), rel=1e-6)
    assert np.abs(found.points.reshape(-1, 2)) == pytest.approx(np.abs(x @ axes[:2].T), abs=1e-6)
    table = journey.map_table(trace, found)
    assert table["first direction"].iloc[19 * 2 + 3] == found.points[2, 3, 0]


def test_the_map_of_a_long_text_is_the_same_each_time(mini_bert):
    trace = run(mini_bert, Query("The old man went to the sea and came back again. " * 30, ""))
    assert len(trace.tokens) * 7 > journey.FIT_ROWS
    first, second = journey.path_map(trace), journey.path_map(trace)
    assert np.array_equal(first.points, second.points)
    assert 0 < sum(first.variance) < 1


def test_sentences_of_the_paths_say_where_it_turns(trace):
    found = journey.measures(trace)
    turn = int(np.nanargmin(found["like the layer before"][:, 5]))
    assert f"Look at layer {turn}:" in journey.look_measure(trace, "like the layer before", 5).plain()
    far = trace.pieces[int(found["like its embedding"][-1].argmin())]
    assert f"{far} has moved furthest" in journey.look_measure(trace, "like its embedding", 5).plain()
    jump = int(np.abs(np.diff(found["length"][:, 5])).argmax())
    assert f"from {found['length'][jump, 5]:.1f} to" in journey.look_measure(trace, "length", 5).plain()
    assert "mean cosine" in journey.look_measure(trace, "like the others", 5).plain()
    steps = np.linalg.norm(np.diff(journey.path_map(trace).points[:, 5], axis=0), axis=-1)
    assert f"its longest step is layer {steps.argmax() + 1}" in journey.look_map(trace, journey.path_map(trace), 5).plain()


# odd texts and models


@pytest.mark.parametrize(
    "query",
    [
        Query(""),
        Query("", separators="removed"),
        Query("the the the", tokens="removed", positions="removed", segments="removed"),
        Query("<b>{x}</b> %{y} \u202e مرحبا 😀\x00"),
    ],
)
def test_odd_texts(mini_bert, query):
    trace = run(mini_bert, query)
    last = len(trace.tokens) - 1
    taken, step = trace.head(0, 0), trace.layer(0)
    best = by_hand.strongest(taken, last)
    for sentence in (
        by_hand.look_scores(taken, trace.pieces, last),
        by_hand.look_products(by_hand.cell(taken, last, best), trace.pieces),
        by_hand.look_softmax(by_hand.sharpness(taken, last), trace.pieces, last),
        by_hand.look_output(taken, trace.pieces, last, False),
        layers.look_attention(trace, step, last, trace.pieces[last]),
        layers.look_feed_forward(step, last, trace.pieces[last]),
        layers.look_shares(layers.shares(trace, last), trace.pieces[last]),
        journey.look_map(trace, journey.path_map(trace), last),
        *(journey.look_measure(trace, name, last) for name in journey.MEASURES),
    ):
        assert "nan" not in sentence.plain().replace(trace.pieces[last], "")
        assert "<b>{" not in sentence.html()


def test_another_shape_of_model(mini_bert):
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=mini_bert.vocab_size,
        hidden_size=24,
        num_hidden_layers=3,
        num_attention_heads=4,
        intermediate_size=50,
    )
    model = encoder.from_hugging_face("tiny", "Tiny", BertForPreTraining(config), mini_bert.tokenizer)
    trace = run(model, PAIR)
    step = trace.layer(2)
    parts = layers.written(trace, step, 1)
    assert parts.shape == (4, 24)
    assert parts.sum(axis=0) + np.asarray(model.layers[2].project.bias) == pytest.approx(step.projected[1], abs=1e-6)
    assert layers.dimension_table(trace, step, 1, 23)["how"][1].startswith("dimension 5 of head 4;")
    assert journey.path_map(trace).points.shape == (4, 19, 2)
