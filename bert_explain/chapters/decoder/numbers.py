"""What decides the questions of the chapter: whose states move when a word is another one, and what surprises the decoder."""

from __future__ import annotations

import numpy as np
import pandas as pd

from bert_explain.analysis.sentence import Piece, say
from bert_explain.chapters.decoder import analysis as dec
from bert_explain.kernel.readings import many, percent
from bert_explain.learning.question import Ask, NotAskable, Option, table
from bert_explain.trace import Token
from bert_explain.trace_decoder import DecoderTrace

CANDIDATES = 4  # options of a question about tokens


def _read(ask: Ask) -> DecoderTrace:
    return ask.models.decoder(ask.query.text_a, ask.query.text_b)


def words(trace: DecoderTrace) -> list[Token]:
    """The tokens that begin a word of letters, in their order."""
    return [t for t in trace.tokens if t.span is not None and t.text.isalpha()]


def _place(ask: Ask, trace: DecoderTrace) -> int:
    """The decoder's token at the word that the page is about; the middle word where that one does not do.

    One word at least stands before it and one behind: else "before" and "after" mean nothing.
    """
    inner = words(trace)[1:-1]
    if not inner:
        raise NotAskable("This text has fewer than three words, so no word has one before it and one after it.")
    own = ask.trace.tokens[min(ask.position, len(ask.trace.tokens) - 1)]
    same = [t for t in inner if own.span is not None and (t.span, t.sentence) == (own.span, own.sentence)]
    return (same or inner[len(inner) // 2 :])[0].position


def moved(ask: Ask, *, lifted: bool = False) -> pd.DataFrame:
    """Evidence: one token is exchanged for another; which of the decoder's last states are no longer the same."""
    trace = _read(ask)
    at = _place(ask, trace)
    swap = dec.swap(trace, at)
    texts, other = (ask.query.text_a, ask.query.text_b), ((at, swap.id),)
    before = ask.models.decoder(*texts, lifted=True) if lifted else trace
    after = ask.models.decoder(*texts, replaced=other, lifted=True) if lifted else ask.models.decoder(*texts, replaced=other)
    turned = dec.moved(before, after) > 0
    earlier, later = int(turned[:at].sum()), int(turned[at + 1 :].sum())
    where = "all" if earlier and later else "later" if later else "own"
    shown = {where: f"{many(earlier, 'state')} before it, {later} after it"}
    return table(
        {key: (float(key == where), shown.get(key, "")) for key in ("all", "later", "own")},
        word=Piece(swap.piece),
        other=Piece(swap.other),
        earlier=earlier,
        later=later,
        before=at,
        after=len(turned) - at - 1,
        at=at,
    )


def without_mask(ask: Ask, _: pd.DataFrame) -> pd.DataFrame:
    """The same by the same decoder with its mask lifted."""
    return moved(ask, lifted=True)


def surprises(ask: Ask) -> pd.DataFrame:
    """Evidence: the surprise (-ln P, in nats) of some words, given all that stands before each."""
    trace = _read(ask)
    found = dec.next_tokens(trace).set_index("position")
    candidates = [t for t in words(trace) if t.position > 1]
    if len({t.text for t in candidates}) < 2:
        raise NotAskable("This text has too few different words to say which of them comes as a surprise.")
    ranked = sorted(candidates, key=lambda t: (-found["surprise"][t.position], t.position))
    longest = sorted(candidates, key=lambda t: (-len(t.text), t.position))
    chosen = list(dict.fromkeys(t.position for t in (ranked[0], ranked[-1], *longest)))[:CANDIDATES]
    top, second = ranked[0], ranked[1]
    rows = {f"t{p}": (float(found["surprise"][p]), percent(float(found["probability"][p]))) for p in sorted(chosen)}
    return table(
        rows,
        top=Piece(top.text),
        probability=percent(float(found["probability"][top.position])),
        expected=Piece(found["expected"][top.position]),
        second=Piece(second.text),
        second_probability=percent(float(found["probability"][second.position])),
        lead=float(found["surprise"][top.position] - found["surprise"][second.position]),
        count=len(candidates),
    )


def surprising(ask: Ask) -> tuple[Option, ...]:
    """The words to choose among: the most and the least surprising, and the longest."""
    trace, rows = _read(ask), surprises(ask)
    texts = [t.text for t in trace.tokens]
    places = [int(str(key)[1:]) for key in rows.index]
    return tuple(
        Option(f"t{p}", say("{word} (token {n})" if texts.count(texts[p]) > 1 else "{word}", word=Piece(texts[p]), n=p), "RARE")
        for p in places
    )


LEAD = float(np.log(1.5))  # nats: half again as improbable


def close(evidence: pd.DataFrame) -> str:
    """Why it is not asked where two words surprise alike."""
    near = evidence.attrs["facts"]["lead"] < LEAD
    return "Here two words surprise the decoder about as much as each other." if near else ""
