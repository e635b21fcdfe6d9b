"""What a page sends to the browser, element by element: every text that is read as Markdown, as HTML or by Plotly."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
from streamlit.testing.v1 import AppTest

# Fields that the browser reads as Markdown (labels, captions, options, titles, help, bars), whatever the element.
MARKDOWN = frozenset({"label", "body", "help", "text", "content", "title", "caption", "captions", "delta", "element"})
PLAIN_BODIES = frozenset({"html", "text", "code", "latex"})  # elements whose body is something else


def markdown_texts(at: AppTest) -> Iterator[tuple[str, str]]:
    """(the element's kind and field, its text) for everything that Streamlit reads as Markdown."""
    for kind, field, text in texts(at):
        last = field.rsplit(".", 1)[-1]
        if (last in MARKDOWN and not (kind in PLAIN_BODIES and last == "body")) or (kind == "radio" and last == "options"):
            yield f"{kind}{field}", text


def html_texts(at: AppTest) -> Iterator[str]:
    """The body of everything that is read as HTML, but for style sheets."""
    for kind, field, text in texts(at):
        if kind == "html" and field == ".body" and "<style" not in text:
            yield text


def plotly_texts(at: AppTest) -> Iterator[tuple[str, str]]:
    """(its name, the text) for all in a Plotly figure: titles, texts and what stands under the pointer are a kind of HTML."""
    for kind, field, text in texts(at):
        if kind == "plotly_chart" and field == ".spec":
            yield from _strings("", json.loads(text))


def _strings(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _strings(key, one)
    elif isinstance(value, list):
        for one in value:
            yield from _strings(name, one)


def texts(at: AppTest) -> Iterator[tuple[str, str, str]]:
    """(kind of element, path of the field, text) for every text that was sent."""
    waiting = [at._tree]
    while waiting:
        node = waiting.pop()
        waiting += getattr(node, "children", {}).values()
        if getattr(node, "proto", None) is not None:
            for field, text in _fields(node.proto):
                yield node.type, field, text


def _fields(message: Any, path: str = "") -> Iterator[tuple[str, str]]:
    for field, value in message.ListFields():
        name = f"{path}.{field.name}"
        for one in [value] if isinstance(value, (str, bytes)) or hasattr(value, "ListFields") else _members(value):
            if isinstance(one, str):
                yield name, one
            elif hasattr(one, "ListFields"):
                yield from _fields(one, name)


def payload_values(data: dict[str, Any]) -> np.ndarray:
    """The numbers of strips as `payload.bands` sends them, (B, H)."""
    return np.frombuffer(base64.b64decode(data["values"]), "<f4").reshape(len(data["names"]), -1)


def _members(value: Any) -> Any:
    return value.values() if hasattr(value, "values") else value if hasattr(value, "__len__") else ()
