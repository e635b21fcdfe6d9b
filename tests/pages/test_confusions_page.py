"""The page "What people get wrong" as Streamlit runs it: nothing is run or said before the press."""

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from bert_explain.chapters.confusions.questions import CARDS
from tests.whole import ask_button, asked_for, whole

APP = str(Path(__file__).resolve().parents[2] / "app.py")
PAGE = "pages/16_What_people_get_wrong.py"


def opened(**params: str) -> AppTest:
    at = AppTest.from_file(APP, default_timeout=120)
    for name, value in params.items():
        at.query_params[name] = value
    at.switch_page(PAGE).run()
    assert not at.exception
    return at


def told(at: AppTest) -> str:
    html = [e.proto.body for e in at.get("html") if "<style" not in e.proto.body]
    return " ".join([*html, *(x.value for group in (at.caption, at.markdown, at.subheader) for x in group)])


def test_in_explore_mode_a_card_says_nothing_before_its_press():
    at = whole(AppTest.from_file(APP, default_timeout=300))
    at.switch_page(PAGE).run()
    assert not at.exception
    assert not re.search(r"(True|False) here", told(at))
    assert not at.subheader
    assert all(ask_button(at, f"run_{name}") is not None for name in CARDS)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pool", "cls", "rand"])
def test_a_press_runs_the_model_and_the_link_shows_it_again(name):
    at = asked_for(opened(mode="explore", step=name), f"run_{name}")
    assert not at.exception
    assert re.search(r"(True|False) here", told(at))
    link = {key: value if isinstance(value, str) else value[0] for key, value in at.query_params.items()}
    again = opened(**link)
    assert re.search(r"(True|False) here", told(again))
    edited = opened(**link | {"a": "Another text.", "b": ""})
    assert not re.search(r"(True|False) here", told(edited))  # a result belongs to its text


@pytest.mark.parametrize("name", ["sum", "joint", "attn"])
def test_what_has_no_answer_here_says_why(name):
    at = asked_for(opened(mode="explore", step=name, a=" ", b=""), f"run_{name}")
    assert not at.exception
    assert re.search(r"There is no|No two words|fewer than|too few", " ".join([told(at), *(x.value for x in at.info)]))
    assert not re.search(r"(True|False) here", told(at))


def test_typed_marks_are_shown_as_they_are():
    at = asked_for(opened(mode="explore", step="onlym", a="<b>bold</b> $x$ was here.", b=""), "run_onlym")
    assert not at.exception
    assert "<b>bold" not in told(at)
