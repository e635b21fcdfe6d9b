"""What the server's answers may not hold: an error, an element, a link or a formula made of what a reader typed."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.hostile.inputs import MARK

# Unescaped in Markdown: a link, an image, an element, a formula, an icon, a coloured text that carries the mark.
MARKDOWN = re.compile(
    rf"(?<!\\)(\]\(https?://evil|<{MARK}|<script|<img|<iframe|<svg|<a href='java|\${{1,2}}{MARK}(?!\\)\${{1,2}}|"
    rf":(?:material/{MARK}|smile):|:red\[)"
)
ELEMENTS = {"script", "iframe", "object", "embed", "img", "svg", "link", "meta", "base", "form", "a", MARK}


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        bad = [name for name, value in attributes if name.startswith("on") or "javascript:" in (value or "").lower()]
        if tag in ELEMENTS or bad:
            self.found.append(f"<{tag} {' '.join(bad)}>")

    handle_startendtag = handle_starttag


def wrong(message: ForwardMsg) -> list[str]:
    """What is wrong with one message to the browser."""
    if message.WhichOneof("type") != "delta" or message.delta.WhichOneof("type") != "new_element":
        return []
    element = message.delta.new_element
    kind = element.WhichOneof("type")
    said = getattr(element, kind)
    if kind == "exception":
        return [f"exception {said.type}: {said.message[:200]}"]
    if kind == "html":
        reader = _Elements()
        reader.feed(said.body)
        reader.close()
        return [f"html holds {found}" for found in reader.found]
    if kind == "markdown" and not said.allow_html:
        return [f"Markdown holds {found[0]!r}" for found in MARKDOWN.finditer(said.body)]
    if kind in ("button", "checkbox", "radio", "selectbox", "slider", "page_link", "text_input", "metric", "progress"):
        label = getattr(said, "label", "") or getattr(said, "text", "")
        options = " ".join(getattr(said, "options", []))
        return [f"the label of a {kind} holds {found[0]!r}" for found in MARKDOWN.finditer(f"{label} {options}")]
    return []
