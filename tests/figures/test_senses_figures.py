"""Pictures of one word in many sentences: escaped, complete, and the numbers those of the tables."""

import numpy as np
import pandas as pd
import pytest

from bert_explain.analysis import senses
from bert_explain.analysis.occurrences import Occurrence
from bert_explain.figures import senses as figures
from bert_explain.figures.theme import DARK, LIGHT

EVIL = '<img src=x onerror="alert(1)">'


def there(*labels):
    return [Occurrence(f"{EVIL} the bank, number {i}", len(EVIL) + 5, len(EVIL) + 9, label) for i, label in enumerate(labels)]


def test_a_square_has_every_cell_and_gaps_between_labels():
    cosines = np.array([[1, 0.5, 0.2], [0.5, 1, 0.4], [0.2, 0.4, 1]])
    html = figures.squares([("BERT", "layer 6", cosines)], ["a", "a", "b"])
    assert html.count("<i ") == 9
    assert "grid-template-columns:1fr 1fr 4px 1fr" in html
    assert "grid-area:4/4" in html
    assert "lowest 0.20" in html
    assert html.count("opacity:1.00") == 3
    assert html.count("opacity:0.05") == 2


def test_squares_of_equal_and_of_missing_vectors():
    same = figures.squares([("GloVe", "one vector a word", np.ones((2, 2)))], ["a", "b"])
    assert "all alike: 1.00" in same
    assert same.count("opacity:1.00") == 4
    none = figures.squares([("GloVe", "", np.full((2, 2), np.nan))], ["a", "b"])
    assert "no vector for 2" in none
    half = figures.squares([("GloVe", "", np.array([[1, np.nan], [np.nan, np.nan]]))], ["a", "b"])
    assert "1 without" in half


def test_readers_text_is_escaped_everywhere():
    occurrences = there(EVIL, "b")
    html = figures.listed(occurrences, 0) + figures.squares([(EVIL, EVIL, np.ones((2, 2)))], [EVIL, "b"])
    hits = pd.DataFrame(
        {
            "cosine": [0.5],
            "meaning": [EVIL],
            "word": [EVIL],
            "kind": ["noun"],
            "sentence": [EVIL + " bank"],
            "start": [31],
            "end": [35],
            "definition": [EVIL],
        }
    )
    html += figures.found_list(hits)
    assert "<img" not in html
    assert "<b>bank</b>" in html
    chart = figures.sense_map(np.zeros((2, 2)), np.ones((1, 2, 2)), occurrences, 0, LIGHT).to_json()
    assert "<img" not in chart


def test_a_long_sentence_is_cut_on_both_sides_of_its_word():
    occurrence = Occurrence("word " * 30 + "bank" + " more" * 30, 150, 154)
    short = figures.short(occurrence, 20)
    assert "bank" in short
    assert short.startswith("… ")
    assert short.endswith(" …")
    assert len(short) < 60
    assert figures.short(Occurrence("a bank", 2, 6)) == "a bank"


def test_a_list_of_very_long_sentences_stays_readable():
    text = "<i>word </i>" * 200 + "bank" + "x" * 3000
    html = figures.listed([Occurrence(text, 2400, 2404, "a")], 0)
    assert "<b>bank</b>xxx" in html
    assert html.count("…") == 2
    assert "<i>" not in html
    assert len(html) < 1_000
    assert "…" not in figures.listed(there("a"), 0)


def test_numbers_on_the_map_do_not_stand_on_each_other():
    points = np.array([[0, 0], [0.02, -0.03], [1, 1], [np.nan, np.nan], [0, 0.08]])
    chart = figures.sense_map(points, points[None], there(*"aaaaa"), 0, LIGHT)
    place = chart.data[0].textposition
    assert len(place) == 4  # one has no point
    assert place[2] == "top center"  # alone
    assert place[0] != "top center"  # the last point stands there
    assert place[0] != place[1]


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_lines_by_layer_hold_the_numbers_and_a_static_model_goes_across(palette):
    table = pd.DataFrame(
        [("glove", "GloVe", 0, 0.0), *(("bert", "BERT", i, v) for i, v in enumerate((-0.1, 0.2, 0.4)))],
        columns=["key", "model", "layer", "value"],
    )
    figure = figures.by_layer(table, palette, what="silhouette", layer=9, chance=0.25)
    lines = {trace.name: trace for trace in figure.data}
    assert list(lines["BERT"].y) == [-0.1, 0.2, 0.4]
    assert list(lines["GloVe"].x) == [0, 2]
    assert list(lines["guessing"].y) == [0.25, 0.25]
    assert figure.layout.shapes[0].x0 == pytest.approx(1.7)  # the last layer there is


def test_every_label_has_its_own_colour_and_shape_and_none_is_lost_on_the_map():
    labels = [f"l{i}" for i in range(12)]
    kinds = figures.colours(labels)
    assert len({kinds[name] for name in labels[:8]}) == 8
    occurrences = there(*labels[:5], "", "l0")
    points = np.random.default_rng(0).normal(size=(7, 2))
    points[3] = np.nan
    figure = figures.sense_map(points, points[None], occurrences, 1, LIGHT)
    assert sum(len(trace.x) for trace in figure.data) == 6
    assert {trace.name for trace in figure.data} == {"l0", "l1", "l2", "l4", "no label"}


def test_bars_run_from_the_lowest_cosine_to_1():
    occurrences = there("a", "b", "a")
    found = senses.nearest(occurrences, np.array([[1.0, 0], [0.6, 0.8], [1, 0]]), 0)
    bars = figures.nearest_bars(found, occurrences, 0.6)
    assert [bar.value for bar in bars] == pytest.approx([1, 0])
    assert bars[0].note == "3 a"
    assert bars[0].shown == "1.00"


def test_the_diagonal_is_empty_in_a_copy():
    table = np.ones((2, 2))
    assert np.isnan(figures.without_diagonal(table)).sum() == 2
    assert (table == 1).all()
