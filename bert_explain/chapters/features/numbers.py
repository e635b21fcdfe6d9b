"""The chapter's numbers: scores of frozen vectors over five draws of examples, what leads by its interval, what is asked.

Every score is the mean over the five draws of training examples; every interval and every "clearly ahead" counts in other
draws of the examples and of the test patterns (`kernel.scores.redrawn`). Pure; pandas, numpy, and scikit-learn in `probe`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from bert_explain.analysis.read_outs import READ_OUTS
from bert_explain.analysis.sentence import Sentence, say
from bert_explain.chapters.features import probe, vectors
from bert_explain.chapters.features.probe import Cell
from bert_explain.chapters.features.vectors import COUNTS, SEEDS, Progress
from bert_explain.engines.cache import TRACES
from bert_explain.kernel import scores, tasks
from bert_explain.kernel.readings import listed, many
from bert_explain.kernel.tasks import Example, Task, Tokens
from bert_explain.learning.question import Ask, NotAskable, table
from bert_explain.models.batches import POOLINGS, SUMMED
from bert_explain.models.elmo import Elmo
from bert_explain.models.encoder import Encoder
from bert_explain.models.vectors import Vectors
from bert_explain.training import fine_tuning
from bert_explain.training.fine_tuning import Recipe

LONG = 1_000  # forward passes, about: never in every place of the server
TEXT_TASKS = tuple(name for name, (kind, _) in tasks.TASKS.items() if kind in ("sequence", "pair"))
NAMED = {"mean": "mean", "max": "maximum"}  # the first token is called by its name in the model
BAG = "bag of words"


@dataclass(frozen=True, eq=False)
class Compared:
    """Ways to do one task on the same draws of examples.

    table : a row a way: what it is called, then score, low, high, lowest and highest draw.
    drawn : (K, draws) their scores on other draws of examples and test patterns; the same draws in every row.
    """

    task: str
    examples: int  # of each draw
    tested: int
    always: float  # the score of who always says the draw's commonest label (no name, for tags)
    table: pd.DataFrame
    drawn: np.ndarray

    @property
    def nbytes(self) -> int:
        return self.drawn.nbytes + int(self.table.memory_usage(deep=True).sum())

    def difference(self, one: int, other: int) -> tuple[float, float]:
        """Where 95 % of the differences of two rows lie."""
        return scores.middle(self.drawn[one] - self.drawn[other])

    def level(self, one: int, among: Sequence[int] | None = None) -> list[int]:
        """The other rows that are not clearly behind this one."""
        rows = range(len(self.table)) if among is None else among
        return [k for k in rows if k != one and self.difference(one, k)[0] <= 0]

    def first(self, among: Sequence[int] | None = None) -> int:
        """The row with the highest score here, the first among equals; it need not stand out: see `level`."""
        rows = list(range(len(self.table)) if among is None else among)
        values = self.table["score"].to_numpy()[rows]
        return rows[int(np.argmax(np.round(values, 9)))]


def compared(task: Task, count: int, rows: Sequence[tuple[dict[str, Any], np.ndarray]], always: float) -> Compared:
    """rows : (what a way is called, its parts (S, test examples, 2), one for each draw)."""
    groups = [e.pattern for e in task.test]
    again = scores.redrawn([parts for _, parts in rows], groups)
    lines = []
    for (names, parts), drawn in zip(rows, again, strict=True):
        each = [scores.score(one) for one in parts]
        low, high = scores.middle(drawn)
        mean = float(np.mean(each))
        spread = {"lowest draw": min(each), "highest draw": max(each)}
        lines.append({**names, "score": mean, "low": min(low, mean), "high": max(high, mean), **spread})
    again.flags.writeable = False
    return Compared(task.title, vectors.shown(task, count), len(task.test), always, pd.DataFrame(lines), again)


def measure(task: Task) -> str:
    """What the score of a task counts."""
    return "F1 of whole names" if task.kind == "token" else "right answers"


def some_examples(task: Task, count: int, shown: int = 6) -> pd.DataFrame:
    """The first examples of the first draw: columns `text` and `label`, or the names in it."""
    rows = []
    for e in _drawn(task, count, SEEDS[0])[0][:shown]:
        if isinstance(e, Tokens):
            names = [f"{' '.join(e.words[a:b])} ({kind})" for kind, a, b in sorted(scores.entities(e.tags), key=lambda n: n[1])]
            rows.append((e.text, ", ".join(names)))
        else:
            rows.append((" / ".join(e.inputs), probe.labels(e)[0]))
    return pd.DataFrame(rows, columns=["text", "names" if task.kind == "token" else "label"])


# cells: one way, one draw ---------------------------------------------------------------------------------------------
def _cell(key: Hashable, make: Callable[[], Cell]) -> Cell:
    return TRACES.get(("features", "cell", key), make)


def _drawn(task: Task, count: int, seed: int) -> tuple[list[Example], list[int], list[int]]:
    texts = vectors.texts_of(task)
    rows, test = vectors.rows_of(task, count, seed)
    return [texts[i] for i in rows], rows, test


def _on(identity: Hashable, task: Task, count: int, seed: int, values: Callable[[], np.ndarray]) -> Cell:
    """The cell of some vectors (N, F) and one draw; `identity` tells these vectors from all others of the task."""

    def make() -> Cell:
        train, rows, test = _drawn(task, count, seed)
        x = values()
        return probe.on_vectors(task, train, x[rows], x[test])

    return _cell((identity, vectors.identity(task), count, seed), make)


def _always(task: Task, count: int) -> float:
    """The score of who always says what is commonest in a draw, mean over the draws; 0 for tags: no name is found."""
    if task.kind == "token":
        return 0.0
    found = []
    for seed in SEEDS:
        (label, _), *_ = Counter(probe.labels(e)[0] for e in _drawn(task, count, seed)[0]).most_common(1)
        found.append(scores.score(scores.parts(task, task.test, [label] * len(task.test))))
    return float(np.mean(found))


def _stacked(cells: Iterable[Cell]) -> np.ndarray:
    return np.stack([cell.parts for cell in cells])


class _Steps:
    """How far a job is, between two shares of it: `step(text)` before each of `total` steps."""

    def __init__(self, progress: Progress, total: int, first: float = 0.0, last: float = 1.0) -> None:
        self._progress, self._total, self._first, self._last, self._done = progress, max(1, total), first, last, 0

    def step(self, text: str) -> None:
        self._progress(self._first + (self._last - self._first) * min(1.0, self._done / self._total), text)
        self._done += 1


def _part(progress: Progress, first: float, last: float) -> Progress:
    return lambda share, text="": progress(first + (last - first) * share, text)


def _nobody(share: float, text: str = "") -> None:
    """Nobody is watching."""


# every layer and pooling ----------------------------------------------------------------------------------------------
def grid(
    model: Encoder,
    task: Task,
    count: int,
    progress: Progress = _nobody,
    poolings: Sequence[str] = POOLINGS,
    ways: Sequence[str] | None = None,
) -> Compared:
    """Each way to take a token's vector, each pooling: columns `pooling`, `way`. Raises TooLarge."""
    ways = vectors.ways(model.n_layers) if ways is None else ways
    values = vectors.of_texts(model, task, _part(progress, 0, 0.15))
    steps, rows = _Steps(progress, len(poolings) * len(ways), 0.15), []
    for pooling in poolings:
        for name in ways:
            steps.step(f"{_named(pooling, model)}, {name}")
            cells = _of_way(model, values, task, count, pooling, name, progress)
            rows.append(({"pooling": _named(pooling, model), "way": name}, _stacked(cells)))
    return compared(task, count, rows, _always(task, count))


def _named(pooling: str, model: Encoder) -> str:
    return NAMED.get(pooling, model.spec.special.start.text)


def _of_way(
    model: Encoder, values: np.ndarray, task: Task, count: int, pooling: str, name: str, progress: Progress = _nobody
) -> list[Cell]:
    identity = (model.spec.reads_as, pooling, name)
    return [_on(identity, task, count, seed, lambda: vectors.way(values, pooling, name)) for seed in SEEDS]


def grid_look(found: Compared) -> Sentence:
    """Which way stands out, if one does; and which pooling, over all of them."""
    top = found.first()
    row, others = found.table.iloc[top], found.level(top)
    values: dict[str, Any] = {"way": row["way"], "pooling": row["pooling"], "score": row["score"], "of": len(found.table) - 1}
    if not others:
        text = "Look at {way}, {pooling}: {score:.2f}, clearly ahead of each of the {of} others."
    else:
        text = (
            "No single way stands out: look at {way}, {pooling}, with {score:.2f}. {level} of the {of} others {are} not clearly "
            "behind it; other examples could turn that round."
        )
        values |= {"level": len(others), "are": "is" if len(others) == 1 else "are"}
    return say("{look} {poolings}", look=say(text, **values), poolings=poolings_look(found))


def over_ways(found: Compared) -> tuple[list[str], np.ndarray, np.ndarray]:
    """The poolings, their scores over all ways but the input, and the same on other draws, (P, draws)."""
    after = found.table["way"] != "input"
    names = list(dict.fromkeys(found.table["pooling"]))
    rows = [np.flatnonzero(after & (found.table["pooling"] == name)) for name in names]
    table_scores = found.table["score"].to_numpy()
    return names, np.array([table_scores[r].mean() for r in rows]), np.stack([found.drawn[r].mean(axis=0) for r in rows])


def poolings_look(found: Compared) -> Sentence:
    """Whether a pooling is clearly ahead over all ways."""
    names, means, drawn = over_ways(found)
    told = listed([f"{name} {mean:.2f}" for name, mean in zip(names, means, strict=True)])
    top = int(np.argmax(np.round(means, 9)))
    ahead = all(scores.middle(drawn[top] - drawn[k])[0] > 0 for k in range(len(names)) if k != top)
    verdict = say("{name} is clearly ahead", name=_the(names[top])) if ahead else say("none is clearly ahead of both others")
    return say("Over all of them but the input, on average: {told}; {verdict}.", told=told, verdict=verdict)


# beside the others ----------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Models:
    """Who is asked: the chosen encoder and those beside it; None where one cannot be had."""

    bert: Encoder
    decoder: Encoder | None = None
    elmo: Elmo | None = None
    tables: tuple[Vectors, ...] = ()


def _candidates(who: Any, task: Task, progress: Progress) -> list[tuple[str, Hashable, Callable[[], np.ndarray]]]:
    """(name, identity, vectors) of each layer that a model offers, pooled by the mean."""
    if isinstance(who, Vectors):
        return [("", (who.name, who.fingerprint), lambda: vectors.of_table(who, task))]
    if isinstance(who, Elmo):
        layers = vectors.of_elmo(who, task, progress)
        return [(f"layer {i}", (who.spec.reads_as, i), partial(layers.__getitem__, i)) for i in range(len(layers))]
    values = vectors.of_texts(who, task, progress)
    return [
        (name, (who.spec.reads_as, "mean", name), partial(vectors.way, values, "mean", name))
        for name in vectors.layers(who.n_layers)
    ]


def _best_inside(
    who: Any, task: Task, counts: Sequence[int], progress: Progress, title: str
) -> dict[int, tuple[np.ndarray, list[str]]]:
    """For each count the parts (S, N, 2) of the layer that does best on held-out patterns of each draw, and these layers."""
    candidates = _candidates(who, task, _part(progress, 0, 0.2))
    steps, out = _Steps(progress, len(counts) * len(SEEDS) * len(candidates), 0.2), {}
    for count in counts:
        parts, chosen = [], []
        for seed in SEEDS:
            cells = []
            for name, identity, values in candidates:
                steps.step(f"{title}{', ' if name else ''}{name}, {vectors.shown(task, count)} examples")
                cells.append(_on(identity, task, count, seed, values))
            held = [-1.0 if cell.held != cell.held else round(cell.held, 9) for cell in cells]
            at = int(np.argmax(held))
            parts.append(cells[at].parts)
            chosen.append(candidates[at][0])
        out[count] = (np.stack(parts), chosen)
    return out


def _bag(task: Task, count: int, steps: _Steps) -> np.ndarray:
    def cell(seed: int) -> Cell:
        steps.step(f"A bag of words, {vectors.shown(task, count)} examples")
        identity = ("bag", vectors.identity(task), count, seed)
        return _cell(identity, lambda: probe.on_words(task, _drawn(task, count, seed)[0]))

    return _stacked([cell(seed) for seed in SEEDS])


def _who(models: Models) -> list[tuple[str, Any]]:
    """Who takes part, in the order of the history: (title, model)."""
    static = [(f"averages of {t.title}", t) for t in models.tables]
    rest = [(m.title, m) for m in (models.elmo, models.decoder, models.bert) if m is not None]
    return [*static, *rest]


def beside(models: Models, task: Task, counts: Sequence[int], progress: Progress = _nobody) -> dict[int, Compared]:
    """For each number of examples everybody's scores: columns `who`, `layers`, `count`. BERT is the last row.

    Of a model with layers that layer counts, in each draw, which does best on patterns held out of the draw.
    """
    everybody = _who(models)
    share = 1 / (len(everybody) + 1)
    steps = _Steps(progress, len(counts) * len(SEEDS), 0, share)
    rows: dict[int, list[tuple[dict[str, Any], np.ndarray]]] = {
        n: [({"who": BAG, "layers": ""}, _bag(task, n, steps))] for n in counts
    }
    for place, (title, who) in enumerate(everybody, start=1):
        found = _best_inside(who, task, counts, _part(progress, place * share, (place + 1) * share), title)
        for count, (parts, chosen) in found.items():
            rows[count].append(({"who": title, "layers": _often(chosen)}, parts))
    return {count: compared(task, count, some, _always(task, count)) for count, some in rows.items()}


def _often(chosen: Sequence[str]) -> str:
    """ "layer 4 (3), layer 5 (2)": which layers were chosen, and in how many draws; "" where there is nothing to choose."""
    counts = Counter(name for name in chosen if name)
    return ", ".join(f"{name} ({n})" for name, n in sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def beside_look(found: Compared) -> Sentence:
    """BERT against each of the others: whom it is clearly ahead of, who is clearly ahead of it."""
    last = len(found.table) - 1
    names = found.table["who"].tolist()
    others = range(last)
    behind = [names[k] for k in others if found.difference(last, k)[0] > 0]
    ahead = [names[k] for k in others if found.difference(last, k)[1] < 0]
    level = [names[k] for k in others if names[k] not in (*behind, *ahead)]
    said = [
        text.format(listed(some))
        for some, text in (
            (behind, "clearly ahead of {}"),
            (ahead, "clearly behind {}"),
            (level, "neither clearly ahead of nor clearly behind {}"),
        )
        if some
    ]
    return say(
        "Look at the last row: {who}, frozen, gets {score:.2f} after {examples}. It is {said}.",
        who=names[last],
        score=found.table["score"].iloc[last],
        examples=many(found.examples, "example"),
        said=listed(said),
    )


# the learning curve ---------------------------------------------------------------------------------------------------
def counts_of(task: Task) -> list[int]:
    """The numbers of examples that are different in this task."""
    return [n for i, n in enumerate(COUNTS) if not i or vectors.shown(task, n) > vectors.shown(task, COUNTS[i - 1])]


def curve_table(found: Mapping[int, Compared]) -> pd.DataFrame:
    """One row a number of examples and reader: examples, who, score, low, high and the draws."""
    return pd.concat([one.table.assign(examples=one.examples) for one in found.values()], ignore_index=True)[
        ["examples", "who", "score", "low", "high", "lowest draw", "highest draw", "layers"]
    ]


def curve_look(found: Mapping[int, Compared]) -> Sentence:
    """From how many examples on BERT is clearly ahead of the bag of words, and what it gains from the first to the last."""
    every = list(found.values())
    last = len(every[0].table) - 1
    first, end = every[0], every[-1]
    text = "Look at the ends of the line of {who}: {a:.2f} after {n}, {b:.2f} after {m}. {against}"
    ahead = [one.examples for one in every if one.difference(last, 0)[0] > 0]
    level = [one.examples for one in every if one.difference(last, 0)[0] <= 0 <= one.difference(last, 0)[1]]
    behind = [one.examples for one in every if one.difference(last, 0)[1] < 0]
    said = [
        text_.format(listed([f"{n:,}" for n in some]))
        for some, text_ in (
            (ahead, "clearly ahead after {}"),
            (level, "not clearly ahead or behind after {}"),
            (behind, "clearly behind after {}"),
        )
        if some
    ]
    return say(
        text,
        who=first.table["who"].iloc[last],
        a=first.table["score"].iloc[last],
        n=many(first.examples, "example"),
        b=end.table["score"].iloc[last],
        m=f"{end.examples:,}",
        against=say("Against the bag of words it is {said} examples.", said=listed(said)),
    )


# the paper's table 7, on names ----------------------------------------------------------------------------------------
NAMES_EXAMPLES = 200
EPOCHS, RATE = 8, 4e-4  # of the fine-tuning beside them
FINE_TUNED, PAPER_TUNED = "fine-tuned", 96.4
ROWS = tuple(way for way in READ_OUTS if way.f1 is not None)


def word_way(values: np.ndarray, name: str) -> np.ndarray:
    """(W, F): one row of the paper's table, of vectors (L + 1, W, H). The sums count each layer the same."""
    after = values[1:]
    last = after[-SUMMED:]
    ways: dict[str, Callable[[], np.ndarray]] = {
        "input": lambda: values[0],
        "second to last": lambda: values[-2],
        "last layer": lambda: values[-1],
        "last four summed": lambda: last.sum(axis=0),
        "last four joined": lambda: np.concatenate(list(last), axis=-1),
        "all layers summed": lambda: after.sum(axis=0),
    }
    return ways[name]()


def rows_for(layers: int) -> list[Any]:
    """The rows that a model of so many layers has: four last ones, and one before the last that has read the sentence."""
    return [way for way in ROWS if layers >= way.least]


@dataclass(frozen=True, eq=False)
class Table7:
    """The frozen rows: what they are called with their parts, and their scores."""

    rows: tuple[tuple[dict[str, Any], np.ndarray], ...]
    found: Compared


def table7(model: Encoder, task: Task, progress: Progress = _nobody) -> Table7:
    """The rows of Devlin et al. 2019, table 7, on names in text: columns `way`, `paper` (their F1, 0 to 1, other data)."""
    values = vectors.of_words(model, task, _part(progress, 0, 0.1))
    texts = vectors.texts_of(task)
    starts = np.cumsum([0, *(len(probe.labels(e)) for e in texts)])
    able = rows_for(len(values) - 1)
    steps, rows = _Steps(progress, len(able) * len(SEEDS), 0.1), []

    def words_of(some: Sequence[int]) -> np.ndarray:
        return np.concatenate([np.arange(starts[i], starts[i + 1]) for i in some])

    for way in sorted(able, key=lambda way: way.f1 or 0.0):
        cells = []
        for seed in SEEDS:
            steps.step(f"{way.name}, draw {seed + 1} of {len(SEEDS)}")

            def make(way: Any = way, seed: int = seed) -> Cell:
                train, kept, test = _drawn(task, NAMES_EXAMPLES, seed)
                x = word_way(values, way.name)
                return probe.on_vectors(task, train, x[words_of(kept)], x[words_of(test)])

            cells.append(_cell((model.spec.reads_as, "words", way.name, vectors.identity(task), NAMES_EXAMPLES, seed), make))
        rows.append(({"way": way.name, "paper": (way.f1 or 0.0) / 100}, _stacked(cells)))
    return Table7(tuple(rows), compared(task, NAMES_EXAMPLES, rows, _always(task, NAMES_EXAMPLES)))


def with_tuned(model: Encoder, task: Task, frozen: Table7, progress: Progress = _nobody) -> Compared:
    """The same with a last row: the whole model fine-tuned on each of the five draws. Raises BadModel where it cannot be."""
    found = []
    for i, seed in enumerate(SEEDS):
        shown = vectors.shown(task, NAMES_EXAMPLES)
        recipe = Recipe(model.name, task.name, shown, "all", EPOCHS, RATE, seed)
        told = _part(progress, i / len(SEEDS), (i + 1) / len(SEEDS))
        tuned = fine_tuning.train(
            model, task, recipe, lambda share, text="", i=i, told=told: told(share, f"Draw {i + 1}: {text}")
        )
        found.append(scores.parts(task, task.test, tuned.said))
    rows = [*frozen.rows, ({"way": FINE_TUNED, "paper": PAPER_TUNED / 100}, np.stack(found))]
    return compared(task, NAMES_EXAMPLES, rows, frozen.found.always)


def table7_look(found: Compared) -> Sentence:
    """Which frozen row stands out; and whether the paper's finding, that vectors without context are behind, holds here."""
    names = found.table["way"].tolist()
    frozen = [k for k, name in enumerate(names) if name != FINE_TUNED]
    top = found.first(frozen)
    level = found.level(top, frozen)
    row = found.table.iloc[top]
    if level:
        first = say(
            "Look at the row “{way}”, F1 {score:.2f}: of the frozen ways {level} cannot be told from it here.",
            way=row["way"],
            score=row["score"],
            level=listed([f"“{names[k]}”" for k in level]),
        )
    else:
        first = say(
            "Look at the row “{way}”: F1 {score:.2f}, clearly ahead of every other frozen way.",
            way=row["way"],
            score=row["score"],
        )
    entry = names.index("input")
    behind = [k for k in frozen if k != entry and found.difference(k, entry)[0] > 0]
    second = say(
        "The input is clearly behind {n} of the {of} ways that have read the sentence.", n=len(behind), of=len(frozen) - 1
    )
    if FINE_TUNED not in names:
        return say("{first} {second}", first=first, second=second)
    last = names.index(FINE_TUNED)
    low, high = found.difference(last, top)
    than = "clearly ahead of it" if low > 0 else "clearly behind it" if high < 0 else "neither clearly ahead of it nor behind it"
    third = say("Fine-tuned, {score:.2f}: {than}.", score=found.table["score"].iloc[last], than=than)
    return say("{first} {second} {third}", first=first, second=second, third=third)


# the questions --------------------------------------------------------------------------------------------------------
ASKED_TASK, ASKED_COUNT = "question-type", 100


def asked_layer(n_layers: int) -> int:
    """The layer that is asked about, fixed before any score is seen: two thirds of the way up."""
    return max(1, round(2 * n_layers / 3))


def asked_layers(model: Encoder, progress: Progress = _nobody) -> Compared:
    """What the first question is about: every layer, pooled by the mean."""
    return _asked(model, progress, ("mean",), tuple(vectors.layers(model.n_layers)))


def asked_poolings(model: Encoder, progress: Progress = _nobody) -> Compared:
    """What the second question is about: three poolings of one layer."""
    return _asked(model, progress, POOLINGS, (f"layer {asked_layer(model.n_layers)}",))


def _asked(model: Encoder, progress: Progress, poolings: tuple[str, ...], ways: tuple[str, ...]) -> Compared:
    """Kept: the page asks for it at each of its runs."""
    key = ("features", "asked", model.spec.reads_as, poolings, ways)
    return TRACES.get(key, lambda: grid(model, tasks.load(ASKED_TASK), ASKED_COUNT, progress, poolings, ways))


def which_layer(ask: Ask) -> pd.DataFrame:
    """Evidence: the scores of the input, of the layer two thirds up, and of the last. Raises NotAskable."""
    model = ask.trace.model
    if model.n_layers < 2:
        raise NotAskable(f"{model.spec.title} has one layer, so there is none between the input and the last.")
    found = asked_layers(model, ask.progress)
    at = asked_layer(model.n_layers)
    places = {"input": 0, "middle": at, "last": model.n_layers}
    return _evidence(found, places, model=model.spec.title, at=at, layers=model.n_layers)


def which_pooling(ask: Ask) -> pd.DataFrame:
    """Evidence: the scores of [CLS], of the mean and of the maximum, of one layer."""
    model = ask.trace.model
    found = asked_poolings(model, ask.progress)
    return _evidence(found, {name: k for k, name in enumerate(POOLINGS)}, model=model.spec.title, at=asked_layer(model.n_layers))


def _evidence(found: Compared, places: Mapping[str, int], **facts: Any) -> pd.DataFrame:
    at = found.table["score"]
    rows = {name: (float(at[k]), f"{at[k]:.2f}") for name, k in places.items()}
    top = found.first(list(places.values()))
    told = {name: value for name, (value, _) in rows.items()}
    return table(
        rows,
        **facts,
        **told,
        shown=found.examples,
        tested=many(found.tested, "question"),
        clear=not found.level(top, list(places.values())),
        first=f"{at[top]:.2f}",
        always=found.always,
    )


def undecided(evidence: pd.DataFrame) -> str:
    """Why none is clearly ahead."""
    if evidence.attrs["facts"]["clear"]:
        return ""
    values = listed([f"{value:.2f}" for value in sorted(evidence["value"], reverse=True)])
    return f"Here the scores are {values}: other examples could turn round which is ahead, so it is no fair question."


def layers_look(found: Compared) -> Sentence:
    """Of every layer: whether one is clearly ahead of all others, and what the last one has."""
    top = found.first()
    row, level, last = found.table.iloc[top], found.level(top), found.table.iloc[-1]
    text = (
        "Look at {way}: {score:.2f}, clearly ahead of every other."
        if not level
        else ("Look at {way}, {score:.2f}: it is clearly ahead of {n} of the {of} others, and not of {level}.")
    )
    first = say(
        text,
        way=row["way"],
        score=row["score"],
        n=len(found.table) - 1 - len(level),
        of=len(found.table) - 1,
        level=listed([str(found.table["way"].iloc[k]) for k in level]),
    )
    if top == len(found.table) - 1:
        return first
    behind = found.difference(top, len(found.table) - 1)[0] > 0
    return say(
        "{first} The last one has {last:.2f}{behind}.",
        first=first,
        last=last["score"],
        behind=", clearly behind it" if behind else "",
    )


def pooled_look(found: Compared) -> Sentence:
    """Of the three poolings of one layer: which is clearly ahead, if one is."""
    top = found.first()
    row, level = found.table.iloc[top], found.level(top)
    names = found.table["pooling"].tolist()
    if level:
        return say(
            "Look at the intervals: {name} gets {score:.2f}, not clearly ahead of {level}.",
            name=_the(row["pooling"]),
            score=row["score"],
            level=listed([_the(names[k]) for k in level]),
        )
    return say("Look at {name}: {score:.2f}, clearly ahead of both others.", name=_the(row["pooling"]), score=row["score"])


def _the(pooling: str) -> str:
    """ "[CLS]", "the mean"."""
    return f"the {pooling}" if pooling in NAMED.values() else pooling
