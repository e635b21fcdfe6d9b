"""A result of a paper and its replication, as values: what is claimed, what is measured, what is found. Pure.

A trial reads rows (the built-in ones or the reader's own), measures, and gives an `Outcome`: numbers, each with how many rows
it rests on and a bootstrap interval, and the parts of the claim, each of which holds, fails or stays open. The words of a
claim stand in words.toml.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from bert_explain.analysis.sentence import Sentence, say
from bert_explain.content import trained
from bert_explain.core.spec import ModelSpec
from bert_explain.errors import ExplainError
from bert_explain.kernel.readings import listed, many, signed, tenths
from bert_explain.learning.chapter import Need
from bert_explain.query import Query
from bert_explain.trace import Trace

if TYPE_CHECKING:
    from bert_explain.core.tokens import Token
    from bert_explain.kernel.tasks import Task
    from bert_explain.trace_decoder import DecoderTrace
    from bert_explain.trace_elmo import ElmoTrace
    from bert_explain.training.fine_tuning import Tuned

DRAWS, SEED, LEVEL = 2_000, 20, 0.95
LEAST = 10  # rows below which nothing is said to hold or to fail
HOLDS, FAILS, OPEN = "holds", "fails", "open"
GAP = "___"

Row = tuple[str, ...]
Progress = Callable[..., None]  # progress(share from 0 to 1, text)


class Bench(Protocol):
    """The models of a trial. Each call may raise ExplainError."""

    spec: ModelSpec

    def tokens(self, query: Query) -> Sequence[Token]: ...
    def piece(self, word: str) -> int | None: ...
    def run(self, query: Query) -> Trace: ...
    def without_heads(self, query: Query, position: int, on: np.ndarray) -> np.ndarray: ...
    def decoder(self, text: str) -> DecoderTrace: ...
    def elmo(self, text: str) -> ElmoTrace: ...
    def words(self, texts: Sequence[str], spans: Sequence[Sequence[tuple[int, int]]]) -> np.ndarray: ...
    def unfit(self, kind: str, decoder: bool = False) -> str: ...
    def trained(self, task: Task, recipe: dict[str, Any], progress: Progress, decoder: bool = False) -> Tuned: ...


@dataclass(frozen=True)
class Measure:
    """One number: what it is of, how many `units` it rests on, and between which bounds it lies (NaN: cannot be said).

    paper : the paper's number as it is written there, "" where it gives none; `mark` the same as a number, to be drawn.
    kind : "share" of 0 to 1, "number" (two decimals), "count", or "times" (a factor).
    """

    name: str
    value: float
    low: float
    high: float
    n: int
    units: str = "sentences"
    paper: str = ""
    mark: float | None = None
    kind: str = "share"

    @property
    def here(self) -> str:
        """The number as it is written."""
        return written(self.value, self.kind)

    @property
    def interval(self) -> str:
        """ "71.4 % to 92.9 %"; a dash where it cannot be said."""
        return "–" if self.low != self.low else f"{written(self.low, self.kind)} to {written(self.high, self.kind)}"


def written(value: float, kind: str) -> str:
    """A number of a measure for reading; NaN is a dash."""
    if value != value:
        return "–"
    if kind == "share":
        return f"\u2212{tenths(-value)}" if value < 0 else tenths(value)
    if kind == "count":
        return f"{value:.0f}"
    return f"{signed(value)} ×" if kind == "times" else signed(value)


@dataclass(frozen=True)
class Part:
    """One part of a claim, as half a sentence ("the true word wins in negated sentences less often than not"), and its state."""

    text: str
    state: str


@dataclass(frozen=True)
class Outcome:
    """What a trial found. `rows`: what came out for each row; `by`: numbers for the picture; `facts`: for the sentences."""

    measures: tuple[Measure, ...]
    parts: tuple[Part, ...]
    rows: pd.DataFrame
    by: pd.DataFrame = field(default_factory=pd.DataFrame)
    facts: dict[str, float] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class Column:
    """One column of the table of rows: its name in files, its heading, and what belongs in it."""

    name: str
    title: str
    help: str = ""
    width: int = 260


@dataclass(frozen=True)
class Trial:
    """One result of a paper. Claim, source and what is done stand in words.toml under its id.

    builtin : the rows that it comes with. columns : what is in a row.
    faults : (bench, rows) -> for each row why it cannot be used, "" where it can. work : measures; takes seconds to minutes.
    cost : (spec, how many rows) -> about how many forward passes that takes.
    why : (outcome, spec) -> what explains a difference from the paper, computed; the common reasons are added by `reasons`.
    """

    id: str
    columns: tuple[Column, ...]
    builtin: Callable[[], tuple[Row, ...]]
    faults: Callable[[Bench, Sequence[Row]], list[str]]
    work: Callable[[Bench, Sequence[Row], Progress], Outcome]
    cost: Callable[[ModelSpec, int], float]
    why: Callable[[Outcome, ModelSpec], list[Sentence]]
    needs: tuple[Need, ...] = ()
    code: tuple[Callable[..., Any], ...] = ()


# intervals
def interval(
    values: Sequence[float] | np.ndarray,
    of: Callable[[np.ndarray], np.ndarray] = lambda means: means,
    weights: Sequence[float] | np.ndarray | None = None,
) -> tuple[float, float, float]:
    """(value, low, high): a number and its 95 % percentile bootstrap interval (Efron 1979), seeded.

    values : (N, ...), one entry a unit that is drawn anew (a sentence, or a word with all its sentences); the mean over units.
    of : means (B, ...) -> (B,), where the number is not the mean itself.
    weights : (N,) how much each unit counts, such as its number of sentences; equal by default.
    Low and high are NaN with fewer than two units, all three where there is none.
    """
    data = np.asarray(values, dtype=np.float64)
    nan = float("nan")
    if not len(data):
        return nan, nan, nan
    size = np.ones(len(data)) if weights is None else np.asarray(weights, dtype=np.float64)
    flat = (data.reshape(len(data), -1).T * size).T  # (N, K)

    def means(counts: np.ndarray) -> np.ndarray:
        return (counts @ flat / (counts @ size)[:, None]).reshape(len(counts), *data.shape[1:])

    value = float(of(means(np.ones((1, len(data)))))[0])
    if len(data) < 2:
        return value, nan, nan
    drawn = np.random.default_rng(SEED).multinomial(len(data), np.full(len(data), 1 / len(data)), size=DRAWS)
    edge = 100 * (1 - LEVEL) / 2
    low, high = np.nanpercentile(of(means(drawn)), [edge, 100 - edge])
    return value, float(low), float(high)


def measured(name: str, values: Sequence[float] | np.ndarray, **more: Any) -> Measure:
    """A measure of one entry a unit: `measured("right", [1, 0, 1])`. `of` and `weights` are those of `interval`."""
    how = {key: more.pop(key) for key in ("of", "weights") if key in more}
    return Measure(name, *interval(values, **how), len(values), **more)


def above(found: Measure, bound: float) -> str:
    """Whether a number lies above a bound: its whole interval has to, and it has to rest on enough units."""
    if found.n < LEAST or found.low != found.low:
        return OPEN
    return HOLDS if found.low > bound else FAILS if found.high < bound else OPEN


def below(found: Measure, bound: float) -> str:
    """Whether a number lies below a bound."""
    return {HOLDS: FAILS, FAILS: HOLDS, OPEN: OPEN}[above(found, bound)]


def at_least(found: Measure, bound: float) -> str:
    """Whether a number reaches a bound."""
    if found.n < LEAST or found.low != found.low:
        return OPEN
    return HOLDS if found.low >= bound else FAILS if found.high < bound else OPEN


# what is said
def verdict(outcome: Outcome) -> Sentence:
    """Whether the claim was found again: all of it, a part, none, or not to be told from so few rows."""
    said = {state: [part.text for part in outcome.parts if part.state == state] for state in (HOLDS, FAILS, OPEN)}
    count, held, failed = len(outcome.parts), len(said[HOLDS]), len(said[FAILS])
    if held == count:
        begin = "Found again" if count == 1 else f"Found again, in {_all(count)} parts"
    elif failed == count:
        begin = "Not found again" if count == 1 else "Not found again, in no part"
    elif held and failed:
        begin = f"Found again in part: {held} of {count}"
    elif held:
        begin = f"Found again as far as can be told: {held} of {count} parts"
    elif failed:
        begin = f"Not found again as far as can be told: {failed} of {count} parts fail"
    else:
        begin = "Not to be told from so few rows" if count == 1 else "None of it can be told from so few rows"
    names = {HOLDS: "It holds that", FAILS: "It does not hold that", OPEN: "It stays open whether"}
    told = [f"{names[state]} {listed(texts)}" for state, texts in said.items() if texts]
    return say("{text}", text=". ".join([begin, *told]) + ".")


def _all(count: int) -> str:
    return "both" if count == 2 else f"all {count}"


BASE = {"n_layers": 12, "n_heads": 12, "hidden_size": 768}  # BERT-base (Devlin et al. 2019, section 3)


def reasons(trial: Trial, outcome: Outcome, spec: ModelSpec, rows: Sequence[Row]) -> list[Sentence]:
    """Why this model's numbers may differ from the paper's: first what the numbers say themselves, then size, text, rows."""
    return [*trial.why(outcome, spec), _size(spec), _text(spec), *_rows(trial, outcome, rows)]


def _size(spec: ModelSpec) -> Sentence:
    if all(getattr(spec, name) == value for name, value in BASE.items()):
        return say("Size: {title} has 12 layers with 12 heads and 768 numbers a token, as BERT-base has.", title=spec.title)
    return say(
        "Size: {title} has {layers} with {heads} each and {size} numbers a token; BERT-base has 12, 12 and 768.",
        title=spec.title,
        layers=many(spec.n_layers, "layer"),
        heads=many(spec.n_heads, "head"),
        size=spec.hidden_size,
    )


def _text(spec: ModelSpec) -> Sentence:
    known = next((one for one in trained.bundled() if one.name == spec.name), None)
    if known is None:
        return say("Text: what {title} has read is not known here.", title=spec.title)
    return say(
        "Text: {title} began with {start} and has read {amount} since; BERT-base read a text of 3.3 billion words "
        "about 40 times.",
        title=spec.title,
        start=known.began_with,
        amount=known.amount,
    )


def _rows(trial: Trial, outcome: Outcome, rows: Sequence[Row]) -> list[Sentence]:
    built = trial.builtin()
    own = not set(rows) <= set(built)
    whose = "yours are not the paper's" if own else "those here were written for this project, and the paper's are not among them"
    said = [say("Rows: " + whose + ". Other sentences may give other numbers.")]
    if not own and len(rows) < len(built):
        said.append(say("Of {all} built-in rows {n} can be used with this model.", all=len(built), n=len(rows)))
    first = outcome.measures[0]
    if first.low != first.low:
        said.append(say("Number of rows: with {n} no interval can be drawn.", n=many(first.n, first.units.removesuffix("s"))))
    elif first.low == first.high:
        said.append(
            say("Number of rows: all {n} came out alike, so the interval has no width; other rows may still differ.", n=first.n)
        )
    elif first.kind == "share":
        said.append(
            say(
                "Number of rows: with {n}, the first number may lie anywhere within {width} in a hundred.",
                n=many(first.n, first.units.removesuffix("s"), first.units),
                width=many(max(1, round(100 * (first.high - first.low))), "point"),
            )
        )
    return said


def table(outcome: Outcome) -> pd.DataFrame:
    """The measures as a table: what, paper, here, interval, rests on; and the bare numbers."""
    return pd.DataFrame(
        [(m.name, m.paper or "–", m.here, m.interval, m.n, m.units, m.value, m.low, m.high) for m in outcome.measures],
        columns=["what", "paper", "this model", "95 % interval", "n", "of", "value", "low", "high"],
    )


# rows
@cache
def read(name: str) -> tuple[Row, ...]:
    """The rows of a file of this folder, without its head."""
    with (Path(__file__).with_name("items") / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(tuple(row) for row in list(csv.reader(file))[1:])


def gap(bench: Bench, text: str) -> tuple[Query, int]:
    """A sentence with one ___ as the model reads it, and where its [MASK] stands. Raises ValueError with what is wrong."""
    if text.count(GAP) != 1:
        raise ValueError(f"it needs one {GAP} where the word is hidden" if text.strip() else "the sentence is empty")
    mask = bench.spec.special.mask
    if mask is None:
        raise ValueError("the model has no token that hides a word")
    query = Query(text.replace(GAP, mask.text))
    tokens = bench.tokens(query)
    places = [t.position for t in tokens if t.masked]
    if len(places) != 1:
        raise ValueError("more than one word is hidden" if places else f"the {GAP} lies beyond what the model can read")
    return query, places[0]


def gap_fault(bench: Bench, *texts: str) -> str:
    """Why the first of these sentences that cannot be used cannot; "" where all can."""
    for text in texts:
        try:
            gap(bench, text)
        except ValueError as error:
            return str(error)
    return ""


def word_fault(bench: Bench, *words: str) -> str:
    """Why a word cannot be an answer: it is empty, or several pieces to this model."""
    for word in words:
        if not word.strip():
            return "a word is missing"
        if bench.piece(word) is None:
            return f"“{word.strip()[:40]}” is not one piece of the model's vocabulary"
    return ""


def sorted_out(bench: Bench, trial: Trial, rows: Sequence[Row]) -> tuple[tuple[Row, ...], list[str]]:
    """The rows that can be used, and a sentence for each that cannot. Empty rows are passed over."""
    filled = [(number, row) for number, row in enumerate(rows, start=1) if any(cell.strip() for cell in row)]
    try:
        faults = trial.faults(bench, [row for _, row in filled])
    except ExplainError as error:
        return (), [str(error)]
    good = tuple(row for (_, row), fault in zip(filled, faults, strict=True) if not fault)
    bad = [f"Row {number} is left out: {fault}." for (number, _), fault in zip(filled, faults, strict=True) if fault]
    return good, bad if len(bad) <= 6 else [*bad[:5], f"And {len(bad) - 5} more rows are left out."]
