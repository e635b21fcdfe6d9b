"""What a browser says over the websocket, looked at before Streamlit takes it: nonsense ends the connection, without a word
in the log, and a value that its widget cannot read, or that is no JSON where it should be, counts as none.

Streamlit 1.67 writes a traceback into the log for each of these, which whoever sends nonsense can fill.
"""

from __future__ import annotations

import json
from typing import Any

from google.protobuf.message import DecodeError
from starlette.types import Message, Receive, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.runtime.state.session_state import WStates

NONSENSE = 1002  # "protocol error", of RFC 6455, section 7.4.1


def checked(receive: Receive, send: Send) -> Receive:
    """`receive` of a websocket: a frame that is no message of Streamlit's browser closes it, and is told as a disconnect."""

    async def checked_receive() -> Message:
        message = await receive()
        if message["type"] != "websocket.receive":
            return message
        heeded = _heeded(message.get("bytes"))
        if heeded is not None:
            return {**message, "bytes": heeded}
        await send({"type": "websocket.close", "code": NONSENSE})
        return {"type": "websocket.disconnect", "code": NONSENSE}

    return checked_receive


def _heeded(data: bytes | None) -> bytes | None:
    """The message without the widgets' values that are no JSON; None for what is no message (a text frame has no bytes)."""
    if data is None:
        return None
    try:
        said = BackMsg.FromString(data)
    except DecodeError:
        return None
    widgets = said.rerun_script.widget_states.widgets
    wrong = [at for at, widget in enumerate(widgets) if not _is_json(widget)]
    if not wrong:
        return data
    for at in reversed(wrong):
        del widgets[at]
    return said.SerializeToString()


def _is_json(widget: WidgetState) -> bool:
    """Whether a value that should be JSON is; every other kind of value is let through."""
    kind = widget.WhichOneof("value")
    if kind not in ("json_value", "json_trigger_value"):
        return True
    try:
        json.loads(getattr(widget, kind))
    except (ValueError, RecursionError):
        return False
    return True


def heed_values() -> None:
    """From now on, a widget's value that it cannot read, or that cannot be written again, counts as none."""
    if getattr(WStates.__getitem__, "heeds", False):
        return
    read, write = WStates.__getitem__, WStates.get_serialized

    def value(self: WStates, k: str) -> Any:
        try:
            return read(self, k)
        except KeyError:
            raise
        except Exception:  # whatever a deserializer stumbles on: the widget has no value then
            raise KeyError(k) from None

    def written(self: WStates, k: str) -> Any:
        try:
            return write(self, k)
        except (TypeError, ValueError):  # a value of another kind than the message before it had
            return None

    value.heeds = True  # type: ignore[attr-defined]
    WStates.__getitem__ = value  # type: ignore[method-assign]
    WStates.get_serialized = written  # type: ignore[method-assign]
