"""The way through BERT's stages, above each page.

Each stage of the strip carries a tiny live picture of this sentence.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bert_explain.figures import theme
from bert_explain.ui import stages, state
from bert_explain.ui.components import modules

_HERE = Path(__file__).parent
_strip = modules.component(
    "strip",
    html='<nav aria-label="Stages"><ol></ol></nav>',
    css=f":host{{{theme.css_variables()}}}" + (_HERE / "strip.css").read_text(encoding="utf-8"),
    js=(_HERE / "strip.js").read_text(encoding="utf-8"),
)


def strip(current: str, thumbs: dict[str, Any] | None, says: dict[str, str]) -> stages.Stage | None:
    """Draw the strip; gives the page that was clicked, or None."""
    every = (*stages.STAGES, *stages.ASIDE)  # also those that it has no picture of: they know their own address by it
    shown = [{"name": s.name, "path": s.path, "picture": s.picture, "says": says.get(s.picture, "")} for s in every]
    data = {"stages": shown, "current": current, "thumbs": thumbs}
    went = _strip(key="strip", data=data, on_go_change=lambda: None, on_theme_change=state.touched).go
    return None if went is None else stages.STAGES[int(went)]
