"""What decides the chapter's questions, and what the page says of a model's heads. Pure but for the layers that are trained."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from bert_explain.analysis import task_head
from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.analysis.task_head import OUTSIDE, task_of, text_read
from bert_explain.core.spec import ModelSpec, TaskHead
from bert_explain.kernel import tasks
from bert_explain.kernel.readings import percent
from bert_explain.learning.question import Ask, NotAskable, Option, table
from bert_explain.query import Query
from bert_explain.trace import Trace, run
from bert_explain.training import one_layer

LABELS, TAGS, SPANS = ("sequence", "pair"), ("token",), ("span",)  # kinds of head that a step is about
DATA = {LABELS: "sentiment", TAGS: "names", SPANS: "answers"}  # what a model without a head is trained on for it
LAYER = 400  # forward passes that the training of a layer takes, about
OPTIONS = 4
LONGEST = 90  # characters of a text that a question repeats

NEEDED = {
    LABELS: "This step needs a head that labels a whole text or a pair (…ForSequenceClassification).",
    TAGS: "This step needs a head that labels each token (…ForTokenClassification).",
    SPANS: "This step needs a head that finds an answer in a passage (…ForQuestionAnswering).",
}


def lacking(spec: ModelSpec, kinds: Sequence[str]) -> str:
    """Why a model has no head of these kinds; "" where it has one."""
    if spec.task is not None and spec.task.kind in kinds:
        return ""
    if spec.task is not None:
        return f"{NEEDED[tuple(kinds)]} The head of {spec.title} is another one: it {spec.task.gives}."
    return f"{NEEDED[tuple(kinds)]} {spec.title} has none for a task of its own."


def heads(spec: ModelSpec) -> pd.DataFrame:
    """One row a head: head, here ("yes", "no", "not shown"), what it gives and where that is shown."""
    task = spec.task
    rows = [
        (
            "masked words",
            spec.has_mlm,
            "a probability for each piece of the vocabulary, at a hidden place: the page Masked words",
        ),
        ("next sentence", spec.has_nsp, "whether B follows A: the page Next sentence"),
        (
            "replaced words",
            spec.has_replaced,
            "for each token, whether it was replaced: the page Outputs, step “Replaced or not”",
        ),
    ]
    found = [(name, "yes" if there else "no", gives) for name, there, gives in rows]
    if task is None:
        found.append(("a task of its own", "no", "labels of a text, a label of each token, or an answer in a passage"))
    else:
        told = f"{task.architecture or 'its weights'}: it {task.gives}"
        found.append(("a task of its own", "yes", told))
    found += [("another", "not shown", why) for why in spec.unread]
    return pd.DataFrame(found, columns=["head", "here", "what it gives"])


def standing(spec: ModelSpec) -> Sentence:
    """Whether a task head stands there, and how it is read."""
    if spec.task is None:
        if spec.unread:
            return say("No head for a task can be shown of {title}: {why}", title=spec.title, why=spec.unread[0])
        there = [what for what, has in (("masked words", spec.has_mlm), ("next sentences", spec.has_nsp)) if has]
        only = f", only for {' and '.join(there)}" if there else ""
        return say("No head for a task of its own stands on {title}{only}.", title=spec.title, only=only)
    return say(
        "On {title} stands a task head: it {gives}. {how}", title=spec.title, gives=spec.task.gives, how=how_read(spec.task)
    )


def how_read(task: TaskHead) -> str:
    """What is done with its logits, and whether config.json says so."""
    if task.kind == "span":
        return "A softmax over the passage's tokens and the first token turns its two numbers a token into probabilities."
    if task.kind == "token":
        return "A softmax over the labels turns each token's numbers into probabilities."
    done = {
        "softmax": "A softmax over the labels: exactly one is right.",
        "sigmoid": "A sigmoid for each label: each is right or not by itself.",
        "value": "Nothing is done with the number: it is a regression.",
    }[task.reads]
    if task.stated:
        return done
    return f"{done} config.json names no problem_type; Hugging Face's class trains it so then."


# the questions ------------------------------------------------------------------------------------------------------
def read_by_head(ask: Ask, kinds: tuple[str, ...]) -> Trace:
    """The text as a model with such a head reads it: the model in view, or that one with a layer trained for it.

    Raises NotAskable where the model has a head of another kind, or can carry no layer.
    """
    spec = ask.trace.spec
    if spec.task is not None:
        if why := lacking(spec, kinds):
            raise NotAskable(why)
        read = text_read(spec.task, ask.query)
        return ask.trace if read == ask.query else ask.run(read)
    model = ask.trace.model
    task = tasks.load(DATA[kinds])
    if why := one_layer.unfit(model, task.kind):
        raise NotAskable(f"{lacking(spec, kinds)} {why}")
    found = one_layer.made(model, task, ask.progress).model
    return run(found, text_read(task_of(found.spec), ask.query))


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _told(names: Sequence[str], chances: np.ndarray, **facts) -> pd.DataFrame:
    """The evidence of a question about labels: the likeliest ones, in the order of the outputs."""
    order = np.argsort(-chances, kind="stable")
    rows = {str(i): (float(chances[i]), percent(float(chances[i]))) for i in sorted(order[:OPTIONS])}
    top, second = order[0], order[1]
    shown = {str(i): names[i] for i in order[:OPTIONS]}
    return table(rows, label=Piece(names[top]), p=percent(chances[top]), next=percent(chances[second]), names=shown, **facts)


def which_label(ask: Ask) -> pd.DataFrame:
    """Evidence: the probabilities of the labels. Raises NotAskable."""
    if not ask.query.text_a.strip():
        raise NotAskable("Sentence A is empty, so there is no text to be labelled.")
    trace = read_by_head(ask, LABELS)
    task = task_of(trace.spec)
    if task.reads == "value":
        raise NotAskable(f"{trace.spec.title} gives a number and no label.")
    if len(task.labels) < 2:
        raise NotAskable(f"{trace.spec.title} has one label only.")
    if task.kind == "pair" and not trace.query.text_b.strip():
        raise NotAskable("This head was trained on two sentences, and sentence B is empty.")
    text = " / ".join(_short(one) for one in (trace.query.text_a, trace.query.text_b) if one.strip())
    chances = task_head.labels(trace)["probability"].to_numpy()
    if task.reads == "sigmoid" and int((chances > 0.5).sum()) != 1:
        raise NotAskable("Each of these labels holds or does not, by itself, and here it is not exactly one that holds.")
    return _told(task.names, chances, model=trace.spec.title, text=text)


def backwards(ask: Ask, found: pd.DataFrame) -> pd.DataFrame:
    """Evidence of the experiment: the words of sentence A in reverse order."""
    words = ask.query.text_a.split()
    if words == words[::-1]:
        raise NotAskable("Backwards this text is the same.")
    return which_label(ask.but(Query(" ".join(words[::-1]), ask.query.text_b)))


def label_options(_: Ask, found: pd.DataFrame) -> tuple[Option, ...]:
    """The likeliest labels, of the text or of one word, in the order of the outputs."""
    names = found.attrs["facts"]["names"]
    bio = any(name.startswith(("B-", "I-")) for name in names.values())
    return tuple(Option(i, say("{label}", label=Piece(names[i])), "BIO" if bio else "") for i in found.index)


def which_tag(ask: Ask, outside: bool = False) -> pd.DataFrame:
    """Evidence: the probabilities of one word's labels: of the word that most surely gets another label than O, or than the
    commonest. Raises NotAskable.

    outside : whether a text in which every word gets O will do.
    """
    if not ask.query.text_a.strip():
        raise NotAskable("Sentence A is empty, so there is no word to be labelled.")
    trace = read_by_head(ask, TAGS)
    task, found = task_of(trace.spec), task_head.tags(trace)
    if len(task.labels) < 2:
        raise NotAskable(f"{trace.spec.title} has one label only.")
    if found.empty:
        raise NotAskable("There is no word in this text.")
    found = found[[any(map(str.isalnum, word)) for word in found["word"]]]
    if found.empty:
        raise NotAskable("There is no word in this text, only marks.")
    usual = OUTSIDE if OUTSIDE in task.names else found["label"].mode()[0]
    marked = found[found["label"] != usual]
    if marked.empty and usual == OUTSIDE and not outside:
        raise NotAskable("Here every word gets O: nothing is part of what the labels name.")
    row = (found if marked.empty else marked).sort_values("probability", ascending=False, kind="stable").iloc[0]
    chances = task_head.softmax(trace.task_logits()[int(row["position"])])
    text = " / ".join(_short(one) for one in (trace.query.text_a, trace.query.text_b) if one.strip())
    return _told(
        task.names,
        chances,
        model=trace.spec.title,
        text=text,
        word=Piece(row["word"]),
        first=Piece(trace.tokens[int(row["position"])].text),
        whole=row["word"],
    )


def alone(ask: Ask, found: pd.DataFrame) -> pd.DataFrame:
    """Evidence of the experiment: the word without its sentence."""
    word = found.attrs["facts"]["whole"]
    if ask.query.text_a.split() == [word]:
        raise NotAskable("The word stands alone already.")
    changed = which_tag(ask.but(Query(word)), outside=True)
    if changed.attrs["facts"]["whole"] != word:
        raise NotAskable("Alone, this word is cut into other words.")
    return changed


AHEAD_OF_IT = 25  # characters from a place in the passage that an option shows


def which_begin(ask: Ask) -> pd.DataFrame:
    """Evidence: the start probabilities of the likeliest places of the passage and of "no answer". Raises NotAskable."""
    if not ask.query.text_a.strip() or not ask.query.text_b.strip():
        raise NotAskable("This asks about a question in sentence A and a passage in sentence B.")
    trace = read_by_head(ask, SPANS)
    ends = task_head.ends(trace)
    if len(ends) < 3:
        raise NotAskable("Sentence B has less than two tokens, so there is no passage to point into.")
    passage = ends.iloc[1:].sort_values("start", ascending=False, kind="stable").head(OPTIONS - 1)
    some = pd.concat([ends.iloc[:1], passage.sort_values("position")])
    names = {_id(trace, int(row.position)): _place(trace, int(row.position)) for row in some.itertuples()}
    rows = {_id(trace, int(row.position)): (row.start, percent(row.start)) for row in some.itertuples()}
    order = ends.sort_values("start", ascending=False, kind="stable")
    return table(
        rows,
        model=trace.spec.title,
        question=_short(trace.query.text_a),
        label=names[_id(trace, int(order["position"].iloc[0]))],
        p=percent(order["start"].iloc[0]),
        next=percent(order["start"].iloc[1]),
        none=percent(ends["start"].iloc[0]),
        begin=trace.spec.special.start.text,
        names=names,
    )


def _id(trace: Trace, position: int) -> str:
    """A place by its character in sentence B: another question moves its position."""
    span = trace.tokens[position].span
    return "none" if position == 0 or span is None else str(span[0])


def _place(trace: Trace, position: int) -> Sentence:
    """A place that a head for answers may point at."""
    token, text = trace.tokens[position], trace.query.text_b
    if position == 0 or token.span is None:
        return say("nowhere, “no answer”")
    rest = " ".join(text[token.span[0] : token.span[0] + AHEAD_OF_IT].split())
    return say("at {words}", words=Piece(rest + ("…" if token.span[0] + AHEAD_OF_IT < len(text) else "")))


def asked_nothing(ask: Ask, found: pd.DataFrame) -> pd.DataFrame:
    """Evidence of the experiment: a question mark in place of the question."""
    if ask.query.text_a.strip() == "?":
        raise NotAskable("The question is a question mark already.")
    return which_begin(ask.but(Query("?", ask.query.text_b)))


def begin_options(_: Ask, found: pd.DataFrame) -> tuple[Option, ...]:
    """The likeliest places in their order, "no answer" first."""
    names = found.attrs["facts"]["names"]
    return tuple(Option(i, say("{place}", place=names[i]), "NONE" if i == "none" else "") for i in found.index)
