"""The pictures show the tables' numbers, and no token is taken for HTML."""

import numpy as np
import pandas as pd
import pytest

from bert_explain.analysis import masked_loss as ml
from bert_explain.analysis import masked_words as mw
from bert_explain.figures import masked_words as fig
from bert_explain.figures import theme
from bert_explain.query import Query
from bert_explain.tokenize import tokenize
from bert_explain.trace import run

HTML = "<b>&"


@pytest.fixture(scope="module")
def trace(mini_bert):
    return run(mini_bert, Query("She walked to the bank of the river.", masked=(5,)))


@pytest.mark.parametrize("palette", [theme.LIGHT, theme.DARK])
def test_the_grid_holds_the_probabilities_and_frames_the_true_word(trace, palette):
    table = mw.lens(trace, 5)
    grid = fig.lens_grid(table, palette)
    p = table[["probability_1", "probability_2", "probability_3"]].to_numpy().ravel()
    cells, filled, words = grid.data
    np.testing.assert_allclose(filled.x / cells.x, p)
    assert len(words.text) == 7 * 3
    assert words.text[-3].split("<br>")[0] == table["piece_1"].iloc[-1]
    found = (table[["piece_1", "piece_2", "piece_3"]] == "bank").to_numpy().sum()
    assert len(grid.layout.shapes) == found


@pytest.mark.parametrize("palette", [theme.LIGHT, theme.DARK])
def test_words_in_cells_can_be_read(palette):
    """WCAG 2.1: text has a contrast of at least 4.5 with the empty and with the filled part of its cell."""

    def luminance(colour):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
        return np.dot((0.2126, 0.7152, 0.0722), linear)

    ink, card, full = (np.array(to_rgb(c)) for c in (palette.ink, palette.card, palette.probability))
    for cell in (card, (1 - fig.STRENGTH) * card + fig.STRENGTH * full):
        light, dark = sorted((luminance(ink), luminance(cell)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5


def to_rgb(colour):
    return [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]


def test_pieces_are_escaped_in_every_figure(trace):
    table = mw.lens(trace, 5)
    names = [c for c in table.columns if c.startswith("piece_")] + ["winner", "true"]
    table = table.assign(**dict.fromkeys(names, HTML))
    compared = mw.compare(trace, 5, trace).assign(piece=HTML)
    for figure in (
        fig.lens_grid(table, theme.LIGHT),
        fig.lens_lines(table, theme.LIGHT),
        fig.compare_dots(compared, theme.LIGHT),
    ):
        assert "<b>" not in figure.to_json().replace("\\u003c", "<")
        assert "b&gt;&amp;" in figure.to_json().replace("\\u0026", "&")


def test_lines_of_winner_and_true_word(trace):
    table = mw.lens(trace, 5)
    lines = fig.lens_lines(table, theme.LIGHT)
    assert len(lines.data) == (2 if table["winner"].iloc[-1] == "bank" else 4)
    np.testing.assert_allclose(lines.data[0].y, table["winner_probability"])
    np.testing.assert_allclose(lines.data[1].y, table["winner_rank"].astype(float))


def test_lines_without_a_true_word(mini_bert):
    table = mw.lens(run(mini_bert, Query("a [MASK] here")), 2)
    assert len(fig.lens_lines(table, theme.DARK).data) == 2
    assert not fig.lens_grid(table, theme.DARK).layout.shapes


def test_bars_are_the_table(trace):
    table = mw.predictions(trace, 5, 4)
    bars = fig.prediction_bars(table)
    assert [b.value for b in bars] == table["probability"].tolist()
    assert [b.text for b in bars if b.mark] == ["bank"]
    assert next(b for b in bars if b.mark).role == "true_word"
    assert bars[0].note == ""
    rank = table.loc[table["mark"] == "true word", "rank"].item()
    assert next(b for b in bars if b.mark).note == f"number {rank:,}"
    assert (bars[-1].role, bars[-1].text) == ("soft", "all others")
    assert bars[-1].note == f"{30_522 - len(table) + 1:,} pieces together"


def test_notes_stand_under_their_tokens(mini_bert, trace):
    assert fig.mask_notes(trace.tokens)[5] == "bank"
    assert sum(map(bool, fig.mask_notes(trace.tokens))) == 1
    query = Query("word " * 40)
    drawn = ml.draw(mini_bert, tokenize(mini_bert, query)[0], 2)
    notes = fig.fate_notes(drawn, 42)
    assert [i for i, note in enumerate(notes) if note] == drawn["position"].tolist()
    assert {note[0] for note in notes if note} == set(drawn["letter"])
    table = ml.losses(run(mini_bert, ml.noised(query, drawn)), drawn)
    assert [b.note for b in fig.loss_bars(table)] == [f"loss {x:.2f}" for x in table["loss"]]
    assert fig.score_notes(np.array([np.nan, 0.5])) == ["", "50 %"]


def test_compare_joins_before_and_now(trace, mini_bert):
    table = mw.compare(run(mini_bert, trace.query.but(tokens="removed")), 5, trace)
    lines, before, now = fig.compare_dots(table, theme.LIGHT).data
    np.testing.assert_allclose(before.x, table["before"])
    np.testing.assert_allclose(now.x, table["probability"])
    assert np.isnan(lines.x[2::3]).all()


def test_a_model_of_many_layers_gets_one_line_a_row():
    layers = 25
    table = pd.DataFrame({"layer": range(layers)})
    for c in (1, 2, 3):
        table[f"piece_{c}"], table[f"probability_{c}"] = "a-very-long-piece", 0.1
    table["true"] = table["winner"] = "a-very-long-piece"
    grid = fig.lens_grid(table, theme.LIGHT)
    assert "<br>" not in grid.data[2].text[0]
    assert "a-very-long…" in grid.data[2].text[0]
    assert "a-very-long-piece" in grid.data[0].hovertext[0]
    assert grid.layout.height < 750
