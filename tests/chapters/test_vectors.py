"""The right options of Word vectors, worked out with gensim on twenty texts; when they are not asked; the picture's word."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from bert_explain.chapters.vectors import numbers, questions
from bert_explain.learning.question import NotAskable
from bert_explain.models import load_vectors
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


def test_a_tie_is_not_asked(mini_bert):
    evidence = questions.SUM.evidence(ask_of(mini_bert, *PAIRS[0]))
    evidence["value"] = np.array([0.6, 0.61, 0.2])
    assert "too near" in questions.SUM.why_not(evidence)


@pytest.mark.parametrize("text", ["The bank of the river.", "bank", "[MASK] [SEP]", "🎉"])
def test_without_an_opposite_it_is_not_asked(mini_bert, text):
    with pytest.raises(NotAskable, match="No word of this text"):
        questions.OPPOSITE.evidence(ask_of(mini_bert, text))


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
