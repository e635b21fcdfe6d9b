"""The bag of words: what it sees, that it learns what words can tell, and that the cards' scores are its own."""

from pathlib import Path

import pytest

from bert_explain.kernel import baseline, tasks
from bert_explain.kernel.tasks import Answer, Pair, Sequence, Task, Tokens
from bert_explain.training import task_cards


def test_what_is_seen_of_a_text_and_of_a_pair():
    assert baseline.features(Sequence("Bad, BAD dog", "x", "p", (9, 12))) == {"bad": 1.0, "dog": 1.0, "marked dog": 1.0}
    pair = baseline.features(Pair("a cat", "A dog", "x", "p"))
    assert pair == {"both a": 1.0, "one cat": 1.0, "one dog": 1.0}
    assert pair == baseline.features(Pair("A dog", "a cat", "x", "p"))  # the order of a pair is not seen


def test_what_is_seen_of_a_word_are_its_neighbours():
    seen = baseline.token_features(Tokens("In Rome", ("O", "B-place"), "p"))
    assert seen == [{"before ": 1, "is in": 1, "behind rome": 1}, {"before in": 1, "is rome": 1, "behind ": 1}]


def test_runs_stay_in_their_sentence_and_begin_and_end_with_a_word():
    example = Answer("Who ran?", "Ann, a vet, ran. He won.", "t", (0, 3), "p")
    found = {example.passage[slice(*span)] for span, _ in baseline.runs(example)}
    assert {"Ann", "a vet", "Ann, a vet", "He won"} <= found
    assert not any("." in run or run[-1] == "," or run[0] == "," for run in found)


def test_every_answer_of_the_data_that_is_short_enough_is_among_the_runs():
    missing = [
        example.answer
        for example in tasks.load("answers").train
        if example.span and len(example.answer.split()) <= 5 and example.span not in {span for span, _ in baseline.runs(example)}
    ]
    assert missing == []


def test_it_learns_what_single_words_tell_and_not_what_order_tells():
    def made(rows):
        return tuple(Sequence(text, label, f"{i % 6}{label}") for i, (text, label) in enumerate(rows))

    easy = [(f"{word} {i}", label) for i in range(10) for word, label in (("good", "+"), ("bad", "-"))]
    split = made(easy)
    found = baseline.measure(Task("made", "Made", "sequence", ("+", "-"), split, split, Path("x")))
    assert (found.score, found.low, found.high) == (1.0, 1.0, 1.0)
    assert len(found.seeds) == len(baseline.SEEDS)
    order = [("dog bites man", "+"), ("man bites dog", "-")] * 10
    split = made(order)
    found = baseline.measure(Task("made", "Made", "sequence", ("+", "-"), split, split, Path("x")))
    assert found.score == 0.5


@pytest.mark.parametrize("name", ["sentiment", "question-type"])  # the quick ones
def test_the_cards_score_is_what_is_measured(name):
    kept = task_cards.baselines()[name]
    found = task_cards.measured(tasks.load(name))
    assert found["strength"] == kept["strength"]
    assert found["score"] == pytest.approx(kept["score"], abs=0.02)  # a tie may fall the other way on another processor
    assert found["seeds"] == pytest.approx(kept["seeds"], abs=0.03)
    assert kept["interval"][0] <= kept["score"] <= kept["interval"][1]


@pytest.mark.parametrize("texts", [("a cat", "a dog"), ("🙂", "!!")])
def test_of_one_label_or_of_no_word_there_is_nothing_to_learn(texts):
    """A reader's own table may draw the rows of one label only, or hold no word at all."""
    train = [
        Sequence(texts[0], "ham", "p"),
        Sequence(texts[1], "ham" if "cat" in texts[0] else "spam", "q"),
        Sequence(texts[0], "ham", "r"),
    ]
    test = [Sequence("a bird", "spam", "s")]
    task = Task("own", "Own", "sequence", ("ham", "spam"), tuple(train), tuple(test), None)
    assert baseline.answers(task, train, 1.0) == ["ham"]
