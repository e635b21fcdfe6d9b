"""The tasks made from WordNet: made again they are the same, and nothing gives the answer away."""

from collections import Counter
from types import SimpleNamespace

import pandas as pd
import pytest

from bert_explain.content import wordnet
from bert_explain.kernel import tasks
from bert_explain.kernel.overlap import words
from bert_explain.training import task_data

MADE = {"topic": task_data.topic, "same-sense": task_data.same_sense}


@pytest.fixture(scope="module", params=MADE)
def made(request):
    return request.param, MADE[request.param](wordnet.load())


@pytest.mark.rest
def test_made_again_the_rows_are_those_in_the_folder(made):
    name, splits = made
    task = tasks.load(name)
    assert tuple(splits["train"]) == task.train
    assert tuple(splits["test"]) == task.test
    assert task.labels == (tuple(task_data.TOPICS) if name == "topic" else task_data.SAME)


def test_no_word_and_no_sentence_is_in_both_splits(made):
    _, splits = made
    train, test = (
        {"words": {e.pattern.lower() for e in split}, "texts": {text for e in split for text in bare(e)}}
        for split in (splits["train"], splits["test"])
    )
    assert not train["words"] & test["words"]
    assert not train["texts"] & test["texts"]


def bare(example) -> tuple[str, ...]:
    """The texts as they stand in WordNet, in lower case and without marks."""
    return tuple(" ".join(words(text.replace('"', ""))) for text in example.inputs)


def test_topics_are_balanced_and_each_word_has_few_sentences(made):
    name, splits = made
    if name != "topic":
        pytest.skip("the other task")
    for rows in splits.values():
        assert len(set(Counter(row.label for row in rows).values())) == 1
        assert max(Counter((row.label, row.pattern) for row in rows).values()) <= task_data.EACH["topic"]


def test_neither_word_nor_form_nor_first_sentence_tells_whether_the_sense_is_the_same(made):
    name, splits = made
    if name != "same-sense":
        pytest.skip("the other task")
    for rows in splits.values():
        by_word = Counter((row.pattern, row.label) for row in rows)
        assert all(by_word[word, "same"] == by_word[word, "different"] for word, _ in by_word)
        forms = Counter((one_form(row), row.label) for row in rows)
        assert forms[True, "same"] == forms[True, "different"]
        assert forms[False, "same"] == forms[False, "different"]
        same = {text for row in rows if row.label == "same" for text in bare(row)}
        assert all(same & set(bare(row)) for row in rows if row.label == "different")


def one_form(row) -> bool:
    one, two = (text[slice(*span)].lower() for text, span in zip((row.first, row.second), row.marked, strict=True))
    return one == two


def test_pairs_have_the_senses_that_wordnet_gives():
    tables = wordnet.load()
    senses: dict[tuple[str, str], set[str]] = {}
    for row in tables.sentences.itertuples():
        senses.setdefault((row.text, row.word), set()).add(row.sense)
    for row in tasks.load("same-sense").test:
        shared = senses[row.first, row.pattern] & senses[row.second, row.pattern]
        assert shared or row.label == "different"
        if row.label == "different":
            topics = [{tables.senses.topic[s] for s in senses[text, row.pattern]} for text in (row.first, row.second)]
            assert topics[0] != topics[1]


def test_a_pair_is_made_by_hand_as_by_the_program():
    """Four sentences of one word: a and b of one sense, c and d of one of another topic."""
    rows = [("the a bank lent", "s1"), ("the b bank lent", "s1"), ("the c bank rose", "s2"), ("the d bank rose", "s2")]
    table = pd.DataFrame(
        [(text, "bank", 6, 10, sense) for text, sense in rows],
        columns=["text", "word", "start", "end", "sense"],
    )
    senses = pd.DataFrame({"pos": ["n", "n"], "topic": ["noun.group", "noun.object"]}, index=["s1", "s2"])
    found = task_data.same_sense(SimpleNamespace(sentences=table, senses=senses))
    pairs = found[task_data.split_of("bank")]
    said = {(frozenset((p.first[4], p.second[4])), p.label) for p in pairs}
    assert len(pairs) == 4
    assert {(frozenset("ab"), "same"), (frozenset("cd"), "same")} <= said
    assert all(p.first[slice(*p.marked[0])] == p.second[slice(*p.marked[1])] == "bank" for p in pairs)


def test_the_share_of_words_in_the_test_split_is_near_what_was_asked():
    known = wordnet.load().rows
    share = sum(task_data.split_of(word) == "test" for word in known) / len(known)
    assert share == pytest.approx(task_data.TEST, abs=0.02)
    assert task_data.split_of("Bank") == task_data.split_of("bank")
