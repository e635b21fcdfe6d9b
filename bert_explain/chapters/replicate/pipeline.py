"""The pipeline (Tenney et al. 2019): which layers are needed for part of speech, dependency, names, coreference?

K layers, the input first; N examples of one task, D numbers; G sentences, B draws.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import pairwise

import numpy as np
import pandas as pd

from bert_explain.analysis import probed
from bert_explain.analysis.sentence import Sentence, say
from bert_explain.chapters.replicate import trial
from bert_explain.chapters.replicate.trial import Bench, Column, Measure, Outcome, Part, Progress, Row, Trial
from bert_explain.core.spec import ModelSpec
from bert_explain.core.tokens import touching
from bert_explain.errors import BadQuery
from bert_explain.kernel import parts_of_speech, probes, tasks
from bert_explain.kernel.readings import listed, many
from bert_explain.query import Query

TASKS = ("part of speech", "dependency", "name", "coreference")  # in the paper's order
TWO_WORDS = ("dependency", "coreference")
ORDER = ("first", "second", "third", "fourth")
ROOM = 350  # rows of a task, at most, among those that the app comes with
GAIN = 0.02  # what all layers together have to gain, before it can be said where they gain it


@cache
def builtin() -> tuple[Row, ...]:
    """Words that stand as two parts of speech, pairs of linked and unlinked words, names, and who "it" is."""
    return (*_speech()[:ROOM], *_dependency()[:ROOM], *_names()[:ROOM], *_coreference()[:ROOM])


def _speech() -> list[Row]:
    tags: dict[str, set[str]] = {}
    for sentence in parts_of_speech.load():
        for word, tag in zip(sentence.words, sentence.tags, strict=True):
            tags.setdefault(word.lower(), set()).add(tag)
    return [
        (TASKS[0], s.text, word, "", tag)
        for s in parts_of_speech.load()[150:]
        for word, tag in zip(s.words, s.tags, strict=True)
        if len(tags[word.lower()]) > 1 and probed.is_word(word) and _once(s.words, word)
    ]


def _once(words: Sequence[str], word: str) -> bool:
    return sum(w.lower() == word.lower() for w in words) == 1


def _dependency() -> list[Row]:
    marked = probed.direction()
    flat = [(text, text[a:b]) for text, spans in zip(marked.texts, marked.spans, strict=True) for a, b in spans]
    of = {text: [text[a:b] for a, b in spans] for text, spans in zip(marked.texts, marked.spans, strict=True)}
    found: list[Row] = []
    for (one, two), label in zip(marked.words.tolist(), marked.labels, strict=True):
        (text, first), (_, second) = flat[one], flat[two]
        if all(word[0].isalnum() and _once(of[text], word) for word in (first, second)):
            found.append((TASKS[1], text, first, second, label))
    return found[:: max(1, len(found) // ROOM)]


def _names() -> list[Row]:
    found: list[Row] = []
    for one in tasks.load("names").test:
        assert isinstance(one, tasks.Tokens)
        pairs = [(w, t) for w, t in zip(one.words, one.tags, strict=True) if w[0].isalnum() and _once(one.words, w)]
        name = next((w for w, t in pairs if t != "O"), None)
        plain = max((w for w, t in pairs if t == "O"), key=len, default=None)
        found += [(TASKS[2], one.text, name, "", "name")] if name else []
        found += [(TASKS[2], one.text, plain, "", "no name")] if plain else []
    return found


def _coreference() -> list[Row]:
    return [
        (TASKS[3], sentence, "it", noun, answer)
        for sentence, meant, other in trial.read("coreference")
        for noun, answer in ((meant, "yes"), (other, "no"))
    ]


@lru_cache(maxsize=2_048)  # a table's rows are looked at in every run of the page: most are the built-in ones
def place(word: str, text: str) -> tuple[int, int] | None:
    """Characters of the first place where a word stands in a text, small and capital letters alike."""
    found = re.search(rf"(?<!\w){re.escape(word.strip())}(?!\w)", text, re.IGNORECASE) if word.strip() else None
    return found.span() if found else None


def faults(bench: Bench, rows: Sequence[Row]) -> list[str]:
    found = []
    for task, text, word, other, answer in rows:
        wanted = (word, other) if task.strip() in TWO_WORDS else (word,)
        gone = next((w for w in wanted if place(w, text) is None), None)
        if task.strip() not in TASKS:
            found.append(f"its task is none of {listed(TASKS)}")
        elif gone is not None:
            found.append(f"“{gone.strip()[:40]}” does not stand in the sentence" if gone.strip() else "a word is missing")
        elif not answer.strip():
            found.append("it has no answer")
        elif len(text) > 400 and not all(_read(bench, text, w) for w in wanted):
            found.append("a word lies beyond what the model can read")
        else:
            found.append("")
    return found


def _read(bench: Bench, text: str, word: str) -> bool:
    return bool(touching(bench.tokens(Query(text)), place(word, text) or (0, 0)))


def together(task: str, rows: Sequence[Row]) -> np.ndarray:
    """(N,) the group of each row: what is in one group is in one fold, and is drawn together.

    A sentence's rows are; for part of speech all rows of a word, and for coreference all sentences that share a noun: of two
    sentences with the same nouns and the other answer, a probe that has seen one would be led astray by it.
    """
    if task == TASKS[0]:
        return probes.numbered([row[2].strip().lower() for row in rows])
    names = {row[1]: row[1] for row in rows}  # each sentence points at another of its group, or at itself

    def head(text: str) -> str:
        while names[text] != text:
            text = names[text]
        return text

    first: dict[str, str] = {}
    if task == TASKS[3]:
        for row in rows:
            noun = row[3].strip().lower()
            names[head(row[1])] = head(first.setdefault(noun, row[1]))
    return probes.numbered([head(row[1]) for row in rows])


def up_to(vectors: np.ndarray) -> np.ndarray:
    """(K, N, D) -> the same shape: at k the mean of the layers 0 to k, each brought to one size.

    The paper learns the shares of the layers; equal ones need no training.
    """
    size = np.sqrt(np.mean((vectors - vectors.mean(axis=1, keepdims=True)) ** 2, axis=(1, 2), keepdims=True))
    even = vectors / np.where(size > 0, size, 1)
    return np.cumsum(even, axis=0) / np.arange(1, len(vectors) + 1)[:, None, None]


def expected(means: np.ndarray) -> np.ndarray:
    """(B, K) scores with the layers up to k -> (B,) the expected layer, sum of l times its gain by the whole gain (section 3.2).

    NaN where all layers together gain less than GAIN.
    """
    gains = np.diff(means, axis=1)
    whole = gains.sum(axis=1)
    weighed = gains @ np.arange(1, gains.shape[1] + 1)
    return np.divide(weighed, whole, out=np.full(len(whole), np.nan), where=whole >= GAIN)


def work(bench: Bench, rows: Sequence[Row], progress: Progress) -> Outcome:
    scored: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    left_out = []
    kept: list[pd.DataFrame] = []
    for number, task in enumerate(TASKS):
        mine = [row for row in rows if row[0].strip() == task]
        answers = [row[4].strip() for row in mine]
        if len(mine) < trial.LEAST or min(Counter(answers).values()) == len(mine):
            left_out.append(f"{task.capitalize()} is left out: it needs {trial.LEAST} rows and two different answers.")
            continue
        wanted = [(word, other) if task in TWO_WORDS else (word,) for _, _, word, other, _ in mine]
        spans = [[place(w, row[1]) or (0, 0) for w in words] for row, words in zip(mine, wanted, strict=True)]
        read = bench.words([row[1] for row in mine], spans)
        each = read.reshape(len(read), len(mine), -1)  # (K, N, H) or (K, N, 2 H)
        there = ~np.isnan(each[0]).any(axis=-1)
        read_rows = [row for row, ok in zip(mine, there, strict=True) if ok]
        truth, groups = np.array(answers)[there], together(task, read_rows)
        if len(truth) < trial.LEAST or groups.max() < 1:
            left_out.append(f"{task.capitalize()} is left out: too few of its words are read.")
            continue
        fold, layers = probes.folds(groups), up_to(each[:, there])
        right = np.zeros((len(layers), len(truth)))
        for k, those in enumerate(layers):
            right[k] = probes.said(those, truth, fold) == truth
            progress((number + (k + 1) / len(layers)) / len(TASKS), f"{task.capitalize()}: layers 0 to {k}")
        scored[task] = right, groups
        table = pd.DataFrame(read_rows, columns=[c.name for c in COLUMNS])
        kept.append(table.assign(right_at_input=right[0].astype(bool), right_with_all=right[-1].astype(bool)))
    if not scored:
        raise BadQuery("No task has enough rows that can be read: ten of one task are the least.")
    return outcome(scored, pd.concat(kept, ignore_index=True), tuple(left_out))


def outcome(scored: dict[str, tuple[np.ndarray, np.ndarray]], rows: pd.DataFrame, left_out: tuple[str, ...] = ()) -> Outcome:
    """The numbers, from (K, N) 0 or 1 of each task whether it was right with the layers up to k, and (N,) the sentences."""
    measures, lines, courses, draws = [], [], {}, {}
    for task, (right, groups) in scored.items():
        size = int(groups.max()) + 1
        number = TASKS.index(task)  # each task has draws of its own
        paper = ORDER[number]
        drawn = draws[task] = probes.draws(right, groups, trial.DRAWS, (trial.SEED, number))
        centre = float(expected(right.mean(axis=1)[None])[0])
        courses[task] = centre, expected(drawn)
        measures.append(_measure(f"{task}: expected layer", *courses[task], size, paper=f"{paper} of these", kind="number"))
        lines += [(task, k, float(value)) for k, value in enumerate(right.mean(axis=1))]
    parts = []
    names = list(scored)
    for one, two in pairwise(names):
        (a, first), (b, second) = courses[one], courses[two]
        gap = _measure(f"{two} minus {one}", b - a, second - first, min(m.n for m in measures), kind="number", paper="above 0")
        measures.append(gap)
        parts.append(Part(f"{two} needs higher layers than {one}", trial.above(gap, 0.0)))
    if not parts:
        parts = [Part("one task needs higher layers than another", trial.OPEN)]
    for task, (right, groups) in scored.items():
        size, drawn = int(groups.max()) + 1, draws[task]
        measures.append(_measure(f"{task}: right at the input", float(right[0].mean()), drawn[:, 0], size))
        measures.append(_measure(f"{task}: right with all layers", float(right[-1].mean()), drawn[:, -1], size))
    by = pd.DataFrame(lines, columns=["task", "layer", "right"])
    return Outcome(tuple(measures), tuple(parts), rows, by, left_out=left_out)


def _measure(name: str, value: float, drawn: np.ndarray, n: int, paper: str = "", kind: str = "share") -> Measure:
    """A number with the bounds of its draws; without bounds where more than one draw in twenty gives no number."""
    there = drawn[~np.isnan(drawn)]
    nan = float("nan")
    sure = value == value and len(there) >= 0.95 * len(drawn)
    low, high = np.percentile(there, [2.5, 97.5]) if sure else (nan, nan)
    return Measure(name, value, float(low), float(high), n, "groups", paper, None, kind)


def why(found: Outcome, spec: ModelSpec) -> list[Sentence]:
    blank = [m.name.partition(":")[0] for m in found.measures if m.kind == "number" and ":" in m.name and m.low != m.low]
    said = [
        say(
            "How coarse it is: {layers} can be told apart here at all, the paper's BERT-large has 24, and an expected layer is a "
            "mean over them.",
            layers=many(spec.n_layers, "layer"),
        )
    ]
    if blank:
        said.append(
            say(
                "Where nothing can be said: for {tasks} all layers together gain so little over the input that other sentences "
                "would leave nothing to be placed.",
                tasks=listed(blank),
            )
        )
    said.append(
        say(
            "How it is done: a logistic regression on the mean of the layers 0 to k; the paper trains a small network on layers "
            "weighed by learned shares, with constituents and semantic roles too, on thousands of sentences."
        )
    )
    return said


COLUMNS = (
    Column("task", "Task", "one of " + listed(TASKS), 130),
    Column("sentence", "Sentence", "", 330),
    Column("word", "Word", "", 100),
    Column("other", "Other word", "for dependency and coreference", 110),
    Column("answer", "Answer", "", 130),
)
TRIAL = Trial(
    "pipeline",
    COLUMNS,
    builtin,
    faults,
    work,
    lambda spec, rows: rows,
    why,
    code=(up_to, expected, probes.said, outcome),
)
