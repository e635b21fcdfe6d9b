"""ELMo's pictures hold the numbers of their tables, and no HTML of a reader's."""

import numpy as np
import pytest

from bert_explain.chapters.elmo import analysis as an
from bert_explain.chapters.elmo import figures as figures
from bert_explain.chapters.elmo import layers as el
from bert_explain.figures import theme
from bert_explain.trace_elmo import run_elmo
from tests.tiny_elmo import tiny_elmo


@pytest.fixture(scope="module")
def trace():
    return run_elmo(tiny_elmo(), "She walked to the <b>bank</b> of the river.")


def test_ranks_are_drawn_as_they_are(trace):
    table = an.guess_table(trace)
    figure = figures.ranks(table, 4, 12, theme.LIGHT)
    assert [t.name for t in figure.data] == ["forward", "backward"]
    assert figure.data[0].y.tolist() == table["forward rank"].to_list()
    assert figure.data[1].y.tolist() == table["backward rank"].to_list()
    assert not any("<b>" in text for t in figure.data for text in t.hovertext)
    assert figure.layout.shapes[0].x0 == 3.5


def test_guess_bars_mark_the_true_word(trace):
    table = an.guesses_at(trace, 0, 0, 3)
    bars = figures.guess_bars(table)
    assert [b.mark for b in bars].count("true word") == 1
    assert [b.value for b in bars] == table["probability"].to_list()


def test_bands_are_the_layers_and_their_mix(trace):
    shares = el.weights([0, 1, 2])
    mixed = trace.mix(shares, 1.5)[2]
    bands = figures.layer_bands(trace.layers[:, 2], mixed, shares)
    assert len(bands) == 4
    by_hand = 1.5 * sum(share * band.values for share, band in zip(shares, bands[:3], strict=True))
    assert np.allclose(bands[3].values, by_hand, atol=1e-5)


def test_drift_lines_hold_the_cosines(trace):
    other = run_elmo(tiny_elmo(), "the river")
    table = el.drift(trace, 3, other, 0)
    figure = figures.drift_lines(table, theme.DARK)
    drawn = {t.name: t.y.tolist() for t in figure.data}
    assert drawn == {name: table[name].to_list() for name in ("both", "forward", "backward", "different words")}


def test_filter_names_and_neighbour_bars():
    model = tiny_elmo()
    near = an.nearest(model, model.encodings[4], 4)
    bars = figures.neighbour_bars(near)
    assert bars[0].text == "bank"
    assert bars[0].shown == "1.00"
