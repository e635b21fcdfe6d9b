"""A whole chapter at once, in the tests of its pages: every step drawn, nothing asked first."""

from streamlit.testing.v1 import AppTest

from bert_explain.engines.jobs import JOBS


def whole(at: AppTest) -> AppTest:
    """Everything on one page, in Explore mode, also what no window has come near."""
    at.session_state["_draw_everything"] = True
    at.query_params["mode"] = "explore"
    at.query_params["step"] = "all"
    return at


def explore(at: AppTest) -> AppTest:
    """One step, the one that the other parameters are of, in Explore mode."""
    at.query_params["mode"] = "explore"
    return at


def ask_button(at: AppTest, name: str):
    """The button that asks for long work, by the name of its parameter; None where it is not offered."""
    return next((b for b in at.button if b.key and b.key.split("@")[0] == f"ask-{name}"), None)


def asked_for(at: AppTest, name: str) -> AppTest:
    """Press the button that asks for long work, wait for the work, and look at the page again."""
    ask_button(at, name).click().run()
    return finished(at)


def finished(at: AppTest) -> AppTest:
    """The page when nothing is worked at any more."""
    assert not at.exception
    assert JOBS.wait(120)
    at.run()
    assert not at.exception
    return at
