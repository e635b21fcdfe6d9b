"""What decides each card: the model is run, and the outcome says whether what people say is refuted, holds, or neither.

A card's function takes an Ask and gives an Outcome. Its thresholds leave a gap between "refuted" and "holds": what falls into
it is told with its numbers, and not asked. T tokens, H hidden size, L layers, V vocabulary.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from bert_explain.analysis import senses
from bert_explain.analysis.layer import cosine
from bert_explain.analysis.masked_loss import Score, score
from bert_explain.analysis.masked_words import piece_text
from bert_explain.analysis.masking import can_be_masked, true_id
from bert_explain.analysis.sentence import Piece
from bert_explain.content import next_sentence as content
from bert_explain.content import unread
from bert_explain.errors import ExplainError
from bert_explain.kernel.overlap import longer_words
from bert_explain.kernel.readings import many, percent, signed
from bert_explain.learning.question import Ask, NotAskable
from bert_explain.models import fingerprint
from bert_explain.models.batches import padded, word_vectors
from bert_explain.query import Query
from bert_explain.trace import Token, Trace, run

REFUTED, HOLDS, BETWEEN = "refuted", "holds", "between"
MOST_WORDS = 12  # of a text that are hidden one after the other; of a longer one, spread over it
BARS = 8
FEWEST = 8  # sentences from elsewhere that a card compares the text with
SAME = 1e-4  # vectors that differ by no more are the same but for rounding


@dataclass(frozen=True)
class Drawn:
    """One bar: a length from 0 to 1, how its number is written, and whether the sentence speaks of it."""

    text: str
    value: float
    shown: str
    signal: bool = False


@dataclass(frozen=True)
class Outcome:
    """What running the model gave: the kind, the bars, and the numbers that the card's sentence needs."""

    kind: str
    bars: tuple[Drawn, ...]
    facts: dict[str, Any] = field(default_factory=dict)


def outcome(refuted: bool, holds: bool, bars: Sequence[Drawn], **facts: Any) -> Outcome:
    """The first of the two that is the case; where neither is: between."""
    return Outcome(REFUTED if refuted else HOLDS if holds else BETWEEN, tuple(bars), facts)


@cache
def carried() -> dict[str, Any]:
    """The texts that the cards carry, from texts.toml."""
    return tomllib.loads(Path(__file__).with_name("texts.toml").read_text(encoding="utf-8"))


# what the cards share
def readable(trace: Trace) -> list[Token]:
    """The text's tokens that are no special ones. Raises NotAskable where there is none."""
    found = [t for t in trace.tokens if not t.special]
    if not found:
        raise NotAskable("There is no text to run the model on.")
    return found


def whole_words(trace: Trace, most: int = MOST_WORDS) -> list[Token]:
    """Words of one piece that can be hidden, at most so many, spread over the text. Raises NotAskable where there is none."""
    if not trace.spec.has_mlm or trace.spec.mask_id is None:
        raise NotAskable("This model has no head for masked words.")
    after = {t.position for t in trace.tokens if t.continues}
    found = [
        t
        for t in trace.tokens
        if can_be_masked(t) and t.original.isalpha() and t.position + 1 not in after and true_id(trace, t.position) is not None
    ]
    if not found:
        raise NotAskable("There is no word here that could be hidden and guessed.")
    places = np.unique(np.linspace(0, len(found) - 1, min(most, len(found))).round().astype(int))
    return [found[i] for i in places]


def mean(trace: Trace) -> np.ndarray:
    """(H,) the mean of the last layer's vectors of the text's own tokens, special ones left out."""
    return trace.hidden[-1][[t.position for t in readable(trace)]].mean(axis=0)


def elsewhere(ask: Ask, count: int) -> list[str]:
    """So many plain sentences that share no longer word with the text, or what there is of them. Raises NotAskable for few."""
    own = longer_words(f"{ask.query.text_a} {ask.query.text_b}")
    found = [s for s in content.sentences() if not own & longer_words(s)]
    if len(found) < FEWEST:
        raise NotAskable("This text shares words with nearly all sentences that this card carries: too few are left to compare.")
    return found[:count]


def _length(value: float) -> float:
    return min(1.0, max(0.0, float(value)))


def _share(p: Sequence[float]) -> float:
    return float(np.exp(np.mean(np.log(np.maximum(p, 1e-12)))))


def _distributions(trace: Trace, positions: Sequence[int]) -> np.ndarray:
    logits = trace.mlm_logits(positions).astype(np.float64)  # (P, V)
    grown = np.exp(logits - logits.max(axis=1, keepdims=True))
    return grown / grown.sum(axis=1, keepdims=True)


def _judge(ask: Ask) -> None:
    if not ask.trace.spec.has_nsp:
        raise NotAskable("This model has no head for next sentences.")


def _first(ask: Ask) -> str:
    """Sentence A; B where A is empty."""
    return ask.query.text_a if ask.query.text_a.strip() else ask.query.text_b


# vectors
def cosine_is_meaning(ask: Ask) -> Outcome:
    """COS: the text's mean vector beside those of eight sentences that have nothing to do with it."""
    readable(ask.trace)
    first = ask.run(Query(_first(ask)))
    own = mean(first)
    found = {text: cosine(own, mean(ask.run(Query(text)))) for text in elsewhere(ask, 8)}
    low, middle, high = min(found.values()), float(np.median(list(found.values()))), max(found.values())
    bars = [Drawn(text, _length(value), signed(value), value == high) for text, value in found.items()]
    return outcome(
        middle >= 0.4,
        high < 0.3 and middle < 0.15,
        bars,
        count=len(found),
        low=signed(low),
        middle=signed(middle),
        high=signed(high),
    )


def cls_is_the_sentence(ask: Ask) -> Outcome:
    """CLS: of sixteen sentences, for how many the same thing in other words is the nearest, by [CLS] and by the mean."""
    pairs = carried()["paraphrase"]
    one, other = ([ask.run(Query(pair[side])) for pair in pairs] for side in ("a", "b"))
    first = ask.trace.tokens[0]
    if not first.special:
        raise NotAskable("This model has no special token in front.")
    by = {
        first.text: _found([t.hidden[-1][0] for t in one], [t.hidden[-1][0] for t in other]),
        "the mean": _found([mean(t) for t in one], [mean(t) for t in other]),
    }
    cls, means = by.values()
    count = len(pairs)
    bars = [Drawn(name, value / count, f"{value} of {count}", value == max(by.values())) for name, value in by.items()]
    chance = max(2, count // 8)
    return outcome(means - cls >= 2 and means > chance, cls - means >= 2 and cls > chance, bars, cls=cls, mean=means, count=count)


def _found(one: Sequence[np.ndarray], other: Sequence[np.ndarray]) -> int:
    near = np.array([[cosine(a, b) for b in other] for a in one])
    return int(sum(row[i] > np.delete(row, i).max() for i, row in enumerate(near)))


def pooled_is_cls(ask: Ask) -> Outcome:
    """POOL: the pooled vector beside the last layer's [CLS] vector."""
    readable(ask.trace)
    cls, pooled = ask.trace.hidden[-1][0], ask.trace.pooled
    if pooled is None:
        raise NotAskable("This model has no pooler.")
    like, apart = cosine(cls, pooled), float(np.abs(cls - pooled).max())
    bars = [
        Drawn("cosine of the two", _length(like), signed(like), True),
        Drawn(f"largest number of {ask.trace.tokens[0].text}", _length(np.abs(cls).max() / 10), f"{np.abs(cls).max():.2f}"),
        Drawn("largest number of pooled", _length(np.abs(pooled).max() / 10), f"{np.abs(pooled).max():.2f}"),
    ]
    return outcome(
        like < 0.9 and apart > 0.05,
        apart <= SAME,
        bars,
        cosine=signed(like),
        apart=f"{apart:.2f}",
        largest=f"{np.abs(cls).max():.2f}",
        pooled=f"{np.abs(pooled).max():.2f}",
    )


def output_is_the_sum(ask: Ask) -> Outcome:
    """OUT: the summed row of each token beside what comes out of the last layer for it."""
    tokens, trace = readable(ask.trace), ask.trace
    given, came = trace.embeddings.total.shape[1], trace.hidden[-1].shape[1]
    if given != came:
        raise NotAskable(f"This model sums {given} numbers a token and gives out {came}: the two cannot be compared.")
    found = [(t, cosine(trace.embeddings.total[t.position], trace.hidden[-1][t.position])) for t in tokens]
    found.sort(key=lambda one: -one[1])
    middle = float(np.median([value for _, value in found]))
    nearest, most = found[0]
    bars = [Drawn(t.text, _length(value), signed(value), t is nearest) for t, value in found[:BARS]]
    return outcome(
        most < 0.8 and middle < 0.6,
        middle > 0.9,
        bars,
        middle=signed(middle),
        most=signed(most),
        word=Piece(nearest.text),
        count=many(len(found), "token"),
    )


def sum_is_mixed_up(ask: Ask) -> Outcome:
    """SUM: whether the row of the whole token table that is nearest to a token's sum, by cosine, is its own."""
    tokens, trace = readable(ask.trace), ask.trace
    rows = trace.engine.tables().token  # (V, H)
    lengths = np.maximum(np.linalg.norm(rows, axis=1), np.finfo(np.float32).tiny)  # (V,)
    sums = trace.embeddings.total[[t.position for t in tokens]]  # (T, H)
    like = (sums @ rows.T) / lengths / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-12)  # (T, V)
    own = like[np.arange(len(tokens)), [t.id for t in tokens]]
    right = own >= like.max(axis=1) - 1e-6
    share = float(right.mean())
    shown = sorted(zip(tokens, own, right, strict=True), key=lambda one: (one[2], one[1]))[:BARS]
    bars = [Drawn(t.text, _length(value), f"{signed(value)} {'✓' if ok else '✗'}", not ok) for t, value, ok in shown]
    return outcome(
        share >= 0.8,
        share <= 0.4,
        bars,
        right=int(right.sum()),
        count=many(len(tokens), "token"),
        table=f"{len(rows):,}",
        size=rows.shape[1],
    )


def last_is_best(ask: Ask) -> Outcome:
    """LAYER: how well each layer parts the two senses of twelve words, as the mean silhouette over the words."""
    if ask.trace.spec.n_layers < 2:
        raise NotAskable("This model has fewer than two layers, so there is none before the last.")
    lines = unread.sentences()
    spans = [_span(one.text, one.word) for one in lines]
    vectors = word_vectors(ask.trace.model, [one.text for one in lines], spans)  # (L + 1, N, H)
    words = np.array([one.word for one in lines])
    labels = np.array([one.sense for one in lines])
    by_layer = np.array(
        [
            [senses.silhouette(layer[words == word], list(labels[words == word])) for word in dict.fromkeys(words)]
            for layer in vectors
        ]
    )  # (L + 1, W)
    by_layer = by_layer[:, ~np.isnan(by_layer).any(axis=0)]
    if not by_layer.size:
        raise NotAskable("This model does not read the words that this card carries.")
    means = by_layer.mean(axis=1)
    best, last = int(means.argmax()), len(means) - 1
    second = float(np.delete(means, last).max())
    other = best if best != last else int(np.delete(means, last).argmax())  # what the last one is held against
    bars = [
        Drawn("input" if not n else f"layer {n}", _length((value + 1) / 2), signed(value), n == best)
        for n, value in enumerate(means)
    ]
    return outcome(
        best != last and means[best] - means[last] >= 0.02,
        best == last and means[last] - second >= 0.02,
        bars,
        best=_layer(other),
        value=signed(means[other]),
        last=signed(means[last]),
        layers=last,
        words=by_layer.shape[1],
        before=signed(second),
        which=_layer(other),
    )


def _layer(n: int) -> str:
    return "the input" if not n else f"layer {n}"


def _span(text: str, word: str) -> tuple[int, int]:
    at = max(0, text.lower().find(word.lower()))
    return at, at + len(word)


# running it again
def every_run_differs(ask: Ask) -> Outcome:
    """RAND: the same text run three times anew, nothing kept between."""
    readable(ask.trace)
    model, query = ask.trace.model, ask.query
    runs = [run(model, query).hidden for _ in range(3)]
    apart = [float(np.abs(one - runs[0]).max()) for one in runs[1:]]
    most, largest = max(apart), float(np.abs(runs[0]).max())
    bars = [Drawn(f"run {n} against run 1", _length(value / largest), f"{value:g}", True) for n, value in enumerate(apart, 2)]
    return outcome(
        most <= SAME,
        most > 10 * SAME,
        bars,
        most=f"{most:g}",
        numbers=f"{runs[0].size:,}",
        all="the very same numbers" if most == 0 else "the same numbers but for rounding",
    )


READINGS = 20


def it_goes_on_learning(ask: Ask) -> Outcome:
    """CONT: all weights, and what the model gives a hidden word, before and after it has read the text twenty times."""
    words = whole_words(ask.trace, 4)
    model, query = ask.trace.model, ask.query
    hidden = [query.but(masked=(t.position,)) for t in words]
    before = fingerprint.of_module(model.module)
    first = [score(run(model, q), t.position) for q, t in zip(hidden, words, strict=True)]
    for _ in range(READINGS):
        ask.run(query)  # shows how far it is, and stops here when nobody waits
        run(model, query)
    after = fingerprint.of_module(model.module)
    then = [score(run(model, q), t.position) for q, t in zip(hidden, words, strict=True)]
    apart = max(abs(a.probability - b.probability) for a, b in zip(first, then, strict=True))
    bars = []
    for a, b in zip(first, then, strict=True):
        bars += [
            Drawn(f"{a.true}, before", a.probability, percent(a.probability), a is first[0]),
            Drawn(f"{b.true}, after", b.probability, percent(b.probability), b is then[0]),
        ]
    return outcome(
        before == after and apart <= SAME,
        before != after,
        bars,
        times=READINGS,
        weights=f"{sum(p.numel() for p in model.module.parameters()):,}",
        word=Piece(first[0].true),
        before=percent(first[0].probability),
        after=percent(then[0].probability),
    )


def padding_changes(ask: Ask) -> Outcome:
    """PAD: the last vectors alone, with [PAD] behind that the attention mask hides, and with [PAD] in sight."""
    readable(ask.trace)
    text = _first(ask)
    try:
        alone, hidden, shown = padded(ask.trace.model, text, 16)
    except ExplainError as error:
        raise NotAskable(str(error)) from error
    token = ask.trace.spec.special.padding
    padding = "the padding" if token is None else token.text
    apart, without = (float(np.abs(alone - other).max()) for other in (hidden, shown))
    like = [float(np.mean([cosine(a, b) for a, b in zip(alone, other, strict=True)])) for other in (hidden, shown)]
    bars = [
        Drawn(f"mask 0 at {padding}", _length(like[0]), f"cosine {like[0]:.4f}", True),
        Drawn(f"{padding} in sight", _length(like[1]), f"cosine {like[1]:.4f}"),
    ]
    return outcome(
        apart <= 10 * SAME,
        apart > 0.05,
        bars,
        pads=16,
        apart="less than 0.001" if apart <= 10 * SAME else f"{apart:.3f}",
        without=f"{without:.2f}",
    )


# masked words
def it_writes_on(ask: Ask) -> Outcome:
    """NEXTW: each word guessed from what stands before it alone, and with the rest of its sentence in sight."""
    tokens = [t for t in whole_words(ask.trace, 2 * MOST_WORDS) if t.sentence == 0 and t.position > 1 and not ask.query.swapped]
    alone = Query(ask.query.text_a)
    found: list[tuple[Score, Score]] = []
    for token in tokens[:MOST_WORDS]:
        assert token.span is not None  # a word of the reader's
        start = ask.query.text_a[: token.span[1]]
        cut = ask.run(Query(start, masked=(token.position,)))
        if cut.tokens[token.position].original_id != token.original_id:
            continue  # cut off there, the text falls into other pieces
        whole = ask.run(alone.but(masked=(token.position,)))
        found.append((score(cut, token.position), score(whole, token.position)))
    if len(found) < 3:
        raise NotAskable("Sentence A has fewer than three words that can be guessed from what stands before them.")
    ahead, between = (_share([pair[side].probability for pair in found]) for side in (0, 1))
    marks = sum(not cut.guess.removeprefix("##").isalnum() for cut, _ in found)
    hits = [sum(pair[side].rank == 1 for pair in found) for side in (0, 1)]
    bars = []
    for end, place in found[: BARS // 2]:
        bars += [
            Drawn(f"{end.true}, at the end", end.probability, percent(end.probability), True),
            Drawn(f"{end.true}, in its place", place.probability, percent(place.probability)),
        ]
    return outcome(
        between >= 3 * ahead,
        ahead >= 0.8 * between and hits[0] > 0,
        bars,
        count=len(found),
        ahead=percent(ahead),
        between=percent(between),
        marks=marks,
        hits=hits[0],
        whole=hits[1],
    )


def masks_go_together(ask: Ask) -> Outcome:
    """JOINT: of two neighbours that are hidden, the second one's list before and after the first guess is filled in."""
    words = whole_words(ask.trace, 1000)
    at = {t.position: t for t in words}
    pairs = [(t, at[t.position + 1]) for t in words if t.position + 1 in at and at[t.position + 1].sentence == t.sentence]
    pairs = [pairs[i] for i in np.unique(np.linspace(0, len(pairs) - 1, min(8, len(pairs))).round().astype(int))] if pairs else []
    if not pairs:
        raise NotAskable("No two words of one piece stand side by side here.")
    found = []
    for left, right in pairs:
        both = ask.run(ask.query.but(masked=(left.position, right.position)))
        lists = _distributions(both, [left.position, right.position])
        one, two = (int(p.argmax()) for p in lists)
        filled = ask.run(ask.query.but(masked=(right.position,), replaced=((left.position, one),)))
        then = _distributions(filled, [right.position])[0]
        moved = float(np.abs(lists[1] - then).sum() / 2)  # total variation: the share that goes elsewhere
        found.append((moved, f"{left.original} {right.original}", both, one, two, int(then.argmax()), lists[1], then))
    found.sort(key=lambda one: -one[0])
    moved, words_, both, one, two, new, before, then = found[0]
    bars = [Drawn(name, value, percent(value), i == 0) for i, (value, name, *_) in enumerate(found)]
    return outcome(
        moved >= 0.2,
        False,  # the lists are made without each other in any text; a small difference only shows it badly
        bars,
        words=Piece(words_),
        one=Piece(piece_text(both, one)),
        two=Piece(piece_text(both, two)),
        new=Piece(piece_text(both, new)),
        two_share=percent(before[two]),
        then_share=percent(then[two]),
        moved=percent(moved),
        count=many(len(found), "pair"),
        after="is still first" if two == new else "is no longer first",
    )


def only_at_masks(ask: Ask) -> Outcome:
    """ONLYM: nothing hidden: what the head gives each word at its own place."""
    words = whole_words(ask.trace, 64)
    found = [score(ask.trace, t.position) for t in words]
    found.sort(key=lambda one: one.probability)
    least = found[0]
    bars = [Drawn(one.true, one.probability, percent(one.probability), one is least) for one in found[:BARS]]
    return outcome(
        least.probability < 0.995,
        False,  # the head reads every place in any text; a sure answer only shows it badly
        bars,
        count=many(len(found), "word"),
        word=Piece(least.true),
        least=percent(least.probability),
        others=f"{ask.trace.spec.vocab_size:,}",
        missed=sum(one.rank > 1 for one in found),
    )


def only_masks_are_guessed(ask: Ask) -> Outcome:
    """8010: a wrong word in plain sight in the place of each word: what the head gives it, and the true one."""
    words = whole_words(ask.trace, 8)
    if len({t.original_id for t in words}) < 2:
        raise NotAskable("This text has fewer than two different words to put in each other's place.")
    found = []
    for i, token in enumerate(words):
        wrong = next(o for o in (*words[i + 1 :], *words) if o.original_id != token.original_id)
        put = ask.run(ask.query.but(replaced=((token.position, wrong.original_id),)))
        p = _distributions(put, [token.position])[0]
        found.append((float(p[wrong.original_id]), float(p[token.original_id]), token, wrong))
    found.sort(key=lambda one: one[0])
    stays = float(np.median([one[0] for one in found]))
    least, back, token, wrong = found[0]
    bars = [Drawn(f"{w.original} for {t.original}", s, percent(s), s == least) for s, _, t, w in found]
    return outcome(
        stays < 0.7,
        stays > 0.95,
        bars,
        stays=percent(stays),
        count=many(len(found), "word"),
        word=Piece(token.original),
        wrong=Piece(wrong.original),
        least=percent(least),
        back=percent(back),
    )


ENDS = ".!?…。"


def the_stop_counts(ask: Ask) -> Outcome:
    """DOT: each word hidden, with the full stop at the end and without it."""
    text, other = ask.query.text_a.rstrip(), ask.query.text_b
    bare = text.rstrip(ENDS + " ")
    if not bare:
        raise NotAskable("Sentence A is empty, so no full stop ends it.")
    with_, without = Query(f"{bare}.", other), Query(bare, other)
    one, two = ask.run(with_), ask.run(without)
    if one.cut.a:
        raise NotAskable("The end of sentence A lies beyond what the model reads.")
    words = [t for t in whole_words(one, 2 * MOST_WORDS) if t.sentence == 0]
    found: list[tuple[float, Score, Score]] = []
    for token in words[:MOST_WORDS]:
        if token.position >= len(two.tokens) or two.tokens[token.position].original_id != token.original_id:
            continue
        a, b = (score(ask.run(q.but(masked=(token.position,))), token.position) for q in (with_, without))
        found.append((abs(a.log_probability - b.log_probability), a, b))
    if not found:
        raise NotAskable("There is no word here that could be hidden with the full stop and without it.")
    found.sort(key=lambda one: -one[0])
    far, dot, bare_ = found[0]
    changed = sum(a.guess != b.guess for _, a, b in found)
    bars = []
    for _, a, b in found[: BARS // 2]:
        bars += [
            Drawn(f"{a.true}, with it", a.probability, percent(a.probability), a is dot),
            Drawn(f"{b.true}, without it", b.probability, percent(b.probability), b is bare_),
        ]
    times = float(np.exp(min(far, 50.0)))
    return outcome(
        times >= 1.3 or changed > 0,
        times < 1.1 and not changed,
        bars,
        word=Piece(dot.true),
        dot=percent(dot.probability),
        bare=percent(bare_.probability),
        changed=changed,
        count=many(len(found), "word"),
    )


def bright_is_important(ask: Ask) -> Outcome:
    """ATTN: what a hidden word looks at most, over all heads, and what it costs to put [MASK] in each token's place."""
    words = whole_words(ask.trace, 1000)
    own = next((t for t in words if t.position == ask.position), words[-1]).position
    whole = ask.run(ask.query.but(masked=(own,)))
    if len(whole.tokens) < 5:
        raise NotAskable("This text has too few tokens to compare what is looked at with what counts.")
    looks = whole.attention[:, :, own].mean(axis=(0, 1))  # (T,)
    others = [t for t in whole.tokens if t.position != own]
    top = max(others, key=lambda t: looks[t.position])
    ranked = sorted(others, key=lambda t: -looks[t.position])[:MOST_WORDS]
    start = score(whole, own)
    fall = {}
    for token in ranked:
        gone = ask.run(ask.query.but(masked=(own,), replaced=((token.position, whole.spec.mask_id),)))
        fall[token.position] = start.log_probability - score(gone, own).log_probability
    dearest = max(ranked, key=lambda t: fall[t.position])
    most = max(fall.values())
    second = sorted(looks[t.position] for t in others)[-2]
    leads = looks[top.position] >= 1.2 * second
    bars = [
        Drawn(t.text, _length(looks[t.position]), percent(float(looks[t.position])), t in (top, dearest)) for t in ranked[:BARS]
    ]
    if dearest not in ranked[:BARS]:
        bars.append(Drawn(dearest.text, _length(looks[dearest.position]), percent(float(looks[dearest.position])), True))
    clear = most > 0.1
    return outcome(
        bool(leads and clear and fall[top.position] < 0.5 * most),
        bool(leads and clear and dearest is top),
        bars,
        hidden=Piece(whole.tokens[own].original),
        top=Piece(top.text),
        share=percent(float(looks[top.position])),
        dearest=Piece(dearest.text),
        dearest_share=percent(float(looks[dearest.position])),
        start=percent(start.probability),
        cost=percent(start.probability * float(np.exp(-fall[top.position]))),
        most=percent(start.probability * float(np.exp(-most))),
        count=len(ranked),
    )


# next sentences
def it_finds_the_next(ask: Ask) -> Outcome:
    """NSPGEN: sentence A with twenty sentences from elsewhere in the place of B."""
    _judge(ask)
    readable(ask.trace)
    a = ask.query.text_a
    if 0 not in ask.trace.sentences:
        raise NotAskable("Sentence A is empty, so nothing can follow it.")
    found = {text: float(ask.run(Query(a, text)).next_sentence()[0]) for text in elsewhere(ask, 20)}
    taken = sum(p > 0.5 for p in found.values())
    shown = sorted(found.items(), key=lambda one: -one[1])[:BARS]
    bars = [Drawn(text, p, percent(p), i == 0) for i, (text, p) in enumerate(shown)]
    count = len(found)
    return outcome(
        taken >= 3,
        taken == 0,
        bars,
        taken=taken,
        get="gets" if taken == 1 else "get",
        count=count,
        top=shown[0][0],
        top_share=percent(shown[0][1]),
    )


def label_one_is_next(ask: Ask) -> Outcome:
    """NSPLAB: output 1 of the head for neighbouring sentences of short texts, and for sentences of two texts."""
    _judge(ask)
    texts = content.documents()
    true, false = [], []
    for number, text in enumerate(texts):
        away = texts[(number + 1) % len(texts)].sentences
        for place in range(min(2, len(text.sentences) - 1)):
            true.append(float(ask.run(Query(text.sentences[place], text.sentences[place + 1])).next_sentence()[1]))
            false.append(float(ask.run(Query(text.sentences[place], away[place % len(away)])).next_sentence()[1]))
    next_, strange = float(np.mean(true)), float(np.mean(false))
    bars = [
        Drawn("output 1, B is the next", next_, percent(next_)),
        Drawn("output 1, B from elsewhere", strange, percent(strange), True),
        Drawn("output 0, B is the next", 1 - next_, percent(1 - next_)),
        Drawn("output 0, B from elsewhere", 1 - strange, percent(1 - strange)),
    ]
    return outcome(
        strange - next_ >= 0.1, next_ - strange >= 0.1, bars, next=percent(next_), strange=percent(strange), count=len(true)
    )


def it_sees_contradictions(ask: Ask) -> Outcome:
    """NSPSIM: sentences A, and the same denied as B."""
    _judge(ask)
    pairs = carried()["denied"]
    found = [(pair, float(ask.run(Query(pair["a"], pair["b"])).next_sentence()[0])) for pair in pairs]
    taken = sum(p > 0.5 for _, p in found)
    found.sort(key=lambda one: -one[1])
    bars = [Drawn(pair["b"], p, percent(p), i == 0) for i, (pair, p) in enumerate(found)]
    count = len(found)
    return outcome(
        taken >= 0.75 * count,
        taken <= 0.25 * count,
        bars,
        taken=taken,
        get="gets" if taken == 1 else "get",
        count=count,
        a=found[0][0]["a"],
        b=found[0][0]["b"],
        top=percent(found[0][1]),
    )
