"""Switching heads off: what the model predicts with them and without them.

A head that is off gives zeros to the output projection; everything else of the run stays the same (as in Michel et al.
2019, "Are Sixteen Heads Really Better than One?", section 3). Unlike reading an attention weight, this is a test: it
changes the computation and looks at the result. Layers and heads count from 0 in code, from 1 in sentences and tables.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import softmax

from bert_explain.analysis.masked_words import best, piece_text
from bert_explain.analysis.masking import can_be_masked, true_id
from bert_explain.analysis.remember import Memory
from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.kernel import readings
from bert_explain.kernel.readings import percent
from bert_explain.query import Query
from bert_explain.trace import Trace

Heads = tuple[tuple[int, int], ...]  # (layer, head) pairs
LITTLE = 0.01  # a change of a probability below this is called small
_read = Memory()


@dataclass(frozen=True)
class Question:
    """Which prediction is compared, with all heads on and without some."""

    query: Query  # with the mask, and with every head on
    position: int | None  # of the masked word; None when there is no word to ask for
    word: str  # what stands there when it is not masked
    added: bool  # True when the mask was put there for this comparison only


def question(trace: Trace, position: int) -> Question:
    """The prediction to compare: at `position` if it is masked, else at the first mask, else `position` masked for it.

    A special token is never masked: the first ordinary token stands in for it. Without a masked-word head, or without
    any ordinary token, there is no word to ask for.
    """
    query, tokens = trace.query.but(heads_off=()), trace.tokens
    masked = [t.position for t in tokens if t.masked]
    able = [t.position for t in tokens if can_be_masked(t)]
    if not trace.spec.has_mlm or not (masked or able):
        return Question(query, None, "", False)
    if masked:
        at = position if position in masked else masked[0]
        return Question(query, at, tokens[at].original, False)
    at = position if position in able else able[0]
    return Question(query.but(masked=(at,)), at, tokens[at].original, True)


def has_pair(trace: Trace) -> bool:
    """True when there are two sentences and a head that judges them: then whether one follows the other is a question."""
    return trace.nsp is not None and trace.is_pair


def what_follows(trace: Trace) -> str:
    """The number it gives, in words."""
    return f"the probability that {trace.query.follows}"


def before_after(before: Trace, after: Trace, position: int, k: int = 5, named: bool = True) -> pd.DataFrame:
    """The leading pieces at one masked word with every head on and without some, in the order they had before.

    named : False keeps to itself which pieces they are, and which is the true one.
    Columns: piece, id, before, without, change (without - before), mark ("true word" or "").
    """
    p, new = _probabilities(before, position), _probabilities(after, position)
    true = true_id(before, position) if named else None
    ids = list(dict.fromkeys([*best(p, k).tolist(), *best(new, k).tolist(), *([] if true is None else [true])]))
    ids.sort(key=lambda i: -p[i])
    called = {int(i): f"guess {n}" for n, i in enumerate(best(p, k), 1)}
    return pd.DataFrame(
        {
            "piece": [piece_text(before, i) if named else called.get(i, "a later guess") for i in ids],
            "id": ids,
            "before": p[ids],
            "without": new[ids],
            "change": new[ids] - p[ids],
            "mark": ["true word" if i == true else "" for i in ids],
        }
    )


def single_heads(
    whole: Trace,
    position: int | None,
    trace_of: Callable[[Query], Trace],
    progress: Callable[[float], None] = lambda share: None,
) -> pd.DataFrame:
    """Every head switched off alone, one run each: what that does to a prediction. The largest change comes first.

    whole : the trace with every head on. trace_of : runs a query. progress : told the share that is done, L x A times.
    Columns: layer, head; without: probability of the piece that the whole model thinks likeliest at `position`, when
    this head is off; change: that minus what it is with every head; first: the likeliest piece when this head is off;
    is_next, is_next_change: the next-sentence probability. A prediction that cannot be made here has no columns.
    """
    p = None if position is None else _probabilities(whole, position)
    lines = []
    pairs = [(layer, head) for layer in range(whole.spec.n_layers) for head in range(whole.spec.n_heads)]
    for done, (layer, head) in enumerate(pairs, start=1):
        cut = trace_of(whole.query.but(heads_off=((layer, head),)))
        line: dict[str, float | str] = {"layer": layer + 1, "head": head + 1}
        if p is not None and position is not None:
            top, new = int(best(p, 1)[0]), _probabilities(cut, position)
            first = piece_text(cut, int(best(new, 1)[0]))
            line |= {"without": float(new[top]), "change": float(new[top] - p[top]), "first": first}
        if has_pair(whole):
            new_next, old_next = cut.next_sentence()[0], whole.next_sentence()[0]
            line |= {"is_next": float(new_next), "is_next_change": float(new_next - old_next)}
        lines.append(line)
        progress(done / len(pairs))
    table = pd.DataFrame(lines)
    by = next((name for name in ("change", "is_next_change") if name in table), None)
    if by:
        table = table.sort_values(by, key=np.abs, ascending=False, kind="stable", ignore_index=True)
    return table


def names(off: Heads) -> str:
    """What is switched off, in words: 'layer 2, head 5, and layer 3, heads 1, 2'."""
    layers: dict[int, list[str]] = {}
    for layer, head in off:
        layers.setdefault(layer, []).append(str(head + 1))
    said = [f"layer {layer + 1}, head{'s' * (len(h) > 1)} {', '.join(h)}" for layer, h in layers.items()]
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])}, and {said[-1]}" if said else "no head"


def toggled(off: Heads, heads: Heads) -> Heads:
    """The heads switched on again when all of them are off, else all of them switched off too."""
    now = set(off)
    return tuple(sorted(now - set(heads) if set(heads) <= now else now | set(heads)))


def look_off(q: Question, before: Trace, after: Trace, named: bool = True) -> Sentence:
    """What the switched-off heads did to the prediction (or, while none is off, what to do); without names if not `named`."""
    off = names(after.query.heads_off)
    if q.position is None and not has_pair(before):
        return say("This model and text give no prediction that heads could change: there is no word to ask for.")
    if not after.query.heads_off:
        return say("All heads are on. Switch one off: if the prediction stays as it is, it did not rest on that head alone.")
    if q.position is not None:
        p, new = _probabilities(before, q.position), _probabilities(after, q.position)
        top, then = int(best(p, 1)[0]), int(best(new, 1)[0])
        return say(
            "Without {off}, {word} goes from {p} to {new}" + (", and {then} comes first." if then != top else "."),
            off=off,
            word=Piece(piece_text(before, top)) if named else "the probability of the first guess",
            p=percent(p[top]),
            new=percent(new[top]),
            then=Piece(piece_text(after, then)) if named else "another one",
        )
    return say(
        "Without {off}, {what} goes from {p} to {new}.",
        off=off,
        what=what_follows(before),
        p=percent(before.next_sentence()[0]),
        new=percent(after.next_sentence()[0]),
    )


def look_single(table: pd.DataFrame, whole: Trace, position: int | None, named: bool = True) -> Sentence:
    """Which single head matters most, of a table from `single_heads`; without the first guess's name if not `named`."""
    what: Piece | str
    if "change" in table and position is not None:
        change, without = "change", "without"
        first = int(best(_probabilities(whole, position), 1)[0])
        what = Piece(piece_text(whole, first)) if named else "the probability of the first guess"
    elif "is_next" in table:
        change, without, what = "is_next_change", "is_next", what_follows(whole)
    else:
        return say("This model and text give no prediction that could be compared.")
    top = readings.best(table[change].abs(), least=0.001)
    most, small = table.iloc[top.index], int((table[change].abs() < LITTLE).sum())
    known = {
        "layer": int(most["layer"]),
        "head": int(most["head"]),
        "what": what,
        "p": percent(most[without] - most[change]),
        "new": percent(most[without]),
        "change": "changes" if small == 1 else "change",
        "small": "all" if small == len(table) else small or "none",
        "n": len(table),
    }
    if top.many == 1:
        return say("Without its only head, {what} goes from {p} to {new}.", **known)
    if top.value < LITTLE:
        return say(
            "No single head matters much: without layer {layer}, head {head}, {what} goes from {p} to {new}, and each of the "
            "{n} heads, alone, changes it by less than one point in a hundred.",
            **known,
        )
    who = "Layer {layer}, head {head} matters most: " if top.leads else "No head alone matters more than every other. "
    it = "without it" if top.leads else "Without layer {layer}, head {head}"
    return say(
        who + it + ", {what} goes from {p} to {new}. Of the {n} heads, {small}, alone, {change} it by less than one point in a "
        "hundred.",
        **known,
    ).because(top)


def _probabilities(trace: Trace, position: int) -> np.ndarray:
    """(V,) softmax of the masked-word head at one position, in double precision; kept beside the trace."""
    p = _read.get(trace, position)
    if p is None:
        p = softmax(trace.mlm_logits([position])[0].astype(np.float64))
        _read.put(trace, p, position)
    return p
