"""A newcomer in Guided mode: no step shows what the model says before the reader has committed."""

import re
import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from bert_explain import chapters
from bert_explain.ui.stages import STAGES

APP = str(Path(__file__).resolve().parents[2] / "app.py")
CASES = [(stage, step) for stage in STAGES if stage.path for step in chapters.load(stage.chapter).every if step.asks is not None]
cases = pytest.mark.parametrize(
    ("stage", "step"),
    # What decides some is a training, a probe or many runs of the model.
    [pytest.param(s, t, id=f"{s.chapter}-{t.id}", marks=pytest.mark.rest if t.asks.long else ()) for s, t in CASES],
)


def opened(stage, step, **params) -> AppTest:
    at = AppTest.from_file(APP, default_timeout=120)
    for name, value in ({"step": step.id} | params).items():
        at.query_params[name] = value
    at.switch_page(stage.file)
    at.run()
    begin = next((b for b in at.button if (b.key or "").startswith("begin-")), None)
    if begin is not None:
        begin.click().run()
    for _ in range(600):  # a question that takes long is worked out beside the page
        if not any(said in str(element.proto) for element in at.get("progress") for said in ("model is being asked", "Loading")):
            break
        time.sleep(0.1)
        at.run()
    assert not at.exception
    return at


def told(at: AppTest) -> str:
    html = [e.proto.body for e in at.get("html") if "<style" not in e.proto.body]
    return " ".join([*html, *(x.value for group in (at.caption, at.text, at.markdown) for x in group)])


@cases
def test_the_answer_is_nowhere_before_the_guess_and_there_after_it(stage, step):
    at = opened(stage, step)
    if not at.radio and not any("own word" in t.label for t in at.text_input):
        assert "So nothing is asked about this text." in told(at)  # not clear on the text that the app opens with
        at.button(key=f"other-{step.asks.id}").click().run()
        assert not at.exception
    before = told(at)
    assert "You said" not in before
    assert 'class="veil"' in before
    assert not at.subheader  # no picture
    assert 'class="options"' not in before
    show = next(b for b in at.button if b.label == "just show me")
    show.click().run()
    assert not at.exception
    after = told(at)
    assert 'class="veil"' not in after
    assert re.search(r'<p class="look" role="status">[A-Z]', after)


@cases
def test_a_guess_is_answered(stage, step):
    at = opened(stage, step)
    if not at.radio:
        pytest.skip("no options on the text that the app opens with")
    at.radio[0].set_value(_first_choice(at.radio[0]))
    next(s for s in at.segmented_control if s.label.startswith("How sure")).set_value("sure")
    next(b for b in at.button if b.label == "Answer").click().run()
    assert not at.exception
    assert "You said" in told(at)
    assert "step" not in at.query_params or at.query_params["step"] in (step.id, [step.id])
    assert not {"guess", "answer", "choice"} & set(at.query_params)


def _first_choice(radio) -> str:
    """The value behind the first option: the testing framework knows options by their labels only."""
    labels = radio.format_func.__self__  # the table of id -> label that the form reads its labels from
    return next(name for name, label in labels.items() if label == radio.options[0])


def test_a_pair_that_a_question_carries_is_about_its_word():
    """Taken from the question, it is asked about the word it was written for, not about the longest one."""
    stage = next(s for s in STAGES if s.chapter == "masked_words")
    step = chapters.load("masked_words").step("not")
    at = opened(stage, step, a="A robin is a bird.", b="")
    assert 'The word <b class="piece" dir="auto">bird</b> is hidden' in told(at)


def test_what_cannot_be_asked_is_said_once():
    stage = next(s for s in STAGES if s.chapter == "masked_words")
    at = opened(stage, chapters.load("masked_words").step("not"), a="Nobody came.", b="")
    assert told(at).count("to put a “not” behind") == 1
