"""Addresses, history and what is kept for a visit: `ui.state` as a page uses it, with Streamlit's own testing framework."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from bert_explain.ui.params import GLOBAL, PACK_FROM, pack, unpack

APP = str(Path(__file__).resolve().parents[2] / "app.py")
STORE = "_bert_explain"


def page() -> None:
    """A page of two parameters, by the name that the test gives; its links are written out."""
    import streamlit as st

    from bert_explain.ui import state
    from bert_explain.ui.packed import PackedText

    name, own, step = st.session_state.page, PackedText("rows"), state.Choice("step", ("most", "heads"), "most")
    state.begin(name, [own, step])
    st.button("layer 3", on_click=lambda: state.put(layer=3))
    st.button("heads", on_click=lambda: state.put(step, "heads"))
    st.button("long", on_click=lambda: state.put(own, "".join(chr(0x4E00 + (i * i * 7919) % 20_000) for i in range(9_000))))
    st.session_state.rows, st.session_state.step = state.get(own), state.get(step)
    st.session_state.links = {to: state.address(to) for to in ("Attention", "Tokens")}
    st.session_state.begins = state.address("Tokens", mode="guided")
    st.text(" ".join(state.notices()))
    state.end()


def opened(name: str, **params: str) -> AppTest:
    at = AppTest.from_function(page)
    at.session_state.page = name
    return go(at, name, params)


def go(at: AppTest, name: str, params: dict[str, str]) -> AppTest:
    """To another page, by a link with these parameters, or by Back."""
    at.session_state.page = name
    at.query_params.clear()
    at.query_params.update(params)
    at.run()
    assert not at.exception
    return at


def press(at: AppTest, label: str) -> AppTest:
    next(b for b in at.button if b.label == label).click().run()
    assert not at.exception
    return at


def written(at: AppTest) -> dict[str, str]:
    return {name: value if isinstance(value, str) else value[0] for name, value in at.query_params.items()}


@pytest.mark.parametrize("name", ["a", "b"])
def test_a_long_sentence_leaves_the_other_one_as_it_is(name):
    other = "ab".replace(name, "")
    found = unpack(pack({name: "word " * PACK_FROM}), [])
    assert found[name] == "word " * PACK_FROM
    assert found[other] == GLOBAL[other].default


def test_guided_stays_guided_where_a_view_is_chosen():
    """An address that names a view and no mode is a link of an earlier day, and means Explore: ours name the mode."""
    at = press(press(opened("Attention"), "heads"), "layer 3")
    assert written(at) == {"mode": "guided", "layer": "3", "step": "heads"}
    assert at.session_state.links["Tokens"] == {"mode": "guided", "layer": "3"}


def test_nothing_is_written_while_everything_is_default():
    assert written(opened("Attention")) == {}
    assert written(press(opened("Attention"), "heads")) == {"step": "heads"}
    assert opened("Attention").session_state.links["Tokens"] == {}


def test_a_door_says_the_mode_though_it_is_the_default():
    assert opened("Home", mode="explore").session_state.begins == {"mode": "guided"}


def test_what_is_too_long_for_an_address_stays_for_the_visit():
    at = press(opened("Attention"), "long")
    assert written(at) == {"mode": "guided", "rows": ""}
    go(at, "Tokens", at.session_state.links["Tokens"])
    link = at.session_state.links["Attention"]
    assert go(at, "Attention", link).session_state.rows.startswith(chr(0x4E00))
    assert len(at.session_state.rows) == 9_000
    assert go(at, "Attention", {**link, "layer": "2"}).session_state.rows, "read again, on the same page"
    assert not at.text[0].value
    new = opened("Attention", **link)
    assert new.session_state.rows == ""
    assert "which is not possible here" in new.text[0].value


def test_two_entries_back_is_what_was_seen_there():
    """The browser jumps over an entry: what it asks for is the address of the first one, not what was chosen after it."""
    at = press(opened("Attention"), "heads")
    go(at, "Tokens", at.session_state.links["Tokens"])
    assert go(at, "Attention", {}).session_state.step == "most"
    assert written(at) == {}


def test_a_link_of_ours_brings_back_what_was_chosen_there():
    at = press(opened("Attention"), "heads")
    go(at, "Tokens", at.session_state.links["Tokens"])
    assert go(at, "Attention", at.session_state.links["Attention"]).session_state.step == "heads"


@pytest.mark.parametrize(
    ("params", "mode"),
    [({"step": "heads", "fbclid": "x"}, "guided"), ({"layer": "2"}, "explore"), ({"layer": "2", "mode": "guided"}, "guided")],
)
def test_only_what_the_app_knows_makes_a_link_of_an_earlier_day(params, mode):
    at = AppTest.from_file(APP, default_timeout=120)
    at.query_params.update(params)
    at.switch_page("pages/5_Attention.py")
    at.run()
    assert not at.exception
    assert at.session_state[STORE].values["mode"] == mode
