"""Pictures of the decoder and of the models side by side: the table's numbers, nothing else, and escaped."""

import numpy as np
import pandas as pd
import pytest

from bert_explain.analysis import writing as wr
from bert_explain.chapters.decoder import analysis as dec
from bert_explain.chapters.decoder import figures as figures
from bert_explain.chapters.sees import analysis as analysis
from bert_explain.chapters.sees import figures as sees_figures
from bert_explain.figures import payload
from bert_explain.figures.theme import DARK, LIGHT
from bert_explain.sampling import Settings
from bert_explain.trace_decoder import run_decoder
from tests.tiny import tiny_decoder


@pytest.fixture
def table():
    return dec.next_tokens(run_decoder(tiny_decoder(), "the bank river", "cold"))


def steps(settings: Settings, count: int = 6) -> list[wr.Written]:
    writing = wr.Writing(tiny_decoder(), (2, 5), settings)
    while writing.reach(count):
        pass
    return writing.steps


def test_surprise_bars_are_the_table(table):
    for palette in (LIGHT, DARK):
        figure = figures.surprise(table, 2, palette)
        np.testing.assert_array_equal(figure.data[0].y, table["surprise"])
        assert figure.data[0].marker.opacity.tolist() == [1.0 if p == 2 else 0.5 for p in table["position"]]
        assert figure.layout.shapes[0].y0 == pytest.approx(table["surprise"].mean())


def test_pieces_are_escaped_and_many_are_thinned(table):
    table["piece"] = "<b>x</b>"
    assert "<b>" not in figures.surprise(table, 1, LIGHT).to_json().replace("<br>", "")
    assert len(figures.places(["x"] * 512)["ticktext"]) <= figures.LABELLED


def test_next_notes_leave_out_the_first(table):
    notes = figures.next_notes(table)
    assert len(notes) == len(table) + 1
    assert notes[0] == ""
    assert notes[1].endswith("%")


def test_candidates_show_before_and_after():
    step = steps(Settings(0.8, 4, 1.0, 1))[0]
    after, before = figures.candidate_bars(step.table, LIGHT).data
    np.testing.assert_array_equal(before.x, step.table["before"])
    np.testing.assert_array_equal(after.x, step.table["after"])
    said = [a.text for a in figures.candidate_bars(step.table, LIGHT).layout.annotations]
    assert said.count("chosen") == 1
    assert said.count("cut") == int((step.table["after"] == 0).sum())


def test_the_line_is_filled_and_the_number_lies_on_the_chosen_piece(monkeypatch):
    """Also when the chosen piece is not among those shown one by one."""
    for shown in (16, 3, 1):
        monkeypatch.setattr(wr.candidates, "__defaults__", (shown,))
        for step in [s for seed in range(8) for s in steps(Settings(2.0, seed=seed), 3)]:
            bar = figures.draw_line(step, LIGHT).data[0]
            ends = bar.base + bar.x
            assert ends.max() == pytest.approx(1)
            assert bar.base.min() >= -1e-9
            at = int(np.flatnonzero(bar.marker.opacity == 0.6)[0])
            assert bar.base[at] - 1e-9 <= step.drawn <= ends[at] + 1e-9
            assert bar.x[at] == pytest.approx(step.table[step.table["fate"] == "chosen"]["after"].iloc[0])


def test_moved_and_sight():
    trace = run_decoder(tiny_decoder(), "the bank river")
    at = dec.swap(trace, 2)
    moved = dec.moved_table(trace.tokens, at, np.array([0, 0, 1, 0.5, 0.2]), np.array([0.1] * 5))
    figure = figures.moved(moved, LIGHT)
    np.testing.assert_array_equal(figure.data[0].y, moved["decoder"])
    assert figure.layout.shapes[0].x1 == 1.5
    assert figure.data[1].yaxis == "y2"
    assert "not one digit changed" in figure.data[0].hovertext[0]
    assert "turned by" in figure.data[1].hovertext[0]
    bars = figures.sight_bars(dec.in_sight(2, trace, trace, None, None))
    assert [b.mark for b in bars] == ["", "sees the word"]


def test_an_empty_cell_that_is_ruled_out_says_so():
    values = np.array([[1.0, np.nan], [0.5, 0.5]])
    assert payload.matrix(values, ["a", "b"], ["a", "b"], label="x", empty="{row} may not")["empty"] == "{row} may not"
    assert payload.matrix(values, ["a", "b"], ["a", "b"], label="x")["empty"] == ""


def test_rows_of_long_sentences_stay_near_the_word():
    words = analysis.words("w " * 500)
    guess = analysis.Guess("bert", "BERT", np.arange(500) != 300)
    shown, shade, place = sees_figures.row(words, guess, 300)
    assert len(shown) == len(shade) == sees_figures.SHOWN
    assert shade[shown.index("?")] == 0
    assert shade.sum() == sees_figures.SHOWN - 1
    for target in (0, 499):
        shown, _, place = sees_figures.row(words, guess, target)
        assert shown[place] == "?"


def test_rank_bars_mark_the_winner():
    rows = [("bert", 3, 12, 0.02), ("elmo-left", 9, 12, 0.005), ("decoder", None, None, np.nan)]
    table = pd.DataFrame(rows, columns=["key", "rank", "size", "probability"]).astype({"rank": "Int64", "size": "Int64"})
    best, less, other = sees_figures.rank_bars(table, "bert")
    assert (best.mark, best.note, best.value, best.shown) == ("highest", "number 3 of 12", 1, "2 %")
    assert (less.value, less.shown) == (pytest.approx(0.25), "0.5 %")  # a quarter of the longest bar
    assert (other.mark, other.note, other.shown) == ("", "cannot say", "–")
