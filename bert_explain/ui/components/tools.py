"""Quiet buttons under a picture: copy the page's link, save the picture as it is on screen."""

from __future__ import annotations

from bert_explain.ui.components.mount import define, mount

_tools = define("tools")


def tools(key: str, name: str) -> None:
    """Must stand inside a container whose key begins with "pic-"; saves the first picture found there.

    An SVG (a component's own, or plotly's) is saved as NAME.svg, a canvas as NAME.png. No button where there is none.
    """
    mount(_tools, {"name": name}, key=key, width="content")
