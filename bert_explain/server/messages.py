"""What a browser says over the websocket, looked at before Streamlit takes it: nonsense ends the connection, without a word
in the log, and a value that its widget cannot read counts as none.

Streamlit 1.67 writes a traceback into the log for each of these, which whoever sends nonsense can fill.
"""

from __future__ import annotations

from typing import Any

from google.protobuf.message import DecodeError
from starlette.types import Message, Receive, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.runtime.state.session_state import WStates

NONSENSE = 1002  # "protocol error", of RFC 6455, section 7.4.1


def checked(receive: Receive, send: Send) -> Receive:
    """`receive` of a websocket: a frame that is no message of Streamlit's browser closes it, and is told as a disconnect."""

    async def checked_receive() -> Message:
        message = await receive()
        if message["type"] != "websocket.receive" or _is_one(message.get("bytes")):
            return message
        await send({"type": "websocket.close", "code": NONSENSE})
        return {"type": "websocket.disconnect", "code": NONSENSE}

    return checked_receive


def _is_one(data: bytes | None) -> bool:
    if data is None:  # a text frame
        return False
    try:
        BackMsg.FromString(data)
    except DecodeError:
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
