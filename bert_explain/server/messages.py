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
from streamlit.runtime.state.common import (
    GENERATED_ELEMENT_ID_PREFIX,
    WidgetMetadata,
    is_keyed_element_id,
    unpack_widget_state_value,
)
from streamlit.runtime.state.session_state import STREAMLIT_INTERNAL_KEY_PREFIX, Serialized, SessionState, WStates

NONSENSE = 1002  # "protocol error", of RFC 6455, section 7.4.1
IDS = (GENERATED_ELEMENT_ID_PREFIX, STREAMLIT_INTERNAL_KEY_PREFIX)  # what the ids of Streamlit's widgets begin with
PLAIN = {"string_value", "bool_value", "double_value", "int_value", "trigger_value"}  # nothing in them can be misread
NUMBERS = {"int_value", "double_value", "int_array_value", "double_array_value"}


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
    """From now on, what a browser says of a widget counts only where it is of the widget's kind and can be read; what it says
    of a widget that is not there, and what cannot be written again, counts as nothing."""
    if getattr(WStates.__getitem__, "heeds", False):
        return
    take, know, read, write = (
        WStates.set_widget_from_proto,
        WStates.set_widget_metadata,
        WStates.__getitem__,
        WStates.get_serialized,
    )
    differs = SessionState._widget_changed

    def taken(self: WStates, widget_state: WidgetState) -> None:
        if not widget_state.id.startswith(IDS):
            return
        metadata = self.widget_metadata.get(widget_state.id)
        if metadata is None or _fits(metadata, widget_state):
            take(self, widget_state)
        else:
            self.states.pop(widget_state.id, None)

    def known(self: WStates, widget_meta: WidgetMetadata[Any]) -> None:
        new = widget_meta.id not in self.widget_metadata  # else what was said of it was looked at when it came
        know(self, widget_meta)
        held = self.states.get(widget_meta.id)
        if new and isinstance(held, Serialized) and not _fits(widget_meta, held.value):
            del self.states[widget_meta.id]

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

    def changed(self: SessionState, widget_id: str) -> bool:
        if is_keyed_element_id(widget_id):  # of a widget that is gone, or another by now: its callback would ask for its key
            key = self._key_id_mapper.id_key_mapping.get(widget_id)
            if key is None or self._key_id_mapper.get_id_from_key(key) != widget_id:
                return False
        return differs(self, widget_id)

    value.heeds = True  # type: ignore[attr-defined]
    WStates.set_widget_from_proto = taken  # type: ignore[method-assign]
    WStates.set_widget_metadata = known  # type: ignore[method-assign]
    WStates.__getitem__ = value  # type: ignore[method-assign]
    WStates.get_serialized = written  # type: ignore[method-assign]
    SessionState._widget_changed = changed  # type: ignore[method-assign]


def _fits(metadata: WidgetMetadata[Any], said: WidgetState) -> bool:
    """Whether a value is of its widget's kind (one kind of number may stand for another), and its widget can read it."""
    kind = said.WhichOneof("value")
    if kind is None or (kind == metadata.value_type and kind in PLAIN):
        return True
    if kind != metadata.value_type and not {kind, metadata.value_type} <= NUMBERS:
        return False
    try:
        metadata.deserializer(unpack_widget_state_value(said))
    except Exception:  # whatever a deserializer stumbles on
        return False
    return True
