"""Any task model: which head stands on a model, and what it says of a text: a label, a tag for each word, an answer."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import numpy as np
import pandas as pd
import streamlit as st

from bert_explain import models
from bert_explain.analysis import task_head
from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.analysis.task_head import OUTSIDE, task_of, text_read
from bert_explain.chapters.any_task import numbers, questions
from bert_explain.chapters.any_task.numbers import DATA, LABELS, SPANS, TAGS
from bert_explain.core.target import LONGEST_ANSWER
from bert_explain.figures.payload import Bar
from bert_explain.kernel import tasks
from bert_explain.kernel.readings import percent, signed, tenths
from bert_explain.kernel.text import markdown
from bert_explain.learning.chapter import Chapter, Step
from bert_explain.models import registry, task_heads
from bert_explain.trace import Trace
from bert_explain.training import one_layer
from bert_explain.ui import cache, stages, state
from bert_explain.ui.components import bars, matrix, token_row
from bert_explain.ui.frame import Page
from bert_explain.ui.notice import tell
from bert_explain.ui.picture import picture
from bert_explain.ui.working import asked, forget, working

LABELLED, TAGGED, ANSWERED = asked("labelled"), asked("tagged"), asked("answers")
WHICH = {LABELS: LABELLED, TAGS: TAGGED, SPANS: ANSWERED}
MOST_BARS, MOST_WORDS = 12, 40

LEAD = (
    "BERT is put to work by a **head**: one or two small matrices behind its last layer. What they read is one vector, the first "
    "token's for a label of the text, each token's own for tags and answers. Which head stands here?"
)
LABEL_LEAD = (
    "A head for **labels of a text** reads one vector of the whole text and gives one number a label. Of the model in view, "
    "where it has such a head; else of one layer that learned on this server, the encoder below it as it was."
)
TAG_LEAD = "A head for **tags** reads every token's vector. A word of several pieces has several: the first one speaks for it."
ANSWER_LEAD = (
    "A head for **answers** gives each token of the passage (sentence B) two numbers: how well the answer to the question "
    "(sentence A) begins there, and how well it ends there. The first token stands for “no answer”."
)


# whose head is shown ------------------------------------------------------------------------------------------------
def _read(page: Page, name: str) -> Trace:
    """The page's text as a model's head reads it."""
    spec = cache.model(name).spec
    read = text_read(task_of(spec), page.query)
    return page.trace if name == page.model.name and read == page.query else cache.trace(name, read)


def _holder(page: Page, kinds: tuple[str, ...]) -> Trace | None:
    """The text as a model with such a head reads it: the one in view, or what was trained on it here. None where there is none
    yet; then it is said what is needed, and offered.
    """
    spec, model = page.model.spec, page.model
    why = numbers.lacking(spec, kinds)
    if not why:
        return _read(page, model.name)
    data = tasks.load(DATA[kinds])
    unfit = one_layer.unfit(model, data.kind)
    if spec.task is not None or unfit:
        tell([why, *([unfit] if spec.task is None else [])])
        _offer(page)
        return None
    name = _trained(page, kinds)
    if name is not None:
        return _read(page, name)
    tell(why)
    key = ("task head", model.spec.fingerprint, data.name)
    label = f"Train a layer for {data.title} on {model.title}"

    def work(progress: Callable[..., None]) -> bool:
        one_layer.made(model, data, progress)
        return True

    done = working(WHICH[kinds], key, markdown(label), work, cost=numbers.LAYER, what="a training", primary=True)
    if done is None:
        _offer(page)
        return None
    name = _trained(page, kinds)
    if name is None:
        tell("This model was let go for want of memory: other readers had theirs trained since. Train it again.")
        st.button("Train it again", key=f"anew-{WHICH[kinds].name}", on_click=forget, args=(key,))
        return None
    return _read(page, name)


def _trained(page: Page, kinds: tuple[str, ...]) -> str | None:
    """The name of the model in view with a layer of that kind, where one was trained and is held; nothing is trained."""
    data = tasks.load(DATA[kinds])
    return None if one_layer.kept(page.model, data.name) is None else one_layer.made(page.model, data).model.name


def _about(page: Page, trace: Trace, kinds: tuple[str, ...]) -> None:
    """Under a picture: what was read; of a head that was trained here, how it did, and the walk through its model."""
    task, here = task_of(trace.spec), trace.spec.name
    if here == page.model.name:
        if trace.query != page.query:
            st.caption("This head was trained on single texts: sentence A is read alone.")
        elif not task.here and kinds == LABELS and page.query.text_b.strip():
            st.caption("Sentences A and B are read as one pair. For a head of single texts, take sentence B away.")
        return
    st.caption(markdown(_how_it_did(page, kinds)))
    label = f"Walk through {trace.spec.title}"
    st.button(markdown(label), key=f"walk-{kinds[0]}", on_click=state.put, kwargs={"model": here}, icon=":material/footprint:")


def _how_it_did(page: Page, kinds: tuple[str, ...]) -> str:
    data = tasks.load(DATA[kinds])
    found = one_layer.made(page.model, data)
    measure = {"token": "F1 of whole names", "span": "F1 of the answer's words"}.get(data.kind, "right answers")
    draws = f"95 % of other draws: {found.low:.2f} to {found.high:.2f}"
    return (
        f"One layer was trained on {len(data.train)} examples of the data set {data.title}, the encoder as it was: {measure} "
        f"{found.score:.2f} on {len(data.test)} others ({draws}); one answer for all reaches {found.same:.2f}."
    )


def _offer(page: Page) -> None:
    """The models with a task head that this server has, and how a folder of one's own is opened."""
    held = [entry for entry in registry.made() if _bundled(entry.name) and entry.name != page.model.name]
    listed = [entry for name, entry in models.entries().items() if name != page.model.name and _has_head(name)]
    if held or listed:
        st.caption("Models with a task head on this server:")
        with st.container(horizontal=True, gap="small"):
            for entry in (*listed, *held)[:6]:
                name = state.own_key(f"offer-{entry.name}")  # several steps on one page offer it
                st.button(markdown(entry.title), key=name, on_click=state.put, kwargs={"model": entry.name})
    st.markdown("A folder of your own, fine-tuned elsewhere: start the app with `--model FOLDER`.")


def _bundled(name: str) -> bool:
    """Whether a model was trained on a bundled data set: what others trained on tables of their own is theirs."""
    return any(f"-{task}-" in name for task in tasks.TASKS) and "-own-" not in name


def _has_head(name: str) -> bool:
    """Whether a listed model that is in memory has a task head; nothing is loaded to find out."""
    found = models.ready(name)
    return found is not None and found.spec.has_task


# the steps ----------------------------------------------------------------------------------------------------------
def _heads(page: Page) -> None:
    spec = page.model.spec
    table = numbers.heads(spec)
    with picture(
        "task-heads", "The heads of this model", look=numbers.standing(spec), table=lambda: table, code=(task_heads.find,)
    ):
        st.html(_table(table))
        if spec.task is not None and spec.task.kind != "span" and not spec.task.named:
            st.caption("config.json gives its labels no names: LABEL_0 and so on are transformers' own.")
    if spec.task is None:
        _offer(page)
        return
    with st.container(horizontal=True, gap="small"):
        for name in ("Attention", "Outputs"):
            stage = stages.stage(name)
            st.page_link(stage.file, label=f"{name} of this model", query_params=state.address(name))


def _table(table) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in table.columns)
    lines = []
    for name, here, gives in table.itertuples(index=False):
        there = "<b>yes</b>" if here == "yes" else escape(here)
        lines.append(f"<tr><td>{escape(name)}</td><td>{there}</td><td>{escape(gives)}</td></tr>")
    body = "".join(lines)
    return f'<div class="measures heads" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _own_words(trace: Trace) -> bool:
    if any(t.sentence is not None for t in trace.tokens):
        return True
    tell("There is no word here yet: type one into sentence A.")
    return False


def _verdict(page: Page) -> None:
    trace = _holder(page, LABELS)
    if trace is None or not _own_words(trace):
        return
    task = task_of(trace.spec)
    if task.kind == "pair" and not trace.query.text_b.strip():
        tell("This head was trained on two sentences: type the second one into sentence B.")
        return
    found = task_head.labels(trace)
    with picture(
        "verdict",
        "The verdict",
        look=task_head.verdict(trace),
        table=lambda: found,
        code=(task_head.labels, task_heads.Head.forward),
    ):
        if task.reads == "value":
            _values(found)
        else:
            top = found.sort_values("probability", ascending=False, kind="stable")
            items = [
                Bar(row.label, row.probability, note=f"logit {signed(row.logit)}", shown=tenths(row.probability), signal=i == 0)
                for i, row in enumerate(top.head(MOST_BARS).itertuples())
            ]
            bars(items, key="verdict-bars", label="Probability of each label")
            if len(found) > MOST_BARS:
                st.caption(f"The {MOST_BARS} of {len(found)} labels with most; the table has all.")
        st.caption(numbers.how_read(task))
    _about(page, trace, LABELS)


def _values(found) -> None:
    if len(found) == 1:
        st.metric("The head's number", signed(found["logit"][0]))
        return
    most = max(found["logit"].abs().max(), 1e-9)
    items = [
        Bar(row.label, abs(row.logit) / most, "positive" if row.logit >= 0 else "negative", shown=signed(row.logit))
        for row in found.head(MOST_BARS).itertuples()
    ]
    bars(items, key="verdict-values", label="The head's numbers")
    if len(found) > MOST_BARS:
        st.caption(f"The first {MOST_BARS} of {len(found)} numbers; the table has all.")


def _tags(page: Page) -> None:
    trace = _holder(page, TAGS)
    if trace is None or not _own_words(trace):
        return
    found = task_head.tags(trace)
    if found.empty:
        tell("There is no word here yet: type one into sentence A.")
        return
    outside = OUTSIDE in task_of(trace.spec).names
    with picture(
        "tags", "A label for each word", look=task_head.tagged(trace), table=lambda: found, code=(task_head.tags, task_head.words)
    ):
        marked = found["label"] != OUTSIDE if outside else found["label"].notna()
        items = [
            Bar(
                row.word,
                row.probability,
                "true_word" if on else "special",
                note=row.label if row.label == other else f"{row.label}, by average {other}",
                shown=tenths(row.probability),
                signal=bool(on),
            )
            for row, on, other in zip(found.head(MOST_WORDS).itertuples(), marked, found["label by average"], strict=False)
        ]
        bars(items, key="tag-bars", label="The label of each word, by its first piece, and its probability")
        if len(found) > MOST_WORDS:
            st.caption(f"The first {MOST_WORDS} of {len(found)} words; the table has all.")
    _pieces(trace, found)
    _about(page, trace, TAGS)


def _pieces(trace: Trace, found) -> None:
    """The pieces of one word, label by label: of one that is joined otherwise by the average, else of the longest."""
    cut = found[found["number of pieces"] > 1]
    if cut.empty:
        return
    other = cut[cut["label"] != cut["label by average"]]
    row = (cut if other.empty else other).sort_values("number of pieces", ascending=False, kind="stable").iloc[0]
    place, count = int(row["position"]), int(row["number of pieces"])
    chances = task_head.softmax(trace.task_logits()[place : place + count])
    table = np.vstack([chances, chances.mean(axis=0)])
    pieces = [t.text for t in trace.tokens[place : place + count]]
    names = task_of(trace.spec).names
    look = say(
        "{word} has {n} pieces. Look at the framed row: the first piece, {first}, speaks for the word, and says {label}; the "
        "average of all of them says {other}.",
        word=Piece(row["word"]),
        n=count,
        first=Piece(pieces[0]),
        label=Piece(row["label"]),
        other=Piece(row["label by average"]),
    )
    sheet = pd.DataFrame(table, columns=list(names)).assign(piece=[*pieces, "average"])
    with picture("joined", "The pieces of one word", look=look, table=lambda: sheet[["piece", *names]]):
        matrix(
            table,
            [*pieces, "average"],
            list(names),
            key="joined-pieces",
            label="Rows: the pieces of the word and their average. Columns: labels",
            role="probability",
            limit=1.0,
            chosen=(0, None),
            sentence="{row} gives {column} {value}",
        )


def _answer(page: Page) -> None:
    trace = _holder(page, SPANS)
    if trace is None:
        return
    if not page.query.text_a.strip() or not page.query.text_b.strip():
        tell("This step needs a question in sentence A and a passage in sentence B.")
        return
    ends, found = task_head.ends(trace), task_head.answers(trace)
    if len(ends) < 2:
        tell("Nothing of sentence B can be read, so there is no passage.")
        return
    passage = [trace.tokens[p] for p in ends["position"]]
    with picture(
        "answer", "Where the answer begins and ends", look=task_head.answered(trace), table=lambda: ends, code=(task_head.ends,)
    ):
        for part in ("start", "end"):
            place = int(ends[part].argmax())
            said = say(
                "{part}: {token} with {p}", part=part.capitalize(), token=Piece(passage[place].text), p=percent(ends[part][place])
            )
            st.html(f'<p class="soft">{said.html()}</p>')
            notes = [tenths(p) if p >= 0.05 else "" for p in ends[part]]
            token_row(
                passage,
                key=f"answer-{part}",
                label=f"Probability that the answer {part}s here",
                shade=ends[part].to_numpy(),
                chosen=[place],
                notes=notes,
            )
    with picture("answer-runs", "The runs of words", look=_runs_look(trace), table=lambda: found, code=(task_head.answers,)):
        items = [
            Bar(
                row.answer,
                row.probability,
                "special" if row.none else "probability",
                note=f"sum {signed(row.sum)}",
                shown=tenths(row.probability),
                signal=i == 0,
            )
            for i, row in enumerate(found.itertuples())
        ]
        bars(items, key="answer-bars", label="Probability of each run of words, and of no answer")
    if not task_of(trace.spec).here:
        st.caption(
            "A head that was trained only on questions with an answer (as SQuAD 1.1 has them) has never learned to point at the "
            "first token: what it says of “no answer” means nothing then. config.json does not say which."
        )
    _about(page, trace, SPANS)


def _runs_look(trace: Trace) -> Sentence:
    found = task_head.answers(trace)
    return say(
        "A run's number is its start and its end added up; a softmax over all runs of at most {n} tokens and “no answer” makes "
        "them probabilities. The first has {p}.",
        n=LONGEST_ANSWER,
        p=percent(found["probability"].iloc[0]),
    )


def _sum(page: Page) -> None:
    """The head's sum, for the label that comes out."""
    task = page.model.spec.task
    if task is None:
        tell(f"{page.model.spec.title} has no task head, so there is no sum to be shown.")
        return
    head = page.model.task_head
    reads = "the pooler's vector" if head.pooled else "the first token's vector" if head.whole else "each token's vector"
    before = " goes through a first map with its function, and" if head.dense is not None else ""
    size = page.model.spec.hidden_size
    st.markdown(f"The head reads {reads}, {size:,} numbers; it{before} is multiplied by a matrix, and a bias is added.")
    st.latex(r"z = W\,f(D\,h + d) + b" if head.dense is not None else r"z = W\,h + b")
    st.latex(
        {"softmax": r"p_i = \frac{e^{z_i}}{\sum_j e^{z_j}}", "sigmoid": r"p_i = \frac{1}{1 + e^{-z_i}}", "value": r"y = z"}[
            task.reads
        ]
    )
    st.caption(f"{sum(p.numel() for p in head.parameters()):,} trained numbers stand in this head.")


def _open(page: Page) -> None:
    st.markdown(
        "**A folder from your own machine.** `python -m bert_explain --model FOLDER` opens any BERT, DistilBERT, ELECTRA or "
        "RoBERTa that `save_pretrained` wrote: config.json, model.safetensors, the tokenizer's files. Heads for labels of "
        "a text, labels of tokens and answers are read; one for multiple choice, and whatever else stands in the folder, is "
        "named and not shown.\n\n"
        "**From the hub.** Whoever runs the server decides: a list in a settings file (`--settings FILE`), or "
        "`--allow-any-model` on a private machine.\n\n"
        "**From Fine-tuning.** What is trained there walks too, and can be taken along as a folder."
    )
    _offer(page)


CHAPTER = Chapter(
    id="any_task",
    name="Any task model",
    steps=(
        Step("heads", "What stands on it", _heads, lead=LEAD),
        Step("verdict", "The verdict", _verdict, asks=questions.LABEL, lead=LABEL_LEAD, owns=(LABELLED,)),
        Step("tags", "A tag for each word", _tags, asks=questions.TAG, lead=TAG_LEAD, owns=(TAGGED,)),
        Step("answer", "An answer in a passage", _answer, asks=questions.BEGIN, lead=ANSWER_LEAD, owns=(ANSWERED,)),
    ),
    deeper=(
        Step("sum", "The head's sum", _sum),
        Step("open", "Open your own", _open),
    ),
)
