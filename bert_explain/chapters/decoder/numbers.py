"""What decides the questions of the chapter: whose states move when a word is another one, what surprises the decoder, and
what it writes when a word far back, or near, is another one."""

from __future__ import annotations

from itertools import islice, zip_longest

import numpy as np
import pandas as pd

from bert_explain.analysis.masked_words import piece_text
from bert_explain.analysis.sentence import Piece, say
from bert_explain.analysis.writing import SENTENCES, has_word, start_place
from bert_explain.chapters.decoder import analysis as dec
from bert_explain.core.tokens import text_of_all
from bert_explain.kernel.readings import many, percent
from bert_explain.learning.question import Ask, NotAskable, Option, table
from bert_explain.models.decoder import Decoder
from bert_explain.trace import Token
from bert_explain.trace_decoder import DecoderTrace, generate

CANDIDATES = 4  # options of a question about tokens
WRITTEN = 12  # pieces that a question lets the decoder write
APART = 3  # tokens at least from the first word to the last


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


def surprising(ask: Ask, rows: pd.DataFrame) -> tuple[Option, ...]:
    """The words to choose among: the most and the least surprising, and the longest."""
    trace = _read(ask)
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


def far_or_near(ask: Ask, *, skip: int = 0) -> pd.DataFrame:
    """Evidence: what the decoder writes after sentence A; with another first word; with another last word. Which of the two
    changes it at an earlier piece.

    skip : how many of the likeliest words are passed over, at either place.
    """
    trace = _read(ask)
    last = start_place(trace.tokens)
    first = next(t.position for t in trace.tokens if t.position == last or (t.sentence == 0 and has_word(t.text)))
    ends = [trace.tokens[first], trace.tokens[last]]
    if last - first < APART or not all(_whole(trace, t.position) and t.text.isalpha() for t in ends):
        raise NotAskable("Sentence A has no first and last word of one piece each that stand far enough apart.")
    start, model = [t.id for t in trace.tokens[: last + 1]], trace.model
    before, leads = _goes_on(model, start)
    swaps = {"first": _swap(trace, first, skip), "last": _swap(trace, last, skip)}
    after, differs = {}, {}
    for key, swap in swaps.items():
        after[key], sure = _goes_on(model, [*start[: swap.position], swap.id, *start[swap.position + 1 :]])
        differs[key] = _first_other(before, after[key])
        leads = [min(pair) for pair in zip(leads, sure, strict=False)]
    sooner = min(differs.values())
    where = "same" if differs["first"] == differs["last"] else min(differs, key=differs.__getitem__)
    told = {key: f"piece {n + 1} is the first to differ" if n < WRITTEN else "no piece differs" for key, n in differs.items()}
    return table(
        {key: (float(key == where), told.get(key, "")) for key in ("first", "last", "same")},
        word=Piece(swaps["first"].piece),
        other=Piece(swaps["first"].other),
        last=Piece(swaps["last"].piece),
        last_other=Piece(swaps["last"].other),
        before=Piece(_text(model, before)),
        **{f"{key}_after": Piece(_text(model, ids)) for key, ids in after.items()},
        **{f"{key}_told": told[key] for key in swaps},
        far=many(last + 1 - first, "token"),
        lead=min(leads[: sooner + 1]),
    )


def other_words(ask: Ask, _: pd.DataFrame) -> pd.DataFrame:
    """The same with the next likely word at either place."""
    return far_or_near(ask, skip=1)


def _whole(trace: DecoderTrace, position: int) -> bool:
    """Whether the token at a position is a word by itself, and not one of a word's pieces."""
    own = trace.tokens[position]
    return sum((t.sentence, t.word) == (own.sentence, own.word) for t in trace.tokens if t.span is not None) == 1


def _swap(trace: DecoderTrace, position: int, skip: int) -> dec.Swap:
    """The token at a position for the likeliest whole word of letters besides it; `skip` of these are passed over."""
    own, special = trace.tokens[position], trace.spec.special.ids
    every = np.argsort(-trace.logits([position - 1])[0], kind="stable").tolist()
    able = (i for i in every if i != own.id and i not in special and piece_text(trace, i).isalpha())
    found = next(islice(able, skip, None), None)
    if found is None:
        raise NotAskable("The decoder has no other word to put there.")
    return dec.Swap(position, own.text, piece_text(trace, found), found)


def _first_other(one: list[int], other: list[int]) -> int:
    """The place, from 0, of the first piece that differs; WRITTEN where none does."""
    longest = zip_longest(one, other)
    return next((i for i, (a, b) in enumerate(longest) if a != b), WRITTEN)


def _text(model: Decoder, ids: list[int]) -> str:
    return text_of_all(model.tokenizer, model.wordpiece, ids)


def _goes_on(model: Decoder, start: list[int]) -> tuple[list[int], list[float]]:
    """The ids written greedily after these, up to the end of a second sentence; how far each led, as a ratio."""
    ids, leads, end = [], [], model.tokenizer.sep_token_id
    for step in generate(model, start, steps=WRITTEN, temperature=0):
        second, first = np.partition(step.choice.before, -2)[-2:]
        ids.append(step.id)
        leads.append(float(first / max(second, 1e-30)))
        if step.id == end and [*start, *ids].count(end) >= SENTENCES:
            break
    return ids, leads


SURE = 1.05  # a piece this many times as probable as the next: another machine's rounding writes the same


def on_the_edge(evidence: pd.DataFrame) -> str:
    """Why it is not asked where two pieces were about equally probable at a place that decides."""
    near = evidence.attrs["facts"]["lead"] < SURE
    return "Here the decoder wavers between two pieces, so that a trifle decides what it writes." if near else ""
