"""The chapter Pre-training: sentences that stay true, whatever came of a training; the page without a text."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from bert_explain.chapters.pre_training import chapter, figures, numbers
from bert_explain.figures import theme
from bert_explain.kernel import texts
from bert_explain.training import pre_training as pt
from bert_explain.training.pre_training import Guess, Recipe, Run
from tests.elements import html_texts
from tests.training.test_pre_training import TEXT

APP = str(Path(__file__).resolve().parents[2] / "app.py")


@pytest.fixture(scope="module")
def trained():
    lesson = pt.lesson(TEXT)
    return Run(lesson, Recipe(lesson.name, 12)).go()


def look(trained, **changes):
    return replace(trained.looks[-1], **changes)


def flat(value=0.1):
    return np.full((pt.LAYERS, pt.HEADS), value)


def one_head(layer, head, value):
    found = flat()
    found[layer, head] = value
    return found


def test_the_texts_that_are_carried_can_be_learned():
    for name in texts.TEXTS:
        lesson = pt.lesson(texts.load(name))
        assert len(lesson.rows) > 1000
        assert len(lesson.places) == pt.PLACES
        assert 100 < len(lesson.held) <= pt.MOST_HELD
        assert (texts.FOLDER / name / "README.md").is_file()
    with pytest.raises(KeyError):
        texts.load("../tasks")


def test_rows_are_written_as_text(trained):
    lesson = trained.lesson
    place = lesson.places[0]
    words = numbers.written(lesson, place.ids).split()
    assert " ".join(words) in [" ".join(lesson.vocabulary.words(s)) for s in lesson.sentences]
    assert numbers.written(lesson, place.ids, place.at).count(numbers.HOLE) == 1
    small = replace(lesson, vocabulary=pt.Vocabulary(("[UNK]", "ban", "##ana", "s")))
    assert numbers.written(small, [1, 2, 3]) == "banana s"
    assert numbers.written(small, [2, 1]) == "##ana ban"
    assert numbers.name_of(small, 99) == "?"


def test_the_holes_are_counted_by_hand(trained):
    lesson = trained.lesson
    right = tuple(Guess((p.right, 5), (0.9, 0.1), 0.9) for p in lesson.places)
    wrong = tuple(Guess((p.right + 1,), (0.5,), 0.1) for p in lesson.places)
    looks = [look(trained, step=0, guesses=wrong), look(trained, step=12, guesses=(*right[:6], *wrong[6:]))]
    assert numbers.right_at(lesson, looks[1]) == (6, 10)
    told = numbers.holes_look(lesson, looks).plain()
    assert "0 of 10" in told
    assert "and 6 after step 12: 5 of 5 in rows that it reads, 1 of 5 in rows that were kept back" in told
    table = numbers.holes(lesson, looks)
    assert len(table) == 10
    assert list(table["read"]) == ["yes"] * 5 + ["kept back"] * 5
    html = figures.holes_html(lesson, looks[1])
    assert html.count("<li") == 10
    assert html.count("✓") == 6


def test_the_loss_is_said_as_it_went(trained):
    lesson = trained.lesson

    def said(*losses):
        return numbers.course_look(lesson, [look(trained, step=100 * i, loss=x) for i, x in enumerate(losses)]).plain()

    assert "fell, from 6.00 to 2.00" in said(6.0, 2.0)
    assert "rose" in said(2.0, 3.0)
    assert "hardly changed" in said(2.0, 2.05)
    assert "Before the first step" in said(4.0)
    assert "by heart" in said(6.0, 2.0, 3.0)
    assert "by heart" not in said(6.0, 2.0, 2.05)
    course = numbers.course(trained.losses, trained.looks)
    assert len(course) == 13
    assert course["measured loss"].notna().sum() == len(trained.looks)


def test_a_head_is_called_the_first_only_where_it_leads(trained):
    none = [look(trained, step=0, before=flat(), behind=flat())]
    assert "No head looks mostly" in numbers.heads_look(none).plain()
    one = [*none, look(trained, step=100, before=one_head(1, 2, 0.7), behind=flat())]
    assert "layer 2, head 3" in numbers.heads_look(one).plain()
    assert "the word before" in numbers.heads_look(one).plain()
    after = [*none, look(trained, step=100, before=flat(), behind=one_head(0, 0, 0.7))]
    assert "the word behind" in numbers.heads_look(after).plain()
    two = [*none, look(trained, step=100, before=one_head(1, 2, 0.7), behind=one_head(0, 1, 0.65))]
    assert "2 heads give half" in numbers.heads_look(two).plain()
    ahead = [
        *none,
        look(trained, step=100, before=one_head(1, 2, 0.8), behind=one_head(0, 1, 0.6)),
    ]  # which was first is not seen
    assert "2 heads give half of a word's attention or more to a neighbour then. Nobody" in numbers.heads_look(ahead).plain()
    near = [*none, look(trained, step=100, before=one_head(1, 2, 0.52), behind=one_head(0, 1, 0.48))]
    assert "first that looks" not in numbers.heads_look(near).plain()
    both = flat()
    both[1, 2] = 0.3
    own = [*none, look(trained, step=100, before=one_head(1, 2, 0.7), behind=both)]  # its other neighbour is no other head's
    assert "0.70 of a word's attention goes to the word before in it; the head that comes second gives a neighbour 0.10" in (
        numbers.heads_look(own).plain()
    )
    halves = [*none, look(trained, step=100, before=one_head(1, 2, 0.5), behind=one_head(1, 2, 0.5))]
    assert "layer 2, head 3: it is the first" in numbers.heads_look(halves).plain()
    assert len(numbers.heads(two)) == 2 * 2 * pt.LAYERS * pt.HEADS
    for palette in (theme.LIGHT, theme.DARK):
        figures.heads_chart(two, palette)
        figures.course_chart(numbers.course(trained.losses, trained.looks), palette, True)
        figures.groups_chart(numbers.course(trained.losses, trained.looks), palette)


@pytest.mark.parametrize(
    "sentence",
    [
        "cat",
        "...",
        "😀 🎉",
        "[MASK] [SEP]",
        "<b>x</b> {y} $z$",
        "שלום עולם",
        "word " * 100,
        "a" * 300,
        "the cat sleeps in the house",
    ],
)
def test_a_readers_sentence_is_answered_whatever_it_is(trained, sentence):
    lesson = trained.lesson
    for word in (0, 1, 60):
        hole = numbers.hole_of(lesson, sentence, word)
        ids, at, right = numbers.row_of(lesson, hole)
        assert ids[at] == pt.MASK
        assert len(ids) <= pt.LONGEST - 2
        found = numbers.guessed(trained, hole)
        assert found["P"].is_monotonic_decreasing
        assert (right >= 0) == found["hidden"].any()
        said = numbers.before_look(trained, hole).plain()
        assert ("it cannot say it" in said) == (right < 0)
        numbers.came_from(lesson, hole, str(found.iloc[0]["piece"]))
        assert numbers.after_look(trained, trained, hole, 1).plain()


def test_where_a_guess_comes_from_is_counted(trained):
    lesson = trained.lesson
    hole = numbers.hole_of(lesson, "A horse sleeps in the barn", 2)
    table, times = numbers.came_from(lesson, hole, "horse")
    own = [lesson.sentences[i] for i in lesson.sentences_with(lesson.vocabulary.number["horse"])]
    assert times == len(own)
    assert set(table["sentence of the text"]) <= set(own)
    assert table["pieces shared with yours"].is_monotonic_decreasing
    assert numbers.came_from(lesson, hole, "sylvania")[1] == 0
    assert "one sentence" in numbers.from_look("cat", 1, 1).plain()
    assert "12 sentences" in numbers.from_look("cat", 12, 5).plain()


def test_the_sentences_that_share_most_are_sought_in_the_whole_text():
    lesson = pt.lesson("\n".join([TEXT] * 40)).with_added("The purple zebra eats green cats with joy.", 1)
    hole = numbers.hole_of(lesson, "The purple zebra eats green dogs with joy", 6)
    table, times = numbers.came_from(lesson, hole, "the")
    assert times > 2_000
    assert table.iloc[0].iloc[0] == "The purple zebra eats green cats with joy."
    assert table.iloc[0].iloc[1] > table.iloc[1].iloc[1]


def test_a_hole_of_a_long_sentence_is_asked_in_the_row_that_was_read(trained):
    words = [f"w{'abcdefghij'[i // 10]}{'klmnopqrst'[i % 10]}" for i in range(70)]
    added = trained.lesson.with_added(" ".join(words), 1)
    read = added.rows[len(trained.lesson.rows) :]
    for word, row in ((1, 1), (30, 1), (31, 2), (60, 2), (61, 3), (70, 3), (0, 3)):
        hole = numbers.hole_of(added, " ".join(words), word)
        ids, at, right = numbers.row_of(added, hole)
        assert (*ids[:at], right, *ids[at + 1 :]) == read[row - 1]
        assert numbers.cut_of(hole) == (row, 3)
    assert numbers.cut_of(numbers.Hole(("the", "cat"), 1)) == (1, 1)


def test_every_word_can_be_chosen_though_it_stands_there_twice():
    hole = numbers.Hole(("the", "cat", "and", "the", "dog"), 0)
    assert numbers.names_of(hole) == ["the (1)", "cat", "and", "the (4)", "dog"]


def test_what_was_added_is_said_by_what_came_of_it(trained, monkeypatch):
    import pandas as pd

    def table(*rows):
        return pd.DataFrame(rows, columns=["piece", "P", "hidden"])

    hole = numbers.Hole(("the", "sylvania"), 1)
    added = replace(trained, lesson=trained.lesson.with_added("The Sylvania", 10))
    for before, after, told in (
        (table(("cat", 0.5, False)), table(("sylvania", 0.6, True)), "what it says is what it was shown"),
        (table(("sylvania", 0.5, True)), table(("sylvania", 0.6, True)), "before, too"),
        (
            table(("cat", 0.5, False)),
            table(("cat", 0.6, False), ("sylvania", 0.1, True)),
            "Its first guess is cat still: to be shown it this often is not enough",
        ),
        (
            table(("cat", 0.5, False)),
            table(("dog", 0.6, False), ("sylvania", 0.1, True)),
            "Its first guess is dog now, no more cat: to be shown it this often is not enough",
        ),
        (
            table(("sylvania", 0.5, True)),
            table(("dog", 0.6, False), ("sylvania", 0.1, True)),
            "Its first guess is dog now, no more sylvania, though it was shown the sentence.",
        ),
    ):
        tables = iter((before, after))
        monkeypatch.setattr(numbers, "guessed", lambda *_, tables=tables: next(tables))
        said = numbers.after_look(trained, added, hole, 10).plain()
        assert told in said.replace("“", "").replace("”", "")
        assert "With the sentence 10 times among 54 others" in said


def test_a_sentence_that_stands_in_the_text_is_added_once_more(trained):
    lesson = trained.lesson
    kept_back = next(iter(lesson.held))
    for sentence, told, other in (
        (lesson.sentences[lesson.learned[0]], "With the sentence once more among 53 others, ", "; as the text was, "),
        (lesson.sentences[kept_back], "With the sentence once among 54 others, ", "; without it, "),
    ):
        after = replace(trained, lesson=lesson.with_added(sentence, 1))
        said = numbers.after_look(trained, after, numbers.hole_of(lesson, sentence, 0), 1).plain()
        assert said.startswith(told)
        assert other in said


def test_a_word_that_is_too_long_for_a_piece_cannot_be_said_after_it_was_added_either(trained):
    after = replace(trained, lesson=trained.lesson.with_added("the " + "a" * 120, 10))
    said = numbers.after_look(trained, after, numbers.hole_of(after.lesson, "the " + "a" * 120, 0), 10).plain()
    assert "is no piece of its vocabulary still, and so it cannot say it" in said
    assert "%" not in said


def page(**params):
    at = AppTest.from_file(APP, default_timeout=120)
    for name, value in params.items():
        at.query_params[name] = value
    at.switch_page("pages/23_Pre_training.py")
    at.run()
    assert not at.exception
    return at


def test_a_text_that_is_not_there_or_too_short_is_said(monkeypatch):
    at = page(step="train", text="own")
    assert any("no word in this text" in text for text in html_texts(at))
    at.text_area(key="own-training-text").set_value("one two three <b>x</b>").run()
    assert not at.exception
    assert any("100 are the least" in text for text in html_texts(at))
    assert not any("one two three" in str(value) for value in at.query_params.values())
    at = page(step="shown", text="own")
    assert any("Choose a text" in text for text in html_texts(at))


def test_nothing_is_trained_before_a_press():
    at = page(step="first", mode="guided", a="Nobody has asked anything of this text.")
    assert any(b.key == "begin-pre_training-first" for b in at.button)
    assert not at.radio
    at = page(step="train")
    assert any(b.label == "Train it from nothing" for b in at.button)


@pytest.mark.parametrize("hide", ["0", "1", "149", "300"])
def test_a_sentence_of_many_words_is_asked_about(trained, monkeypatch, hide):
    monkeypatch.setattr(chapter, "_lesson", lambda: trained.lesson)
    monkeypatch.setattr(chapter, "_run", lambda page, which, *_: trained if which is chapter.TRAINED else None)
    at = page(step="shown", mode="explore", fact="a " * 149 + "b", hide=hide)
    (hidden,) = (box for box in at.selectbox if box.label == "Hidden word")
    assert len(hidden.options) == 150
    assert hidden.index == {"0": 149, "1": 0, "149": 148, "300": 149}[hide]
    assert any("row 5 of the 5 that the sentence is cut into" in caption.value for caption in at.caption) == (hide != "1")
