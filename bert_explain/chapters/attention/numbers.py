"""The chapter's own tables: what one token looks at over all heads, what each hidden word costs another, one head less."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bert_explain.analysis.attention import telling_head
from bert_explain.analysis.masked_words import best
from bert_explain.analysis.masking import can_be_masked, true_id
from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.chapters.attention import heads_off
from bert_explain.kernel.readings import many, percent
from bert_explain.learning.question import Ask, Margin, NotAskable, Option, table
from bert_explain.trace import Trace

CANDIDATES = 4  # options of a question about tokens


def mean_row(trace: Trace, position: int) -> pd.DataFrame:
    """What one token looks at, over all heads that are on: a line a token looked at.

    Columns: token; position; share, the mean weight over layers and heads, 0 to 1, adds up to 1; heads, in how many of them
    this token gets the largest weight of the row.
    """
    layers, heads = trace.attention.shape[:2]
    on = np.ones((layers, heads), dtype=bool)
    for layer, head in trace.query.heads_off:
        on[layer, head] = False
    rows = trace.attention[on][:, position]  # (heads that are on, T)
    if not len(rows):
        raise NotAskable("Every head is switched off: nothing looks at anything.")
    first = np.bincount(rows.argmax(axis=1), minlength=len(trace.tokens))
    return pd.DataFrame(
        {
            "token": trace.pieces,
            "position": range(len(trace.tokens)),
            "share": rows.mean(axis=0),
            "heads": first,
        }
    )


def _named(trace: Trace, position: int, own: int) -> Sentence:
    token = trace.tokens[position]
    if position == own:
        return say("{word}, itself", word=Piece(token.text))
    if token.special and token.sentence is None:
        where = "the token in front" if position == 0 else "a token that ends a sentence"
        return say("{word}, {where}", word=_told_apart(trace, position), where=where)
    return _told_apart(trace, position)


def _told_apart(trace: Trace, position: int) -> Sentence:
    """A token for a sentence; with its number where another one is written as it is."""
    text = trace.pieces[position]
    return say("{word} (token {n})" if trace.pieces.count(text) > 1 else "{word}", word=Piece(text), n=position)


def looked_at(ask: Ask) -> tuple[Option, ...]:
    """The tokens to choose among: the one that gets most, the token itself, the one in front, the longest other words."""
    trace, own = ask.trace, ask.position
    shares = mean_row(trace, own)["share"].to_numpy()
    words = [t.position for t in trace.tokens if can_be_masked(t) and t.original.isalpha() and t.position != own]
    longest = sorted(words, key=lambda p: (-len(trace.tokens[p].original), p))
    wanted = dict.fromkeys((int(shares.argmax()), own, 0, *longest))
    chosen = sorted(list(wanted)[:CANDIDATES])
    return tuple(Option(f"t{p}", _named(trace, p, own), "" if trace.tokens[p].special else "ATTN") for p in chosen)


def most_looked_at(ask: Ask) -> pd.DataFrame:
    """Evidence: the mean weight of each option's token in the row of the token asked about."""
    if len([t for t in ask.trace.tokens if can_be_masked(t)]) < 2:
        raise NotAskable("This text has fewer than two words, so there is little to look at.")
    trace, own = ask.trace, ask.position
    whole = ask.run(ask.query.but(heads_off=())) if ask.query.heads_off else trace
    row = mean_row(trace, own)
    ranked = row.sort_values("share", ascending=False, kind="stable")
    top, second = ranked.iloc[0], ranked.iloc[1]
    rows = {
        o.id: (float(row["share"][int(o.id[1:])]), percent(row["share"][int(o.id[1:])])) for o in looked_at(ask.but(whole.query))
    }
    count = trace.attention.shape[0] * trace.attention.shape[1] - len(trace.query.heads_off)
    return table(
        rows,
        word=Piece(trace.pieces[own]),
        heads=count,
        all_heads="its one head" if count == 1 else f"all {count} heads together",
        mean_heads=many(count, "head"),
        top=_told_apart(trace, int(top["position"])),
        top_share=percent(top["share"]),
        second=_told_apart(trace, int(second["position"])),
        second_share=percent(second["share"]),
        first=int(top["heads"]),
        top_at=int(top["position"]),
        leads=Margin().clear(float(top["share"]), float(second["share"])),
    )


def two_get_most(evidence: pd.DataFrame) -> str:
    """Why it is not asked where another token, be it an option or not, gets nearly as much as the first."""
    return "" if evidence.attrs["facts"]["leads"] else "Here two tokens get about as much, so none of them clearly gets most."


def another_gets_most(evidence: pd.DataFrame, tried: pd.DataFrame) -> bool:
    """Whether another token gets most now, be it an option or not."""
    return evidence.attrs["facts"]["top_at"] != tried.attrs["facts"]["top_at"]


def without_those(ask: Ask, evidence: pd.DataFrame) -> pd.DataFrame:
    """Evidence of the experiment: the same with the heads off in which the leading token gets most; what is left to it."""
    at, rows = evidence.attrs["facts"]["top_at"], ask.trace.attention[:, :, ask.position]  # (L, A, T)
    off = tuple((int(layer), int(head)) for layer, head in np.argwhere(rows.argmax(axis=2) == at))
    without = ask.but(ask.query.but(heads_off=off))
    found, shares = most_looked_at(without), mean_row(without.trace, ask.position)["share"]
    found.attrs["facts"] |= {"left": percent(shares[at]), "ahead": float(shares.max() / max(shares[at], 1e-12))}
    return found


def hardly_ahead(tried: pd.DataFrame) -> str:
    """Why it is not clear that another token gets most now."""
    clear = tried.attrs["facts"]["ahead"] >= AHEAD
    return "" if clear else "Without those heads two tokens get about as much."


AHEAD = 1.1  # times the share of the token that got most before


def back_again(ask: Ask) -> pd.DataFrame:
    """Evidence: the weight of the strongest link between two words, and of the same link the other way round."""
    words = [t for t in ask.trace.tokens if can_be_masked(t)]
    if len(words) < 2:
        raise NotAskable("This text has fewer than two words, so no word looks at another.")
    link = telling_head(ask.trace)
    tokens, weights = ask.trace.tokens, ask.trace.attention[link.layer, link.head]
    if link.row == link.column or tokens[link.row].special or tokens[link.column].special:
        raise NotAskable("No link between two different words stands out in this text.")
    there, back = float(weights[link.row, link.column]), float(weights[link.column, link.row])
    ratio = back / there if there else 0.0
    near = {"same": 1.0 if 0.8 <= ratio <= 1.25 else 0.0, "less": 1.0 if ratio < 0.8 else 0.0, "more": float(ratio > 1.25)}
    shown = {"same": "", "less": "", "more": ""}
    shown[max(near, key=near.__getitem__)] = f"{there:.2f} there, {back:.2f} back"
    return table(
        {name: (value, shown[name]) for name, value in near.items()},
        layer=link.layer + 1,
        head=link.head + 1,
        first=_told_apart(ask.trace, link.row),
        second=_told_apart(ask.trace, link.column),
        row=link.row,
        column=link.column,
        there=f"{there:.2f}",
        back=f"{back:.2f}",
        ratio=ratio,
    )


def near_the_edge(evidence: pd.DataFrame) -> str:
    """Why it is not asked where the weights are nearly, and only nearly, alike."""
    ratio = evidence.attrs["facts"]["ratio"]
    near = any(abs(ratio - edge) < 0.08 for edge in (0.8, 1.25))
    return "Here the two weights are neither clearly alike nor clearly different." if near else ""


SELDOM, OFTEN = 0.25, 0.75  # shares of the heads


def one_head_less(ask: Ask) -> pd.DataFrame:
    """Evidence: every head switched off alone, one run each; the share of them after which the first guess is another one."""
    layers, heads = ask.trace.attention.shape[:2]
    return _less(ask, "heads", [((layer, head),) for layer in range(layers) for head in range(heads)])


def one_layer_less(ask: Ask, _: pd.DataFrame) -> pd.DataFrame:
    """The same with all heads of a layer at once: one run a layer."""
    layers, heads = ask.trace.attention.shape[:2]
    return _less(ask, "layers", [tuple((layer, head) for head in range(heads)) for layer in range(layers)])


def _less(ask: Ask, what: str, ways: Sequence[heads_off.Heads]) -> pd.DataFrame:
    """One run for each of these sets of heads, switched off; after how many of them the first guess is another one."""
    q = heads_off.question(ask.trace, ask.position)
    if q.position is None:
        raise NotAskable("There is no word here that could be hidden and guessed.")
    whole, at = ask.run(q.query), [q.position]
    first = int(best(whole.mlm_logits(at)[0], 1)[0])
    changed = sum(int(best(ask.once(q.query.but(heads_off=off)).mlm_logits(at)[0], 1)[0]) != first for off in ways)
    return _changes(changed, len(ways), what, q.word)


def _changes(changed: int, count: int, what: str, word: str) -> pd.DataFrame:
    share = changed / count
    where = "nearly" if share > OFTEN else "half" if share >= SELDOM else "seldom"
    rows = {
        name: (float(name == where), f"{changed} of {count} {what}" if name == where else "")
        for name in ("nearly", "half", "seldom")
    }
    return table(rows, changed=changed, count=count, share=share, word=Piece(word))


def between(evidence: pd.DataFrame) -> str:
    """Why it is not asked where the share is near the edge of two answers."""
    share = evidence.attrs["facts"]["share"]
    near = any(abs(share - edge) < 0.05 for edge in (SELDOM, OFTEN))
    return "Here the share of the heads that matter lies between two answers." if near else ""


def costs(ask: Ask) -> pd.DataFrame:
    """What hiding each other word too costs the hidden word: columns token, position, without (P of the true piece), fall.

    `ask.position` is hidden in every run; P with the others in sight stands in attrs["with"].
    """
    trace, own = ask.trace, ask.position
    whole = ask.run(ask.query.but(masked=(own,)))
    truth = true_id(whole, own)
    if truth is None or not can_be_masked(trace.tokens[own]):
        raise NotAskable("The word that this is about is hidden in the text itself.")
    start = _probability(whole, own, truth)
    lines = []
    for token in trace.tokens:
        if token.position != own and can_be_masked(token) and token.original.isalpha():
            p = _probability(ask.run(ask.query.but(masked=tuple(sorted((own, token.position))))), own, truth)
            lines.append({"token": token.text, "position": token.position, "without": p, "fall": start - p})
    found = pd.DataFrame(lines, columns=["token", "position", "without", "fall"])
    found.attrs["with"] = start
    return found


def _probability(trace: Trace, position: int, piece: int) -> float:
    logits = trace.mlm_logits([position])[0].astype(np.float64)
    shifted = np.exp(logits - logits.max())
    return float(shifted[piece] / shifted.sum())
