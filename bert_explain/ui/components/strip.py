"""The way through BERT's stages, above each page.

Each stage of the strip carries a tiny live picture of this sentence.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bert_explain.figures import theme
from bert_explain.ui import stages, state
from bert_explain.ui.components import modules
from bert_explain.ui.params import GLOBAL

_HERE = Path(__file__).parent
# The pages are known before a browser asks; those without a picture are there for their own address.
_PAGES = [{"name": s.name, "path": s.path, "picture": s.picture} for s in (*stages.STAGES, *stages.ASIDE)]
_strip = modules.component(
    "strip",
    html='<nav aria-label="Stages"><ol></ol></nav>',
    css=f":host{{{theme.css_variables()}}}" + (_HERE / "strip.css").read_text(encoding="utf-8"),
    js=(_HERE / "strip.js")
    .read_text(encoding="utf-8")
    .replace("STAGES = []", f"STAGES = {json.dumps(_PAGES)}")
    .replace("EVERYWHERE = []", f"EVERYWHERE = {json.dumps([*GLOBAL, 'z'])}"),
    first=True,
)


def strip(current: str, thumbs: dict[str, Any] | None, says: dict[str, str]) -> stages.Stage | None:
    """Draw the strip; gives the page that was clicked, or None. thumbs, says : by the stages' `picture`."""
    data = {"current": current, "thumbs": thumbs, "says": says}
    went = _strip(key="strip", data=data, on_go_change=lambda: None, on_theme_change=state.touched).go
    return stages.STAGES[went] if _is_page(went) else None


def _is_page(value: Any) -> bool:
    """Whether what a browser sent is the place of a page."""
    return type(value) is int and 0 <= value < len(stages.STAGES)
