"""Pictures of the outputs show the numbers they are given, name only what fits, and escape every piece."""

import numpy as np
import pytest

from bert_explain.analysis import outputs
from bert_explain.chapters.outputs import figures as figures
from bert_explain.figures import theme
from bert_explain.query import Query
from bert_explain.trace import run
from tests.tiny import tiny_bert


@pytest.fixture(scope="module")
def trace(mini_bert):
    return run(mini_bert, Query("She walked to the bank of the river.", "The water was <b> cold.", masked=(3,)))


def test_strips_are_the_vectors_in_the_colour_of_their_segment(trace):
    bands = figures.strips(trace.tokens, trace.hidden[2])
    assert [b.name for b in bands] == trace.pieces
    assert np.array_equal(np.array([b.values for b in bands]), trace.hidden[2])
    assert {b.role for b in bands} == {"special", "segment_a", "segment_b", "masked"}


def test_pooler_strips(trace):
    h, pooled = figures.pooler_bands(trace)
    assert np.array_equal(h.values, trace.hidden[-1][0])
    assert np.array_equal(pooled.values, trace.pooled)
    assert h.scale != pooled.scale
    assert len(figures.pooler_bands(run(tiny_bert("distilbert"), Query("the bank")))) == 1


def test_bars_tell_tokens_that_occur_twice_apart_and_their_place_on_the_map(trace):
    near = outputs.neighbours(trace, 6, 5)
    bars = figures.neighbour_bars(near, 8)
    assert [b.text for b in bars] == near["token"].tolist()[:8]
    for bar, (_, row) in zip(bars, near.iterrows(), strict=False):
        assert bar.shown == f"{row['cosine']:.2f}".replace("-", "−")
        assert (f"number {row['on the map']} on the map" in bar.note) == (row["rank"] != row["on the map"])
        assert ("position" in bar.note) == (sum(b.text == bar.text for b in bars) > 1)
        assert 0 <= bar.value <= 1
    assert all("map" not in b.note for b in figures.neighbour_bars(near, 8, on_map=False))


def test_lines_are_the_tables_columns(trace):
    table = outputs.through_layers(trace, 5, 8)
    cosine = figures.pair_lines(table, "cosine", ("bank", "river"), 3, theme.LIGHT)
    assert [list(line.y) for line in cosine.data] == [table["cosine"].tolist(), table["mean cosine"].tolist()]
    length = figures.pair_lines(table, "length", ("bank", "<b>%{x}"), 3, theme.DARK)
    assert [list(line.y) for line in length.data] == [table[c].tolist() for c in ("length", "other length", "mean length")]
    assert "<b>" not in length.data[1].hovertemplate.replace("<br>", "")
    assert "%{x}<" not in length.data[1].hovertemplate.split("<br>")[0]


def map_of(trace, layer, position):
    near = outputs.neighbours(trace, layer, position)["position"].tolist()
    return figures.token_map(outputs.token_map(trace), layer, trace.tokens, position, near, theme.LIGHT), near


def test_the_map_shows_every_token_once_on_axes_that_do_not_move(trace):
    points = outputs.token_map(trace).points
    ranges = set()
    for layer in range(7):
        figure, near = map_of(trace, layer, 5)
        marked = np.vstack([np.column_stack([t.x, t.y]) for t in figure.data if "markers" in t.mode])
        assert sorted(marked.tolist()) == sorted(points[layer].tolist())
        lines = [t for t in figure.data if t.mode == "lines"]
        assert [list(t.x) for t in lines] == [points[layer][[5, i], 0].tolist() for i in near[:3]]
        ranges.add((tuple(figure.layout.xaxis.range), tuple(figure.layout.yaxis.range)))
        x, y = figure.layout.xaxis.range, figure.layout.yaxis.range
        assert ((marked[:, 0] > x[0]) & (marked[:, 0] < x[1]) & (marked[:, 1] > y[0]) & (marked[:, 1] < y[1])).all()
    assert len(ranges) == 1


def test_the_map_names_the_chosen_token_and_its_nearest_and_escapes(trace):
    figure, near = map_of(trace, 6, trace.pieces.index("<"))
    names = {text for t in figure.data if t.text is not None for text in t.text}
    assert "&lt;" in names
    assert {trace.pieces[i].replace("<", "&lt;").replace(">", "&gt;") for i in near[:3]} <= names
    assert "<" not in names


def test_a_long_text_does_not_name_every_point(mini_bert):
    t = run(mini_bert, Query("the cold water of the river " * 80))
    figure, _ = map_of(t, 6, 3)
    named = [text for trace in figure.data if trace.text is not None for text in trace.text if text]
    assert 4 <= len(named) < 100
    assert len(figure.to_json()) < 200_000


def test_one_token_and_two(mini_bert):
    for query in (Query("", separators="removed"), Query("")):
        t = run(mini_bert, query)
        figure, near = map_of(t, 6, 0)
        assert sum(len(s.x) for s in figure.data if "markers" in s.mode) == len(t.tokens)
        assert len(near) == len(t.tokens) - 1
