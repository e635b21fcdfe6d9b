"""Pictures of next-sentence prediction hold the tables' numbers, and escape sentences."""

import numpy as np
import pytest

from bert_explain.analysis import next_sentence as ns
from bert_explain.chapters.next_sentence import figures as figures
from bert_explain.chapters.next_sentence import sentence_pairs as sp
from bert_explain.content import next_sentence as content
from bert_explain.figures import payload, theme
from bert_explain.query import Query
from bert_explain.trace import run

TEXTS = content.documents()
PAIR = Query("She walked to the bank of the river.", "The water was cold and clear.")
WILD = "<b onclick=x>1</b> & {y} %"


@pytest.fixture(scope="module")
def trace(mini_bert):
    return run(mini_bert, PAIR)


def test_answer_bars_are_the_two_probabilities(trace):
    bars = figures.answer_bars(ns.answer(trace))
    assert [b.value for b in bars] == pytest.approx(trace.nsp.tolist(), abs=1e-6)
    assert bars[0].note == f"logit {trace.nsp_logits[0]:+.2f}"
    payload.bars(bars, label="x")


def test_change_bars_mark_what_is_on_and_say_the_difference(mini_bert, trace):
    swapped = run(mini_bert, PAIR.but(swapped=True))
    found = ns.variants(swapped, "Drawn.")
    table = ns.compare(found, [ns.verdict(run(mini_bert, v.query)) for v in found])
    bars = figures.change_bars(table)
    assert [b.mark for b in bars] == ["", "on", "", "", "", "", ""]
    assert bars[0].note == ""
    assert bars[1].value == pytest.approx(float(swapped.nsp[0]), abs=1e-6)
    points = 100 * (float(swapped.nsp[0]) - float(trace.nsp[0]))
    assert bars[1].note.replace("−", "-") == f"{points:+.1f} points"
    payload.bars(bars, label="x")


def test_bands_and_equation_are_the_decision(trace):
    found = ns.decision(trace)
    payload.bands(figures.step_bands(found), label="x")
    np.testing.assert_array_equal(figures.pull_bands(found)[0].values, found.pull)
    latex = " ".join(figures.gap_latex(found))
    assert f"{found.pull.sum():+.2f}" in latex
    assert f"{found.gap:+.2f}" in latex
    assert ns.percent(float(trace.nsp[0])).replace(" %", "") in latex
    assert latex.count("{") == latex.count("}")
    assert "%" not in latex.replace(r"\%", "")


@pytest.mark.parametrize("gap", [-300.0, -12.0, 0.0, 12.0, 300.0])
def test_the_equation_stands_at_the_ends(gap):
    found = ns.Decision(np.zeros(3), np.zeros(3), np.array([gap, 0, 0], dtype=np.float32), 0.0, gap)
    for latex in figures.gap_latex(found):
        assert "nan" not in latex
        assert latex.count("{") == latex.count("}")


def test_notes_and_shades_are_the_weights():
    weights = np.array([0.5, 0.3, 0.2])
    assert figures.weight_notes(weights) == ["0.50", "0.30", "0.20"]
    assert figures.weight_notes(weights / 10) == ["0.050", "0.030", "0.020"]
    np.testing.assert_allclose(figures.shading(weights), [1, 0.6, 0.4])


def judged(mini_bert, count=6):
    drawn = sp.draw(TEXTS, 1, count)
    queries = sp.queries(sp.drawn_rows(drawn))
    return sp.with_verdicts(drawn, [ns.verdict(run(mini_bert, q)) for q in queries])


def test_pair_bars_say_the_label_and_the_loss(mini_bert):
    table = judged(mini_bert)
    bars = figures.pair_bars(table, 2)
    assert [b.text.startswith("▸") for b in bars] == [i == 1 for i in range(6)]
    assert [b.mark for b in bars] == table["label"].tolist()
    assert [("wrong" in b.note) for b in bars] == [not r for r in table["right"]]
    assert bars[0].note.startswith(f"loss {table['loss'][0]:.2f}")


@pytest.mark.parametrize("chosen", [1, 4])
def test_the_drawing_shows_every_sentence_and_where_a_and_b_are(chosen):
    drawn = sp.draw(TEXTS, 1, 6)
    figure = figures.drawing(drawn, TEXTS, chosen, theme.LIGHT)
    row = drawn.iloc[chosen - 1]
    squares, rings, a, b = figure.data
    assert len(squares.x) == sum(len(text.sentences) for text in TEXTS)
    assert (rings.x - 1).tolist() == drawn["place"].tolist()
    assert (a.x[0] - 1, a.y[0]) == (row["place"], row["document"])
    assert (b.x[0] - 1, b.y[0]) == (row["b_place"], row["b_document"])
    arrow = figure.layout.annotations[0]
    assert (arrow.ax, arrow.ay, arrow.x, arrow.y) == (a.x[0], a.y[0], b.x[0], b.y[0])


def test_spread_has_a_dot_for_every_pair_and_a_line_for_every_case(mini_bert):
    probe = content.Probe("P", "", ("x", "y"), (True, False), (((WILD, "b"), ("b", WILD)), (("c", "d"), ("d", "c"))))
    verdicts = tuple(ns.verdict(run(mini_bert, q)) for q in sp.probe_queries(probe))
    table = sp.probed(probe, verdicts)
    lines, right, wrong = figures.spread(table, theme.DARK).data
    assert len(right.x) == int(table["right"].sum())
    assert sorted([*right.x, *wrong.x]) == pytest.approx(sorted(table["is_next"]))
    np.testing.assert_allclose(lines.x[[0, 1, 3, 4]], table["is_next"])
    assert np.isnan(lines.x[2])
    said = " ".join([*right.text, *wrong.text])
    assert "onclick" in said
    assert "<b onclick" not in said
    assert "&amp;" in said


def test_share_bars_say_what_should_be(mini_bert):
    probe = content.probes()[0]
    verdicts = (ns.Verdict((1.0, 0.0), 3, 0),) * len(sp.probe_queries(probe))
    bars = figures.share_bars(sp.shares(sp.probed(probe, verdicts)))
    assert [b.value for b in bars] == [1, 1]
    assert [b.note for b in bars] == ["12 of 12, should be all", "12 of 12, should be none"]


def test_the_same_table_is_drawn_once_for_each_palette_and_choice():
    drawn = sp.draw(TEXTS, 2, 5)
    first = figures.drawing(drawn, TEXTS, 1, theme.LIGHT)
    assert figures.drawing(drawn, TEXTS, 1, theme.LIGHT) is first
    assert figures.drawing(drawn, TEXTS, 2, theme.LIGHT) is not first
    assert figures.drawing(drawn, TEXTS, 1, theme.DARK) is not first
    assert sp.draw(TEXTS, 2, 5) is drawn
