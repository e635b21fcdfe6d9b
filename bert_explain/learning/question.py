"""A question as a value: what is asked, what decides it, and what is said when the reader has committed.

Nothing here knows the right option. `evidence` makes a table by running the model, `answer` reads the option off it, and
`unclear` says why it cannot be asked where no option leads by the margin. The words stand in the chapter's words.toml.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pandas as pd

from bert_explain.analysis.sentence import Sentence, say
from bert_explain.errors import ExplainError
from bert_explain.query import Query
from bert_explain.trace import Trace

if TYPE_CHECKING:
    from bert_explain.models.vectors import Vectors
    from bert_explain.trace_decoder import DecoderTrace
    from bert_explain.trace_elmo import ElmoTrace

VALUE, SHOWN = "value", "shown"  # the columns of every evidence: the number that decides, and how it is written


class NotAskable(ExplainError):
    """A question makes no sense of this text or this model: the sentence says why."""


class Models(Protocol):
    """The models beside the encoder, as evidence asks for them. Each raises ExplainError where it cannot be had."""

    def vectors(self, name: str = "word2vec") -> Vectors: ...
    def decoder(self, text: str, text_b: str = "", **changes: Any) -> DecoderTrace: ...
    def elmo(self, text: str) -> ElmoTrace: ...


@dataclass(frozen=True)
class Pair:
    """A sentence pair that a question carries, for where the reader's own does not decide it. `word`: what it is about."""

    a: str
    b: str = ""
    word: str = ""


def _nobody(share: float, text: str = "") -> None:
    """Told of progress where nobody waits."""


def _one_by_one(queries: Sequence[Query]) -> None:
    """Where nobody can make several traces at once, `run` makes each when it is asked for."""


@dataclass(frozen=True)
class Ask:
    """What a question is asked of: a text and a model. `run` gives the trace of a query, cached by whoever made this.

    aside : the same, not kept: for the many runs that a question looks at once.
    together : makes the traces of several queries that `run` is about to be asked for, which is cheaper than one by one.
    progress : is told how far long work is, from 0 to 1, and what is done; what it raises ends the work.
    """

    query: Query
    run: Callable[[Query], Trace] = field(compare=False)
    models: Models = field(compare=False)
    position: int = 0  # of the token that is talked about
    aside: Callable[[Query], Trace] | None = field(default=None, compare=False)
    together: Callable[[Sequence[Query]], None] = field(default=_one_by_one, compare=False)
    progress: Callable[..., None] = field(default=_nobody, compare=False)

    def once(self, query: Query) -> Trace:
        """The trace of a query that is looked at once, one of many."""
        return (self.aside or self.run)(query)

    @cached_property
    def trace(self) -> Trace:
        """The text as it stands."""
        return self.run(self.query)

    def but(self, query: Query) -> Ask:
        """The same question of a changed text."""
        return replace(self, query=query)


@dataclass(frozen=True)
class Margin:
    """How far the first option has to lead: `ratio` times the second, or `gap` above it (either is enough, None: not asked)."""

    ratio: float | None = 1.5
    gap: float | None = None

    def clear(self, first: float, second: float) -> bool:
        """Whether the first of two numbers, first >= second, leads."""
        by_ratio = self.ratio is not None and first > 0 and first >= self.ratio * second
        by_gap = self.gap is not None and first - second >= self.gap
        return by_ratio or by_gap


@dataclass(frozen=True)
class Option:
    """One thing to choose. `tag` names the confusion of who chooses it (a key of confusions.toml), where there is one."""

    id: str
    text: Sentence
    tag: str = ""


@dataclass(frozen=True)
class Experiment:
    """Try to break it: another text, whose evidence is shown beside the first.

    change : (ask, evidence) -> the changed query, of which the question's own evidence is made.
    evidence : (ask, evidence) -> the new evidence, where it is made otherwise.
    breaks : (evidence, new evidence) -> whether what was said fails there; by default: whether another option leads.
    unclear : new evidence -> why a break of it says too little, "" where it says enough; by default what the question itself is
        held to.
    """

    change: Callable[[Ask, pd.DataFrame], Query] | None = None
    evidence: Callable[[Ask, pd.DataFrame], pd.DataFrame] | None = None
    breaks: Callable[[pd.DataFrame, pd.DataFrame], bool] | None = None
    unclear: Callable[[pd.DataFrame], str] | None = None


@dataclass(frozen=True)
class Scored:
    """A reader's own word beside the model's list: its rank from 1 (None: the model has no such piece), and P as written."""

    rank: int | None
    shown: str


def leader(evidence: pd.DataFrame) -> str:
    """The option with the largest number."""
    return str(evidence[VALUE].idxmax())


@dataclass(frozen=True)
class Question:
    """See the module's docstring. `words` is a table of words.toml: ask, fact, try, broke, held, option, because.

    evidence : Ask -> a table with one row an option (its index), the columns `value` and `shown`, and in `attrs["facts"]` what
        the words need. Raises NotAskable.
    options : (Ask, evidence) -> the options; by default those of the words.
    answer : evidence -> the id of the right option.
    margin : what `unclear` asks for; None where `answer` decides by thresholds of its own.
    unclear : evidence -> why it cannot be asked, "" where it can; beside the margin.
    score : (ask, a word) -> its rank; for questions that take an own word and have no options.
    pairs : at least eight texts on which it can be asked.
    long : it takes more than half a second: a job, begun when the step opens.
    press : what a button says that begins this job, where it is too much to be begun by itself.
    cost : about how many forward passes this job takes.
    """

    id: str
    words: Mapping[str, Any] = field(repr=False)
    evidence: Callable[[Ask], pd.DataFrame]
    pairs: tuple[Pair, ...] = field(default=(), repr=False)
    options: Callable[[Ask, pd.DataFrame], tuple[Option, ...]] | None = None
    answer: Callable[[pd.DataFrame], str] = leader
    margin: Margin | None = Margin()
    unclear: Callable[[pd.DataFrame], str] | None = None
    experiment: Experiment | None = None
    score: Callable[[Ask, str], Scored] | None = None
    long: bool = False
    press: str = ""
    cost: float = 80.0

    def choices(self, ask: Ask, evidence: pd.DataFrame) -> tuple[Option, ...]:
        """What can be chosen; empty where the reader gives a word of their own."""
        if self.options is not None:
            return self.options(ask, evidence)
        facts = evidence.attrs.get("facts", {})
        return tuple(Option(o["id"], say(o["text"], **facts), o.get("tag", "")) for o in self.words.get("option", ()))

    def why_not(self, evidence: pd.DataFrame) -> str:
        """Why it cannot be asked of this text; "" where it can."""
        if self.unclear is not None and (why := self.unclear(evidence)):
            return why
        if self.margin is None or len(evidence) < 2:
            return ""
        first, second = evidence[VALUE].sort_values(ascending=False).iloc[:2]
        if self.margin.clear(float(first), float(second)):
            return ""
        return "Here the model is not clear: two answers lie too near to each other for a fair question."

    def said(self, name: str, evidence: pd.DataFrame, **more: Any) -> Sentence:
        """One of the question's sentences ("ask", "fact", "try", "broke", "held"), with the evidence's facts in it."""
        return say(self.words[name], **{**evidence.attrs.get("facts", {}), **more})

    def because(self, option: Option, evidence: pd.DataFrame) -> Sentence | None:
        """One sentence that names and refutes the confusion of a wrong choice; None where it carries none."""
        told = self.words.get("because", {})
        text = told.get(option.id) or told.get(option.tag)
        return say(text, **evidence.attrs.get("facts", {})) if text else None

    def tried(self, ask: Ask, evidence: pd.DataFrame) -> pd.DataFrame:
        """The evidence of the experiment. Raises ExplainError; NotAskable where it breaks by a trifle only."""
        assert self.experiment is not None
        if self.experiment.evidence is not None:
            made = self.experiment.evidence(ask, evidence)
        else:
            assert self.experiment.change is not None
            made = self.evidence(ask.but(self.experiment.change(ask, evidence)))
        if self.broken(evidence, made) and (why := (self.experiment.unclear or self.why_not)(made)):
            raise NotAskable(f"Whether it breaks is not clear. {why}")
        return made

    def broken(self, evidence: pd.DataFrame, changed: pd.DataFrame) -> bool:
        """Whether the experiment broke it."""
        if self.experiment is not None and self.experiment.breaks is not None:
            return self.experiment.breaks(evidence, changed)
        return self.answer(evidence) != self.answer(changed)


@dataclass(frozen=True)
class Guess:
    """What a reader committed to: an option or a word of their own, sure or not; `shown`: they asked to be shown."""

    choice: str = ""
    sure: bool | None = None
    shown: bool = False

    def right(self, answer: str) -> bool:
        """Whether it is the option that the evidence gives."""
        return not self.shown and self.choice == answer


def table(rows: Mapping[str, tuple[float, str]], **facts: Any) -> pd.DataFrame:
    """Evidence: option id -> (its number, the number as it is written), and the facts that the words need."""
    found = pd.DataFrame.from_dict(dict(rows), orient="index", columns=[VALUE, SHOWN])
    found.index.name = "option"
    found.attrs["facts"] = facts
    return found


@cache
def words_of(file: Path | str) -> dict[str, Any]:
    """A chapter's words.toml, read once. To be read only."""
    return tomllib.loads(Path(file).read_text(encoding="utf-8"))
