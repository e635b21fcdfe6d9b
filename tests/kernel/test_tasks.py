"""The data sets of the tasks: read right, and as their cards say."""

import json
import re

import pytest

from bert_explain.errors import Missing
from bert_explain.kernel import tasks
from bert_explain.kernel.overlap import overlap, words
from bert_explain.kernel.tasks import Answer, Pair, Tokens
from bert_explain.training import task_cards

NAMES = tasks.names()
WRITTEN = ("sentiment", "question-type", "names", "answers")  # by hand, not from WordNet


def test_every_task_is_there():
    assert set(NAMES) == set(tasks.TASKS)


@pytest.mark.parametrize("name", NAMES)
def test_a_task_is_whole(name):
    task = tasks.load(name)
    assert task.kind == tasks.TASKS[name][0]
    assert task.train
    assert task.test
    assert len(set(task.labels)) == len(task.labels)
    for split in tasks.SPLITS:
        examples = task.split(split)
        assert len({example.inputs for example in examples}) == len(examples), "an example stands twice"
        assert all(text.strip() == text != "" and "\n" not in text for example in examples for text in example.inputs)
    assert not {e.inputs for e in task.train} & {e.inputs for e in task.test}


@pytest.mark.parametrize("name", NAMES)
def test_the_splits_share_no_pattern(name):
    task = tasks.load(name)
    assert not task_cards.patterns(task.train) & task_cards.patterns(task.test)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_card_says_what_is_measured(name):
    """Sizes, balance of the labels, the majority's score and the overlap are counted anew; the bag of words is of this data."""
    task = tasks.load(name)
    card = task.card.read_text(encoding="utf-8")
    reached = task_cards.baselines()[name]
    assert reached["data"] == task_cards.fingerprint(task)
    assert task_cards.with_numbers(card, task_cards.numbers(task, reached)) == card
    assert "What it is bad at" in card
    assert "Licence" in card


@pytest.mark.parametrize("name", [name for name in NAMES if name in WRITTEN])
def test_what_was_written_is_large_and_varied_enough(name):
    task = tasks.load(name)
    both = (*task.train, *task.test)
    assert len(both) >= (250 if name == "answers" else 400)
    assert len(task_cards.patterns(both)) >= 150
    if task.kind == "sequence":
        counts = [task_cards.gold(both).count(label) for label in task.labels]
        assert max(counts) <= 2.5 * min(counts)


@pytest.mark.parametrize("name", [name for name in NAMES if name in WRITTEN])
def test_no_near_duplicate_is_in_both_splits(name):
    task = tasks.load(name)
    found = overlap(task_cards.texts(task.train, 0), task_cards.texts(task.test, 0))
    assert found.near == 0, found.pair
    assert found.triples < 0.1


@pytest.mark.parametrize("name", [name for name in NAMES if tasks.TASKS[name][0] == "token"])
def test_tags_are_aligned_with_words(name):
    for example in (*tasks.load(name).train, *tasks.load(name).test):
        assert isinstance(example, Tokens)
        assert len(example.words) == len(example.spans) == len(example.tags)
        assert tuple(example.text[start:end] for start, end in example.spans) == example.words
        tasks.check_tags(example.words, example.tags, tasks.load(name).labels)
        for word, tag in zip(example.words, example.tags, strict=True):
            assert tag[0] != "B" or word[0].isalnum(), f"a name begins with {word!r}"


@pytest.mark.parametrize("name", [name for name in NAMES if tasks.TASKS[name][0] == "span"])
def test_answers_stand_in_their_passages(name):
    task = tasks.load(name)
    both = (*task.train, *task.test)
    for example in both:
        assert isinstance(example, Answer)
        if example.span:
            start, end = example.span
            assert example.passage[start:end] == example.answer == example.answer.strip()
            whole = (example.passage[start - 1 : start] or " ") + (example.passage[end : end + 1] or " ")
            assert not re.search(r"\w", whole), f"{example.answer!r} begins or ends inside a word"
        assert example.pattern == "-".join(words(example.question)[:3])  # as the card says
    assert sum(example.span is not None for example in both) >= 200
    assert sum(example.span is None for example in both) >= 50
    assert not {e.passage for e in task.train} & {e.passage for e in task.test}


@pytest.mark.parametrize("name", [name for name in NAMES if tasks.TASKS[name][0] == "pair"])
def test_marked_words_of_pairs_are_words(name):
    for example in (*tasks.load(name).train, *tasks.load(name).test):
        assert isinstance(example, Pair)
        if example.marked:
            for text, (start, end) in zip((example.first, example.second), example.marked, strict=True):
                assert text[start:end].strip() == text[start:end] != ""


def test_what_a_model_reads_has_the_marked_word_in_quotation_marks():
    assert tasks.quoted("a bank of snow", (2, 6)) == 'a "bank" of snow'
    assert tasks.quoted("a bank of snow", None) == "a bank of snow"


def test_an_unknown_task_is_said():
    with pytest.raises(Missing, match="no task called weather"):
        tasks.load("weather")


def test_a_task_that_is_not_whole_is_said(tmp_path):
    (tmp_path / "sentiment").mkdir()
    (tmp_path / "sentiment" / "README.md").write_text("card")
    with pytest.raises(Missing, match=r"train\.tsv is not in"):
        tasks.load("sentiment", tmp_path)


@pytest.mark.parametrize(
    ("name", "row", "said"),
    [
        ("sentiment", "label\tpattern\ttext\nbad\tp\tHello.", "line 2: bad is none of the labels negative, positive"),
        ("sentiment", "label\tpattern\tmarked\ttext\npositive\tp\t3-9\tHello.", "characters 3-9 are not in a text of 6"),
        ("sentiment", "label\tpattern\ttext\npositive\tp", "line 2: it has not as many columns as the head"),
        ("sentiment", "label\tpattern\ttext\npositive\tp\tone\ttwo", "it has not as many columns as the head"),
        ("names", "pattern\ttags\ttext\np\tO O O\tHello.", "2 words and 3 tags"),
        ("names", "pattern\ttags\ttext\np\tI-person O\tHello.", "goes on with a name that has not begun"),
        ("names", "pattern\ttags\ttext\np\tB-fish O\tHello.", "B-fish is none of the labels"),
    ],
)
def test_a_wrong_row_is_said_with_its_line(tmp_path, name, row, said):
    home = tmp_path / name
    home.mkdir()
    (home / "README.md").write_text("card")
    labels = ("negative", "positive") if name == "sentiment" else ("O", "B-person", "I-person")
    (home / "labels.txt").write_text("".join(f"{label}\n" for label in labels))
    for split in tasks.SPLITS:
        (home / f"{split}.tsv").write_text(row + "\n")
    with pytest.raises(ValueError, match=re.escape(said)):
        tasks.load(name, tmp_path)


def test_an_answer_that_is_not_in_its_passage_is_said(tmp_path):
    home = tmp_path / "answers"
    home.mkdir()
    (home / "README.md").write_text("card")
    asked = [{"pattern": "p", "question": "Who?", "start": 1, "answer": "Ann"}]
    for split in tasks.SPLITS:
        (home / f"{split}.jsonl").write_text(json.dumps({"title": "t", "text": "Ann ran.", "questions": asked}) + "\n")
    with pytest.raises(ValueError, match="the passage says 'nn ', not 'Ann'"):
        tasks.load("answers", tmp_path)
