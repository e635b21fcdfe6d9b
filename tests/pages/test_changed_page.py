"""What changed the answer, as Streamlit runs it: what is opened is worked out unasked, what is edited at a press."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

from tests.whole import finished

APP = str(Path(__file__).resolve().parents[2] / "app.py")
FIRST, OTHER = "He walked along the bank of the river.", "She put the money into the bank of the town."
NOT_YET = "Not worked out yet for the text as it is now."


def opened(step: str) -> AppTest:
    at = AppTest.from_file(APP, default_timeout=120)
    for name, value in {"a": FIRST, "b": "", "mode": "explore", "step": step}.items():
        at.query_params[name] = value
    at.switch_page("pages/20_What_changed_the_answer.py")
    at.run()
    return finished(at)


def pictures(at: AppTest) -> set[str]:
    """The names of the strips of bars that are drawn."""
    return {c.proto.id.split("-", 2)[-1] for c in at.get("bidi_component") if c.proto.id.endswith(("kills-words", "why-deleted"))}


def buttons(at: AppTest) -> dict[str, object]:
    return {button.key: button for button in at.button}


def edited(at: AppTest, text: str) -> AppTest:
    at.text_input[0].set_value(text).run()
    assert not at.exception
    return at


def waits(at: AppTest) -> bool:
    """Whether it says that it waits for a press, and shows no picture."""
    said = NOT_YET in [caption.value for caption in at.caption]
    assert said == ("ask-tried" in buttons(at)) == (not pictures(at))
    return said


def test_an_edit_waits_for_a_press_and_what_is_opened_does_not():
    at = opened("kills")
    assert not waits(at)
    edited(at, OTHER)
    assert waits(at)
    at.run()  # looked at again: it still waits
    assert waits(at)
    buttons(at)["ask-tried"].click().run()
    assert not waits(finished(at))
    assert "tried" in at.query_params  # a link shows it again
    edited(at, OTHER + " Then she left.")
    assert waits(at)
    edited(at, FIRST)  # which was worked out before
    assert not waits(at)
    edited(at, OTHER + " Then he left.")
    assert waits(at)
    at.switch_page("pages/5_Attention.py").run()
    at.switch_page("pages/20_What_changed_the_answer.py").run()
    assert not waits(finished(at))  # opened anew


def test_another_word_is_worked_out_unasked():
    at = opened("kills")
    before = [caption.value for caption in at.caption]
    at.session_state["_bert_explain"].values["token"] = 1
    at.session_state["_bert_explain"].version += 1
    assert not waits(finished(at.run()))
    assert [caption.value for caption in at.caption] != before
