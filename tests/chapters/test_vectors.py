"""The right options of Word vectors, worked out with gensim on twenty texts; when they are not asked; the picture's word."""

import re
import time

import numpy as np
import pytest
from sklearn.metrics.pairwise import cosine_similarity
from streamlit.testing.v1 import AppTest

from bert_explain.chapters.vectors import numbers, questions
from bert_explain.learning.question import NotAskable
from bert_explain.models import load_vectors
from bert_explain.query import Query
from bert_explain.trace import run
from tests.chapters.asking import PAIRS, ask_of
from tests.chapters.test_guided import APP

TEXTS = [(p.a, p.b, p.word) for p in questions.OPPOSED] + PAIRS


def found_on(question, model, texts, fewest):
    found = []
    for a, b, word in texts:
        ask = ask_of(model, a, b, word)
        try:
            found.append((ask, question.evidence(ask)))
        except NotAskable:
            continue
    assert len(found) >= fewest
    return found


def test_the_opposite_stands_where_gensim_has_it(mini_bert):
    keyed = load_vectors("word2vec").keyed
    answers = set()
    for ask, evidence in found_on(questions.OPPOSITE, mini_bert, TEXTS, 20):
        facts = evidence.attrs["facts"]
        assert facts["word"] in f"{ask.query.text_a} {ask.query.text_b}".lower()
        rank = keyed.rank(facts["word"], facts["other"])
        assert facts["rank"] == pytest.approx(rank, abs=1)  # two words may be equally near but for the last bit
        if not questions.OPPOSITE.why_not(evidence):
            answers.add(questions.OPPOSITE.answer(evidence))
            wanted = "near" if rank <= 10 else "middle" if rank <= 1000 else "far"
            assert questions.OPPOSITE.answer(evidence) == wanted
    assert len(answers) > 1


def test_the_sum_lands_where_gensim_has_it(mini_bert):
    keyed = load_vectors("word2vec").keyed
    for _, evidence in found_on(questions.SUM, mini_bert, PAIRS, 16):
        facts = evidence.attrs["facts"]
        total = keyed.get_vector(facts["given"], norm=True) + keyed.get_vector(facts["same"], norm=True)
        total = total - keyed.get_vector(str(facts["sum"]).split()[2], norm=True)
        near = {k: float(keyed.cosine_similarities(total, keyed[facts[k]][None])[0]) for k in ("hoped", "same", "given")}
        assert evidence["value"].to_dict() == pytest.approx(near, abs=1e-4)
        assert facts["top"] == keyed.similar_by_vector(total, topn=1)[0][0]
        assert questions.SUM.answer(evidence) == max(near, key=near.get)


def test_the_row_lies_where_gensim_has_it(mini_bert):
    keyed, answers = load_vectors("word2vec").keyed, set()
    texts = [(p.a, p.b, p.word) for p in questions.TWO_MEANINGS] + PAIRS
    for ask, evidence in found_on(questions.ONE, mini_bert, texts, 20):
        facts = evidence.attrs["facts"]
        assert str(facts["word"]) in f"{ask.query.text_a} {ask.query.text_b}".lower()
        one, two = (float(keyed.similarity(facts["word"], facts[key])) for key in ("one", "two"))
        assert (facts["one_cosine"], facts["two_cosine"]) == (f"{one:.2f}", f"{two:.2f}")
        if not questions.ONE.why_not(evidence):
            wanted = "same" if abs(one - two) <= 0.04 else "one" if one > two else "two"
            assert questions.ONE.answer(evidence) == wanted
            answers.add(wanted)
    assert answers == {"one", "two", "same"}


def test_an_encoder_has_another_vector_in_each_meaning(mini_bert):
    ask = ask_of(mini_bert, "She walked to the bank of the river.", "", "bank")
    evidence = questions.ONE.evidence(ask)
    tried = questions.ONE.tried(ask, evidence)
    rows = []
    river, money = next(row[3:] for row in numbers.WORDS["meanings"] if row[0] == "bank")
    for text in (ask.query.text_a, river, money):
        read = run(mini_bert, Query(text))
        rows.append(read.hidden[-1][next(t.position for t in read.tokens if t.text == "bank")])
    cosines = cosine_similarity(rows)[0, 1:]
    assert [tried.attrs["facts"][key] for key in ("one_cosine", "two_cosine")] == [f"{value:.2f}" for value in cosines]
    assert questions.ONE.answer(tried) == "one"  # the river's, in a text with a river
    assert questions.ONE.answer(evidence) == "same"
    assert questions.ONE.broken(evidence, tried)


def test_each_sentence_of_a_meaning_has_the_word_and_its_neighbour():
    for word, one, two, first, second in numbers.WORDS["meanings"]:
        for neighbour, text in ((one, first), (two, second)):
            assert {word, neighbour} <= set(re.findall("[a-z]+", text.lower())), text


def test_a_tie_is_not_asked(mini_bert):
    evidence = questions.SUM.evidence(ask_of(mini_bert, *PAIRS[0]))
    evidence["value"] = np.array([0.6, 0.61, 0.2])
    assert "too near" in questions.SUM.why_not(evidence)


@pytest.mark.parametrize("text", ["The bank of the river.", "bank", "[MASK] [SEP]", "🎉"])
def test_without_an_opposite_it_is_not_asked(mini_bert, text):
    with pytest.raises(NotAskable, match="No word of this text"):
        questions.OPPOSITE.evidence(ask_of(mini_bert, text))


@pytest.mark.parametrize("text", ["", "The cat sat on the mat.", "[MASK] [SEP]", "🎉"])
def test_without_a_word_of_two_meanings_it_is_not_asked(mini_bert, text):
    with pytest.raises(NotAskable, match="none of the words"):
        questions.ONE.evidence(ask_of(mini_bert, text))


def test_what_is_shown_first_is_the_word_that_was_asked_about():
    at = AppTest.from_file(APP, default_timeout=120)
    for name, value in {"step": "one", "a": "The bat flew out of the cave.", "b": "It slept.", "mode": "guided"}.items():
        at.query_params[name] = value
    at.switch_page("pages/9_Word_vectors.py")
    at.run()
    next(b for b in at.button if b.label == "just show me").click().run()
    for _ in range(600):  # the tables are opened beside the page
        if at.subheader:
            break
        time.sleep(0.1)
        at.run()
    assert not at.exception
    assert at.subheader[0].value == "One vector for all its meanings"
    assert any('<b class="piece" dir="auto">bat</b>' in e.proto.body for e in at.get("html"))


def test_the_pictures_are_about_the_word_and_the_sum_that_were_asked_about():
    for step, key, wanted in (("neighbours", "cold", "cold"), ("arithmetic", "−", "cat")):
        at = AppTest.from_file(APP, default_timeout=120)
        a, b = ("The water was cold.", "We went home.") if step == "neighbours" else ("The cat sat on the mat.", "It slept.")
        for name, value in {"step": step, "a": a, "b": b, "mode": "guided"}.items():
            at.query_params[name] = value
        at.switch_page("pages/9_Word_vectors.py")
        at.run()
        next(b for b in at.button if b.label == "just show me").click().run()
        assert not at.exception
        assert any(wanted in str(t.value) for t in at.text_input), (step, key)


def test_a_plural_is_no_function_word_and_stands_in_the_table(mini_bert):
    vectors = load_vectors("word2vec")
    ask = ask_of(mini_bert, "The cat and the others sat on this mat.", "")
    found = numbers.plural(vectors, ask.trace, ask.position)
    assert {found.one, found.word} == {"cat", "mat"}
    assert {found.many, found.hoped} == {"cats", "mats"}
