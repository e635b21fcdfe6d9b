"""The reader's list: lines, files, and every way in which they can be wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bert_explain.analysis import same_word as sw
from bert_explain.analysis.same_word import BadList, Line
from bert_explain.content.senses import sets


def outcome(function, *arguments):
    """What it gives, or the sentence with which it refuses."""
    try:
        return function(*arguments)
    except BadList as error:
        return str(error)


def test_lines_with_and_without_a_label():
    assert sw.parse("river | On the bank.\n\n  In the bank. \r\n| no label") == (
        Line("On the bank.", "river"),
        Line("In the bank."),
        Line("no label"),
    )


def test_a_bar_far_inside_a_sentence_is_no_label():
    text = "x" * 60 + " | bank"
    assert sw.parse(text) == (Line(text),)


@given(st.text(max_size=300))
def test_what_was_parsed_can_be_shown_and_parsed_again(text):
    lines = sw.parse(text)
    assert sw.parse(sw.shown(lines)) == lines


@given(st.text(max_size=200), st.text(max_size=20))
def test_any_text_gives_occurrences_or_one_clear_sentence(text, word):
    found = outcome(sw.find, sw.parse(text), word)
    if isinstance(found, str):
        assert found.endswith(".")
        return
    assert 1 <= len(found.occurrences) <= sw.MOST
    for o in found.occurrences:
        assert 0 <= o.start < o.end <= len(o.text)


def test_every_occurrence_counts_and_capitals_do_not():
    found = sw.find(sw.parse("Bank to bank, not embankment."), "bank")
    assert [(o.start, o.end) for o in found.occurrences] == [(0, 4), (8, 12)]


def test_other_forms_are_found_where_the_word_itself_is_not():
    found = sw.find(sw.parse("Two banks.\nHe banked the plane.\nA bank."), "bank")
    assert [o.form for o in found.occurrences] == ["banks", "banked", "bank"]


def test_lines_without_the_word_are_named():
    found = sw.find(sw.parse("A bank.\nA river.\nThe bank."), "bank")
    assert len(found.occurrences) == 2
    assert "line 2" in found.problems[0]


def test_a_word_in_none_of_them():
    with pytest.raises(BadList, match="not in any of the 2 sentences"):
        sw.find(sw.parse("A river.\nA sea."), "bank")


@pytest.mark.parametrize(("text", "word", "said"), [("", "bank", "empty"), ("A bank.", "  ", "which word")])
def test_nothing_to_look_for(text, word, said):
    with pytest.raises(BadList, match=said):
        sw.find(sw.parse(text), word)


def test_two_thousand_sentences_are_cut_to_twelve_and_it_is_said():
    found = sw.find(sw.parse("\n".join(f"The bank number {i}." for i in range(2000))), "bank")
    assert len(found.occurrences) == sw.MOST
    assert "2,000 times" in found.problems[0]


def occurrences_of(sizes: dict[str, int]) -> tuple[sw.Line, ...]:
    return tuple(sw.Line(f"The bank {label} {i}.", label) for label, size in sizes.items() for i in range(size))


def test_a_list_sorted_by_label_is_compared_by_label():
    found = sw.find(occurrences_of({"river": 30, "money": 40}), "bank")
    assert [o.label for o in found.occurrences] == ["river"] * 6 + ["money"] * 6
    assert "70 times; 12 of them, taken from the labels in turn (6 river, 6 money), are compared" in found.problems[0]


@given(st.dictionaries(st.sampled_from("abcdefghijklmnopqrst"), st.integers(1, 30), min_size=1), st.integers(0, 500))
def test_lots_show_every_occurrence_and_are_as_even_as_they_can_be(sizes, turn):
    lines = occurrences_of(sizes)
    turns = sw.find(lines, "bank").turns
    lots = [sw.find(lines, "bank", t).occurrences for t in range(turns)]
    assert {o.text for lot in lots for o in lot} == {line.text for line in lines}
    for lot in lots:
        there = [o.label for o in lot]
        assert len({o.text for o in lot}) == len(lot) <= sw.MOST
        assert [o.text for o in lot] == [line.text for line in lines if line.text in {o.text for o in lot}]
        shares = [there.count(label) for label in set(there)]
        assert all(n in (max(shares), max(shares) - 1) or n == sizes[label] for label in set(there) if (n := there.count(label)))
        if len(sizes) <= sw.MOST:
            assert set(there) == set(sizes)
            assert len(lot) == min(sw.MOST, len(lines))
    assert sw.find(lines, "bank", turn).occurrences == lots[turn % turns]


def test_a_list_that_is_too_long_is_refused():
    with pytest.raises(BadList, match="characters"):
        sw.parse("x" * (sw.LONGEST_LIST + 1))


def test_emoji_and_signs_are_found_wherever_they_stand():
    assert sw.spans("I🙂you 🙂", "🙂") == [(1, 2), (6, 7)]


def test_html_stays_text():
    found = sw.find(sw.parse("<b>bank</b> <img src=x onerror=alert(1)>"), "bank")
    assert found.occurrences[0].form == "bank"


@pytest.mark.parametrize("chosen", sets(), ids=lambda s: s.name)
def test_the_sets_are_whole(chosen):
    lines = sw.parse(chosen.lines)
    found = sw.find(lines, chosen.word)
    assert not found.problems
    assert len(found.occurrences) == len(lines) <= sw.MOST
    assert len(found.labels) >= 2
    assert len({o.form.lower() for o in found.occurrences}) == 1  # one form: a static model has one vector for all
