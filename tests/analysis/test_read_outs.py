"""Which hidden states are taken, and that the files hold exactly them."""

import io
import json

import numpy as np
import pandas as pd
import pytest

from bert_explain.analysis import read_outs
from bert_explain.kernel import text
from bert_explain.query import Query
from bert_explain.trace import run
from tests.tiny import tiny_bert


@pytest.fixture(scope="module")
def trace(mini_bert):
    return run(mini_bert, Query('She walked, to "the" bank.', "< = , +1 naïve 漢字", masked=(5,)))


def test_each_way_takes_what_it_says(trace):
    h = trace.hidden
    expected = {
        "last layer": h[6],
        "second to last": h[5],
        "last four summed": h[3] + h[4] + h[5] + h[6],
        "last four joined": np.hstack([h[3], h[4], h[5], h[6]]),
        "all layers summed": h[1:].sum(axis=0),
        "input": h[0],
        "chosen layer": h[2],
    }
    assert set(expected) == set(read_outs.NAMES)
    for name, value in expected.items():
        found = read_outs.read_out(trace, name, 2)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, value, rtol=1e-6, atol=1e-6)
    with pytest.raises(KeyError):
        read_outs.read_out(trace, "best", 2)


def test_a_model_of_two_layers_gives_the_two_it_has():
    t = run(tiny_bert(), Query("the bank"))
    assert np.array_equal(read_outs.read_out(t, "last four joined", 0), np.hstack([t.hidden[1], t.hidden[2]]))
    np.testing.assert_allclose(read_outs.read_out(t, "last four summed", 0), t.hidden[1] + t.hidden[2], rtol=1e-6)


@pytest.mark.parametrize("name", read_outs.NAMES)
def test_the_csv_gives_back_the_same_numbers(trace, name):
    vectors = read_outs.read_out(trace, name, 1)
    back = pd.read_csv(io.BytesIO(read_outs.csv(trace, vectors)), keep_default_na=False, dtype={"token": str})
    assert back["token"].tolist() == [text.cell(piece) for piece in trace.pieces]  # "=" is no formula: "'="
    assert back["position"].tolist() == list(range(len(trace.tokens)))
    assert back["segment"].tolist() == [t.segment for t in trace.tokens]
    assert back.columns[3:].tolist() == [f"d{i}" for i in range(vectors.shape[1])]
    assert np.array_equal(back.iloc[:, 3:].to_numpy(dtype=np.float32), vectors)


@pytest.mark.parametrize("attention", [False, True])
def test_the_npz_gives_back_the_trace(trace, attention):
    vectors = read_outs.read_out(trace, "last four joined", 0)
    with np.load(io.BytesIO(read_outs.npz(trace, vectors, attention)), allow_pickle=False) as back:
        assert np.array_equal(back["vectors"], vectors)
        assert np.array_equal(back["hidden"], trace.hidden)
        assert np.array_equal(back["pooled"], trace.pooled)
        assert back["tokens"].tolist() == trace.pieces
        assert back["ids"].tolist() == [t.id for t in trace.tokens]
        assert back["segments"].tolist() == [t.segment for t in trace.tokens]
        assert (str(back["text_a"]), str(back["text_b"])) == (trace.query.text_a, trace.query.text_b)
        assert ("attention" in back) == attention
        if attention:
            assert np.array_equal(back["attention"], trace.attention)


def test_without_a_pooler_there_is_none_in_the_file():
    t = run(tiny_bert("distilbert"), Query("the bank"))
    with np.load(io.BytesIO(read_outs.npz(t, t.hidden[-1])), allow_pickle=False) as back:
        assert "pooled" not in back


def test_a_vector_as_text_can_be_read(trace):
    vector = trace.hidden[-1][5]
    np.testing.assert_allclose(json.loads(read_outs.as_text(vector)), vector, rtol=1e-5)


def test_the_papers_table_is_in_order_and_names_each_way_once():
    table = read_outs.paper_table()
    assert table["F1, development set"].tolist() == [91.0, 94.9, 95.5, 95.6, 95.9, 96.1, 96.4]
    assert table["vectors taken"].is_unique


def test_the_sentence_gives_sizes_and_the_strongest_number(trace):
    vectors = read_outs.read_out(trace, "last four joined", 0)
    said = read_outs.look(trace, "last four joined", vectors, 1).plain()
    assert f"{len(trace.tokens)} tokens, 1536 numbers each" in said
    assert f"has the length {np.linalg.norm(vectors[1]):.1f}" in said
    assert f"in dimension {np.abs(vectors[1]).argmax()}." in said
