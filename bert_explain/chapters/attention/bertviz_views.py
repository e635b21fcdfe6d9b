"""The head view and the model view of bertviz (Vig 2019), as one HTML document that needs nothing from the network.

bertviz writes a page for notebooks: its three scripts come from a CDN, weights have 17 digits, and tokens go into a
`<script>` as they are, so that a token `</script>` would end it and run what follows. Here the scripts come from this
app's own static files, weights are rounded, and nothing that a token says can leave its string.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Any

import numpy as np

from bert_explain.engines.local import attention_tensors
from bert_explain.figures.theme import Palette
from bert_explain.kernel.folding import fold
from bert_explain.trace import Trace

# How many tokens each view takes. The model view draws a line for each weight of every head at once, 74,000 of them
# for 6 x 12 heads and 32 tokens; at 64 it keeps a browser busy for most of a minute. The head view draws one layer.
MOST = {"model": 32, "head": 64}
DECIMALS = 3
_CDN = "https://cdnjs.cloudflare.com/ajax/libs/"
_SCRIPTS = {
    f"{_CDN}require.js/2.3.6/require.min.js": "require.js",
    f"{_CDN}d3/5.7.0/d3.min": "d3.min",  # require adds ".js" to these two
    f"{_CDN}jquery/2.0.0/jquery.min": "jquery.min",
}
# Characters that mean something in HTML go through bertviz as "noncharacters" that no text may hold (Unicode, 23.7);
# its JSON writes those as \ufddN, which is then made the escape of the character itself.
_STAND_INS = {"<": "\ufdd0", ">": "\ufdd1", "&": "\ufdd2", "'": "\ufdd3", '"': "\ufdd4", "`": "\ufdd5", "/": "\ufdd6"}
_STEERING = (
    "Cc",
    "Cf",
    "Cs",
    "Zl",
    "Zp",
)  # control, format (text direction), surrogates, line and paragraph separators
_JOINERS = "\u200c\u200d"  # format characters that letters and emoji need


def safe(token: str) -> str:
    """A token as bertviz may have it: characters that steer text direction or lines become U+FFFD, others stand-ins."""
    shown = (
        "\ufffd"
        if c in _STAND_INS.values() or (unicodedata.category(c) in _STEERING and c not in _JOINERS)
        else _STAND_INS.get(c, c)
        for c in token
    )
    return "".join(shown)


def kept(trace: Trace, most: int) -> np.ndarray:
    """Positions that a view of at most `most` tokens shows: all of them, else both ends of each sentence.

    `[CLS]` and every `[SEP]` stay, so that the two sentences can still be told apart; ascending.
    """
    tokens = trace.tokens
    if len(tokens) <= most:
        return np.arange(len(tokens))
    added = [t.position for t in tokens if t.special and t.sentence is None]
    a, b = ([t.position for t in tokens if t.position not in added and t.sentence == s] for s in (0, 1))
    room = most - len(added)
    n = max(room - len(b), min(len(a), (room + 1) // 2))
    parts = ((a, min(n, len(a))), (b, room - min(n, len(a))))
    return np.array(sorted([*added, *(place for own, size in parts for place in _ends(own, size))]))


def _ends(places: list[int], size: int) -> list[int]:
    """`size` of some places, from both ends; all where there are no more."""
    return [places[i] for i in fold(len(places), size).places] if size > 1 else places[:size]


def document(view: str, trace: Trace, palette: Palette, static: str, layer: int = 0, head: int | None = None) -> str:
    """The HTML of bertviz's "head" or "model" view of a trace.

    static : address of the folder with the three scripts, ending in "/".
    layer, head : what the head view opens with, from 0; head None means all heads.
    """
    from bertviz import head_view, model_view  # imported where used: it costs time, and few readers open it

    places = kept(trace, MOST[view])
    attention = [
        weights[:, :, places][:, :, :, places].double().round(decimals=DECIMALS) for weights in attention_tensors(trace)
    ]  # L times (1, A, T, T); double, so that 0.123 is written as 0.123
    shared: dict[str, Any] = {
        "tokens": [safe(trace.pieces[i]) for i in places],
        "sentence_b_start": _second_sentence(trace, places),
        "prettify_tokens": False,
        "html_action": "return",
    }
    if view == "model":
        html = model_view(attention, display_mode="light", **shared).data
    else:
        html = head_view(attention, layer=layer, heads=None if head is None else [head], **shared).data
    for there, here in _SCRIPTS.items():
        if there not in html:
            raise RuntimeError(f"bertviz no longer asks for {there}: look at its new addresses")
        html = html.replace(there, static + here)
    for character, stand_in in _STAND_INS.items():
        html = html.replace(f"\\u{ord(stand_in):04x}", f"\\u{ord(character):04x}")
    top = f'<meta charset="utf-8"><title>bertviz</title>{_style(palette)}'
    return f'<!doctype html><html lang="en"><head>{top}</head><body>{html}</body></html>'


def height(view: str, trace: Trace) -> int:
    """How high the view is drawn, in CSS pixels (the sums are those of bertviz's own scripts)."""
    n, layers, heads = min(len(trace.tokens), MOST[view]), trace.spec.n_layers, trace.spec.n_heads
    if view == "model":
        return int(max(layers * (n * 7 * 12 / heads + 10) + 38, n * 18 + 55)) + 60
    return int(n * 22.5) + 110


def _second_sentence(trace: Trace, places: Iterable[int]) -> int | None:
    """Index among `places` where the second sentence begins, though the first be empty; None for a single sentence."""
    second = "AB".index(trace.query.names[1])
    if not trace.query.texts[1].strip():
        return None
    return next((i for i, place in enumerate(places) if trace.tokens[place].sentence == second), None)


def _style(p: Palette) -> str:
    """bertviz's colours in this app's theme; its own black on white stays behind (CSS wins over SVG attributes)."""
    return f"""<style>
    body {{ margin: 8px; background: {p.card}; color: {p.ink}; overflow: auto; }}
    svg {{ fill: {p.card}; }}
    svg text {{ fill: {p.ink}; }}
    select {{ background: {p.card}; color: {p.ink}; border: 1px solid {p.line}; border-radius: 4px; padding: 2px 6px; }}
    rect[fill="white"] {{ fill: {p.card}; }}
    rect[fill="#F5F5F5"], rect[fill="lightgray"] {{ fill: {p.line}; }}
    </style>"""
