"""One sentence a stage, about this very pair: what the home page says beside each picture."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bert_explain.analysis.attention import telling_head
from bert_explain.analysis.overview import Guess, all_cosines
from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.trace import Trace


def tokens(trace: Trace, position: int) -> Sentence:
    """How many tokens, and which word was cut into pieces."""
    own = [t for t in trace.tokens if not t.special]
    cut = sorted({(t.sentence, t.word) for t in own if t.continues})
    added = len(trace.tokens) - len(own)
    if not cut:
        return say("{n} tokens: {own} from your text, each a whole word or sign, and {added} that BERT adds.",
                   n=len(trace.tokens), own=len(own), added=added)  # fmt: skip
    pieces = [t.original for t in own if (t.sentence, t.word) == cut[0]]
    return say("{n} tokens. {word} is not in the vocabulary as a whole, so it is cut into {k} pieces.",
               n=len(trace.tokens), word=Piece("".join(p.removeprefix("##") for p in pieces)), k=len(pieces))  # fmt: skip


def embeddings(trace: Trace, position: int) -> Sentence:
    """Which of the rows weighs most in the sum: three, or two in a model without segments."""
    e, segments = trace.embeddings, trace.model.has_segments
    names = ("token", "segment", "position") if segments else ("token", "position")
    norms = {name: float(np.linalg.norm(getattr(e, name)[position])) for name in names}
    largest = max(norms, key=norms.__getitem__)
    rows = "one for its sentence, one for its place" if segments else "one for its place"
    return say("{word} becomes {h} numbers: a row for the piece, {rows}, added up. "
               "Here the {largest} row counts most: as an arrow it is the longest, {norm:.1f}.",
               word=Piece(trace.tokens[position].text), h=trace.model.hidden_size, rows=rows,
               largest=largest, norm=norms[largest])  # fmt: skip


def layers(trace: Trace, position: int) -> Sentence:
    """How far the token's vector has moved from where it started."""
    path = trace.hidden[:, position]
    unit = path / np.linalg.norm(path, axis=1, keepdims=True).clip(1e-9)
    return say("Compare the first strip with the last: after {n} layers the vector of {word} has a cosine of {c:.2f} with "
               "the one it started from. 1 would be the same direction, 0 nothing in common.",
               n=trace.model.n_layers, word=Piece(trace.tokens[position].text), c=float(unit[0] @ unit[-1]))  # fmt: skip


def attention(trace: Trace, position: int) -> Sentence:
    """The strongest link of the most telling head."""
    link = telling_head(trace)
    return say("{n} heads look at this text, each in its own way. In head {h} of layer {l}, {row} gives {w:.2f} of its attention "
               "to {col}.",
               n=trace.model.n_layers * trace.model.n_heads, h=link.head + 1, l=link.layer + 1, w=link.weight,
               row=Piece(trace.tokens[link.row].text), col=Piece(trace.tokens[link.column].text))  # fmt: skip


def words(trace: Trace, guess: Guess | None) -> Sentence:
    """What the model would put where a word is hidden."""
    if not trace.model.has_mlm:
        return say("This model has no masked-word head: it cannot guess a hidden word.")
    if guess is None:
        return say("Choose a word of your text, and BERT guesses it from the others.")
    hidden = Piece(guess.true_word) if guess.true_word else Piece("[MASK]")
    verdict = "and is right" if guess.true_word == guess.pieces[0] else "from the words around it"
    return say("With {word} hidden, BERT's best guess is {best} ({p:.0%}), {verdict}.",
               word=hidden, best=Piece(guess.pieces[0]), p=guess.probabilities[0], verdict=verdict)  # fmt: skip


def next_sentence(trace: Trace, position: int) -> Sentence:
    """Does B follow A?"""
    if trace.nsp is None:
        return say("This model has no next-sentence head.")
    if not trace.query.text_b.strip():
        return say("Type a sentence B, and BERT says whether it follows A.")
    p = float(trace.nsp[0])
    first, second = trace.query.names
    return say("BERT thinks that sentence {second} {verdict} sentence {first}: {p:.0%} for “is next”.",
               first=first, second=second, verdict="follows" if p >= 0.5 else "does not follow", p=p)  # fmt: skip


def nearest(trace: Trace, position: int) -> int | None:
    """Position of the ordinary token whose output vector is closest to that of `position`; None when there is no other."""
    near = all_cosines(trace)[position].copy()
    near[[t.position for t in trace.tokens if t.special] + [position]] = -np.inf
    return int(near.argmax()) if np.isfinite(near).any() else None


def outputs(trace: Trace, position: int) -> Sentence:
    """The token whose output vector is closest."""
    best = nearest(trace, position)
    if best is None:
        return say("One vector of {h} numbers for each token.", h=trace.model.hidden_size)
    return say("One vector of {h} numbers for each token. The one of {word} is closest to that of {other} (cosine {c:.2f}).",
               h=trace.model.hidden_size, word=Piece(trace.tokens[position].text), other=Piece(trace.tokens[best].text),
               c=float(all_cosines(trace)[position, best]))  # fmt: skip


SAID: dict[str, Callable[[Trace, int], Sentence]] = {
    "Tokens": tokens,
    "Input embeddings": embeddings,
    "Inside a layer": layers,
    "Attention": attention,
    "Next sentence": next_sentence,
    "Outputs": outputs,
}
