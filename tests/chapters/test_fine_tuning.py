"""The chapter Fine-tuning: a reader's own table, numbers by hand, sentences that stay true, the page."""

from contextlib import suppress
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bert_explain.chapters.fine_tuning import chapter, figures, numbers, own_task
from bert_explain.errors import Missing
from bert_explain.figures.theme import LIGHT
from bert_explain.kernel.tasks import Sequence, Task
from bert_explain.training import fine_tuning as ft
from bert_explain.training import task_cards
from bert_explain.training.fine_tuning import Recipe
from tests.tiny import tiny_bert
from tests.training.test_fine_tuning import sentences

ROWS = "\n".join(f"the film was {word} {i},{label}" for i in range(10) for word, label in (("good", "yes"), ("bad", "no")))


ALONE = np.random.default_rng(0).permutation(30)[:1]  # a row that is drawn for the test


def made(text: str) -> tuple[Task, list[str]]:
    return own_task.from_csv(text.encode())


@pytest.mark.parametrize(
    "text",
    [f"text,label\n{ROWS}", ROWS, f"sep=,\ntext,label\n{ROWS}", f"text;label\n{ROWS.replace(',', ';')}", ROWS.replace(",", "\t")],
    ids=["names", "no names", "Excel's first line", "semicolons", "tabs"],
)
def test_a_table_is_read_as_it_was_meant(text):
    task, said = made(text)
    assert (task.kind, task.labels, said) == ("sequence", ("no", "yes"), [])
    assert len(task.train) == 15
    assert len(task.test) == 5
    texts = {e.text for e in (*task.train, *task.test)}
    assert len(texts) == 20
    assert "the film was good 0" in texts


def test_a_readers_own_table_has_no_card_to_write_numbers_into():
    task, _ = made(ROWS)
    assert task.card is None
    with pytest.raises(Missing, match="has no card"):
        task_cards.fingerprint(task)


def test_pairs_and_other_encodings():
    task, _ = made("first,second,label\n" + "\n".join(f"a {i},b {i},{'xy'[i % 2]}" for i in range(24)))
    assert task.kind == "pair"
    assert {(e.first[0], e.second[0]) for e in task.train} == {("a", "b")}
    task, _ = own_task.from_csv(f"text,label\n{ROWS.replace('good', 'schön')}".encode("cp1252"))
    assert any("schön" in e.text for e in (*task.train, *task.test))


def test_what_is_not_read_is_said():
    _, said = made(f"text,label\n{ROWS}\n,yes\nnothing,\none, two,yes\n")
    assert said[0] == "2 rows without a text or a label were not read."
    assert "1 row has another number of cells" in said[1]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "one column"),
        ("just text\nmore", "one column"),
        ("text,label\na,x\nb,y", "20 are the least"),
        ("text,label\n" + "a,x\n" * 30, "one label"),
        ("text,label\n" + "\n".join(f"a,l{i}" for i in range(30)), "20 are the most"),
        ("text,label\n" + "".join(f"a,{'y' if i in ALONE else 'x'}\n" for i in range(30)), "too few rows"),
    ],
)
def test_a_table_that_cannot_be_trained_on_says_why(text, why):
    with pytest.raises(own_task.BadTable, match=why):
        made(text)


@given(st.binary(max_size=300))
def test_no_file_is_a_traceback(data):
    with suppress(own_task.BadTable):
        own_task.from_csv(data)


@pytest.fixture(scope="module")
def tuned():
    train = sentences(32)
    task = Task("liked", "Liked", "sequence", ("no", "yes"), train, sentences(16), None)
    return ft.train(tiny_bert(), task, Recipe("tiny", "liked", 32, "all", 3, 2e-3))


def with_said(tuned, said, chances=None):
    from dataclasses import replace

    return replace(tuned, said=tuple(said), chances=tuned.chances if chances is None else chances)


def test_the_confusions_are_counted_by_hand(tuned):
    right = [e.label for e in tuned.task.test]
    wrong = ["yes"] * 3 + right[3:]
    found = numbers.confusion(with_said(tuned, wrong))
    assert found.to_numpy().sum() == 16
    assert found.loc["no", "yes"] == sum(r == "no" for r in right[:3])
    assert "All 16 are right" in numbers.confused(with_said(tuned, right)).plain()
    assert "Nothing went wrong" in numbers.surest(with_said(tuned, right)).plain()
    flipped = ["no" if r == "yes" else "yes" for r in right]
    assert "commonest" not in numbers.confused(with_said(tuned, flipped)).plain()  # eight and eight: none leads
    chances = np.full((16, 2), [0.02, 0.98])
    table = numbers.mistakes(with_said(tuned, flipped, chances))
    assert len(table) == 16
    assert "16 of them with a probability of 0.9" in numbers.surest(with_said(tuned, flipped, chances)).plain()


def test_better_is_said_only_where_other_draws_say_so_too(tuned):
    right = [e.label for e in tuned.task.test]
    beside = numbers.without_bert(tuned.task, tuned.task.train)
    assert beside.always in ("no", "yes")
    same = numbers.verdict(tuned.task, beside, with_said(tuned, right), "tiny", with_said(tuned, right), "other").plain()
    assert "both directions" not in same
    assert "no larger than" in same
    none = np.zeros_like(beside.bag)
    none[:, 1] = 1
    better = numbers.verdict(tuned.task, numbers.Beside(none, none, "no"), with_said(tuned, right), "tiny").plain()
    assert "fine-tuning is better" in better
    flipped = ["no" if r == "yes" else "yes" for r in right]
    all_right = none.copy()
    all_right[:, 0] = 1
    worse = numbers.verdict(tuned.task, numbers.Beside(all_right, none, "no"), with_said(tuned, flipped), "tiny").plain()
    assert "the bag of words is better" in worse


def test_the_map_and_its_neighbours_by_hand():
    vectors = np.array([[2.0, 0, 0], [-2, 0, 0], [0, 1, 0], [0, -1, 0]])
    places, share = numbers.flat_map(vectors)
    assert share == pytest.approx(1)
    np.testing.assert_allclose(np.abs(places), np.abs(vectors[:, :2]), atol=1e-12)
    assert numbers.flat_map(np.ones((3, 1)))[0].shape == (3, 2)
    two = np.array([[1.0, 0], [1, 0.1], [0, 1], [0.1, 1]])
    assert numbers.nearest_alike(two, ["a", "a", "b", "b"]) == 1
    assert numbers.nearest_alike(two, ["a", "b", "a", "b"]) == 0


def test_attention_that_did_not_move_is_said_so(tuned):
    model = tiny_bert()
    moved = numbers.attention_moved(model, tuned, lambda *_: None)
    assert moved.shape == (model.spec.n_layers, model.spec.n_heads)
    assert (moved >= 0).all()
    assert (moved <= 1).all()
    assert "No head stands out" in numbers.most_moved(np.full((2, 3), 0.2)).plain()
    assert "layer 2, head 3" in numbers.most_moved(np.array([[0.01, 0.01, 0.01], [0.01, 0.01, 0.5]])).plain()
    before, after, tokens = numbers.head_before_after(model, tuned, "the cold river", "", 1, 0)
    assert before.shape == after.shape == (len(tokens), len(tokens))


@pytest.mark.parametrize("text", ["river", "the the", "[MASK] [SEP]", "😀", "a" * 3000, "<b>{x}</b>"])
def test_an_own_sentence_is_answered_whatever_it_is(tuned, text):
    table, look = numbers.own(tuned, text, "")
    assert table["probability"].sum() == pytest.approx(1, abs=1e-5)
    top, second = np.sort(table["probability"])[::-1][:2]
    assert ("cannot decide" in look.plain()) == (top < second + 0.1)


def test_the_scores_beside_are_of_the_same_examples(tuned):
    beside = numbers.without_bert(tuned.task, tuned.task.train)
    table = numbers.compared(tuned.task, beside, [("tiny", tuned)])
    assert list(table["who"]) == [f"always “{beside.always}”", "bag of words", "tiny"]
    assert table["score"].iloc[0] == 0.5
    assert (table["low"] <= table["score"]).all()
    assert (table["score"] <= table["high"]).all()
    assert all(isinstance(e, Sequence) for e in tuned.task.test)


@pytest.mark.parametrize(("losses", "tested"), [([2.0], []), ([2.0, 1.0], [(2, 0.5)]), ([1.0] * 9, [(3, 0.5), (9, 0.5)])])
def test_how_it_learned_is_said_at_any_moment(losses, tested):
    from bert_explain.chapters.fine_tuning.chapter import _learned

    text = _learned(numbers.course(losses, losses, tested)).plain()
    assert ("fell" in text) == (losses[-1] < 0.9 * losses[0])
    assert text.count("epoch") == bool(tested)
    assert "nan" not in text


def test_the_right_axis_of_the_course_has_room_for_its_numbers():
    course = pd.DataFrame({"step": range(4), "loss": [0.9, 0.7, 0.5, 0.4], "test score": [np.nan, 0.5, np.nan, 0.75]})
    right = figures.course_chart(course, LIGHT).layout.yaxis2
    assert right.automargin
    assert right.range == (0, 1)
    assert 1 / right.dtick == pytest.approx(round(1 / right.dtick))  # its last number stands at its end


def test_other_draws_are_trained_and_said(tuned):
    draws = numbers.other_draws(tiny_bert(), tuned.task, Recipe("tiny", "liked", 16, "head", 1, 2e-3), lambda *_: None)
    assert draws.tuned.shape == draws.bag.shape == (numbers.SEEDS, 16, 2)
    table = numbers.draws_table(draws)
    assert list(table["seed"]) == list(range(numbers.SEEDS))
    mean = numbers.draws_mean(tuned.task, draws, "tiny")
    assert (mean["low"] <= mean["score"] + 1e-9).all()
    assert (mean["score"] <= mean["high"] + 1e-9).all()
    assert "5 seeds" in numbers.draws_look(tuned.task, draws, "tiny").plain()
    right, wrong = np.ones((5, 16, 2)), np.stack([np.zeros((5, 16)), np.ones((5, 16))], axis=-1)
    assert "fine-tuning is better" in numbers.draws_look(tuned.task, numbers.Draws(draws.seeds, right, wrong), "tiny").plain()
    assert "bag of words is better" in numbers.draws_look(tuned.task, numbers.Draws(draws.seeds, wrong, right), "tiny").plain()
    assert "no larger than" in numbers.draws_look(tuned.task, numbers.Draws(draws.seeds, right, right), "tiny").plain()


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ([], "Waits for its turn on this server"),
        (["a training"], "Waits for its turn on this server: 1 training is before yours"),
        (["a training"] * 2, "Waits for its turn on this server: 2 trainings are before yours"),
        (["a training", "all heads"], "Waits for its turn on this server: 2 long pieces of work are before yours"),
    ],
)
def test_who_waits_is_told_the_place(labels, told):
    from bert_explain.ui.working import place_of

    assert place_of(labels) == told


def test_what_was_measured_beforehand_is_said_of_these_weights_only(tuned, monkeypatch):
    found = {
        "weights": "abc",
        "better": "neither",
        "interval": [0.5, 0.7],
        "seeds": [0.6, 0.62],
        "score": 0.61,
        "bag": 0.6,
        "recipe": {"examples": 338},
    }
    monkeypatch.setattr(numbers, "_measured", lambda: {"liked": found})
    assert numbers.measured_before(tuned.task, "other") == ""
    told = numbers.measured_before(tuned.task, "abc")
    assert "338 examples, mean of 2 seeds: 0.61 fine-tuned (0.50 to 0.70), 0.60 with a bag of words; neither is surely" in told
    monkeypatch.setattr(numbers, "_measured", dict)
    assert numbers.measured_before(tuned.task, "abc") == ""


@pytest.mark.parametrize(("there", "direct"), [({"all"}, False), ({"all", "head"}, True)])
def test_a_question_that_needs_two_trainings_waits_for_both(monkeypatch, there, direct):
    """With one of them kept the other would be made while the page is drawn, without a bar and without Cancel."""
    monkeypatch.setattr(chapter.asking, "asked_here", lambda page: None)
    monkeypatch.setattr(chapter.asking, "wanted", lambda page, question: False)
    monkeypatch.setattr(chapter.asking, "evidence", lambda page, question, ask: "made at once")
    monkeypatch.setattr(chapter, "working", lambda *_, **__: None)
    monkeypatch.setattr(chapter.fine_tuning, "kept", lambda model, recipe: recipe if recipe.trained in there else None)
    page = SimpleNamespace(model=tiny_bert())
    assert chapter._evidence(page, chapter.questions.PART, chapter.PART_ASKED) == ("made at once" if direct else None)
    assert chapter._evidence(page, chapter.questions.MANY, chapter.MANY_ASKED) == "made at once"
