"""What a task head says of a text: labels, tags, an answer in a passage; as tables and as a sentence.

T tokens, C labels, W words. The head's logits are those of Hugging Face's class (`Trace.task_logits`); what is done with
them here is a softmax, a sigmoid, or nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import special

from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.core.spec import ModelSpec, TaskHead
from bert_explain.core.target import runs, sums
from bert_explain.core.tokens import characters
from bert_explain.kernel import readings
from bert_explain.kernel.attribution import units
from bert_explain.kernel.readings import many, percent, signed
from bert_explain.kernel.tasks import WORD
from bert_explain.query import Query
from bert_explain.tokenize import Token
from bert_explain.trace import Trace

AHEAD = 0.1  # by how much a label's probability must lead to be called its verdict
NEAR = 0.1  # logits: an answer and "no answer" that are nearer than this are not decided
OUTSIDE = "O"  # of what the labels name, by an old habit of the field
HALF = 0.5


def task_of(spec: ModelSpec) -> TaskHead:
    """The model's task head; to be asked for where there is one."""
    assert spec.task is not None
    return spec.task


def text_read(task: TaskHead, query: Query) -> Query:
    """What the head reads of a query: sentence A alone where it was trained here on single texts, else all of it.

    Changes at positions that sentence A alone may not have are left out with sentence B.
    """
    if not task.here or task.kind not in ("sequence", "token") or not query.text_b.strip():
        return query
    return Query(query.text_a)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Over the last axis, in double precision."""
    return np.asarray(special.softmax(logits.astype(np.float64), axis=-1))


# labels of a text ---------------------------------------------------------------------------------------------------
def labels(trace: Trace) -> pd.DataFrame:
    """One row an output, C rows: label, logit, probability (NaN for a regression)."""
    task, logits = task_of(trace.spec), trace.task_logits().astype(np.float64)
    if task.reads == "softmax":
        chances = softmax(logits)
    elif task.reads == "sigmoid":
        chances = special.expit(logits)
    else:
        chances = np.full(len(logits), np.nan)
    return pd.DataFrame({"label": task.names, "logit": logits, "probability": chances})


def verdict(trace: Trace) -> Sentence:
    """Which label it gives, where one leads; which labels hold; or the number."""
    task, found = task_of(trace.spec), labels(trace)
    if task.reads == "value":
        if len(found) == 1:
            return say(
                "The head gives this text {x}. It is a regression: the number itself, in the unit of what it learned from.",
                x=signed(found["logit"][0]),
            )
        listed = readings.listed([f"{row.label} {signed(row.logit)}" for row in found.head(4).itertuples()])
        return say(
            "The head gives this text {n} numbers: {listed}. Each is a regression of its own.",
            n=len(found),
            listed=f"{listed}{' and so on' if len(found) > 4 else ''}",
        )
    top = readings.best(found["probability"], least=AHEAD if task.reads == "softmax" else 0.01, part=0)
    first = {"label": Piece(found["label"][top.index]), "p": percent(top.value)}
    if task.reads == "sigmoid":
        return _holds(found, top, first)
    if len(found) == 1:
        return say("The head has one label, {label}, so a softmax gives it {p} of every text.", **first)
    first["next"] = percent(top.second)
    if top.leads:
        return say("Look at {label}: it gets {p}, the next label {next}.", **first).because(top)
    return say("No label leads clearly: {label} gets {p}, another one {next}.", **first)


def _holds(found: pd.DataFrame, top: readings.Best, first: dict) -> Sentence:
    over, n = found[found["probability"] > HALF], len(found)
    if n == 1:
        return say("The head asks whether {label} holds: {p}. It stands by itself: nothing else has to make way for it.", **first)
    if over.empty:
        told = say("None of the {n} labels gets more than 50 %.", n=n)
    else:
        names = [Piece(label) for label in over["label"].head(3)]
        listed = say(", ".join(f"{{l{i}}}" for i in range(len(names))), **{f"l{i}": name for i, name in enumerate(names)})
        more = f" and {len(over) - 3} more" if len(over) > 3 else ""
        told = say(
            "Of {n} labels {k} {get} more than 50 %: {listed}{more}.",
            n=n,
            k=len(over),
            get="gets" if len(over) == 1 else "get",
            listed=listed,
            more=more,
        )
    if top.leads:
        return say("{told} {label} has most, {p}.", told=told, **first).because(top)
    return say("{told} {label} has {p}, another one about as much.", told=told, **first)


# a label of each word -----------------------------------------------------------------------------------------------
def words(trace: Trace) -> list[tuple[str, list[Token]]]:
    """Each word of the reader's and its pieces. A word is what the tokenizer took for one; where the head was trained here,
    what its data set takes for one: there "re-open" is one word, and "don't" two. Words that were cut off are left out.
    """
    texts = (trace.query.text_a, trace.query.text_b)
    found = []
    if task_of(trace.spec).here:
        own = [t for t in trace.tokens if t.span is not None]
        for s, text in enumerate(texts):
            for match in WORD.finditer(text):
                inside = [t for t in own if t.sentence == s and t.span and match.start() <= t.span[0] < match.end()]
                if inside:
                    found.append((match.group(), inside))
        return found
    typed = [unit for unit in units(trace.tokens, texts) if unit.sentence is not None]
    return [(unit.text, [trace.tokens[at] for at in unit.positions]) for unit in typed]


def tags(trace: Trace) -> pd.DataFrame:
    """One row a word, W rows: word, pieces, label and probability by its first piece, and by the average of its pieces.

    As BERT has it (Devlin et al. 2019, section 5.3) the first piece speaks for its word. The average is over the pieces'
    probabilities.
    """
    task = task_of(trace.spec)
    chances, names = softmax(trace.task_logits()), task.names
    rows = []
    for word, pieces in words(trace):
        own = chances[[t.position for t in pieces]]  # (pieces, C)
        first, mean = own[0], own.mean(axis=0)
        rows.append(
            (
                word,
                " ".join(t.text for t in pieces),
                len(pieces),
                names[int(first.argmax())],
                float(first.max()),
                names[int(mean.argmax())],
                float(mean.max()),
                pieces[0].position,
            )
        )
    columns = [
        "word",
        "pieces",
        "number of pieces",
        "label",
        "probability",
        "label by average",
        "probability by average",
        "position",
    ]
    return pd.DataFrame(rows, columns=columns)


def tagged(trace: Trace) -> Sentence:
    """How many words get a label, and what joining pieces another way would change."""
    found = tags(trace)
    if found.empty:
        return say("There is no word here yet: type one into sentence A.")
    n = len(found)
    marked = found[found["label"] != OUTSIDE] if OUTSIDE in task_of(trace.spec).names else found
    if marked.empty:
        first = say(
            "{every} gets O: none is part of what the labels name.", every="The one word" if n == 1 else f"Each of the {n} words"
        )
    else:
        row = marked.iloc[0]
        label = {"word": Piece(row["word"]), "label": Piece(row["label"]), "p": percent(row["probability"])}
        if len(marked) < n or OUTSIDE in task_of(trace.spec).names:
            first = say(
                "Of {words} {k} {get} another label than O. Look at {word}: {label}, with {p}.",
                words=many(n, "word"),
                k=len(marked),
                get="gets" if len(marked) == 1 else "get",
                **label,
            )
        else:
            first = say("Look at {word}: its label is {label}, with {p}.", **label)
    cut = found[found["number of pieces"] > 1]
    if cut.empty:
        return first
    other = cut[cut["label"] != cut["label by average"]]
    if other.empty:
        same = (
            "its first piece and the average of its pieces say" if len(cut) == 1 else "first piece and average of the pieces say"
        )
        return say("{first} {cut}: {same} the same.", first=first, cut=_several(len(cut)), same=same)
    row = other.iloc[0]
    return say(
        "{first} {cut}; by the average of its pieces {word} would be {other}, by the first it is {label}.",
        first=first,
        cut=_several(len(cut)),
        word=Piece(row["word"]),
        other=Piece(row["label by average"]),
        label=Piece(row["label"]),
    )


def _several(n: int) -> str:
    return f"{many(n, 'word')} {'has' if n == 1 else 'have'} several pieces"


# an answer in a passage ---------------------------------------------------------------------------------------------
def ends(trace: Trace) -> pd.DataFrame:
    """One row a place that the head may point at: the first token, which stands for "no answer", and the passage's.

    position, token, start and end (probabilities: a softmax over these rows), start logit, end logit. Without a passage
    there is one row.
    """
    logits = trace.task_logits().astype(np.float64)
    places = [0, *(t.position for t in _passage(trace))]
    some = logits[places]
    start, end = softmax(some[:, 0]), softmax(some[:, 1])
    return pd.DataFrame(
        {
            "position": places,
            "token": [trace.tokens[p].text for p in places],
            "start": start,
            "end": end,
            "start logit": some[:, 0],
            "end logit": some[:, 1],
        }
    )


def _passage(trace: Trace) -> Sequence[Token]:
    return [t for t in trace.tokens if t.sentence == 1 and t.span is not None]


def answers(trace: Trace, most: int = 6) -> pd.DataFrame:
    """The runs of the passage with the largest sum of a start and an end, and "no answer", the largest first.

    answer, sum (logits), probability (a softmax over all runs of at most LONGEST_ANSWER tokens and "no answer"), none (True
    for "no answer"). Of runs that read the same the larger one is listed. Devlin et al. 2019, section 4.3.
    """
    logits, passage = trace.task_logits().astype(np.float64), _passage(trace)
    places = runs(passage[0].position, passage[-1].position) if passage else runs(0, -1)
    every = sums(logits, places)
    none = float(every[-1])
    rows, seen = [(none, "no answer", True)], set[str]()
    for at in np.argsort(-every[:-1], kind="stable")[: 20 * most]:
        run = trace.query.text_b[slice(*characters(trace.tokens[places[at, 0] : places[at, 1] + 1]))].strip()
        if run not in seen:
            seen.add(run)
            rows.append((float(every[at]), run, False))
        if len(seen) == most:
            break
    total = every.max() + np.log(np.exp(every - every.max()).sum())
    found = pd.DataFrame(rows, columns=["sum", "answer", "none"])
    found["probability"] = np.exp(found["sum"] - total)
    return found[["answer", "sum", "probability", "none"]].sort_values("sum", ascending=False, kind="stable", ignore_index=True)


def answered(trace: Trace) -> Sentence:
    """The run with the largest sum against "no answer"."""
    found = answers(trace)
    runs, none = found[~found["none"]], float(found.loc[found["none"], "sum"].iloc[0])
    if runs.empty:
        return say("There is no passage: type a question into sentence A and a text that may answer it into sentence B.")
    first, start = runs.iloc[0], Piece(trace.spec.special.start.text)
    told = {"run": Piece(first["answer"]), "sum": signed(first["sum"]), "none": signed(none), "start": start}
    if abs(first["sum"] - none) < NEAR:
        return say("It does not decide: {run} has {sum} as start and end together, “no answer” at {start} {none}.", **told)
    if first["sum"] < none:
        return say(
            "It says that the passage holds no answer: start and end at {start} add up to {none}, at {run} to {sum}.", **told
        )
    if len(runs) > 1 and first["sum"] - runs["sum"].iloc[1] >= NEAR:
        told["next"] = signed(runs["sum"].iloc[1])
        return say(
            "Look at {run}: start and end add up to {sum}, for the next run to {next}, for “no answer” at {start} to {none}.",
            **told,
        )
    return say("It says {run}: start and end add up to {sum}, for “no answer” at {start} to {none}.", **told)
