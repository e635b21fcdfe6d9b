"""The end of the walk: what was guessed on other pages, beside what the model said; nothing told before."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

APP = str(Path(__file__).resolve().parents[2] / "app.py")
ATTENTION, OUTPUTS = "pages/5_Attention.py", "pages/8_Outputs.py"


def told(at: AppTest) -> str:
    html = [e.proto.body for e in at.get("html") if "<style" not in e.proto.body]
    return " ".join([*html, *(x.value for group in (at.caption, at.markdown, at.info) for x in group)])


def at_the_end(at: AppTest) -> AppTest:
    at.query_params["mode"], at.query_params["step"] = "guided", "walk"
    at.switch_page("app.py").run()
    assert not at.exception
    return at


def opened() -> AppTest:
    return AppTest.from_file(APP, default_timeout=120)


def answered(at: AppTest, file: str, sure: str) -> AppTest:
    at.query_params["mode"] = "guided"
    at.switch_page(file).run()
    labels = at.radio[0].format_func.__self__
    at.radio[0].set_value(next(iter(labels)))
    next(s for s in at.segmented_control if s.label.startswith("How sure")).set_value(sure)
    next(b for b in at.button if b.label == "Answer").click().run()
    assert not at.exception
    return at


def test_nothing_guessed_is_said_and_nothing_is_told():
    at = at_the_end(opened())
    assert "Nothing is guessed yet." in told(at)
    assert 'class="veil"' in told(at)
    assert "% is next" not in " ".join(e.proto.body for e in at.get("html"))
    at.button(key="show-walk").click().run()
    assert not at.exception
    assert 'class="veil"' not in told(at)


def test_guesses_are_compared_by_idea_and_forgotten_at_a_press():
    at = answered(opened(), ATTENTION, "sure")
    at = answered(at, OUTPUTS, "not sure")
    at = at_the_end(at)
    end = told(at)
    assert "Of 2 choices you had" in end
    assert "you were sure of 1" in end
    assert end.count("You said") == 2
    assert end.index("<h3>Attention</h3>") < end.index("<h3>Outputs</h3>")
    assert "<i>(sure)</i>" in end
    assert "<i>(not sure)</i>" in end
    assert 'class="veil"' in end  # what other chapters ask is not told by the stages below
    at.button(key="show-walk").click().run()
    assert 'class="veil"' not in told(at)
    at.button(key="forget").click().run()
    assert not at.exception
    assert "Nothing is guessed yet." in told(at)
    assert "You said" not in told(at)


def test_what_was_shown_is_no_guess():
    at = opened()
    at.query_params["mode"] = "guided"
    at.switch_page(ATTENTION).run()
    next(b for b in at.button if b.label == "just show me").click().run()
    end = told(at_the_end(at))
    assert "You have chosen no answer yet; 1 you had shown to you." in end
    assert "You said" not in end


def test_another_text_is_named_and_escaped():
    at = opened()
    at.query_params["a"], at.query_params["b"] = "The <b>cat</b> sat on the mat.", "It was asleep."
    at = answered(at, OUTPUTS, "sure")
    at.text_input(key="w-sentence-a").set_value("A dog ran.").run()
    end = told(at_the_end(at))
    assert "&lt;b&gt;cat&lt;/b&gt;" in end
    assert "<b>cat" not in end
