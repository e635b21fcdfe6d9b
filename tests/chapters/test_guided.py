"""A newcomer in Guided mode: no step shows what the model says before the reader has committed."""

import json
import re
import threading
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from bert_explain import chapters
from bert_explain.content import examples
from bert_explain.errors import BadModel
from bert_explain.learning.question import Experiment, NotAskable
from bert_explain.query import Query
from bert_explain.ui import asking, frame
from bert_explain.ui.stages import STAGES
from tests.chapters.asking import ask_of

APP = str(Path(__file__).resolve().parents[2] / "app.py")
CASES = [(stage, step) for stage in STAGES if stage.path for step in chapters.load(stage.chapter).every if step.asks is not None]
cases = pytest.mark.parametrize(("stage", "step"), [pytest.param(s, t, id=f"{s.chapter}-{t.id}") for s, t in CASES])


def opened(stage, step, **params) -> AppTest:
    at = AppTest.from_file(APP, default_timeout=120)
    for name, value in ({"step": step.id} | params).items():
        at.query_params[name] = value
    at.switch_page(stage.file)
    at.run()
    begin = next((b for b in at.button if (b.key or "").startswith("begin-")), None)
    if begin is not None:
        begin.click().run()
    return worked_out(at)


def worked_out(at: AppTest) -> AppTest:
    """A question that takes long is worked out beside the page, and may wait for another one's work."""
    for _ in range(600):
        bars = [str(element.proto) for element in at.get("progress")]
        if not any(said in bar for bar in bars for said in ("model is being asked", "Loading", "Waits for")):
            break
        time.sleep(0.1)
        at.run()
    assert not at.exception
    return at


def told(at: AppTest) -> str:
    html = [e.proto.body for e in at.get("html") if "<style" not in e.proto.body]
    return " ".join([*html, *(x.value for group in (at.caption, at.text, at.markdown) for x in group)])


@pytest.mark.rest
@cases
def test_the_answer_is_nowhere_before_the_guess_and_there_after_it(stage, step):
    at = opened(stage, step)
    if not at.radio and not any("own word" in t.label for t in at.text_input):
        assert "So nothing is asked about this text." in told(at)  # not clear on the text that the app opens with
        worked_out(at.button(key=f"other-{step.asks.id}").click().run())
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


@pytest.mark.rest
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


def can_be_asked(model, question, pair) -> bool:
    ask = ask_of(model, pair.a, pair.b, pair.word)
    try:
        return not question.why_not(question.evidence(ask))
    except NotAskable:
        return False


def test_a_pair_that_a_question_carries_is_about_its_word(mini_bert):
    """Taken from the question, it is asked about the word it was written for, not about the longest one."""
    stage = next(s for s in STAGES if s.chapter == "masked_words")
    step = chapters.load("masked_words").step("not")
    pair = next(p for p in step.asks.pairs if can_be_asked(mini_bert, step.asks, p))
    assert pair.word != max(pair.a.rstrip(".").split(), key=len)
    at = opened(stage, step, a=pair.a, b=pair.b)
    assert f'The word <b class="piece" dir="auto">{pair.word}</b> is hidden' in told(at)


@pytest.mark.parametrize("name", ["next_sentence", "outputs", "masked_words"])
def test_the_strip_keeps_an_earlier_question_s_answer_until_it_is_given(name, monkeypatch):
    """Check yourself asks a question of an earlier chapter about the reader's own text, whose picture stands in the strip."""
    stage = next(s for s in STAGES if s.chapter == name)
    veiled = []
    plain = frame.thumbnails
    monkeypatch.setattr(frame, "thumbnails", lambda *given: veiled.append(set(given[3])) or plain(*given))
    at = AppTest.from_file(APP, default_timeout=120)
    at.query_params["step"] = "check"
    at.query_params["a"], at.query_params["b"] = "The gardener watered the old roses.", "They smelled wonderful."
    at.switch_page(stage.file)
    at.run()
    assert not at.exception
    pictures = {s.picture for s in STAGES if s.picture} - {"text"}
    assert veiled[-1] == pictures
    for _ in range(2):  # this chapter's question, and the earlier one
        show = [b for b in at.button if b.label == "just show me"]
        if show:
            show[-1].click().run()
    assert veiled[-1] < pictures


def test_what_is_kept_of_a_question_is_about_one_word(mini_bert):
    """The same text, asked about one word in one place and about another elsewhere."""
    question = chapters.load("masked_words").step("expected").asks
    page = SimpleNamespace(model=mini_bert)
    query = Query("The cat sat on the mat.", "It was fast asleep.")
    found = [asking.evidence(page, question, asking.ask_of("mini-bert", query, word)) for word in ("cat", "mat")]
    alone = [question.evidence(asking.ask_of("mini-bert", query, word)) for word in ("cat", "mat")]
    for one, other in zip(found, alone, strict=True):
        assert one.attrs["facts"] == other.attrs["facts"]
    assert found[0].attrs["facts"] != found[1].attrs["facts"]


def test_a_text_that_several_questions_carry_is_about_one_word():
    words = defaultdict(set)
    for pair in examples.pairs():
        words[pair.a, pair.b].add(pair.word)
    for stage in STAGES:
        for question in chapters.load(stage.chapter).questions:
            for pair in question.pairs:
                words[pair.a, pair.b].add(pair.word)
    assert {texts: found for texts, found in words.items() if len(found) > 1} == {}


def test_what_cannot_be_asked_is_said_once():
    stage = next(s for s in STAGES if s.chapter == "masked_words")
    at = opened(stage, chapters.load("masked_words").step("not"), a="Nobody came.", b="")
    assert told(at).count("to put a “not” behind") == 1


def bars_of(at: AppTest) -> list[str]:
    """The names of all bars on a page."""
    found = [json.loads(c.proto.json) for c in at.get("bidi_component") if c.proto.WhichOneof("data") == "json"]
    return [bar["text"] for given in found if isinstance(given, dict) for bar in given.get("bars", ())]


LATER = ("The quick fox jumped over the wooden fence.", "It ran into the forest.")  # "wooden", the longest word, is asked about


@pytest.mark.parametrize(("name", "step"), [("embeddings", "away"), pytest.param("attention", "off", marks=pytest.mark.rest)])
@pytest.mark.parametrize("hides", [False, True])
def test_an_earlier_step_keeps_what_a_later_one_asks(mini_bert, name, step, hides):
    """What the model expects at a word, and whether B follows A, are asked on the pages Masked words and Next sentence."""
    stage = next(s for s in STAGES if s.chapter == name)
    question = chapters.load("masked_words").step("expected").asks
    ask = ask_of(mini_bert, *LATER)
    guesses = [name for name in question.evidence(ask).index if name not in ask.trace.pieces]
    verdict = chapters.load("next_sentence").step("judge").asks
    assert not verdict.why_not(verdict.evidence(ask))
    text = {"a": LATER[0], "b": LATER[1]} | ({"mask": str(ask.position)} if hides else {})
    at = opened(stage, chapters.load(name).step(step), **text, mode="guided")
    next(b for b in at.button if b.label == "just show me").click().run()
    assert not at.exception
    assert "B follows A" not in told(at)
    assert len(bars_of(at)) >= 5
    assert not set(guesses) & set(bars_of(at))
    at = opened(stage, chapters.load(name).step(step), **text, mode="explore")
    assert "B follows A" in told(at)
    assert set(guesses) & set(bars_of(at))


def test_the_cut_words_stand_as_typed_until_the_cleaning_is_asked_of():
    stage = next(s for s in STAGES if s.chapter == "tokens")
    step = chapters.load("tokens").step("cut")
    text = {"a": "Zoë ordered a crème brûlée.", "b": "The waiter brought it at once."}
    at = opened(stage, step, **text)
    next(b for b in at.button if b.label == "just show me").click().run()
    assert "Zoë" in bars_of(at)
    assert "zoe" not in bars_of(at)
    assert "zoe" in bars_of(opened(stage, step, **text, mode="explore"))


def test_a_long_question_that_cannot_be_asked_is_worked_out_once(mini_bert, monkeypatch):
    """What is refused after a while is not begun anew: each look at the page would begin it, and wait for it, again."""
    made = []

    def refuses(ask):
        made.append(1)
        time.sleep(0.1)
        raise NotAskable("This text has nothing of the kind.")

    question = replace(chapters.load("same_word").step("sentences").asks, id="refused", evidence=refuses, long=True, press="")
    page = SimpleNamespace(model=mini_bert)
    ask = asking.ask_of("mini-bert", Query("Nobody came.", "It rained."))
    monkeypatch.setattr(asking, "AT_ONCE", 0.01)
    monkeypatch.setattr(asking, "watch", lambda *_, **__: None)
    assert not asking.ready(page, question, ask)
    job = asking.JOBS.find(("evidence", asking.place_of(page, question, ask)))
    assert job.wait(20)
    for _ in range(3):
        assert asking.ready(page, question, ask)
        with pytest.raises(NotAskable, match="nothing of the kind"):
            asking.evidence(page, question, ask)
    assert len(made) == 1


def test_all_on_one_page_tells_no_answer_below_its_question():
    """What stands under "Go deeper" without a question of its own would draw what the chapter asks."""
    stage, chapter = next(s for s in STAGES if s.chapter == "tokens"), chapters.load("tokens")
    quiet = [step for step in chapter.deeper if step.asks is None]
    assert quiet
    for mode, told_ in (("guided", True), ("explore", False)):
        at = AppTest.from_file(APP, default_timeout=120)
        at.session_state["_draw_everything"] = True
        for name, value in {"step": "all", "mode": mode, "a": LATER[0], "b": LATER[1]}.items():
            at.query_params[name] = value
        at.switch_page(stage.file)
        at.run()
        assert not at.exception
        assert ("It is drawn when the chapter" in told(at)) == told_
        assert ("How one word is cut" in [s.value for s in at.subheader]) != told_


def test_what_a_long_question_needs_is_never_worked_out_in_the_page(mini_bert, monkeypatch):
    """Its table may have been let go while its job is still there; and what failed for a while may be tried again."""
    made, pressed = [], []

    def slow(ask):
        made.append(threading.current_thread() is threading.main_thread())
        time.sleep(0.1)
        if len(made) == 3:
            raise BadModel("The disk is full.")
        return pd.DataFrame({"value": [1.0]})

    question = replace(chapters.load("same_word").step("sentences").asks, id="let-go", evidence=slow, long=True, press="")
    page, ask = SimpleNamespace(model=mini_bert), asking.ask_of("mini-bert", Query("Nobody came.", "It snowed."))
    monkeypatch.setattr(asking, "AT_ONCE", 0.01)
    monkeypatch.setattr(asking, "watch", lambda *_, **__: None)
    monkeypatch.setattr(asking.st, "button", lambda *_, on_click, args, **__: pressed.append((on_click, args)))
    place = ("evidence", asking.place_of(page, question, ask))
    for times in (1, 2, 3):
        assert not asking.ready(page, question, ask)
        assert asking.JOBS.find(place).wait(20)
        assert made == [False] * times
        if times < 3:
            assert asking.ready(page, question, ask)
            asking.TRACES.forget(place)
    assert not asking.ready(page, question, ask)
    assert len(made) == 3  # it failed, and is not begun anew unasked
    callback, args = pressed[-1]
    monkeypatch.setattr(asking.state, "touched", lambda: None)
    callback(*args)
    assert not asking.ready(page, question, ask)
    assert asking.JOBS.find(place).wait(20)
    assert len(made) == 4
    assert asking.ready(page, question, ask)


def test_the_experiment_of_a_long_question_runs_beside_the_page(mini_bert, monkeypatch):
    made, waits = [], []

    def tried(ask, found):
        made.append(threading.current_thread() is threading.main_thread())
        time.sleep(0.1)
        return pd.DataFrame({"value": [2.0]})

    usual = chapters.load("same_word").step("sentences").asks
    question = replace(usual, id="tried", long=True, experiment=Experiment(evidence=tried))
    page, ask = SimpleNamespace(model=mini_bert), asking.ask_of("mini-bert", Query("Nobody came.", "It thawed."))
    monkeypatch.setattr(asking, "AT_ONCE", 0.01)
    monkeypatch.setattr(asking, "watch", lambda name, job, stop, doing: waits.append(job))
    monkeypatch.setattr(asking.st, "session_state", {"_broken": {asking.key(page, question, ask.query)}})
    found = pd.DataFrame({"value": [1.0]})
    assert asking._broken(page, question, ask, found) is None
    asking._experiment(page, replace(question, words={"try": "x"}), ask, found, None)
    assert len(waits) == 1  # a bar, and no button
    assert waits[0].wait(20)
    assert asking._broken(page, question, ask, found)["value"].tolist() == [2.0]
    assert made == [False]


def test_a_question_that_takes_long_need_not_be_waited_for(monkeypatch):
    """Cancel is "just show me": the step shows its picture, as in Explore; the question can be asked after all."""
    monkeypatch.setattr(asking, "AT_ONCE", 0.05)
    go, usual = threading.Event(), asking.work_of

    def work_of(*given):
        work = usual(*given)

        def waits(progress):
            while not go.wait(0.02):
                progress(0.1)
            return work(progress)

        return waits

    monkeypatch.setattr(asking, "work_of", work_of)
    stage = next(s for s in STAGES if s.chapter == "attention")
    step = next(step for step in chapters.load("attention").every if step.asks is not None and step.asks.long)
    at = AppTest.from_file(APP, default_timeout=120)
    for name, value in {"step": step.id, "a": "A heron waited beside the mill.", "b": "It caught two frogs."}.items():
        at.query_params[name] = value
    at.switch_page(stage.file)
    at.run()
    assert 'class="veil"' in told(at)
    label("Cancel", at).click().run()
    worked_out(at.run())
    assert 'class="veil"' not in told(at)
    assert at.subheader  # its picture
    label("Guess first", at).click().run()
    assert 'class="veil"' in told(at)
    assert any(b.label == "Cancel" for b in at.button)
    go.set()
    worked_out(at.run())
    assert at.radio or "So nothing is asked about this text." in told(at)


def test_a_training_that_a_question_asks_for_need_not_be_begun():
    asking.TRACES.clear()  # another test may have had it made
    stage = next(s for s in STAGES if s.chapter == "features")
    step = next(step for step in chapters.load("features").every if step.asks is not None and step.asks.press)
    at = AppTest.from_file(APP, default_timeout=120)
    at.query_params["step"] = step.id
    at.switch_page(stage.file)
    at.run()
    label("skip the question", at).click().run()
    assert not at.exception
    assert 'class="veil"' not in told(at)
    assert any(b.label == "Guess first" for b in at.button)


def label(text: str, at: AppTest):
    """The first button of this label."""
    return next(b for b in at.button if b.label == text)
