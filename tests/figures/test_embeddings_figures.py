"""The figures of the input embeddings hold the numbers of their tables, and no text can slip markup into them."""

from dataclasses import replace

import numpy as np
import pytest

from bert_explain.chapters.embeddings import analysis as embeddings
from bert_explain.chapters.embeddings import figures as figures
from bert_explain.chapters.embeddings import removal as embedding_removal
from bert_explain.chapters.embeddings import tables as embedding_tables
from bert_explain.figures import payload, theme
from bert_explain.query import Query
from bert_explain.trace import run

PAIR = Query("She walked to the bank of the river.", "The water was cold and clear.")
PALETTES = (theme.LIGHT, theme.DARK)


@pytest.fixture(scope="module")
def trace(mini_bert):
    return run(mini_bert, PAIR)


def test_the_strips_of_the_sum_add_up(trace):
    strips = figures.sum_bands(embeddings.dimensions(trace, 12), trace.tokens[12])
    assert [s.sign for s in strips] == ["", "+", "+", "="]
    assert [s.name for s in strips] == ["token water", "segment B", "position 12", "sum"]
    assert [s.role for s in strips] == ["token", "segment_b", "position", "hidden"]
    np.testing.assert_allclose(strips[0].values + strips[1].values + strips[2].values, strips[3].values, atol=1e-6)
    payload.bands(strips, label="all roles exist")


def test_a_part_that_is_taken_away_is_named_so(mini_bert):
    bare = run(mini_bert, PAIR.but(segments="removed", positions="shuffled"))
    names = [s.name for s in figures.sum_bands(embeddings.dimensions(bare, 5), bare.tokens[5])]
    assert names[1] == "no segment"
    assert names[2] == f"position {bare.tokens[5].position_id}"


def test_the_strips_of_layernorm_can_be_worked_out(trace):
    x, scale, shift, y = (s.values for s in figures.norm_bands(embeddings.dimensions(trace, 5)))
    np.testing.assert_allclose(x * scale + shift, y, atol=2e-6)


def test_the_equation_has_this_dimensions_numbers(trace):
    table = embeddings.dimensions(trace, 5)
    text = figures.standardised_equation(table, 17, *embeddings.spread(trace, 5))
    mean, _ = embeddings.spread(trace, 5)
    assert f"{table['sum'][17]:.3f} {'-' if mean >= 0 else '+'} {abs(mean):.4f}" in text
    assert text.endswith(f"= {table['standardised'][17]:.3f}")
    assert " - 0.5000}" in figures.standardised_equation(table, 17, 0.5, 2.0)
    assert " + 0.5000}" in figures.standardised_equation(table, 17, -0.5, 2.0)


@pytest.mark.parametrize("palette", PALETTES)
def test_shares_lengths_and_cosines_are_drawn_as_they_are(trace, palette):
    table = embeddings.lengths(trace)
    for draw, columns in (
        (figures.shares, ["share token", "share segment", "share position"]),
        (figures.sizes, ["token", "segment", "position", "sum"]),
        (figures.angles, ["cos token·segment", "cos token·position", "cos segment·position"]),
    ):
        figure = draw(table, trace.tokens, 5, palette)
        for column, drawn in zip(columns, figure.data, strict=True):
            np.testing.assert_array_equal(drawn.y, table[column])
            assert list(drawn.x) == list(range(19))
        assert (figure.layout.shapes[0].x0, figure.layout.shapes[0].x1) == (4.5, 5.5)
        assert "<b>bank</b>" in figure.layout.xaxis.ticktext[5]


def test_the_segment_has_the_colour_of_its_sentence(trace):
    colours = figures.shares(embeddings.lengths(trace), trace.tokens, 0, theme.LIGHT).data[1].marker.color
    assert list(colours) == [theme.LIGHT.segment_a] * 11 + [theme.LIGHT.segment_b] * 8


def test_of_a_long_text_some_neighbours_are_drawn_at_their_own_places(mini_bert):
    long = run(mini_bert, Query("the cat sat on the mat " * 40))
    table = embeddings.lengths(long)
    figure = figures.sizes(table, long.tokens[100:196], 148, theme.LIGHT)
    assert list(figure.data[0].x) == list(range(100, 196))
    np.testing.assert_array_equal(figure.data[0].y, table["token"][100:196])
    assert len(figure.layout.xaxis.tickvals) <= figures.LABELLED
    assert 148 in figure.layout.xaxis.tickvals


def test_markup_in_a_piece_stays_text(trace):
    tokens = [replace(trace.tokens[0], text="<a href='x'>&"), *trace.tokens[1:]]
    figure = figures.shares(embeddings.lengths(trace), tokens, 0, theme.LIGHT)
    for text in (figure.layout.xaxis.ticktext[0], figure.data[0].customdata[0]):
        assert "<a" not in text
        assert "&lt;a" in text


def test_a_position_table_is_sent_in_thousandths(mini_bert):
    table = embedding_tables.learned(mini_bert.spec, 512)
    heat = figures.numbers(table, "<i>", theme.LIGHT).data[0]
    assert heat.z.dtype == np.int16
    assert np.abs(heat.z / 1000 - table).max() <= 0.0005 + 1e-9
    assert heat.colorbar.title.text == "&lt;i&gt;"
    assert heat.colorbar.ticktext[2].endswith(" or more")
    whole = figures.numbers(embedding_tables.sinusoidal(64, 8), "Sinusoidal", theme.LIGHT).data[0]
    assert list(whole.colorbar.ticktext) == ["−1", "0", "1"]
    assert -heat.zmin == heat.zmax < 1000 * np.abs(table).max()


def test_cosines_between_positions_are_sent_in_hundredths(mini_bert):
    cosines = embedding_tables.cosines(embedding_tables.learned(mini_bert.spec, 64))
    heat = figures.closeness(cosines, "Learned", theme.DARK).data[0]
    assert heat.z.dtype == np.int8
    assert np.abs(heat.z / 100 - cosines).max() <= 0.005 + 1e-9
    assert (np.diagonal(heat.z) == 100).all()


def test_cosine_by_distance_is_drawn_as_it_is(mini_bert):
    table = embedding_tables.by_distance(mini_bert.spec, 32)
    learned, sinusoidal = figures.distances(table, theme.LIGHT).data
    np.testing.assert_array_equal(learned.y, table["learned"])
    np.testing.assert_array_equal(sinusoidal.y, table["sinusoidal"])


def test_nearest_rows_and_segments_as_components(trace):
    table = embedding_tables.nearest(trace, 5)
    bars = figures.nearest_bars(table)
    assert [bar.text for bar in bars] == table["piece"].tolist()
    assert [bar.value for bar in bars] == pytest.approx(table["cosine"].tolist())
    assert figures.nearest_bars(table.assign(cosine=-0.5))[0].value == 0
    strips = figures.segment_bands(embedding_tables.segments(trace))
    np.testing.assert_allclose(strips[0].values - strips[1].values, strips[2].values, atol=1e-7)


def test_the_true_word_is_marked_once(mini_bert, trace):
    runs = {name: run(mini_bert, q) for name, q in embedding_removal.queries(trace, 5).items()}
    table = embedding_removal.removal(runs, 5, embedding_removal.probabilities(runs, 5))
    far = table.iloc[0].copy()
    far["rank"] = 1234.0
    below = figures.guess_bars(far, "xylophone")
    assert [bar.mark for bar in below] == [""] * 5 + ["true word"]
    assert below[-1].text == "xylophone"
    assert below[-1].value == far["p true"]
    assert below[-1].note == "number 1,234"
    among = figures.guess_bars(table.iloc[0], table.iloc[0]["guess 2"])
    assert [bar.mark for bar in among] == ["", "true word", "", "", ""]
    unknown = figures.guess_bars(table.iloc[0].copy().where(lambda row: row.index != "p true", np.nan), None)
    assert len(unknown) == 5
    assert figures.facts(table.iloc[0], "B follows A")[0].startswith("B follows A: ")
    assert figures.facts(table.iloc[0], "A follows B")[0].startswith("A follows B: ")
    assert "turn by" in figures.facts(table.loc["no position"], "B follows A")[1]
