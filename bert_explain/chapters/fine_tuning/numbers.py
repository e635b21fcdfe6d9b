"""The chapter's numbers: what came of a training, beside what can be had without one. Pure; pandas and numpy only."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import softmax

from bert_explain.analysis.sentence import Piece, Sentence, say
from bert_explain.core.target import runs, sums
from bert_explain.core.tokens import characters, first_pieces
from bert_explain.kernel import baseline, scores, tasks
from bert_explain.kernel.readings import best, many, share, tenths
from bert_explain.kernel.tasks import Answer, Example, Task, Tokens
from bert_explain.learning.question import Ask, NotAskable, table
from bert_explain.query import Query
from bert_explain.trace import run
from bert_explain.training import fine_tuning
from bert_explain.training.fine_tuning import Recipe, Tuned

LONG = 2_000  # forward passes, about: a training never takes every place of the server
COUNTS = ("20", "50", "100", "200", "400")  # training examples
RATES = ("3e-5", "1e-4", "2e-4", "4e-4")
PARTS = {"head": "the new layer only", "2": "the last two layers too", "all": "the whole model"}
STRENGTH = 1.0  # of the bag of words, for a reader's own table


@dataclass(frozen=True)
class Beside:
    """What is reached without BERT on the same examples: points of each test example, as `scores.parts` has them."""

    bag: np.ndarray
    same: np.ndarray  # always the same answer
    always: str  # that answer
    scored: tuple[tuple[float, float, float], ...] = ()  # of `same` and of `bag`: score and its 95 % interval


def without_bert(task: Task, examples: Sequence[Example]) -> Beside:
    """A bag of words trained on the same examples; and who always says what is commonest in training."""
    bag = baseline.answers(task, list(examples), _strength(task))
    always, said = scores.always(task, examples)
    parts = scores.parts(task, task.test, said), scores.parts(task, task.test, bag)
    groups = [e.pattern for e in task.test]
    scored = tuple((scores.score(one), *scores.interval(one, groups)) for one in parts)
    return Beside(parts[1], parts[0], always, scored)


@cache
def _strengths() -> dict[str, Any]:
    return json.loads((tasks.FOLDER / "baselines.json").read_text(encoding="utf-8"))


def _strength(task: Task) -> float:
    return float(_strengths().get(task.name, {}).get("strength", STRENGTH))


@cache
def _measured() -> dict[str, Any]:
    path = tasks.FOLDER / "scores.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def measured_before(task: Task, fingerprint: str) -> str:
    """What was measured of a task beforehand, on all of its examples, by `python -m bert_explain.training tasks`; "" where these
    weights were not."""
    found = _measured().get(task.name)
    if found is None or found["weights"] != fingerprint:
        return ""
    sure = {
        "fine-tuned": "fine-tuning is better in 95 % of other draws",
        "bag of words": "the bag of words is better in 95 % of other draws",
        "neither": "neither is surely better",
    }[found["better"]]
    (low, high), count = found["interval"], len(found["seeds"])
    return (
        f"Measured beforehand with {found['recipe']['examples']:,} examples, mean of {many(count, 'seed')}: {found['score']:.2f} "
        f"fine-tuned ({low:.2f} to {high:.2f}), {found['bag']:.2f} with a bag of words; {sure}."
    )


def measure(task: Task) -> str:
    """What the score of a task counts."""
    return {"token": "F1 of whole names", "span": "F1 of the answer's words"}.get(task.kind, "right answers")


def compared(task: Task, beside: Beside, models: Sequence[tuple[str, Tuned]]) -> pd.DataFrame:
    """One row for each who answered the test split: name, score (0 to 1), the 95 % interval, number of test examples."""
    names = (f"always “{beside.always}”", "bag of words")
    rows = [(name, *scored) for name, scored in zip(names, beside.scored, strict=True)]
    rows += [(name, tuned.score, tuned.low, tuned.high) for name, tuned in models]
    return pd.DataFrame(rows, columns=["who", "score", "low", "high"]).assign(tested=len(task.test))


def verdict(task: Task, beside: Beside, tuned: Tuned, name: str, other: Tuned | None = None, other_name: str = "") -> Sentence:
    """What the comparison says; "better" only where 95 % of other draws of the test patterns say so too."""
    groups = [e.pattern for e in task.test]
    parts = scores.parts(task, task.test, tuned.said)
    text = "Look at {name}: {score:.2f} ({measure}) on {n} examples that it has not seen, bag of words {bag:.2f}; {than_bag}."
    values: dict[str, Any] = {
        "name": name,
        "score": tuned.score,
        "measure": measure(task),
        "n": len(task.test),
        "bag": scores.score(beside.bag),
        "than_bag": _than(scores.difference(parts, beside.bag, groups), "fine-tuning is better", "the bag of words is better"),
    }
    if other is not None:
        text += " {other_name} under the same new layer, seed and examples: {other:.2f}; {than_other}."
        both = scores.difference(parts, scores.parts(task, task.test, other.said), groups)
        values |= {
            "other_name": other_name,
            "other": other.score,
            "than_other": _than(both, "both directions are worth something here", "the decoder is better here"),
        }
    return say(text, **values)


def _than(between: tuple[float, float], better: str, worse: str) -> str:
    low, high = between
    if low > 0:
        return better
    return worse if high < 0 else "the difference is no larger than other test sentences would make it"


def course(losses: Sequence[float], right: Sequence[float], tested: Sequence[tuple[int, float]]) -> pd.DataFrame:
    """One row a step: loss, share of its batch that was right, and the test score where an epoch ended."""
    at, done = dict(tested), min(len(losses), len(right))  # a training that runs may be between the two
    return pd.DataFrame(
        {
            "step": np.arange(1, done + 1),
            "loss": list(losses)[:done],
            "right in the batch": list(right)[:done],
            "test score": [at.get(step, np.nan) for step in range(1, done + 1)],
        }
    )


def confusion(tuned: Tuned) -> pd.DataFrame:
    """(C, C): rows are what is right, columns what was said, in test examples (words, for tags)."""
    labels = list(tuned.task.labels)
    found = pd.DataFrame(0, index=labels, columns=labels)
    for example, said in zip(tuned.task.test, tuned.said, strict=True):
        pairs = zip(example.tags, said, strict=True) if isinstance(example, Tokens) else [(_label(example), said)]
        for right, answer in pairs:
            found.loc[right, answer] += 1
    return found


def labels_of(tuned: Tuned) -> list[str]:
    """The right label of each test example."""
    return [_label(e) for e in tuned.task.test]


def _label(example: Example) -> str:
    assert not isinstance(example, Tokens | Answer)
    return example.label


def confused(tuned: Tuned) -> Sentence:
    """The pair of labels that is taken for one another most often, where one leads."""
    counts = confusion(tuned).to_numpy().astype(float)
    right = int(np.trace(counts))
    off = counts - np.diag(np.diag(counts))
    labels = tuned.task.labels
    if not off.any():
        return say("All {n} are right: every count stands on the diagonal.", n=right)
    flat = off.ravel()
    top = best(flat, least=2)
    first = say("{right} of {n} stand on the diagonal, where what was said is right.", right=right, n=int(counts.sum()))
    if not top.leads:
        return first
    i, j = divmod(int(flat.argmax()), len(labels))
    return say(
        "{first} Look at the row {true}: {n} of them were called {said}, the commonest mistake.",
        first=first,
        true=Piece(labels[i]),
        said=Piece(labels[j]),
        n=int(flat.max()),
    ).because(top)


def mistakes(tuned: Tuned) -> pd.DataFrame:
    """The test examples that went wrong, the surest first: text, right, said, and the probability of what was said."""
    rows = []
    for i, (example, said) in enumerate(zip(tuned.task.test, tuned.said, strict=True)):
        text = " / ".join(example.inputs)
        if isinstance(example, Tokens):
            wrong = [f"{w}: {s} for {t}" for w, t, s in zip(example.words, example.tags, said, strict=True) if t != s]
            if wrong:
                rows.append((text, "", "; ".join(wrong), np.nan))
        elif isinstance(example, Answer):
            if scores.answer_f1(example.answer, said) < 1:
                rows.append((text, example.answer or "no answer", said or "no answer", np.nan))
        elif said != example.label:
            rows.append((text, example.label, said, float(tuned.chances[i].max())))
    found = pd.DataFrame(rows, columns=["text", "right", "said", "probability"])
    return found.sort_values("probability", ascending=False, kind="stable", ignore_index=True)


def surest(tuned: Tuned) -> Sentence:
    """The mistake that it was surest of."""
    found = mistakes(tuned)
    if found.empty:
        return say("Nothing went wrong on {n} test examples.", n=len(tuned.task.test))
    if found["probability"].isna().all():
        return say("{n} of {all} test examples are not wholly right.", n=len(found), all=len(tuned.task.test))
    sure = int((found["probability"] >= 0.9).sum())
    row = found.iloc[0]
    return say(
        "{n} of {all} went wrong, {sure} of them with a probability of 0.9 or more: being sure is not being right. Look at the "
        "first: {said} with {p:.2f}, and {right} is right.",
        n=len(found),
        all=len(tuned.task.test),
        sure=sure,
        said=Piece(row["said"]),
        right=Piece(row["right"]),
        p=row["probability"],
    )


def flat_map(vectors: np.ndarray) -> tuple[np.ndarray, float]:
    """(N, 2): the two directions in which the vectors differ most (principal components), and their share of the variance."""
    centred = vectors - vectors.mean(axis=0)
    u, s, _ = np.linalg.svd(centred, full_matrices=False)
    total = float((s**2).sum())
    places = u[:, :2] * s[:2]
    if places.shape[1] < 2:
        places = np.hstack([places, np.zeros((len(vectors), 2 - places.shape[1]))])
    return places, float((s[:2] ** 2).sum() / total) if total else 0.0


def nearest_alike(vectors: np.ndarray, labels: Sequence[str]) -> float:
    """The share of test examples whose nearest neighbour (by cosine) has the same label."""
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    near = unit @ unit.T
    np.fill_diagonal(near, -np.inf)
    names = np.asarray(labels)
    return float((names[near.argmax(axis=1)] == names).mean())


def sorted_by_label(tuned: Tuned) -> Sentence:
    """Whether the vectors lie by label after the training, and did before."""
    labels = labels_of(tuned)
    before, after = nearest_alike(tuned.before, labels), nearest_alike(tuned.after, labels)
    gap = 2 * np.sqrt(0.5 / len(labels))  # two standard errors of such a share, at most
    more = "more than before" if after > before + gap else "fewer than before" if after < before - gap else "about as before"
    return say(
        "Of {n} test examples, {after} have a nearest neighbour with the same label after the training, {before} before "
        "it: {more}. The map shows two of {h} directions, this share is counted in all of them.",
        n=len(labels),
        after=share(after),
        before=share(before),
        more=more,
        h=tuned.after.shape[1],
    )


def places(tuned: Tuned) -> pd.DataFrame:
    """One row a test example: its place on the map before and after, its label, what was said."""
    before, _ = flat_map(tuned.before)
    after, _ = flat_map(tuned.after)
    return pd.DataFrame(
        {
            "text": [" / ".join(e.inputs) for e in tuned.task.test],
            "label": labels_of(tuned),
            "said": tuned.said,
            "before x": before[:, 0],
            "before y": before[:, 1],
            "after x": after[:, 0],
            "after y": after[:, 1],
        }
    )


def own(tuned: Tuned, text_a: str, text_b: str) -> tuple[pd.DataFrame, Sentence]:
    """What the fine-tuned model says to a reader's text: (label, probability) rows, or (word, label, probability) for tags."""
    task = tuned.task
    if task.kind in ("sequence", "token"):
        text_b = ""
    tokens, logits = fine_tuning.predict(tuned.net, text_a, text_b)
    if task.kind == "token":
        return _own_tags(tuned, text_a, tokens, logits)
    if task.kind == "span":
        return _own_answer(tokens, logits, text_b)
    chances = softmax(logits)
    found = pd.DataFrame({"label": task.labels, "probability": chances})
    order = np.sort(chances)[::-1]
    leads = order[0] >= order[1] + 0.1
    top = task.labels[int(chances.argmax())]
    if leads:
        return found, say("Look at {label}: it gets {p:.2f}, the next {q:.2f}.", label=Piece(top), p=order[0], q=order[1])
    return found, say("It cannot decide: {label} gets {p:.2f}, the next {q:.2f}.", label=Piece(top), p=order[0], q=order[1])


def _own_tags(tuned: Tuned, text: str, tokens: Any, logits: np.ndarray) -> tuple[pd.DataFrame, Sentence]:
    labels = tuned.task.labels
    words = list(tasks.WORD.finditer(text))
    first = first_pieces(tokens, [w.span() for w in words])
    rows = []
    for word, place in zip(words, first, strict=True):
        if place is not None:
            chances = softmax(logits[place])
            rows.append((word.group(), labels[int(chances.argmax())], float(chances.max())))
    found = pd.DataFrame(rows, columns=["word", "label", "probability"])
    names = scores.entities(found["label"].tolist())
    if not names:
        return found, say("It finds no name here: every word is outside of names, O.")
    kind, start, end = min(names, key=lambda name: name[1])
    return found, say(
        "It finds {n}. Look at {name}: it is called {a} {kind}.",
        n=many(len(names), "name"),
        name=Piece(" ".join(found["word"].iloc[start:end])),
        a="an" if kind[:1].lower() in "aeiou" else "a",
        kind=kind,
    )


def _own_answer(tokens: Any, logits: np.ndarray, passage: str) -> tuple[pd.DataFrame, Sentence]:
    """The likeliest answers, each a run of tokens; "no answer" among them. P over the runs that are listed."""
    own = [t.position for t in tokens if t.sentence == 1 and t.span]
    places = runs(own[0], own[-1]) if own else runs(0, -1)
    texts = [passage[slice(*characters(tokens[i : j + 1]))] for i, j in places[:-1]]
    chances = softmax(sums(logits, places).astype(np.float64))
    found = pd.DataFrame({"label": [*texts, "no answer"], "probability": chances})
    found = found.sort_values("probability", ascending=False, kind="stable", ignore_index=True).head(50)
    top = found.iloc[0]
    return found, say("Look at the first: {label} gets {p:.2f}.", label=Piece(top["label"]), p=top["probability"])


COMPARED = 24  # test examples whose attention is compared


def attention_moved(model: Any, tuned: Tuned, progress: Any) -> np.ndarray:
    """(L, A): the share of a head's attention that lies elsewhere after the training, mean over rows and test examples.

    Of two rows that add up to 1 it is half the sum of their differences: 0 for equal ones, 1 where they share nothing.
    """
    after = fine_tuning.in_the_walk(tuned)
    total = np.zeros((model.spec.n_layers, model.spec.n_heads))
    some = tuned.task.test[:COMPARED]
    for i, example in enumerate(some):
        progress(i / len(some), f"Text {i + 1} of {len(some)}")
        query = Query(*example.inputs)
        one, two = run(model, query).attention, run(after, query).attention
        total += np.abs(one - two).sum(axis=-1).mean(axis=-1) / 2
    return total / len(some)


def most_moved(moved: np.ndarray) -> Sentence:
    """The head that moved most, where one leads; else how far all of them moved."""
    flat = moved.ravel()
    top = best(flat, least=0.02)
    if not top.leads:
        return say(
            "No head stands out: on average {mean} of a head's attention lies elsewhere after the training.",
            mean=tenths(flat.mean()),
        )
    layer, head = np.unravel_index(int(flat.argmax()), moved.shape)
    return say(
        "Look at layer {layer}, head {head}: {share} of its attention lies elsewhere after the training, on average "
        "over all heads {mean}.",
        layer=int(layer) + 1,
        head=int(head) + 1,
        share=tenths(flat.max()),
        mean=tenths(flat.mean()),
    ).because(top)


def head_before_after(
    model: Any, tuned: Tuned, text_a: str, text_b: str, layer: int, head: int
) -> tuple[np.ndarray, np.ndarray, list[Any]]:
    """One head's attention (T, T) on a reader's text, before and after, and the tokens."""
    query = Query(text_a, text_b)
    one, two = run(model, query), run(fine_tuning.in_the_walk(tuned), query)
    return one.attention[layer, head], two.attention[layer, head], list(one.tokens)


def head_look(before: np.ndarray, after: np.ndarray, tokens: Sequence[Any]) -> Sentence:
    """Where it changed most on this text."""
    change = after - before
    i, j = divmod(int(np.abs(change).argmax()), change.shape[1])
    return say(
        "Look at the row of {row}: to {column} goes {a:.2f} before and {b:.2f} after.",
        row=Piece(tokens[i].text),
        column=Piece(tokens[j].text),
        a=before[i, j],
        b=after[i, j],
    )


# other draws --------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Draws:
    """One training a seed, and a bag of words on the same examples: points of each test example, (S, examples, 2) each."""

    seeds: tuple[int, ...]
    tuned: np.ndarray
    bag: np.ndarray


SEEDS = 5


def other_draws(model: Any, task: Task, recipe: Recipe, progress: Any) -> Draws:
    """SEEDS trainings that differ in their seed alone: other examples, other order, another new layer. No model is kept."""
    seeds = tuple(recipe.seed + i for i in range(SEEDS))
    tuned, bag = [], []
    for i, seed in enumerate(seeds):
        one = replace(recipe, seed=seed)

        def told(share: float, text: str = "", i: int = i) -> None:
            progress((i + share) / SEEDS, f"Seed {i + 1} of {SEEDS}: {text}")

        found = fine_tuning.kept(model, one) or fine_tuning.train(model, task, one, told)
        tuned.append(scores.parts(task, task.test, found.said))
        bag.append(scores.parts(task, task.test, baseline.answers(task, fine_tuning.drawn(task, one), _strength(task))))
    return Draws(seeds, np.stack(tuned), np.stack(bag))


def draws_table(draws: Draws) -> pd.DataFrame:
    """One row a seed, 0 to 1."""
    rows = [(seed, scores.score(a), scores.score(b)) for seed, a, b in zip(draws.seeds, draws.tuned, draws.bag, strict=True)]
    return pd.DataFrame(rows, columns=["seed", "fine-tuned", "bag of words"])


def draws_mean(task: Task, draws: Draws, name: str) -> pd.DataFrame:
    """Mean over the seeds and the 95 % interval: other draws of the training examples and of the test patterns."""
    drawn = scores.redrawn([draws.bag, draws.tuned], [e.pattern for e in task.test])
    table = draws_table(draws)
    rows = []
    for who, column, values in (("bag of words", "bag of words", drawn[0]), (f"{name}, fine-tuned", "fine-tuned", drawn[1])):
        low, high = scores.middle(values)
        seeds = table[column]
        rows.append((who, float(seeds.mean()), low, high, float(seeds.min()), float(seeds.max())))
    return pd.DataFrame(rows, columns=["who", "score", "low", "high", "lowest seed", "highest seed"])


def draws_look(task: Task, draws: Draws, name: str) -> Sentence:
    """How far the seeds lie apart, and whether the difference is larger than other draws would make it."""
    mean = draws_mean(task, draws, name).set_index("who")
    bag, tuned = mean.iloc[0], mean.iloc[1]
    drawn = scores.redrawn([draws.tuned, draws.bag], [e.pattern for e in task.test])
    between = scores.middle(drawn[0] - drawn[1])
    return say(
        "Look at the {n} seeds: {name} gets {low:.2f} to {high:.2f}, {mean:.2f} on average; a bag of words on the same examples "
        "{bag:.2f} on average; {than}.",
        n=len(draws.seeds),
        name=name,
        low=tuned["lowest seed"],
        high=tuned["highest seed"],
        mean=tuned["score"],
        bag=bag["score"],
        than=_than(between, "fine-tuning is better, with other draws too", "the bag of words is better, with other draws too"),
    )


# the questions ------------------------------------------------------------------------------------------------------
ASKED: dict[str, Any] = {"examples": 200, "epochs": 5, "rate": 2e-4}
ASKED_TASK = "question-type"
EDGE = 0.04


def asked_recipe(model: Any, trained: str, examples: int = ASKED["examples"]) -> Recipe:
    """What the questions train."""
    return Recipe(model.name, ASKED_TASK, examples, trained, ASKED["epochs"], ASKED["rate"])


def trained_for_questions(model: Any, progress: Any) -> None:
    """Both trainings that the questions are about."""
    task = tasks.load(ASKED_TASK)
    for i, part in enumerate(("all", "head")):
        fine_tuning.made(model, task, asked_recipe(model, part), lambda share, text, i=i: progress((i + share) / 2, text))


def _tuned(ask: Ask, trained: str, examples: int = ASKED["examples"]) -> Tuned:
    model = ask.trace.model
    if why := fine_tuning.unfit(model, "sequence"):
        raise NotAskable(why)
    return fine_tuning.made(model, tasks.load(ASKED_TASK), asked_recipe(model, trained, examples), ask.progress)


def how_many(ask: Ask) -> pd.DataFrame:
    """Of 100 new questions, how many are right after 100 were shown; the option that holds has the value 1."""
    return _right_of_100(_tuned(ask, "all"), ask.trace.spec.title)


def with_few(ask: Ask, evidence: pd.DataFrame) -> pd.DataFrame:
    """The same after 20."""
    return _right_of_100(_tuned(ask, "all", 20), ask.trace.spec.title)


def _right_of_100(tuned: Tuned, title: str) -> pd.DataFrame:
    always, same = scores.always(tuned.task, fine_tuning.drawn(tuned.task, tuned.recipe))
    low, score = scores.score(scores.parts(tuned.task, tuned.task.test, same)), tuned.score
    gained = (score - low) / (1 - low)
    rows = {
        name: (1.0 if there else 0.0, f"{100 * score:.0f} of 100")
        for name, there in (("none", gained < 0.15), ("some", 0.15 <= gained < 0.75), ("all", gained >= 0.75))
    }
    return table(
        rows,
        model=title,
        shown=len(fine_tuning.drawn(tuned.task, tuned.recipe)),
        right=round(100 * score),
        same=round(100 * low),
        kinds=len(tuned.task.labels),
        always=always,
        tested=many(len(tuned.task.test), "question"),
        gained=gained,
    )


def near_an_edge(evidence: pd.DataFrame) -> str:
    """Why the number of right ones decides nothing."""
    facts = evidence.attrs["facts"]
    if min(abs(facts["gained"] - edge) for edge in (0.15, 0.75)) < EDGE:
        return f"Here {facts['right']} of 100 are right, between two of the answers: too near for a fair question."
    return ""


def head_or_all(ask: Ask) -> pd.DataFrame:
    """The new layer alone against the whole model, on the same questions."""
    one, all_ = _tuned(ask, "head"), _tuned(ask, "all")
    groups = [e.pattern for e in all_.task.test]
    low, high = scores.difference(
        scores.parts(all_.task, all_.task.test, all_.said), scores.parts(one.task, one.task.test, one.said), groups
    )
    gap = all_.score - one.score
    return table(
        {"all": (all_.score, f"{all_.score:.2f}"), "head": (one.score, f"{one.score:.2f}")},
        model=ask.trace.spec.title,
        head=one.score,
        all=all_.score,
        gap=gap,
        shown=len(fine_tuning.drawn(all_.task, all_.recipe)),
        low=low,
        high=high,
        tested=many(len(all_.task.test), "question"),
        trained=f"{sum(p.numel() for p in one.net.head.parameters()):,}",
        whole=f"{sum(p.numel() for p in all_.net.parameters()):,}",
    )


def undecided(evidence: pd.DataFrame) -> str:
    """Why neither leads."""
    facts = evidence.attrs["facts"]
    if facts["low"] <= 0 <= facts["high"]:
        return (
            f"Here the new layer alone gets {facts['head']:.2f} right and the whole model {facts['all']:.2f}: other test "
            "questions could turn it round, so it is no fair question."
        )
    return ""
