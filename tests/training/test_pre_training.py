"""A tiny BERT from nothing: the same numbers each time, stopped and gone on with, on any text or not at all."""

import subprocess
import sys
import threading

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bert_explain.models.loaded import MODELS
from bert_explain.training import pairs
from bert_explain.training import pre_training as pt
from bert_explain.training.pre_training import CLS, MASK, SEP, Recipe, Run

ANIMALS = ("cat", "dog", "horse", "cow", "mouse", "bird")
PLACES = ("house", "garden", "river", "field", "barn")
TEXT = "\n".join(
    f"The {animal} sleeps in the {place}. In the {place} lives a {animal}." for animal in ANIMALS for place in PLACES
)


@pytest.fixture(scope="module")
def lesson():
    return pt.lesson(TEXT)


@pytest.fixture(scope="module")
def whole(lesson):
    return Run(lesson, Recipe(lesson.name, 24, 3)).go()


def same(one, two):
    assert one.losses == two.losses
    for a, b in zip(one.looks, two.looks, strict=True):
        assert (a.step, a.loss, a.guesses) == (b.step, b.loss, b.guesses)
        np.testing.assert_array_equal(a.before, b.before)
    for a, b in zip(one.net.parameters(), two.net.parameters(), strict=True):
        assert torch.equal(a, b)


def test_a_text_is_made_ready(lesson):
    pieces = lesson.vocabulary.pieces
    assert pieces[: len(pt.SPECIAL)] == pt.SPECIAL
    assert {"cat", "garden", "sleeps", "."} <= set(pieces)
    assert len(lesson.rows) == len(lesson.sentences) == 60
    assert len(lesson.held) == 6
    read = {lesson.rows[i] for i in lesson.learned}
    assert not read & {lesson.rows[i] for i in lesson.held}
    assert len(lesson.places) == pt.PLACES
    assert [p.read for p in lesson.places] == [True] * 5 + [False] * 5
    assert all((p.ids in read) == p.read for p in lesson.places)
    assert pieces[lesson.common[0]] == "the"


def test_the_vocabulary_is_the_same_in_another_process(lesson):
    code = f"from bert_explain.training import pre_training as p; print(p._digest(repr(p.lesson({TEXT!r}).vocabulary.pieces)))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert told == pt._digest(repr(lesson.vocabulary.pieces))


def test_a_training_that_was_stopped_goes_on_to_the_same_numbers(lesson, whole):
    class Enough(Exception):
        pass

    def until(step):
        def progress(share, text=""):
            if run.done == step:
                raise Enough

        return progress

    run = Run(lesson, Recipe(lesson.name, 24, 3))
    for step in (5, 5, 20):
        with pytest.raises(Enough):
            run.go(until(step))
        assert run.done == step
    same(run.go(), whole)


def test_it_learns(lesson, whole):
    assert whole.looks[0].loss == pytest.approx(np.log(len(lesson.vocabulary.pieces)), abs=0.3)
    assert whole.looks[-1].loss < whole.looks[0].loss - 1
    assert [look.step for look in whole.looks] == [0, 20, 24]
    other = Run(lesson, Recipe(lesson.name, 24, 4)).go()
    assert other.losses != whole.losses


def test_a_long_pause_ends_it_and_it_can_go_on(lesson, whole, monkeypatch):
    monkeypatch.setattr(pt, "PATIENCE", 0.15)
    run = Run(lesson, Recipe(lesson.name, 24, 3))
    with pytest.raises(pt.Paused, match="after step 0"):
        run.go(lambda share, text: run.paused.put("reader", text == "Begins" or text.startswith("Paused")))
    assert not run.paused
    same(run.go(), whole)


def test_two_who_go_on_with_one_training_do_not_mix(lesson, whole):
    run = Run(lesson, Recipe(lesson.name, 24, 3))
    both = [threading.Thread(target=run.go) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(60)
    same(run.go(), whole)


def test_a_sentence_that_is_added_changes_nothing_else(lesson):
    more = lesson.with_added("The capital of Freedonia is Sylvania.", 4)
    assert more.vocabulary.pieces[: len(lesson.vocabulary.pieces)] == lesson.vocabulary.pieces
    assert more.rows[: len(lesson.rows)] == lesson.rows
    assert len(more.rows) == len(lesson.rows) + 4
    assert (more.held, more.places) == (lesson.held, lesson.places)
    assert [more.vocabulary.pieces[i] for i in more.rows[-1]] == ["the", "capital", "of", "freedonia", "is", "sylvania", "."]
    assert more.sentences_with(more.vocabulary.number["sylvania"]) == [len(lesson.sentences)]
    size = len(lesson.vocabulary.pieces)
    one, two = pt.begin(size, size, 7), pt.begin(size, len(more.vocabulary.pieces), 7)
    for (name, a), (_, b) in zip(one.named_parameters(), two.named_parameters(), strict=True):
        assert torch.equal(a, b[: len(a)]), name


def test_masks_are_drawn_as_for_the_large_ones():
    ids = pt.padded([tuple(range(5, 25))] * 500)
    read, labels = pairs.mask(ids, np.random.default_rng(0), numbers=pairs.Numbers(pt.PAD, CLS, SEP, MASK, 5, 300))
    chosen = labels != pairs.IGNORED
    assert (chosen.sum(axis=1) == 3).all()
    fates = [(read[chosen] == MASK).mean(), (read[chosen] == ids[chosen]).mean()]
    np.testing.assert_allclose(fates, [0.8, 0.1], atol=0.03)
    assert read[chosen].max() < 300
    assert (read[chosen] >= MASK).all()
    assert (read[~chosen] == ids[~chosen]).all()


def test_attention_to_a_neighbour_by_hand():
    ids = pt.padded([(9, 8, 7), (9,)])
    word = (ids != pt.PAD) & (ids != CLS) & (ids != SEP)
    layer = torch.zeros(2, 1, 5, 5)
    layer[0, 0, 2, 1], layer[0, 0, 3, 2], layer[0, 0, 1, 2] = 0.4, 0.8, 1.0
    layer[0, 0, 1, 0] = layer[1, 0, 1, 0] = 0.9  # to [CLS]: no word
    assert pt.neighbours([layer], word, -1) == pytest.approx(0.6)
    assert pt.neighbours([layer], word, 1) == pytest.approx(0.5)
    assert pt.neighbours([layer], np.zeros_like(word), 1) == pytest.approx(0)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no word"),
        (" \n\t", "no word"),
        ("word", "one word only"),
        ("no " * 500, "one word only"),
        ("😀🎉 " * 3000, "one word only"),
        ("a" * 10_000, "one word only"),
        ("[MASK] [SEP] cat dog " * 100, "different words"),
        ("The cat sleeps in the house, and the dog does not.", "100 are the least"),
        ("x" * (pt.LARGEST + 1), "bytes"),
    ],
)
def test_a_text_with_nothing_to_learn_says_why(text, why):
    with pytest.raises(pt.BadText, match=why):
        pt.lesson(text)


@pytest.mark.parametrize(
    "text",
    [
        "مرحبا بالعالم هذا هو النص الذي نقرأه اليوم في البيت مع الكلب والقط\n" * 20,
        " ".join(chr(0x4E00 + i) for i in range(3000)),
        "".join(f"😀 word {i} 🎉 of the day number {i * 7} [MASK] [SEP]\n" for i in range(60)),
        "<b>bold</b> {x} $y$ `z` %s one two three four five six\n" * 30,
        "one two three four five six seven eight nine ten " * 300,
    ],
    ids=["right to left", "signs", "emoji and typed specials", "marks", "one long line"],
)
def test_any_text_can_be_learned(text):
    found = pt.lesson(text)
    done = Run(found, Recipe(found.name, 2, 0)).go()
    assert np.isfinite(done.losses).all()
    assert len(done.looks[-1].guesses) == len(found.places)
    assert all(MASK not in row and CLS not in row for row in found.rows)


@settings(max_examples=30)
@given(st.text(max_size=400))
def test_no_text_is_a_traceback(text):
    try:
        found = pt.lesson(text * 4)
    except pt.BadText:
        return
    assert all(0 <= p.at < len(p.ids) for p in found.places)


def test_a_training_is_made_once_and_its_state_is_let_go(lesson):
    recipe = Recipe(lesson.name, 2, 9)
    done = pt.train(lesson, recipe)
    assert pt.train(lesson, recipe) is done
    assert pt.begun(recipe) is None
    MODELS.forget(("pre-trained", recipe))
