"""The right options of ELMo's chapter, worked out with other means on twenty texts."""

import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics.pairwise import cosine_similarity
from streamlit.testing.v1 import AppTest

from bert_explain.chapters.elmo import numbers, questions
from bert_explain.learning.question import NotAskable
from bert_explain.models import load_elmo
from tests.chapters.asking import PAIRS, Beside, ask_of
from tests.chapters.test_guided import APP

TEXTS = ([(p.a, p.b, p.word) for p in questions.INNER] + PAIRS)[:24]


def test_what_is_nearest_by_letters_is_so_by_the_network_itself(mini_bert):
    """One word after the other goes through the network, with its mean over the list, and plain numpy."""
    elmo = load_elmo()
    with torch.inference_mode():
        middle = np.mean([elmo.encode(list(elmo.words[i : i + 500])).numpy().sum(0) for i in range(3, len(elmo.words), 500)], 0)
        middle = middle * len(range(3, len(elmo.words), 500)) / (len(elmo.words) - 3)
    seen, answers = set(), set()
    for a, b, word in TEXTS + PAIRS:
        ask = ask_of(mini_bert, a, b, word)
        try:
            evidence = questions.LETTERS.evidence(ask)
        except NotAskable:
            continue
        facts = {key: str(evidence.attrs["facts"][key]) for key in ("word", "typo", "other", "caps")}
        assert facts["word"] in f"{a} {b}"
        assert sorted(facts["typo"]) == sorted(facts["word"]) != facts["typo"]
        assert facts["typo"] not in elmo.words
        assert facts["other"] in elmo.words
        assert facts["caps"] == facts["word"].upper()
        with torch.inference_mode():
            own, *others = elmo.encode(list(facts.values())).numpy() - middle
        near = dict(zip(("typo", "other", "caps"), cosine_similarity([own], others)[0].astype(float), strict=True))
        assert evidence["value"].to_dict() == pytest.approx(near, abs=1e-4)
        if not questions.LETTERS.why_not(evidence):
            assert questions.LETTERS.answer(evidence) == max(near, key=near.get)
            answers.add(questions.LETTERS.answer(evidence))
        seen.add(facts["word"])
    assert len(seen) >= 16
    assert len(answers) > 1


@pytest.mark.parametrize(("word", "typo"), [("bank", "bnak"), ("door", "doro"), ("kettle", "ktetle"), ("aaaa", ""), ("Ab", "")])
def test_two_letters_that_differ_change_places(word, typo):
    found = numbers.misspelt(load_elmo(), word)
    assert (found.typo if found else "") == typo


def test_the_picture_is_about_the_word_that_was_asked_about():
    at = AppTest.from_file(APP, default_timeout=120)
    for name, value in {"a": "The cat slept.", "b": "", "mode": "guided"}.items():
        at.query_params[name] = value
    at.switch_page("pages/10_ELMo.py")
    at.run()
    next(b for b in at.button if b.label == "just show me").click().run()
    for _ in range(600):  # the model is opened beside the page
        if at.subheader:
            break
        time.sleep(0.1)
        at.run()
    assert not at.exception
    told = " ".join(e.proto.body for e in at.get("html"))
    assert 'to <b class="piece" dir="auto">slept</b> comes from' in told  # "cat" has too few letters


def test_a_reader_that_has_read_a_word_moves_when_it_is_another_one(mini_bert):
    seen = 0
    for a, b, word in TEXTS:
        ask = ask_of(mini_bert, a, b, word)
        try:
            evidence = questions.READ.evidence(ask)
        except NotAskable:
            continue
        trace, at, sentence = numbers.reading(ask)
        other = next(w for w in trace.words[at + 1 :] if w.text == evidence.attrs["facts"]["other"])
        text = (a, b)[sentence]
        changed = Beside().elmo(f"{text[: other.start]}elephant{text[other.end :]}")
        moved = [
            not np.allclose(one[-1, at], two[-1, at], atol=1e-6)
            for one, two in ((trace.forward, changed.forward), (trace.backward, changed.backward))
        ]
        wanted = {(True, True): "both", (True, False): "forward", (False, True): "backward"}[tuple(moved)]
        assert questions.READ.answer(evidence) == wanted
        seen += 1
    assert seen >= 12


def test_who_guesses_better_is_read_off_the_softmax(mini_bert):
    answers = set()
    for a, b, word in TEXTS[:20]:
        ask = ask_of(mini_bert, a, b, word)
        try:
            evidence = questions.GUESS.evidence(ask)
        except NotAskable:
            continue
        trace, at, _ = numbers.reading(ask)
        row = list(trace.vocabulary).index(trace.words[at].text)
        left, right = trace.next_probabilities(at - 1)[row], trace.previous_probabilities(at + 1)[row]
        wanted = "same" if max(left, right) <= 1.25 * min(left, right) else "left" if left > right else "right"
        assert questions.GUESS.answer(evidence) == wanted
        assert evidence["value"][["left", "right"]].tolist() == pytest.approx([left, right], rel=1e-3)
        answers.add(wanted)
    assert {"left", "right"} <= answers


@pytest.mark.parametrize("text", ["", " ", "cat"])
def test_too_few_words_are_not_asked_about(mini_bert, text):
    for question in questions.EVERY:
        with pytest.raises(NotAskable):
            question.evidence(ask_of(mini_bert, text))


def test_a_word_that_it_cannot_guess_is_not_asked_about(mini_bert):
    ask = ask_of(mini_bert, "The blorptagious house is old.")
    place = next(t.position for t in ask.trace.tokens if t.span and t.span[0] == 4)
    with pytest.raises(NotAskable, match="none of the words"):
        questions.GUESS.evidence(replace(ask, position=place))


def test_a_word_that_stands_before_too_is_not_asked_about_as_a_later_one(mini_bert):
    ask = ask_of(mini_bert, "Elephants follow elephants home.", "", "elephants")
    facts = questions.READ.evidence(ask).attrs["facts"]
    assert facts["other"] == "follow"
    with pytest.raises(NotAskable):
        questions.READ.evidence(ask_of(mini_bert, "Elephants, elephants, elephants.", "", "elephants"))


def test_no_side_is_taken_away_where_there_is_none_to_take(mini_bert):
    ask = ask_of(mini_bert, "They won the match.", word="They")
    found = questions.GUESS.evidence(ask)
    found.loc["left", "value"], found.loc["right", "value"] = 2.0, 1.0
    found.loc["same", "value"] = 0.0
    with pytest.raises(NotAskable, match="no word that could be taken away"):
        numbers.without_one_side(ask, found)
    found.loc["same", "value"] = 3.0
    with pytest.raises(NotAskable, match="none that did better"):
        numbers.without_one_side(ask, found)
