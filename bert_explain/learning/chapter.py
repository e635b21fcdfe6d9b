"""A page as a value: a chapter of steps. From this declaration the frame makes stepper, links, history, guess and print."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

from bert_explain.learning.question import Question

if TYPE_CHECKING:
    import pandas as pd

    from bert_explain.analysis.sentence import Sentence

CHECK, ALL = "check", "all"  # names of steps that every chapter has, in its address


class Need(Enum):
    """What a model must have for a step; the name of the spec's property, and what is said where it lacks it."""

    MASKED_WORDS = ("has_mlm", "This model has no head for masked words, so there is nothing to show here.")
    NEXT_SENTENCE = ("has_nsp", "This model has no head for next sentences, so there is nothing to show here.")
    WORDPIECE = ("has_wordpiece", "This model's pieces are joined bytes, not WordPiece, so there is nothing to show here.")
    SEGMENTS = ("has_segments", "This model has no segments, so there is nothing to show here.")
    REPLACED = ("has_replaced", "This model has no head for replaced words: only ELECTRA's discriminator has one.")
    TASK = ("has_task", "This model has no head for a task of its own; the page Any task model says which models have one.")
    POOLER = ("has_pooler", "This model has no pooler, so there is nothing to show here.")

    def lacking(self, spec: Any) -> str:
        """ "" where the model has it, else the sentence that says so."""
        name, sentence = self.value
        if self is Need.MASKED_WORDS and spec.has_replaced:
            sentence = (
                "This model has no head for masked words and never guesses one: it was trained to tell which words were "
                "replaced. That is shown on the page Outputs, step “Replaced or not”."
            )
        return "" if getattr(spec, name) else sentence


@dataclass(frozen=True)
class Step:
    """One idea: a question, a picture, one computed sentence.

    draw : draws the picture; takes the page (what the reader chose, and the trace).
    asks : what is asked before the picture is shown.
    owns : the parameters of the address that are this step's: an old link with one of them opens it.
    lead : what this step is about, in Markdown, our own words; or a function of the page.
    numbers, reading, code : the table, the computed sentence and the functions behind the picture; with them the frame draws
        the card (title, sentence, picture, "as a table", "show the code") and `draw` only the picture. Without `numbers`
        the step draws its cards itself.
    """

    id: str
    title: str
    draw: Callable[[Any], None] = field(repr=False)
    asks: Question | None = field(default=None, repr=False)
    needs: tuple[Need, ...] = ()
    owns: tuple[Any, ...] = field(default=(), repr=False)
    lead: str | Callable[[Any], str] = field(default="", repr=False)
    numbers: Callable[[Any], pd.DataFrame] | None = field(default=None, repr=False)
    reading: Callable[[Any], Sentence | None] | None = field(default=None, repr=False)
    code: Sequence[Callable[..., Any]] = field(default=(), repr=False)

    def lacks(self, spec: Any) -> str:
        """Why a model cannot show it, in a sentence; "" where it can."""
        return next((why for need in self.needs if (why := need.lacking(spec))), "")


@dataclass(frozen=True)
class Chapter:
    """One page. `stage` is its place among the pages (name, file, address, group).

    title : the page's heading, where it is longer than its name.
    steps : in their order; `deeper` : what stands under "Go deeper".
    renamed : old name -> new name of a parameter, for links of an earlier day.
    old_steps : (parameter, value) of an earlier day's links -> the step that shows this now.
    hides : of a page beside the walk: the strip's pictures that would tell what its questions ask.
    ready : a function of the page that draws why the chapter cannot be shown, and says False, or says True.
    """

    id: str
    name: str
    steps: tuple[Step, ...]
    deeper: tuple[Step, ...] = ()
    title: str = ""
    renamed: Mapping[str, str] = field(default_factory=dict)
    old_steps: Mapping[tuple[str, str], str] = field(default_factory=dict)
    hides: tuple[str, ...] = ()
    ready: Callable[[Any], bool] | None = None

    @property
    def every(self) -> tuple[Step, ...]:
        """All steps, those under "Go deeper" last."""
        return (*self.steps, *self.deeper)

    @property
    def questions(self) -> tuple[Question, ...]:
        """The questions of its steps, in their order."""
        return tuple(step.asks for step in self.steps if step.asks is not None)

    @property
    def params(self) -> list[Any]:
        """The parameters of its own that its steps have."""
        return [param for step in self.every for param in step.owns if not isinstance(param, str)]

    def step(self, name: str) -> Step | None:
        """A step by its id, None where there is none of that name."""
        return next((step for step in self.every if step.id == name), None)

    def owner(self, names: set[str]) -> Step | None:
        """The first step that owns one of these parameters."""
        called = {step.id: {p if isinstance(p, str) else p.name for p in step.owns} for step in self.every}
        return next((step for step in self.every if called[step.id] & names), None)
