"""What a link or an edit asks for, held against what this text and this model have: kept, or dropped with a sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import streamlit as st

from bert_explain.kernel.readings import many
from bert_explain.models import Encoder
from bert_explain.query import Query
from bert_explain.trace import Trace
from bert_explain.ui import cache, state
from bert_explain.ui.notice import tell
from bert_explain.ui.params import CHANGES

if TYPE_CHECKING:
    from bert_explain.ui.frame import Page

SAID = {
    "put": "words replaced",
    "off": "heads switched off",
    "seg": "segments",
    "pos": "positions",
    "tok": "token embeddings",
    "sep": "[SEP]",
    "swap": "sentences swapped",
}


def query(model: Encoder) -> Query:
    """The query of the reader's choices; what does not exist in this model or text is left out."""
    bare = Query(
        state.get("a"),
        state.get("b"),
        heads_off=tuple((l - 1, h - 1) for l, h in state.get("off") if 1 <= l <= model.n_layers and 1 <= h <= model.n_heads),  # noqa: E741
        segments=state.get("seg"),
        positions=state.get("pos"),
        tokens=state.get("tok"),
        separators=state.get("sep"),
        swapped=state.get("swap"),
        seed=state.get("seed"),
    )
    if not state.get("mask") and not state.get("put"):
        return bare
    tokens = cache.laid(model, bare)
    free = {t.position for t in tokens if not t.special}
    maskable = free if model.spec.special.mask is not None else set()
    return bare.but(
        masked=tuple(p for p in state.get("mask") if p in maskable),
        replaced=tuple((p, i) for p, i in state.get("put") if p in free and _named(model, i)),
    )


def _named(model: Encoder, row: int) -> bool:
    """Whether a piece has this row of the token table, which is often longer than the vocabulary."""
    return row < model.vocab_size and model.wordpiece.id_to_token(row) is not None


def check(model: Encoder) -> None:
    """Drop choices that cannot be, and say so."""
    _bound("layer", state.get("layer") <= model.n_layers, f"the model has {model.n_layers} layers")
    _bound("head", state.get("head") <= model.n_heads, f"a layer has {model.n_heads} heads")
    real = query(model)
    count = len(cache.laid(model, real.plain().but(separators=real.separators)))
    token = state.get("token")
    _bound("token", token is None or token < count, f"this text has the positions 0 to {count - 1}")
    for name, kept, wanted in (
        ("mask", real.masked, state.get("mask")),
        ("put", real.replaced, state.get("put")),
        ("off", tuple((l + 1, h + 1) for l, h in real.heads_off), state.get("off")),  # noqa: E741
    ):
        lost = [item for item in wanted if item not in kept]
        if lost:
            what = {"mask": "masked position", "put": "replaced position", "off": "switched-off head"}[name]
            shown = lost[0] if name == "mask" else ".".join(map(str, lost[0]))
            state.notice(f"There is no {what} {shown} in this text and model; it was left out.")
            state.put(**{name: kept})
    state.take_rerun()


def _bound(name: str, fine: bool, why: str) -> None:
    if not fine:
        state.notice(f"There is no {name} {state.get(name)}: {why}.")
        state.put(**{name: state.default(name)})


def edited(name: str, model: Encoder) -> Callable[[], None]:
    """Callback for a sentence box: masks, replacements and the chosen token stay only where the same piece stands still."""

    def pieces() -> list[int]:
        """In the order in which the model reads them: positions count there."""
        read = Query(state.get("a"), state.get("b"), separators=state.get("sep"), swapped=state.get("swap"))
        return [t.original_id for t in cache.laid(model, read)]

    def changed() -> None:
        old = pieces()
        state.put(**{name: st.session_state[f"w-sentence-{name}"]})
        new = pieces()
        same = {p for p in range(min(len(old), len(new))) if old[p] == new[p]}
        state.put(mask=tuple(p for p in state.get("mask") if p in same), put=tuple(x for x in state.get("put") if x[0] in same))
        if state.get("token") not in same:
            state.put(token=None)

    return changed


def count(trace: Trace) -> str:
    """The count of tokens under the sentence box."""
    own = [sum(t.sentence == s for t in trace.tokens) for s in (0, 1)]
    added = len(trace.tokens) - sum(own)
    return f"{len(trace.tokens)} of {trace.spec.max_tokens} tokens: A {own[0]}, B {own[1]}, and {added} that BERT adds"


def say(page: Page) -> None:
    """Under the strip: what was cut, what the model lacks, what is changed just now and how to undo it."""
    trace = page.trace
    tell(unread(trace))
    if trace.cut:
        parts = [f"{many(n, 'token')} of sentence {s}" for s, n in (("A", trace.cut.a), ("B", trace.cut.b)) if n]
        room = trace.spec.max_tokens
        tell(
            f"The text is longer than the model's {room} positions: {' and '.join(parts)} "
            f"{'was' if trace.cut.a + trace.cut.b == 1 else 'were'} cut off at the end."
        )
    tell((*trace.spec.remarks, *trace.spec.lacks))
    _changed(trace)


def unread(trace: Trace) -> tuple[str, ...]:
    """A sentence where sentence A is empty, or where nothing of what was typed is a word."""
    if not trace.query.text_a.strip():
        reads = "BERT reads sentence B" if any(t.sentence == 1 for t in trace.tokens) else "BERT reads only its special tokens"
        return (f"Sentence A is empty: {reads}. Type a sentence above, or pick an example.",)
    if not all(t.special for t in trace.tokens):
        return ()
    if any(t.sentence is not None for t in trace.tokens):
        return ("There is no word here: what was typed is special tokens only.",)
    return ("There is nothing here that BERT can read: only spaces or control characters.",)


def _changed(trace: Trace) -> None:
    changes = [name for name in CHANGES if state.get(name) != state.default(name)]
    if not changes and not trace.query.masked:
        return
    words = [f"{SAID[n]}{'' if n in ('put', 'off', 'swap') else ' ' + state.get(n)}" for n in changes]
    masked = len(trace.query.masked)
    if masked:
        words.insert(0, f"{masked} token{'s' * (masked > 1)} masked")
    with st.container(key="changed", horizontal=True, vertical_alignment="center"):
        st.text("Changed: " + ", ".join(words) + ".")
        undo()


def undo() -> None:
    """A button that takes back every mask and intervention; nothing where there is none."""
    if any(state.get(name) != state.default(name) for name in ("mask", *CHANGES)):
        st.button("Undo all", key="undo-all", type="tertiary", on_click=state.reset, args=("mask", *CHANGES))
