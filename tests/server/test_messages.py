"""What comes over the websocket is looked at before Streamlit takes it."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.runtime.state.common import WidgetMetadata
from streamlit.runtime.state.session_state import SessionState

from bert_explain.server.messages import NONSENSE, checked, heed_values


def heard(message: dict) -> tuple[dict, list[dict]]:
    sent = []

    async def receive() -> dict:
        return message

    async def send(said: dict) -> None:
        sent.append(said)

    with ThreadPoolExecutor() as other:  # Playwright's loop may be running in this thread
        return other.submit(asyncio.run, checked(receive, send)()).result(), sent


@pytest.mark.parametrize(
    "message", [{"text": "{}"}, {"text": "x", "bytes": None}, {"bytes": b"\xff\xff\xff"}, {"bytes": b"\x0a\xff"}], ids=repr
)
def test_nonsense_ends_the_connection(message):
    found, sent = heard({"type": "websocket.receive", **message})
    assert found == {"type": "websocket.disconnect", "code": NONSENSE}
    assert sent == [{"type": "websocket.close", "code": NONSENSE}]


def test_what_a_browser_says_passes():
    said = BackMsg()
    said.rerun_script.query_string = "a=b"
    for message in (
        {"type": "websocket.receive", "bytes": said.SerializeToString()},
        {"type": "websocket.receive", "bytes": b""},
        {"type": "websocket.connect"},
        {"type": "websocket.disconnect", "code": 1001},
    ):
        assert heard(message) == (message, [])


@pytest.mark.parametrize("field", ["json_value", "json_trigger_value"])
@pytest.mark.parametrize("nonsense", ["", "[", "{'a': 1}", "[" * 100_000], ids=["empty", "open", "python", "deep"])
def test_a_value_that_is_no_json_is_left_out_of_the_message(field, nonsense):
    message = BackMsg()
    message.rerun_script.query_string = "a=b"
    for name, (kind, value) in {
        "wrong": (field, nonsense),
        "right": (field, '{"go": 1}'),
        "text": ("string_value", nonsense),
    }.items():
        state = message.rerun_script.widget_states.widgets.add()
        state.id = name
        setattr(state, kind, value)
    found, sent = heard({"type": "websocket.receive", "bytes": message.SerializeToString()})
    read = BackMsg.FromString(found["bytes"])
    assert [state.id for state in read.rerun_script.widget_states.widgets] == ["right", "text"]
    assert read.rerun_script.query_string == "a=b"
    assert sent == []


ID = "$$ID-0-"
KINDS = (
    ("number", "int_value", int),
    ("list", "json_value", lambda value: value["cells"][0]),
    ("text", "string_value", lambda value: value),
)


@pytest.fixture
def session():
    heed_values()
    heed_values()  # twice is as once
    state = SessionState()
    for name, kind, read in KINDS:
        state._new_widget_state.set_widget_metadata(WidgetMetadata(ID + name, read, lambda value: value, value_type=kind))
    return state


def said(**values) -> WidgetStates:
    states = WidgetStates()
    for name, (field, value) in values.items():
        state = states.widgets.add()
        state.id = ID + name
        setattr(state, field, value)
    return states


def test_values_of_the_widgets_kind_are_taken(session):
    session.on_script_will_rerun(said(number=("int_value", 3), list=("json_value", '{"cells": [7]}')))
    assert session._new_widget_state[f"{ID}number"] == 3
    assert session._new_widget_state[f"{ID}list"] == 7


@pytest.mark.parametrize(
    "states",
    [
        said(number=("string_value", "x")),
        said(list=("int_value", 1)),
        said(list=("json_value", "{")),
        said(list=("json_value", "[1]")),
        said(list=("json_value", "{}")),
        said(list=("string_value", "[")),
        said(text=("bytes_value", b"x")),
        said(text=("json_value", "[1]")),
    ],
    ids=[
        "text for a number",
        "a number for a list",
        "no JSON",
        "a list",
        "an object that lacks it",
        "text for a list",
        "bytes for a text",
        "JSON for a text",
    ],
)
def test_a_value_that_cannot_be_read_counts_as_none(session, states):
    session.on_script_will_rerun(states)
    for name in ("number", "list", "text"):
        with pytest.raises(KeyError):
            session._new_widget_state[ID + name]
    session.on_script_will_rerun(said(number=("int_value", 4)))  # and a good one after it is taken
    assert session._new_widget_state[f"{ID}number"] == 4


def test_a_number_may_come_as_either_kind_of_number(session):
    """A browser sends a whole number of a number field as int_value, the field is one of double_value."""
    session.on_script_will_rerun(said(number=("double_value", 4.0)))
    assert session._new_widget_state[f"{ID}number"] == 4


def test_what_is_said_of_no_widget_is_nothing(session):
    states = said(number=("int_value", 3))
    states.widgets.add(id="<svg onload=x>", string_value="x")
    session.on_script_will_rerun(states)
    assert session.filtered_state == {}  # as a page asks for it; a name that nothing can read would be a KeyError
    assert list(session._new_widget_state) == [f"{ID}number"]


def test_what_was_said_before_its_widget_was_there_is_looked_at_then():
    heed_values()
    state = SessionState()
    state.on_script_will_rerun(said(text=("bytes_value", b"x"), number=("int_value", 3)))
    for name, kind, read in KINDS:
        state._new_widget_state.set_widget_metadata(WidgetMetadata(ID + name, read, lambda value: value, value_type=kind))
    assert list(state._new_widget_state) == [f"{ID}number"]
    assert state._new_widget_state[f"{ID}number"] == 3
