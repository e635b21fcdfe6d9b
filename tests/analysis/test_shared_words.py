"""The words that sentences share."""

import pytest

from bert_explain.analysis import same_word as sw
from bert_explain.chapters.same_word.shared_words import LOOKED_AT, shared
from bert_explain.content.senses import sets


@pytest.mark.parametrize("chosen", sets(), ids=lambda s: s.name)
def test_of_every_set_its_word_is_the_first(chosen):
    lines = sw.parse(chosen.lines)
    assert shared(lines)[0].word == chosen.word
    assert shared(lines)[0].sentences == len(lines)


def test_forms_count_as_one_word_and_the_form_that_stands_most_leads():
    found = shared(sw.parse("He was banking on it.\nTwo banks closed.\nAll banks rise.\nThe bank and a tree.\nTrees.\nMy trees."))
    assert [(one.word, one.sentences, one.of) for one in found] == [("bank", 4, 6), ("trees", 3, 6)]


@pytest.mark.parametrize("listed", ["", "The bank.", "The river.\nThe sea.", "1 2 3\n1 2 3", "🙂\n🙂", "the\nthe"])
def test_sentences_that_share_nothing_have_no_word(listed):
    assert shared(sw.parse(listed)) == ()


def test_what_is_proposed_is_found_in_as_many_sentences():
    lines = sw.parse("\n".join(one.lines for one in sets()))
    for one in shared(lines):
        kin = {o.text for turn in range(99) for o in sw.find(lines, one.word, turn).occurrences}
        assert 2 <= len(kin) <= one.sentences


def test_of_a_long_list_all_parts_are_looked_at():
    lines = [sw.Line(f"The first word {i} of it.") for i in range(5000)] + [sw.Line(f"A second word {i}.") for i in range(5000)]
    assert sum(len(line.text) for line in lines) > LOOKED_AT
    found = shared(lines)
    assert found[0].word == "word"
    assert found[0].sentences == found[0].of < 10_000
    assert {one.word for one in found} >= {"first", "second"}
