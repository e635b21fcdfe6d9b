"""Scores against sums done by hand."""

from pathlib import Path

import numpy as np
import pytest

from bert_explain.kernel import scores
from bert_explain.kernel.tasks import Answer, Sequence, Task, Tokens


def task(kind: str, *test) -> Task:
    return Task("made", "Made", kind, (), (), test, Path("README.md"))


def test_accuracy_is_right_ones_by_all():
    made = task("sequence", Sequence("a", "x", "p"), Sequence("b", "y", "p"), Sequence("c", "y", "p"))
    parts = scores.parts(made, made.test, ["x", "x", "y"])
    assert parts.tolist() == [[1, 1], [0, 1], [1, 1]]
    assert scores.score(parts) == pytest.approx(2 / 3)


def test_who_always_says_the_same_says_what_is_commonest_in_the_examples():
    examples = [Sequence("a", "x", "p"), Sequence("b", "y", "p"), Sequence("c", "y", "p")]
    assert scores.always(task("sequence", *examples[:2]), examples) == ("y", ["y", "y"])
    tags = task("token", Tokens("to Rome", ("O", "B-place"), "p"))
    assert scores.always(tags, tags.test) == ("no name", [["O", "O"]])
    asked = task("span", Answer("Who?", "Nobody.", "t", None, "p"), Answer("Who?", "Ann.", "t", (0, 3), "p"))
    assert scores.always(asked, asked.test) == ("no answer", [None, None])


@pytest.mark.parametrize(
    ("tags", "names"),
    [
        (["B-person", "I-person", "O"], {("person", 0, 2)}),
        (["B-person", "B-person"], {("person", 0, 1), ("person", 1, 2)}),
        (["B-person", "I-place"], {("person", 0, 1), ("place", 1, 2)}),
        (["O", "I-place", "I-place"], {("place", 1, 3)}),
        (["O", "O"], set()),
        ([], set()),
    ],
)
def test_names_of_tags(tags, names):
    assert scores.entities(tags) == names


def test_f1_of_names_counts_whole_names_only():
    gold = Tokens("Paris Hilton left Rome", ("B-person", "I-person", "O", "B-place"), "p")
    made = task("token", gold)
    said = [["B-person", "O", "O", "B-place"]]  # half a name is no name: one of two found, two said
    assert scores.score(scores.parts(made, made.test, said)) == pytest.approx(2 * 1 / (2 + 2))
    assert scores.score(scores.parts(made, made.test, [["O"] * 4])) == 0.0


@pytest.mark.parametrize(
    ("gold", "said", "f1"),
    [
        ("the Red Sea", "Red Sea", 1.0),
        ("thirty-eight", "thirty-eight nurses", 2 / 3),
        ("steel", "its weight", 0.0),
        (None, None, 1.0),
        (None, "steel", 0.0),
        ("steel", None, 0.0),
        ("the", "a", 1.0),  # only articles on both sides: nothing is left that could differ
        ("steel", "the", 0.0),
    ],
)
def test_f1_of_answers(gold, said, f1):
    assert scores.answer_f1(gold, said) == pytest.approx(f1)


def test_answers_are_scored_by_their_words():
    both = (Answer("Who?", "Ann ran.", "t", (0, 3), "p"), Answer("When?", "Ann ran.", "t", None, "p"))
    made = task("span", *both)
    assert scores.score(scores.parts(made, both, ["Ann ran", None])) == pytest.approx((2 / 3 + 1) / 2)


def test_an_interval_draws_whole_groups():
    parts = np.array([[1, 1]] * 10 + [[0, 1]] * 10, dtype=float)
    wide = scores.interval(parts, ["a"] * 10 + ["b"] * 10)
    narrow = scores.interval(parts, list(range(20)))
    assert wide == (0.0, 1.0)  # two groups: both right, both wrong, or one of each
    assert 0.2 < narrow[0] < 0.5 < narrow[1] < 0.8
    assert scores.interval(parts, list(range(20))) == narrow  # no chance in it
    assert scores.interval(np.array([[0.0, 0.0]]), ["a"]) == (0.0, 0.0)


def test_answers_that_are_too_few_are_refused():
    made = task("sequence", Sequence("a", "x", "p"))
    with pytest.raises(ValueError, match="0 answers for 1 examples"):
        scores.parts(made, made.test, [])
    words = task("token", Tokens("a b", ("O", "O"), "p"))
    with pytest.raises(ValueError, match="1 tags for 2 words"):
        scores.parts(words, words.test, [["O"]])
