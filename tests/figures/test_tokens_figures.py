"""Payloads of the Tokens page: which look-ups are drawn, in which direction, how many characters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bert_explain.analysis import normalisation
from bert_explain.analysis.wordpiece import greedy
from bert_explain.chapters.tokens import cuts
from bert_explain.chapters.tokens import figures as figures
from bert_explain.query import Query
from bert_explain.trace import run

SMALL = {"[UNK]": 0, "una": 1, "##ffa": 3, "##ble": 5}


def test_the_staircase_as_far_as_the_reader_has_stepped():
    data = figures.staircase(greedy("unaffable", SMALL), 7, label="x")
    assert [row["state"] for row in data["rows"]] == ["past"] * 6 + ["now"] + ["ahead"] * 5
    assert data["owner"] == [0, 0, 0] + [None] * 6  # what is to come is not given away
    assert (data["rows"][6]["piece"], data["rows"][6]["id"], data["rows"][6]["taken"]) == ("una", "1", True)
    assert [row["mark"] for row in data["rows"]] == [""] * 7 + ["##"] * 5
    assert data["failed"] is None


def test_the_place_of_failure_shows_at_the_end_only():
    failing = greedy("unax", SMALL)
    last = len(failing.lookups)
    assert figures.staircase(failing, last, label="x")["failed"] == 3
    assert figures.staircase(failing, last - 1, label="x")["failed"] is None


@given(word=st.text(alphabet="xy", min_size=1, max_size=100), data=st.data())
def test_a_long_run_is_bounded_and_counts_what_it_leaves_out(word, data):
    walk = greedy(word, {"[UNK]": 0, "x": 1, "##x": 2, "##y": 3, "y": 4})
    step = data.draw(st.integers(0, len(walk.lookups)))
    rows = figures.staircase(walk, step, label="x")["rows"]
    drawn = [row["n"] for row in rows if "n" in row]
    assert len(drawn) <= figures.ROWS + figures.KEEP + 4
    assert len(drawn) + sum(row.get("gap", 0) for row in rows) == len(walk.lookups)
    assert drawn == sorted(set(drawn))
    if step:
        assert [row["n"] for row in rows if row.get("state") == "now"] == [step]
    if len(walk.lookups) <= figures.FULL:
        assert len(drawn) == len(walk.lookups)


@pytest.mark.parametrize(
    ("text", "rtl"), [("שלום abc", True), ("abc שלום", False), ("123", False), ("", False), ("  \u0645", True)]
)
def test_direction(text, rtl):
    assert figures.right_to_left(text) is rtl


def test_runs_of_one_direction():
    assert figures.directions("של ab cd", True) == [(3, True), (5, False)]
    assert figures.directions("ab, של", False) == [(4, False), (2, True)]
    assert figures.directions("של, ום!", False) == [(6, True), (1, False)]
    assert figures.directions("", False) == []


@given(st.text(max_size=60), st.booleans())
def test_runs_cover_the_text(text, rtl):
    assert sum(length for length, _ in figures.directions(text, rtl)) == len(text)


def test_characters_before_and_after(mini_bert):
    found = normalisation.characters(mini_bert.wordpiece, "É\u200bx")
    data = figures.strip_of_characters(found, "É\u200bx", label="x")
    assert [cell[:3] for cell in data["cells"]] == [["É", "e", 1], ["U+200B", "×", 1], ["x", "x", 0]]
    assert data["cells"][1][3] == "U+200B ZERO WIDTH SPACE. A format character is removed."
    assert data["at"] == 1
    assert (data["before"], data["after"]) == (0, 0)


def test_a_long_text_is_drawn_around_its_most_telling_change(mini_bert):
    text = "a" * 3000 + "é" + "a" * 3000
    found = normalisation.characters(mini_bert.wordpiece, text)
    data = figures.strip_of_characters(found, text, label="x")
    assert len(data["cells"]) == figures.SHOWN
    assert data["cells"][data["at"]][:2] == ["é", "e"]
    assert data["before"] + len(data["cells"]) + data["after"] == len(text)


def test_bars_of_the_ways(mini_bert):
    bars = figures.bars_of_ways(cuts.ways(run(mini_bert, Query("unaffable cat"))))
    assert [(b.text, b.shown, b.note) for b in bars] == [
        ("whole words", "2 tokens", "1 unknown"),
        ("WordPiece", "4 tokens", "0 unknown"),
        ("characters", "12 tokens", "0 unknown"),
    ]
    assert [round(b.value, 3) for b in bars] == [round(2 / 12, 3), round(4 / 12, 3), 1]
    assert all(b.value == 0 for b in figures.bars_of_ways(cuts.ways(run(mini_bert, Query("")))))
