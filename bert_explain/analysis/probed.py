"""What is probed: sentences of the app with something marked in them, and the vectors of their words, layer by layer.

N examples, L layers, H numbers a vector.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from bert_explain.content import wordnet
from bert_explain.core.errors import BadModel
from bert_explain.kernel import parts_of_speech, probes, relations, tasks
from bert_explain.kernel.probes import Probed
from bert_explain.models.batches import words_vectors

Span = tuple[int, int]
TOPICS = 8  # of WordNet's nouns: the commonest
LEADS_LEFT, LEADS_RIGHT, UNLINKED = "the left word leads", "the right word leads", "no link"


@dataclass(frozen=True, eq=False)
class Marked:
    """Texts, and examples in them: one word each, or two words in their order."""

    texts: tuple[str, ...]
    spans: tuple[tuple[Span, ...], ...]  # of each text: the words that a vector is wanted of
    words: np.ndarray  # (N, 1) or (N, 2) int: which words, counted through all texts
    forms: tuple[str, ...]  # (N,): the word type, lower case; of two words the left one's
    labels: tuple[str, ...]  # (N,)
    groups: np.ndarray  # (N,) int: the text of each example, from 0 without gaps


def is_word(form: str) -> bool:
    """No punctuation mark: that is told by its character."""
    return form[0].isalnum() or (form[0] in "'’" and len(form) > 1)


def _made(texts: list[str], spans: list[tuple[Span, ...]], lines: list[tuple[tuple[int, ...], str, str, int]]) -> Marked:
    words, forms, labels, groups = zip(*lines, strict=True)
    return Marked(tuple(texts), tuple(spans), np.array(words), forms, labels, probes.numbered(groups))


@cache
def part_of_speech() -> Marked:
    """Each word of the sentences marked by hand, and its tag."""
    return _tagged([(s.text, s.spans, s.words, s.tags) for s in parts_of_speech.load()])


@cache
def name_or_not() -> Marked:
    """Each word of the data set Names in text: inside of a name, or not."""
    task = tasks.load("names")
    rows = [e for e in (*task.train, *task.test) if isinstance(e, tasks.Tokens)]
    return _tagged([(e.text, e.spans, e.words, tuple("no name" if t == "O" else "name" for t in e.tags)) for e in rows])


def _tagged(rows: list[tuple[str, tuple[Span, ...], tuple[str, ...], tuple[str, ...]]]) -> Marked:
    lines: list[tuple[tuple[int, ...], str, str, int]] = []
    at = 0
    for number, (_, spans, words, tags) in enumerate(rows):
        lines += [((at + i,), w.lower(), t, number) for i, (w, t) in enumerate(zip(words, tags, strict=True)) if is_word(w)]
        at += len(spans)
    return _made([text for text, *_ in rows], [spans for _, spans, *_ in rows], lines)


@cache
def direction() -> Marked:
    """Two words of a sentence: which one leads (the noun of its article, the verb of its object), or are they not linked?

    Each marked relation, and beside it, where the sentence has one, two words as far apart that none of the four relations
    links: so the distance tells nothing.
    """
    sentences, at = relations.load(), 0
    lines: list[tuple[tuple[int, ...], str, str, int]] = []
    rng = np.random.default_rng(probes.SEED)
    for number, sentence in enumerate(sentences):
        linked = {frozenset((r.dependent, r.head)) for r in sentence.relations}
        places = [i for i, word in enumerate(sentence.words) if is_word(word)]
        free: dict[int, list[Span]] = {}
        for a in places:
            for b in places:
                if a < b and frozenset((a, b)) not in linked:
                    free.setdefault(b - a, []).append((a, b))
        for r in sentence.relations:
            a, b = sorted((r.dependent, r.head))
            found = [(a, b, LEADS_LEFT if r.head == a else LEADS_RIGHT)]
            if others := free.get(b - a):
                found.append((*others.pop(int(rng.integers(len(others)))), UNLINKED))
            lines += [((at + a, at + b), sentence.words[a].lower(), label, number) for a, b, label in found]
        at += len(sentence.words)
    return _made([s.text for s in sentences], [s.spans for s in sentences], lines)


@cache
def sense() -> Marked:
    """WordNet's sentences with a noun that has senses of two topics or more, two sentences each; the label is the topic."""
    net = wordnet.load()
    table = net.sentences.join(net.senses[["pos", "topic"]], on="sense")
    nouns = table[table["pos"] == "n"]
    nouns = nouns[nouns["topic"].isin(nouns["topic"].value_counts().index[:TOPICS])]
    counts = nouns.groupby(["word", "topic"]).size().unstack(fill_value=0)
    words = counts.index[(counts >= 2).sum(axis=1) >= 2]
    kept = nouns[nouns["word"].isin(words)].drop_duplicates("text")
    lines: list[tuple[tuple[int, ...], str, str, int]] = [
        ((i,), row.word.lower(), row.topic.removeprefix("noun."), i) for i, row in enumerate(kept.itertuples(index=False))
    ]
    return _made(list(kept["text"]), [((a, b),) for a, b in zip(kept["start"], kept["end"], strict=True)], lines)


PROBES: dict[str, Callable[[], Marked]] = {
    "speech": part_of_speech,
    "direction": direction,
    "name": name_or_not,
    "sense": sense,
}


def vectors(model: Any, marked: Marked, progress: probes.Progress = lambda _: None) -> tuple[np.ndarray, np.ndarray]:
    """(L + 1, N, H) or (L + 1, N, 2 H), the input first, and (N,) bool: whether the model has read the example's words.

    Raises BadModel where none was read.
    """
    found = words_vectors(model, marked.texts, marked.spans, progress=lambda done, of: progress(done / of))
    each = np.concatenate([found[:, column] for column in marked.words.T], axis=-1)
    there = ~np.isnan(each[0]).any(axis=-1)
    if not there.any():
        raise BadModel(f"{model.spec.title} reads none of the words that are marked here, so nothing can be probed.")
    return each, there


def probe(model: Any, name: str, progress: Callable[..., None] = lambda *_: None) -> Probed:
    """The probe of this name (of PROBES) on every layer of a model, and its control task. Some ten seconds on one core."""
    marked = PROBES[name]()
    each, there = vectors(model, marked, lambda share: progress(0.2 * share, "Reading the sentences"))
    forms, labels = (np.asarray(values)[there] for values in (marked.forms, marked.labels))
    groups = probes.numbered(marked.groups[there].tolist())

    def told(share: float) -> None:
        layer = min(int(share * len(each)), len(each) - 1)
        progress(0.2 + 0.8 * share, f"Training probes {'on the input' if not layer else f'after layer {layer}'}")

    return probes.probe(each[:, there], forms.tolist(), labels.tolist(), groups, told)
