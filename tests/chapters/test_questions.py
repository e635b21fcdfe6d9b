"""Every question of every chapter: askable on what it carries, true and well said on odd texts, never a fixed answer.

A question is asked of half of the texts that are not its own, the next question of the other half; of all by `make thorough`.
"""

import pytest

from bert_explain import chapters
from bert_explain.learning.question import Experiment, NotAskable, Question, table
from bert_explain.ui.stages import STAGES
from tests.chapters.asking import ODD, PAIRS, ask_of, complaints
from tests.thorough import part
from tests.tiny import tiny_bert, tiny_electra, tiny_roberta

QUESTIONS = [q for stage in STAGES if stage.path for q in chapters.load(stage.chapter).questions]
OTHERS = {"generator": lambda: tiny_electra("generator"), "discriminator": tiny_electra, "roberta": tiny_roberta}
BESIDE = ("decoder", "elmo", "sees", "same_word", "confusions")  # other models, or many texts of their own: fewer texts here
every = pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: q.id)


def beside(question) -> bool:
    return question.id.rpartition("-")[0] in BESIDE


def half(texts: list, question) -> list:
    return part(texts, QUESTIONS.index(question) % 2, 2)


@pytest.mark.rest
@every
def test_it_can_be_asked_of_eight_pairs_that_it_carries(mini_bert, question):
    clear, enough = 0, 3 if question.long else 8
    for pair in question.pairs:
        ask = ask_of(mini_bert, pair.a, pair.b, pair.word)
        try:
            clear += not question.why_not(question.evidence(ask))
        except NotAskable:
            continue
        if clear >= enough:
            break
    assert clear >= enough


@pytest.mark.rest
@every
def test_what_it_says_is_well_said(mini_bert, question):
    some = PAIRS[:4] if question.long or beside(question) else half(PAIRS, question)
    wrong = [line for a, b, word in some for line in complaints(question, ask_of(mini_bert, a, b, word))]
    assert wrong == []


@pytest.mark.rest
@pytest.mark.usefixtures("short_trainings")
@every
def test_odd_texts_are_asked_or_refused_in_a_sentence(mini_bert, question):
    some = half(ODD[:-1] if question.long or beside(question) else ODD, question)
    wrong = [line for a, b in some for line in complaints(question, ask_of(mini_bert, a, b))]
    assert wrong == []


@every
def test_it_is_not_asked_of_nothing(mini_bert, question):
    about_the_model = question.id == "transformer-count" or question.id.startswith(
        ("fine_tuning-", "features-", "layer_knows-", "pre_training-")
    )
    if about_the_model or not getattr(question, "own", True):
        pytest.skip("it is about the model, whatever the text")
    with pytest.raises(NotAskable):
        question.evidence(ask_of(mini_bert, "", ""))


@pytest.mark.rest
@pytest.mark.usefixtures("short_trainings")
@every
@pytest.mark.parametrize("kind", ["full", "no heads", "bare", "no segments", "distilbert", *OTHERS])
def test_another_model_may_have_another_answer_and_breaks_nothing(question, kind):
    model = OTHERS[kind]() if kind in OTHERS else tiny_bert(kind)
    wrong = [
        line for a, b, word in PAIRS[: 1 if beside(question) else 3] for line in complaints(question, ask_of(model, a, b, word))
    ]
    assert wrong == []


def test_every_chapter_has_a_step_for_each_old_link_and_no_step_twice():
    for stage in STAGES:
        chapter = chapters.load(stage.chapter)
        names = [step.id for step in chapter.every]
        assert len(set(names)) == len(names)
        assert set(chapter.old_steps.values()) <= set(names)
        assert len({q.id for q in chapter.questions}) == len(chapter.questions)


def test_a_break_by_a_trifle_is_refused():
    """Another option that leads by less than the question itself asks for is no answer to it."""

    def question(*values, **more):
        made = table({name: (value, "") for name, value in zip("ab", values, strict=True)})
        return Question("q", {}, lambda ask: found, experiment=Experiment(evidence=lambda ask, _: made, **more))

    found = table({"a": (2.0, ""), "b": (1.0, "")})
    assert question(1.0, 2.0).tried(None, found)["value"].idxmax() == "b"
    with pytest.raises(NotAskable, match="Whether it breaks is not clear"):
        question(1.9, 2.0).tried(None, found)
    assert question(2.0, 1.9).tried(None, found)["value"].idxmax() == "a"  # it holds, by however little
    assert question(1.9, 2.0, unclear=lambda made: "").tried(None, found)["value"].idxmax() == "b"
