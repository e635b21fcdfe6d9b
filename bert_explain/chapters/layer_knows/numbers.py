"""The chapter's numbers: probes by layer, beside labels drawn by lot and beside a list of words; heads read as a parser."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from bert_explain.analysis import probed, relation_heads
from bert_explain.analysis.relation_heads import Best, Looked
from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.engines.cache import TRACES
from bert_explain.errors import BadModel
from bert_explain.kernel import parts_of_speech, probes, relations
from bert_explain.kernel.probes import Probed, Standing
from bert_explain.kernel.readings import listed, many, signed, tenths
from bert_explain.kernel.tasks import WORD
from bert_explain.learning.question import Ask, NotAskable, table
from bert_explain.models.batches import words_vectors
from bert_explain.trace import run

Progress = Callable[..., None]
SAME = 0.03  # a difference of two shares that lies within this, interval and all, is called none
COST = 300  # a probe of every layer, in forward passes, about
EDGE = 0.01  # an interval that ends as near as this to nothing decides nothing


# probes -------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, eq=False)
class Layers:
    """What came of a probe, layer by layer. Shared by all readers and never changed.

    table : a row a layer (the input first): where, right, low, high (shares and their 95 % intervals), lot, lot_low, lot_high
        (the control task), selectivity, selectivity_low, selectivity_high, commonest (the list of words: no layer).
    """

    table: pd.DataFrame
    standing: Standing  # by share right
    ahead: tuple[float, float]  # 95 % interval: the best layer minus the list of words
    lost: tuple[float, float]  # the control at the input minus after the last layer
    gained: tuple[float, float]  # selectivity after the last layer minus at the input
    words: int
    sentences: int
    seen: float  # share of the words whose type stands in another fold too
    labels: tuple[str, ...]

    @property
    def best(self) -> pd.Series:
        """The layer with the highest share."""
        return self.table.iloc[self.standing.best]

    @property
    def commonest(self) -> float:
        """The share that a list of words gets right."""
        return float(self.table["commonest"].iloc[0])

    @property
    def beats(self) -> bool:
        """Whether the best layer is clearly ahead of the list of words."""
        return self.ahead[0] > 0


def where(layer: int) -> str:
    """ "at the input", "after layer 3"."""
    return f"after layer {layer}" if layer else "at the input"


def layers_of(found: Probed) -> Layers:
    """Shares and intervals of a probe: sentences are drawn anew, all layers with the same draws."""
    both = np.stack([found.right, found.control, np.broadcast_to(found.commonest, found.right.shape)])  # (3, K, N)
    drawn = probes.draws(both, found.groups)  # (B, 3, K)
    right, lot, plain = np.moveaxis(drawn, 1, 0)
    shares = both.mean(axis=-1)
    columns: dict[str, Any] = {"where": [where(i) for i in range(len(found.right))]}
    for name, values, draws in (
        ("right", shares[0], right),
        ("lot", shares[1], lot),
        ("selectivity", shares[0] - shares[1], right - lot),
    ):
        low, high = probes.bounds(draws)
        prefix = "" if name == "right" else f"{name}_"
        columns |= {name: values, f"{prefix}low": low, f"{prefix}high": high}
    standing = probes.standing(shares[0], right)
    selective = right - lot
    return Layers(
        pd.DataFrame(columns).assign(commonest=float(found.commonest.mean())),
        standing,
        _pair(right[:, standing.best] - plain[:, 0]),
        _pair(lot[:, 0] - lot[:, -1]),
        _pair(selective[:, -1] - selective[:, 0]),
        len(found.groups),
        int(found.groups.max()) + 1,
        float(found.seen.mean()),
        found.labels,
    )


def _pair(drawn: np.ndarray) -> tuple[float, float]:
    low, high = probes.bounds(drawn)
    return float(low), float(high)


def probe_key(model: Any, name: str) -> Hashable:
    """Under what a probe is kept for all readers."""
    return ("probe", model.spec.fingerprint, name)


def kept(model: Any, name: str) -> Layers | None:
    """What came of a probe, where somebody had it made; nothing is trained."""
    return TRACES.peek(probe_key(model, name))


def made(model: Any, name: str, progress: Progress = lambda *_: None) -> Layers:
    """A probe of every layer and its control, once for all who ask. Raises BadModel."""
    return TRACES.get(probe_key(model, name), lambda: layers_of(probed.probe(model, name, progress)))


def verdict(found: Layers, what: str) -> Sentence:
    """Where it is read, and whether that can be told from the other layers and from a list of words."""
    best, level = found.best, found.standing.level
    facts = {
        "what": what,
        "where": best["where"],
        "right": tenths(best["right"]),
        "low": tenths(best["low"]),
        "high": tenths(best["high"]),
        "words": tenths(found.commonest),
    }
    if not found.beats:
        return say(
            "Look at the dots {where}: {right} are right, and a list of words without any model gets {words}. Other sentences "
            "could turn that round, so it cannot be said that a layer knows {what} better than the list."
            if found.ahead[1] >= 0
            else "Look at the dots {where}: {right} are right, fewer than the {words} of a list of words without any model.",
            **facts,
        )
    if found.standing.alone:
        return say(
            "Look at the dot {where}: {right} are right ({low} to {high}), a list of words gets {words}. No other layer comes "
            "so near that other sentences could turn it round.",
            **facts,
        )
    return say(
        "Look at the dots {where}: {right} are right ({low} to {high}), a list of words gets {words}. {level} cannot be told "
        "apart: other sentences could turn their order round.",
        **facts,
        level=named(level),
    )


def named(layers: Sequence[int]) -> str:
    """ "The input and layers 2 and 3"; a run of layers is drawn together: "Layers 2 to 6"."""
    runs: list[list[int]] = []
    for layer in (layer for layer in layers if layer):
        if runs and layer == runs[-1][-1] + 1:
            runs[-1].append(layer)
        else:
            runs.append([layer])
    parts = [f"{r[0]} to {r[-1]}" if len(r) > 2 else listed([str(layer) for layer in r]) for r in runs]
    count = sum(len(r) for r in runs)
    text = f"{'layers' if count > 1 else 'layer'} {listed(parts)}" if parts else ""
    text = listed([part for part in ("the input" if 0 in layers else "", text) if part])
    return text[:1].upper() + text[1:]


def selective(found: Layers) -> Sentence:
    """How accuracy and control part."""
    first, last = found.table.iloc[0], found.table.iloc[-1]
    low, high = found.gained
    course = "rises" if low > 0 else "falls" if high < 0 else "does not change by more than other sentences would change it:"
    return say(
        "Look at the gap between the lines, the selectivity: it {course} from {a} points at the input ({right} against {lot}) "
        "to {b} {end} ({last_right} against {last_lot}).",
        course=course,
        a=_points(first["selectivity"]),
        right=tenths(first["right"]),
        lot=tenths(first["lot"]),
        b=_points(last["selectivity"]),
        end=last["where"],
        last_right=tenths(last["right"]),
        last_lot=tenths(last["lot"]),
    )


def _points(share: float) -> str:
    return signed(100 * share, 0)


# a reader's own sentence --------------------------------------------------------------------------------------------
MOST_WORDS = 60  # of a reader's text that are shown


@dataclass(frozen=True, eq=False)
class Taggers:
    """One probe a layer, trained on every marked sentence."""

    says: tuple[Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]], ...]
    nbytes: int


def taggers(model: Any, progress: Progress = lambda *_: None) -> Taggers:
    """The probes for part of speech, the input's first. Raises BadModel."""
    marked = probed.part_of_speech()
    each, there = probed.vectors(model, marked, lambda share: progress(0.6 * share, "Reading the sentences"))
    labels, says = np.array(marked.labels)[there], []
    for layer, those in enumerate(each[:, there]):
        progress(0.6 + 0.4 * layer / len(each), f"Training the probe {where(layer)}")
        says.append(probes.regression(those, labels))
    return Taggers(tuple(says), 4 * len(each) * each.shape[-1] * len(set(labels.tolist())) * 2)


def tagged(model: Any, found: Taggers, texts: Sequence[str]) -> tuple[pd.DataFrame, int]:
    """A row a word of a reader's text: word, and the tag that each layer's probe gives it; and how many words were not shown.

    "–" stands where the model has not read the word. Marks are no words.
    """
    spans = [[m.span() for m in WORD.finditer(text) if probed.is_word(m.group())] for text in texts]
    words = [text[a:b] for text, of in zip(texts, spans, strict=True) for a, b in of]
    left_out = max(0, len(words) - MOST_WORDS)
    table = pd.DataFrame({"word": words[:MOST_WORDS]})
    if not words:
        return table, 0
    vectors = words_vectors(model, list(texts), spans)[:, :MOST_WORDS]
    there = ~np.isnan(vectors[0]).any(axis=-1)
    for layer, (says, those) in enumerate(zip(found.says, vectors, strict=True)):
        tags = np.full(len(table), "–", dtype=object)
        if there.any():
            tags[there] = says(those[there])[0]
        table["input" if not layer else f"layer {layer}"] = tags
    return table, left_out


def changed(table: pd.DataFrame) -> Sentence:
    """How many words are read otherwise after the last layer than at the input, and one of them."""
    if table.empty:
        return say("There is no word in this text, so there is nothing to read off it.")
    first, last = table.columns[1], table.columns[-1]
    turned = table[table[first] != table[last]]
    count = many(len(table), "word")
    if turned.empty:
        return (
            say("Each of {count} has the same tag at the input and after {last}.", count=count, last=last)
            if len(table) > 1
            else say("The one word has the same tag at the input and after {last}.", last=last)
        )
    row = turned.iloc[0]
    return say(
        "Of {count}, {n} {have} another tag after {last} than at the input. Look at {word}: {before} at the input, {after} after "
        "{last}. Of any one tag a probe may be wrong.",
        count=count,
        n=len(turned),
        have="has" if len(turned) == 1 else "have",
        last=last,
        word=Piece(row["word"]),
        before=row[first],
        after=row[last],
    )


# heads --------------------------------------------------------------------------------------------------------------
NAMES = {
    "det": "article to its noun",
    "dobj": "object to its verb",
    "pobj": "noun to its preposition",
    "poss": "possessor to what is possessed",
}


@dataclass(frozen=True, eq=False)
class Heads:
    """The best head of each relation, and every head's share on the half that it was chosen on."""

    best: dict[str, Best]
    shares: dict[str, np.ndarray]  # (L, A)
    relations: int
    sentences: int


def heads_of(looked: Looked) -> Heads:
    """Of every relation that stands in both halves."""
    found = {name: best for name in relations.RELATIONS if (best := relation_heads.best(looked, name)) is not None}
    choose = looked.halves == relation_heads.CHOOSE
    shares = {name: looked.right[..., choose & (looked.names == name)].mean(axis=-1) for name in found}
    return Heads(found, shares, len(looked.names), len(set(looked.sentences.tolist())))


def heads_key(model: Any) -> Hashable:
    return ("relation heads", model.spec.fingerprint)


def kept_heads(model: Any) -> Heads | None:
    """What was found, where somebody had it made; nothing is run."""
    return TRACES.peek(heads_key(model))


def made_heads(model: Any, progress: Progress = lambda *_: None) -> Heads:
    """Every head on every marked sentence, once for all who ask. Raises BadModel where nothing was read."""

    def make() -> Heads:
        sentences = relations.load()

        def told(share: float) -> None:
            progress(share, f"Sentence {round(share * len(sentences))} of {len(sentences)}")

        found = heads_of(relation_heads.read(lambda query: run(model, query), sentences, told))
        if not found.best:
            raise BadModel(f"{model.spec.title} reads none of the marked words, so no head can be scored.")
        return found

    return TRACES.get(heads_key(model), make)


def rule(offset: int) -> str:
    """ "the next word", "2 words before"."""
    if abs(offset) == 1:
        return "the next word" if offset > 0 else "the word before"
    return f"{abs(offset)} words {'on' if offset > 0 else 'before'}"


def heads_table(found: Heads) -> pd.DataFrame:
    """A row a relation: relation, what, layer and head (from 1), chosen (its share there), right, low, high, rule, by_rule,
    gain_low, gain_high, beats, relations, sentences."""
    rows = [
        (
            b.relation,
            NAMES[b.relation],
            b.layer + 1,
            b.head + 1,
            b.chosen,
            b.share,
            b.low,
            b.high,
            rule(b.offset),
            b.by_offset,
            b.gain_low,
            b.gain_high,
            "yes" if b.beats else "no, the rule is better" if b.behind else "cannot be told",
            b.relations,
            b.sentences,
        )
        for b in found.best.values()
    ]
    columns = ["relation", "what", "layer", "head", "chosen", "right", "low", "high", "rule", "by_rule"]
    return pd.DataFrame(rows, columns=[*columns, "gain_low", "gain_high", "beats", "relations", "sentences"])


def head_said(found: Best) -> Sentence:
    """What the best head of one relation does, beside the best rule."""
    told = (
        "other sentences would not turn that round"
        if found.beats or found.behind
        else "other sentences could turn that round, so it cannot be said that it does better"
    )
    return say(
        "Look at {relation}, {what}: head {head} of layer {layer} finds {right} ({low} to {high}), the rule “{rule}” {plain}; "
        "{told}. Both were chosen on the other half of the sentences.",
        relation=found.relation,
        what=NAMES[found.relation],
        head=found.head + 1,
        layer=found.layer + 1,
        right=tenths(found.share),
        low=tenths(found.low),
        high=tenths(found.high),
        rule=rule(found.offset),
        plain=tenths(found.by_offset),
        told=told,
    )


# the questions ------------------------------------------------------------------------------------------------------
def _speech(ask: Ask) -> Layers:
    model = ask.trace.model
    if model.spec.n_layers < 2:
        raise NotAskable("This model has one layer, so its layers cannot be compared.")
    try:
        found = made(model, "speech", ask.progress)
    except BadModel as error:
        raise NotAskable(str(error)) from error
    if not found.beats:
        raise NotAskable(
            f"A probe reads parts of speech off {model.spec.title} no better than a list of words does: "
            f"{tenths(found.best['right'])} against {tenths(found.commonest)}."
        )
    return found


def how_deep(ask: Ask) -> pd.DataFrame:
    """Evidence: the lowest layer that cannot be told from the best in part of speech."""
    found = _speech(ask)
    last = len(found.table) - 1
    half, first = last // 2, found.standing.first
    parts = {"input": range(1), "lower": range(1, half + 1), "upper": range(half + 1, last + 1)}
    right = found.table["right"]
    rows = {name: (float(first in layers), f"{tenths(float(right.iloc[list(layers)].max()))}") for name, layers in parts.items()}
    return table(
        rows,
        model=ask.trace.spec.title,
        words=many(found.words, "word"),
        sentences=many(found.sentences, "sentence"),
        input=tenths(right.iloc[0]),
        first=where(first),
        first_value=tenths(right.iloc[first]),
        best=found.best["where"],
        best_value=tenths(found.best["right"]),
        last=last,
        last_value=tenths(right.iloc[last]),
        lower="layer 1" if half == 1 else f"layers 1 to {half}",
        upper=f"layer {last}" if half + 1 == last else f"layers {half + 1} to {last}",
        commonest=tenths(found.commonest),
    )


def by_heart(ask: Ask) -> pd.DataFrame:
    """Evidence: labels by lot, at the input against after the last layer."""
    found = _speech(ask)
    first, last = found.table.iloc[0], found.table.iloc[-1]
    low, high = found.lost
    rows = {
        "input": (float(low > 0), tenths(first["lot"])),
        "last": (float(high < 0), tenths(last["lot"])),
        "same": (float(low <= 0 <= high and max(-low, high) <= SAME), ""),
    }
    return table(
        rows,
        model=ask.trace.spec.title,
        labels=len(found.labels),
        input=tenths(first["lot"]),
        end=tenths(last["lot"]),
        last=len(found.table) - 1,
        seen=tenths(found.seen),
        input_right=tenths(first["right"]),
        end_right=tenths(last["right"]),
    )


def no_answer_holds(evidence: pd.DataFrame) -> str:
    """Not asked where the difference is neither clear nor clearly none."""
    return "" if evidence["value"].any() else "Here it cannot be told where the labels are learned better."


def how_many_heads(ask: Ask) -> pd.DataFrame:
    """Evidence: for how many relations the best head beats the best fixed rule."""
    model = ask.trace.model
    try:
        found = made_heads(model, ask.progress)
    except BadModel as error:
        raise NotAskable(str(error)) from error
    if len(found.best) < len(NAMES):
        raise NotAskable(f"{model.spec.title} does not read enough of the marked words to score every relation.")
    better = [b for b in found.best.values() if b.beats]
    count, every = len(better), len(found.best)
    rows = {
        name: (float(there), "") for name, there in (("none", count == 0), ("some", 0 < count < every), ("all", count == every))
    }
    told = [f"{b.relation} {tenths(b.share)} against {tenths(b.by_offset)}" for b in found.best.values()]
    evidence = table(
        rows,
        model=ask.trace.spec.title,
        sentences=found.sentences,
        heads=ask.trace.spec.n_layers * ask.trace.spec.n_heads,
        count=count,
        every=every,
        told=listed(told),
    )
    evidence.attrs["edge"] = min(min(abs(b.gain_low), abs(b.gain_high)) for b in found.best.values())
    return evidence


def at_an_edge(evidence: pd.DataFrame) -> str:
    """Not asked where an interval ends so near to nothing that the count depends on the last digit."""
    return "Here one head is so near to its rule that it may count or not." if evidence.attrs["edge"] < EDGE else ""


# the marked sentences -----------------------------------------------------------------------------------------------
def marked_sentences() -> pd.DataFrame:
    """The sentences marked by hand: text, and each word with its tag."""
    rows = [(s.text, " ".join(f"{w}/{t}" for w, t in zip(s.words, s.tags, strict=True))) for s in parts_of_speech.load()]
    return pd.DataFrame(rows, columns=["sentence", "tags"])


def counted() -> pd.DataFrame:
    """How often each tag was given: tag, name, words, types (different words)."""
    pairs = [(t, w.lower()) for s in parts_of_speech.load() for w, t in zip(s.words, s.tags, strict=True)]
    found = pd.DataFrame(pairs, columns=["tag", "word"]).groupby("tag")["word"].agg(["size", "nunique"])
    rows = [(tag, name, *(found.loc[tag] if tag in found.index else (0, 0))) for tag, name in parts_of_speech.TAGS.items()]
    return pd.DataFrame(rows, columns=["tag", "name", "words", "types"])
