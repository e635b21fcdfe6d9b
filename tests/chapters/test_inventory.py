"""Before and after: the code carries the answers and betrays a slip; nothing is told before the form is finished."""

import io
import itertools
import random
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from bert_explain.chapters.inventory.chapter import FORM, ITEMS
from bert_explain.kernel.text import csv
from bert_explain.learning import inventory
from bert_explain.learning.inventory import LETTERS, UNKNOWN, BadCode
from bert_explain.ui.stages import ASIDE, STAGES

APP = str(Path(__file__).resolve().parents[2] / "app.py")
RIGHT = {item.id: item.right for item in ITEMS}
answered = st.fixed_dictionaries({item.id: st.sampled_from([*(o.id for o in item.options), UNKNOWN]) for item in ITEMS})


# the values
@given(answered)
def test_a_code_gives_the_answers_back(answers):
    code = inventory.encode(FORM, ITEMS, answers)
    assert inventory.decode(FORM, ITEMS, code) == answers
    assert inventory.decode(FORM, ITEMS, f" {code.lower().replace('-', ' ')}\t") == answers


def test_codes_differ_where_answers_do():
    some = random.Random(1)
    seen = {}
    for _ in range(5000):
        answers = {item.id: some.choice([*(o.id for o in item.options), UNKNOWN]) for item in ITEMS}
        seen[inventory.encode(FORM, ITEMS, answers)] = tuple(answers.values())
    assert len(seen) == len(set(seen.values()))


@given(answered)
def test_no_wrong_letter_and_no_swap_passes(answers):
    code = inventory.encode(FORM, ITEMS, answers).replace("-", "")
    for place in range(1, len(code)):
        for letter in LETTERS:
            if letter != code[place]:
                with pytest.raises(BadCode):
                    inventory.decode(FORM, ITEMS, code[:place] + letter + code[place + 1 :])
    for at in range(1, len(code) - 1):
        if code[at] != code[at + 1]:
            with pytest.raises(BadCode):
                inventory.decode(FORM, ITEMS, code[:at] + code[at + 1] + code[at] + code[at + 2 :])


@given(st.text(max_size=30))
def test_nonsense_is_refused_in_a_sentence(code):
    with pytest.raises(BadCode, match=r"^[A-Z].{20,}\.$"):
        inventory.decode(FORM, ITEMS, f"{code}~")


def test_the_items_are_sound():
    assert len(ITEMS) == 12
    assert len({item.id for item in ITEMS}) == 12
    chapters = {stage.chapter for stage in STAGES}
    for item in ITEMS:
        assert item.option(item.right) is not None
        assert not item.option(item.right).tag
        assert all(o.tag for o in item.options if o.id != item.right)
        assert len({o.text for o in item.options}) == len(item.options) == 4
        assert not item.page or item.page in chapters


def test_the_gain():
    assert inventory.gain(4, 8, 12) == pytest.approx(0.5)
    assert inventory.gain(6, 3, 12) == pytest.approx(-0.5)
    assert inventory.gain(12, 12, 12) is None


# the page
def opened() -> AppTest:
    at = AppTest.from_file(APP, default_timeout=120)
    at.switch_page(ASIDE[0].file).run()
    assert not at.exception
    return at


def told(at: AppTest) -> str:
    html = [e.proto.body for e in at.get("html") if "<style" not in e.proto.body]
    shown = itertools.chain(at.caption, at.markdown, at.info, at.warning, at.code)
    return " ".join([*html, *(x.value for x in shown)])


def filled(at: AppTest, answers: dict[str, str]) -> AppTest:
    for item in ITEMS:
        at.radio(key=f"inventory-{item.id}").set_value(answers[item.id])
    next(b for b in at.button if b.label == "Finish").click().run()
    assert not at.exception
    return at


def test_nothing_is_told_before_the_form_is_finished():
    at = opened()
    assert len(at.radio) == 12
    assert all(radio.value is None for radio in at.radio)
    assert all(radio.options[-1] == "I do not know" for radio in at.radio)
    at.text_input(key="_inventory_back").set_value(inventory.encode(FORM, ITEMS, RIGHT)).run()
    assert "The code is good" in told(at)
    for word in ("Right is", "✓", "✗", "You had", "You said"):
        assert word not in told(at)
    assert not at.get("download_button")
    assert set(at.query_params) <= {"mode", "step"}


def test_an_item_without_an_answer_is_named():
    at = opened()
    for item in ITEMS[:-2]:
        at.radio(key=f"inventory-{item.id}").set_value(item.right)
    next(b for b in at.button if b.label == "Finish").click().run()
    assert "Questions 11 and 12: no answer yet." in told(at)
    assert "You had" not in told(at)
    assert at.radio(key="inventory-tokens").value == RIGHT["tokens"]


def test_a_form_that_is_not_finished_is_there_when_the_page_is_opened_again():
    at = opened()
    at.radio(key="inventory-tokens").set_value("b")
    next(b for b in at.button if b.label == "Finish").click().run()
    at.switch_page(next(s for s in STAGES if s.chapter == "tokens").file).run()
    at.switch_page(ASIDE[0].file).run()
    assert not at.exception
    assert at.radio(key="inventory-tokens").value == "b"
    assert sum(radio.value is not None for radio in at.radio) == 1


def test_the_result_is_by_idea_and_the_code_is_the_readers():
    answers = RIGHT | {"tokens": "c", "order": UNKNOWN}
    at = filled(opened(), answers)
    assert "You had 10 of 12 right, and said 1 time that you do not know." in told(at)
    assert told(at).count("Right is: ") == 2
    code = at.code[0].value
    assert inventory.decode(FORM, ITEMS, code) == answers
    assert code not in str(dict(at.query_params))
    # a week later
    later = filled(opened(), RIGHT)
    later.text_input(key="_inventory_back").set_value(code).run()
    assert "Before, 10 of 12 were right; now it is 12." in told(later)
    assert "that is 100 %." in told(later)
    later.text_input(key="_inventory_back").set_value("A-0000-0001").run()
    assert "This is no code that this page gave" in told(later)
    assert "Before, " not in told(later)


def test_the_file_holds_every_idea():
    answers = RIGHT | {"tokens": "c"}
    table = inventory.by_idea(ITEMS, answers, RIGHT | {"tokens": UNKNOWN})
    read = pd.read_csv(io.BytesIO(csv(table)), keep_default_na=False)
    assert list(read["idea"]) == [item.idea for item in ITEMS]
    assert list(read["right"]) == ["no", *["yes"] * 11]
    assert read["confusion"][0] == "pieces are word parts"
    assert read["before"][0] == "I do not know"


def test_a_new_form_is_empty():
    at = filled(opened(), RIGHT)
    at.button(key="inventory-anew").click().run()
    assert all(radio.value is None for radio in at.radio)
    assert "You had" not in told(at)
