"""A drawing of boxes and arrows whose boxes are read and chosen by pointer and keyboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bert_explain.ui.components.mount import define, mount

_diagram = define("diagram", "items")


def diagram(drawing: dict[str, Any], *, key: str, label: str, chosen: int, on_pick: Callable[[int], None]) -> None:
    """Show what `figures.transformer.drawing` gives. Hover or focus says what a box does; a click calls `on_pick(index)`."""
    data = {**drawing, "label": label, "chosen": chosen, "pick": True}
    mount(_diagram, data, key=key, sizes=(len(drawing["boxes"]),), on_pick=on_pick)
