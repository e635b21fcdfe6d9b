"""The answer that a text is taken apart for: the first guess for a hidden word, the next-sentence verdict, a label, a span."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from bert_explain.analysis.masked_words import look_up, piece_text
from bert_explain.analysis.masking import can_be_masked, true_id, word_of
from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.core.spec import TaskHead
from bert_explain.core.target import Target, probability, runs, sums
from bert_explain.core.tokens import characters, word_text
from bert_explain.errors import BadQuery
from bert_explain.kernel import attribution
from bert_explain.kernel.attribution import Unit
from bert_explain.learning.question import NotAskable
from bert_explain.query import Query
from bert_explain.trace import Trace

Run = Callable[[Query], Trace]
Progress = Callable[..., None]

KINDS = ("words", "label", "tag", "span", "next")

BATCH = 1024  # tokens that are read together, about; between two batches a job says how far it is


def silent(share: float, text: str = "") -> None:
    """Nobody looks."""


@dataclass(frozen=True, eq=False)
class Case:
    """One answer of one text. `trace` is the run in which it is read; U units (kernel.attribution)."""

    trace: Trace = field(repr=False)
    target: Target
    answer: Sentence  # what the model says, such as the piece "edge"
    about: Sentence  # what it says it of
    looks: tuple[int, ...]  # the positions that its head reads
    stays: tuple[int, ...] = ()  # positions that are never taken away, besides the hidden ones
    against: Sentence | None = None  # the one other answer that it is held against

    @property
    def query(self) -> Query:
        return self.trace.query

    @cached_property
    def parts(self) -> tuple[Unit, ...]:
        """(U,) words, marks, special tokens and hidden places, in their order."""
        return attribution.units(self.trace.tokens, (self.query.text_a, self.query.text_b))

    @cached_property
    def words(self) -> list[int]:
        """Places in `parts` of the words that may be taken away."""
        return attribution.words(self.parts, self.stays)

    @cached_property
    def odds(self) -> float:
        """The answer's log-odds with everything in sight."""
        return float(self.read([self.query])[0][0])

    @property
    def p(self) -> float:
        """Its probability; against one other answer: of the two."""
        return float(probability(self.odds))

    def named(self, i: int) -> Sentence:
        """A unit by its text; by its place too where another one is written alike."""
        unit = self.parts[i]
        twice = sum(other.text.lower() == unit.text.lower() for other in self.parts) > 1
        return say("{word} (number {n})" if twice else "{word}", word=Piece(unit.short), n=unit.positions[0])

    def label(self, i: int) -> str:
        """The same under a picture, where there is little room."""
        short = self.named(i)
        return f"{short.values['word']} ({short.values['n']})" if "{n}" in short.template else str(short.values["word"])

    def listed(self, places: Sequence[int]) -> Sentence:
        """Several units, in the text's order."""
        names = {f"w{n}": self.named(i) for n, i in enumerate(sorted(places))}
        marks = [f"{{{name}}}" for name in names]
        return say(" and ".join(filter(None, [", ".join(marks[:-1]), *marks[-1:]])), **names)

    def without(self, places: Sequence[int]) -> Query:
        """The query with [MASK] in the place of these units."""
        hidden = {p for i in places for p in self.parts[i].positions}
        return self.query.but(masked=tuple(sorted({*self.query.masked, *hidden})))

    def read(
        self,
        queries: Sequence[Query],
        targets: Sequence[Target] | None = None,
        progress: Progress = silent,
        text: str = "",
        span: tuple[float, float] = (0.0, 1.0),
    ) -> tuple[np.ndarray, np.ndarray]:
        """Log-odds of the answer in other queries, (N,), and whether it comes first of all there, (N,) bool.

        progress : told how far it is, from span[0] to span[1], between two batches.
        """
        wanted = [self.target] * len(queries) if targets is None else list(targets)
        odds, first = np.zeros(len(queries)), np.zeros(len(queries), dtype=bool)
        size = max(1, BATCH // len(self.trace.tokens))
        for at in range(0, len(queries), size):
            progress(span[0] + (span[1] - span[0]) * at / len(queries), text)
            some = wanted[at : at + size]
            odds[at : at + size], best = self.trace.engine.read(queries[at : at + size], some)
            first[at : at + size] = best == np.array([target.wanted for target in some])
        return odds, first

    def held_against(self, wanted: int, against: int, name: Sentence, other: Sentence) -> Case:
        """One answer against one other, instead of against all."""
        return replace(self, target=self.target.but_for(wanted, against), answer=name, against=other)


def titles(query: Query) -> dict[str, str]:
    """What each of KINDS is, in words: "A follows B" where they are read the other way round."""
    return {
        "words": "The first guess for a hidden word",
        "label": "The label of the text",
        "tag": "The label of a word",
        "span": "The answer found in sentence B",  # in whichever order they are read
        "next": f"Whether {query.follows}",
    }


def offered(trace: Trace) -> list[str]:
    """The kinds of answer (KINDS) that a model gives to this text, the first to begin with; empty where it gives none."""
    spec, sentences = trace.spec, {t.sentence for t in trace.tokens if not t.special}
    found = []
    if spec.has_mlm and spec.mask_id is not None and any(can_be_masked(t) or t.masked for t in trace.tokens):
        found.append("words")
    task = spec.task
    if task is not None and task.reads != "value" and (task.kind == "span" or len(task.labels) > (task.reads == "softmax")):
        if (task.kind == "sequence" and sentences) or (task.kind == "pair" and {0, 1} <= sentences):
            found.append("label")
        if task.kind == "token" and 0 in sentences:
            found.append("tag")
        if task.kind == "span" and 1 in sentences:
            found.append("span")
    if trace.nsp is not None and {0, 1} <= sentences:
        found.append("next")
    return found


def case(trace: Trace, position: int, run: Run, kind: str = "") -> Case:
    """The answer of a kind that the model gives to this text; without a kind, the first that there is. Raises NotAskable.

    position : the word that is hidden, where none is, or whose tag it is.
    """
    kinds = offered(trace)
    if not kinds:
        raise NotAskable(_none(trace))
    if trace.spec.mask_id is None:
        raise NotAskable(f"{trace.spec.title} has no mask token, and words are taken away here by putting it in their place.")
    kind = kind if kind in kinds else kinds[0]
    return {"words": _word, "next": _next, "label": _label, "tag": _tag, "span": _span}[kind](trace, position, run)


def _none(trace: Trace) -> str:
    spec, sentences = trace.spec, {t.sentence for t in trace.tokens if not t.special}
    if not sentences:
        return "There is no word here, so there is no answer to be taken apart."
    if spec.task is not None and spec.task.kind in ("pair", "span"):
        return f"{spec.title} reads two sentences: type both, and its answer can be taken apart."
    if spec.task is not None and spec.task.reads == "value":
        return f"{spec.title} gives numbers and no answer with a probability, so there is nothing to be taken apart here."
    if spec.has_nsp:
        return f"{spec.title} only judges whether B follows A here: type a sentence B."
    return f"{spec.title} has no head that gives an answer here, so there is nothing to be taken apart."


def _word(trace: Trace, position: int, run: Run) -> Case:
    tokens = trace.tokens
    masked = [t.position for t in tokens if t.masked]
    able = [t.position for t in tokens if can_be_masked(t)]
    if masked:
        at = position if position in masked else masked[0]
        whole = trace
    else:
        at = position if position in able else able[0]
        whole = run(trace.query.but(masked=word_of(tokens, at)))
    logits = whole.mlm_logits([at])[0]
    first = int(logits.argmax())
    word = word_text([tokens[p] for p in word_of(tokens, at)])
    typed = true_id(whole, at) is None
    about = say("the hidden place") if typed else say("the hidden word {word}", word=Piece(word[: attribution.LONGEST]))
    return Case(whole, Target("words", first, position=at), say("{x}", x=Piece(piece_text(whole, first))), about, (at,))


def _next(trace: Trace, position: int, run: Run) -> Case:
    assert trace.nsp_logits is not None  # there is a verdict
    wanted = int(np.argmax(trace.nsp_logits))
    return Case(trace, Target("next", wanted), say(_verdicts(trace)[wanted]), say("the pair"), (0,))


def _verdicts(trace: Trace) -> list[str]:
    """The two answers of the next-sentence head, of the sentences in the order in which they are read."""
    first, second = trace.query.names
    return [f"“{trace.query.follows}”", f"“{second} does not follow {first}”"]


def _head(trace: Trace) -> TaskHead:
    assert trace.spec.task is not None  # its head was asked for
    return trace.spec.task


def _label(trace: Trace, position: int, run: Run) -> Case:
    task = _head(trace)
    if task.here and task.kind == "sequence" and trace.query.text_b:  # its task knows one text only
        trace = run(Query(trace.query.text_a, heads_off=trace.query.heads_off))
    logits = trace.task_logits()
    wanted, alone = int(logits.argmax()), task.reads == "sigmoid"
    if alone and logits[wanted] <= 0:
        raise NotAskable(f"{trace.spec.title} says of none of its labels that it holds here.")
    target = Target("label", wanted, alone=alone)
    return Case(trace, target, say("{x}", x=Piece(task.names[wanted])), say("the text"), (0,))


def _tag(trace: Trace, position: int, run: Run) -> Case:
    tokens = trace.tokens
    own = [t.position for t in tokens if t.sentence == 0 and not t.special]
    at = word_of(tokens, position if position in own else own[0])[0]
    wanted = int(trace.task_logits()[at].argmax())
    word = Piece(word_text([tokens[p] for p in word_of(tokens, at)])[: attribution.LONGEST])
    target = Target("tag", wanted, position=at)
    return Case(
        trace, target, say("{x}", x=Piece(_head(trace).names[wanted])), say("{word}", word=word), (at,), word_of(tokens, at)
    )


def _span(trace: Trace, position: int, run: Run) -> Case:
    places = [t.position for t in trace.tokens if t.sentence == 1 and t.span]
    target = Target("span", 0, first=places[0], last=places[-1])
    every, logits = runs(target.first, target.last), trace.task_logits()
    wanted = int(sums(logits, every).argmax())
    if wanted == len(every) - 1:
        return Case(trace, target.but_for(wanted), say("“no answer”"), say("the question"), (0,))
    i, j = (int(at) for at in every[wanted])
    said = Piece(trace.query.text_b[slice(*characters(trace.tokens[i : j + 1]))][:60])
    return Case(trace, target.but_for(wanted), say("{x}", x=said), say("the question"), (i, j), tuple(range(i, j + 1)))


def contrast(found: Case, wanted: str = "", against: str = "") -> tuple[Case | None, str]:
    """The answer against one other, by their names; "" takes the first guess, and against it the true word or the second.

    Returns (None, why) where one of the two is no choice of the model here.
    """
    if found.target.head == "words":
        return _words_apart(found, wanted, against)
    names = _choices(found)
    if len(names) < 2 or found.target.alone:
        return None, "This head has no second answer."
    logits = _logits(found)
    first = found.target.wanted
    second = int(np.argsort(-logits, kind="stable")[1]) if first == int(logits.argmax()) else int(logits.argmax())
    return found.held_against(first, second, found.answer, say("{x}", x=names[second])), ""


def _words_apart(found: Case, wanted: str, against: str) -> tuple[Case | None, str]:
    trace, at = found.trace, found.target.position
    logits = trace.mlm_logits([at])[0]
    order = np.argsort(-logits, kind="stable")[:2]
    truth = true_id(trace, at)
    ids: list[int | None] = []
    for word in (wanted, against):
        if not word.strip():
            ids.append(None)
            continue
        known = look_up(trace, word)
        if known.id is None:
            short = word.strip()[: attribution.LONGEST]
            return None, f"“{short}” is not one piece of this model's vocabulary, so it cannot be its guess for one hidden place."
        ids.append(known.id)
    one = ids[0] if ids[0] is not None else int(order[0])
    standing = [i for i in (truth, int(order[0]), int(order[1])) if i is not None and i != one]
    two = ids[1] if ids[1] is not None else standing[0]
    if one == two:
        return None, "These are the same word: choose two."
    return found.held_against(one, two, *(say("{x}", x=Piece(piece_text(trace, i))) for i in (one, two))), ""


def _logits(found: Case) -> np.ndarray:
    trace, target = found.trace, found.target
    match target.head:
        case "next":
            return np.asarray(trace.nsp_logits)
        case "label":
            return trace.task_logits()
        case "tag":
            return trace.task_logits()[target.position]
        case _:
            return sums(trace.task_logits(), runs(target.first, target.last))


def _choices(found: Case) -> list[str]:
    """What a head other than the masked-word head may say."""
    trace, target = found.trace, found.target
    match target.head:
        case "next":
            return _verdicts(trace)
        case "label" | "tag":
            return [Piece(label) for label in _head(trace).names]
    names = []
    for i, j in runs(target.first, target.last)[:-1]:
        names.append(Piece(trace.query.text_b[slice(*characters(trace.tokens[i : j + 1]))][:60]))
    return [*names, "“no answer”"]


def shortened(found: Case, gone: Sequence[int]) -> tuple[Query, Target] | None:
    """The text without these words, cut out, and where the answer is read then.

    None where what is left would be read as other pieces than before.
    """
    tokens, query = found.trace.tokens, found.query
    lost = {p for i in gone for p in found.parts[i].positions}
    left = [t for t in tokens if t.position not in lost]
    moved = {t.position: n for n, t in enumerate(left)}
    texts = []
    for sentence, text in enumerate((query.text_a, query.text_b)):
        cuts = sorted(t.span for t in tokens if t.position in lost and t.sentence == sentence and t.span)
        kept, at = [], 0
        for start, end in cuts:
            kept.append(text[at:start])
            at = max(at, end)
        texts.append(" ".join("".join([*kept, text[at:]]).split()) if cuts else text)
    changed = query.but(
        text_a=texts[0],
        text_b=texts[1],
        masked=tuple(moved[p] for p in query.masked if p in moved),
        replaced=tuple((moved[p], i) for p, i in query.replaced if p in moved),
    )
    try:
        now, _ = found.trace.tokenize(changed)
    except BadQuery:  # a position that is not there any more
        return None
    if [t.id for t in now] != [t.id for t in left] or [t.segment for t in now] != [t.segment for t in left]:
        return None
    target = _moved(found.target, moved)
    return None if target is None else (changed, target)


def _moved(target: Target, moved: dict[int, int]) -> Target | None:
    """The same answer in a text from which words were cut; None where no token of the passage is left."""
    if target.head in ("words", "tag"):
        return replace(target, position=moved[target.position])
    if target.head != "span":
        return target
    inside = [n for p, n in moved.items() if target.first <= p <= target.last]
    if not inside:
        return None
    now = replace(target, first=min(inside), last=max(inside))
    before, after = runs(target.first, target.last), runs(now.first, now.last)
    if target.wanted == len(before) - 1:
        return replace(now, wanted=len(after) - 1)
    i, j = (moved[int(p)] for p in before[target.wanted])
    return replace(now, wanted=int(np.flatnonzero((after[:-1] == (i, j)).all(axis=1))[0]))
