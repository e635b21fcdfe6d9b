"""One sentence a stage, about this very pair: what the home page says beside each picture."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bert_explain.analysis.attention import telling_head
from bert_explain.analysis.overview import Guess, all_cosines
from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.core.tokens import word_text
from bert_explain.kernel import readings
from bert_explain.trace import Trace

UNDECIDED = 0.01  # so near to one half the head has not decided


def tokens(trace: Trace, position: int) -> Sentence:
    """How many tokens, and which word was cut into pieces."""
    own = [t for t in trace.tokens if t.sentence is not None]
    cut = sorted({(t.sentence, t.word) for t in own if t.continues})
    added, unknown = len(trace.tokens) - len(own), trace.spec.special.unknown
    count = readings.many(len(trace.tokens), "token")
    lost = sum(unknown is not None and t.original_id == unknown.id for t in own)
    if not own:
        return say("{count}: there is no word yet, only what BERT adds.", count=count)
    if unknown is not None and lost:
        return say(
            "{count}: {own} from your text, of which {lost} read as {unk}, and {added} that BERT adds.",
            count=count,
            own=len(own),
            lost="one is" if lost == 1 else f"{lost} are",
            added=added,
            unk=Piece(unknown.text),
        )
    if not cut:
        return say(
            "{count}: {own} from your text, {whole}, and {added} that BERT adds.",
            count=count,
            own=len(own),
            added=added,
            whole="a whole word or sign" if len(own) == 1 else "each a whole word or sign",
        )
    pieces = [t for t in own if (t.sentence, t.word) == cut[0]]
    return say(
        "{count}. {word} is not in the vocabulary as a whole, so it is cut into {k} pieces.",
        count=count,
        word=Piece(word_text(pieces)),
        k=len(pieces),
    )


def embeddings(trace: Trace, position: int) -> Sentence:
    """Which of the rows weighs most in the sum: three, or two in a model without segments."""
    e, segments = trace.embeddings, trace.spec.has_segments
    names = ("token", "segment", "position") if segments else ("token", "position")
    norms = {name: float(np.linalg.norm(getattr(e, name)[position])) for name in names}
    there = [name for name in names if norms[name] > 0]
    word, h = Piece(trace.tokens[position].text), e.total.shape[1]
    if not there:
        return say("Nothing is left of {word}: all {h} numbers are 0.", word=word, h=h)
    about = {"token": "one for the piece", "segment": "one for its sentence", "position": "one for its place"}
    rows = readings.listed([about[name] for name in there])
    longest = readings.best([norms[name] for name in there], least=0.1)
    if len(there) == 1:
        return say("{word} becomes {h} numbers: one row is left, {rows}.", word=word, h=h, rows=rows)
    template = "{word} becomes {h} numbers: {k} rows, {rows}, added up. "
    template += (
        "Here the {largest} row is the longest arrow, {norm:.1f}."
        if longest.leads
        else "Here no row is much longer than the next: the {largest} row is {norm:.1f} long."
    )
    return say(template, word=word, h=h, k=len(there), rows=rows, largest=there[longest.index], norm=longest.value).because(
        longest
    )


def layers(trace: Trace, position: int) -> Sentence:
    """How far the token's vector has moved from where it started."""
    path = trace.hidden[:, position]
    unit = path / np.linalg.norm(path, axis=1, keepdims=True).clip(1e-9)
    known = {
        "n": readings.many(trace.spec.n_layers, "layer"),
        "word": Piece(trace.tokens[position].text),
        "c": readings.signed(float(unit[0] @ unit[-1])),
    }
    return say(
        "Compare the first strip with the last: after {n} the vector of {word} has a cosine of {c} with the one it started from. "
        "1 would be the same direction, 0 nothing in common.",
        **known,
    )


def attention(trace: Trace, position: int) -> Sentence:
    """The strongest link of the most telling head."""
    link = telling_head(trace)
    heads = trace.spec.n_layers * trace.spec.n_heads
    itself = " itself" if link.row == link.column else ""
    return say(
        "{n} at this text. In head {h} of layer {l}, {row} gives {w:.2f} of its attention to {col}{itself}.",
        itself=itself,
        n="One head looks" if heads == 1 else f"{heads} heads look",
        h=link.head + 1,
        l=link.layer + 1,
        w=link.weight,
        row=Piece(trace.tokens[link.row].text),
        col=Piece(trace.tokens[link.column].text),
    )


def words(trace: Trace, guess: Guess | None) -> Sentence:
    """What the model would put where a word is hidden."""
    if not trace.spec.has_mlm:
        return say("This model has no masked-word head: it cannot guess a hidden word.")
    if guess is None:
        return say("Choose a word of your text, and BERT guesses it from the others.")
    known = {"first": Piece(guess.pieces[0]), "p": readings.percent(guess.probabilities[0])}
    mask = trace.spec.special.mask
    if guess.true_word is None and mask is not None:
        return say("Where your text says {mask}, BERT's first guess is {first} ({p}).", mask=Piece(mask.text), **known)
    assert guess.true_word is not None  # nothing else than a text's own mask hides it
    right = "and is right" if guess.true_word == guess.pieces[0] else "and is not what stood there"
    return say(
        "With {word} hidden, BERT's first guess is {first} ({p}), {right}.", word=Piece(guess.true_word), right=right, **known
    )


def next_sentence(trace: Trace, position: int) -> Sentence:
    """Does B follow A?"""
    if trace.nsp is None:
        return say("This model has no next-sentence head.")
    if 1 not in trace.sentences:
        return say("Type a sentence B, and BERT says whether it follows A.")
    if 0 not in trace.sentences:
        return say("Type a sentence A, and BERT says whether B follows it.")
    p = float(trace.nsp[0])
    first, second = trace.query.names
    known = {"first": first, "second": second, "p": readings.percent(p)}
    if abs(p - 0.5) < UNDECIDED:
        return say("BERT cannot tell whether sentence {second} follows sentence {first}: {p} for “is next”.", **known)
    return say(
        "BERT thinks that sentence {second} {verdict} sentence {first}: {p} for “is next”.",
        verdict="follows" if p >= 0.5 else "does not follow",
        **known,
    )


def nearest(trace: Trace, position: int) -> int | None:
    """Position of the ordinary token whose output vector is closest to that of `position`; None when there is no other."""
    near = all_cosines(trace)[position].copy()
    near[[t.position for t in trace.tokens if t.special] + [position]] = -np.inf
    return int(near.argmax()) if np.isfinite(near).any() else None


def outputs(trace: Trace, position: int) -> Sentence:
    """The token whose output vector is closest."""
    best = nearest(trace, position)
    if best is None:
        return say("One vector of {h} numbers for each token.", h=trace.spec.hidden_size)
    others = [t.position for t in trace.tokens if not t.special and t.position != position]
    near = readings.best(all_cosines(trace)[position][others], least=0.01, part=0)
    known = {
        "h": trace.spec.hidden_size,
        "word": Piece(trace.tokens[position].text),
        "other": Piece(trace.tokens[best].text),
        "c": readings.signed(near.value),
    }
    if len(others) == 1:
        return say("One vector of {h} numbers for each token. Those of {word} and {other} have a cosine of {c}.", **known)
    how = "is closest to" if near.leads else "is as close to others as to"
    return say(
        "One vector of {h} numbers for each token. The one of {word} {how} that of {other} (cosine {c}).", how=how, **known
    ).because(near)


SAID: dict[str, Callable[[Trace, int], Sentence]] = {
    "Tokens": tokens,
    "Input embeddings": embeddings,
    "Inside a layer": layers,
    "Attention": attention,
    "Next sentence": next_sentence,
    "Outputs": outputs,
}
