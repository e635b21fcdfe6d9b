"""A whole chapter at once, in the tests of its pages: every step drawn, nothing asked first."""

from streamlit.testing.v1 import AppTest


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
