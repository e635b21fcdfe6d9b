"""Sentences longer than a row: cut into rows, in a text and when they are added to one, and counted once."""

from bert_explain.training import pre_training as pt
from tests.training.test_pre_training import ANIMALS, PLACES, TEXT


def test_a_long_sentence_is_added_whole_in_rows_as_the_text_is_cut():
    lesson = pt.lesson(TEXT)
    words = [f"w{'abcdefghij'[i // 10]}{'klmnopqrst'[i % 10]}" for i in range(70)]
    more = lesson.with_added(" ".join(words), 3)
    added = more.rows[len(lesson.rows) :]
    assert [len(row) for row in added] == [30, 30, 10] * 3
    assert [more.vocabulary.pieces[piece] for row in added[:3] for piece in row] == words
    assert len(more.of) == len(more.rows)
    assert set(more.of[len(lesson.rows) :]) == {len(lesson.sentences)}
    assert more.counts[more.vocabulary.number[words[-1]]] == 3
    assert more.sentences_learned == (*lesson.sentences_learned, len(lesson.sentences))
    assert len(more.learned) == len(lesson.learned) + 9


def test_a_sentence_of_several_rows_is_counted_once():
    long = " ".join(f"the {animal} and the {place}" for animal in ANIMALS for place in PLACES)  # 150 words, and a mark
    text = pt.lesson("\n".join([f"{long}.", *TEXT.splitlines()[:10]]))
    assert text.of == (*[0] * 6, *range(1, 21))
    assert text.learned == tuple(range(26))
    assert text.sentences_learned == tuple(range(21))
