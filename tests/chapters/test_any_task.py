"""Any task model: what a head's numbers are read as, by hand; sentences that stay true; layers trained here; the page."""

import re
from dataclasses import replace
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from bert_explain.analysis import task_head
from bert_explain.chapters.any_task import chapter, numbers
from bert_explain.core.spec import TaskHead
from bert_explain.families import TaskPlan
from bert_explain.kernel.tasks import Answer, Sequence, Task, Tokens
from bert_explain.learning.question import NotAskable
from bert_explain.models import registry, task_heads
from bert_explain.query import Query
from bert_explain.trace import run
from bert_explain.training import one_layer
from tests.chapters.asking import ODD, ask_of, complaints
from tests.elements import markdown_texts
from tests.families.test_task_heads import FAMILIES, READ, opened, saved
from tests.tiny import tiny_bert
from tests.whole import explore, whole

COUNT = count()
APP = str(Path(__file__).resolve().parents[2] / "app.py")


def with_head(kind: str, bias, labels=(), reads="softmax", weight=None, **more):
    """A tiny BERT whose head gives these numbers of every text, or depends on it by `weight`."""
    model, count = tiny_bert(), len(bias)
    weight = torch.zeros(count, model.hidden_size) if weight is None else torch.tensor(weight, dtype=torch.float32)
    labels = labels or tuple(f"l{i}" for i in range(count)) if kind != "span" else ()
    task = TaskHead(kind, tuple(labels), reads, **more)
    head = task_heads.made(task, TaskPlan("x", pooled=kind in ("sequence", "pair")), weight, torch.tensor(bias))
    return replace(model, name=f"head-{kind}", title="tiny", **head)


def said(reads: str, bias, labels=(), kind="sequence", **more) -> str:
    return task_head.verdict(run(with_head(kind, bias, labels, reads, **more), Query("the bank"))).plain()


# labels ---------------------------------------------------------------------------------------------------------------
def test_a_verdict_by_hand():
    assert said("softmax", [0.0, np.log(3.0)], ("no", "yes")) == "Look at yes: it gets 75 %, the next label 25 %."
    assert said("softmax", [0.0, 0.1], ("no", "yes")) == "No label leads clearly: yes gets 52.5 %, another one 47.5 %."
    assert said("softmax", [5.0], ("all",)) == "The head has one label, all, so a softmax gives it 100 % of every text."
    assert said("value", [-2.5]) == (
        "The head gives this text \u22122.50. It is a regression: the number itself, in the unit of what it learned from."
    )
    assert said("value", [1.0, -1.0], ("x", "y")).startswith("The head gives this text 2 numbers: x 1.00 and y \u22121.00.")
    assert said("sigmoid", [0.0, np.log(3.0), np.log(9.0)], "abc") == "Of 3 labels 2 get more than 50 %: b, c. c has most, 90 %."
    assert said("sigmoid", [-1.0, -1.0], "ab").startswith("None of the 2 labels gets more than 50 %. a has 26.9 %, another")
    assert said("sigmoid", [np.log(3.0)], ("toxic",)).startswith("The head asks whether toxic holds: 75 %.")


@given(
    st.lists(st.floats(-60, 60), min_size=1, max_size=6), st.sampled_from(["softmax", "sigmoid", "value"]), st.text(max_size=12)
)
@settings(max_examples=120)
def test_what_is_said_of_labels_is_true(bias, reads, label):
    trace = run(with_head("sequence", bias, tuple(label for _ in bias), reads), Query("the bank"))
    found, text = task_head.labels(trace), task_head.verdict(trace)
    assert len(set(found["label"])) == len(bias)
    chances = np.sort(found["probability"].to_numpy())[::-1]
    if reads == "softmax":
        assert chances.sum() == pytest.approx(1)
        assert ("Look at" in text.template) == (len(bias) > 1 and chances[0] - chances[1] >= task_head.AHEAD)
    elif reads == "sigmoid":
        np.testing.assert_allclose(chances, np.sort(1 / (1 + np.exp(-np.array(bias))))[::-1], rtol=1e-5)
    text.html(), text.markdown()
    assert not re.search(r"\bnan\b", text.plain().replace(label, ""))


# words ----------------------------------------------------------------------------------------------------------------
def labelled(text: str, here: bool, seed: int = 0):
    weight = np.random.default_rng(seed).normal(size=(3, 8)) * 2
    return run(
        with_head("token", [0.0, 0.0, 0.0], ("O", "B-x", "I-x"), weight=weight, here=here), Query(text, "" if here else "cold")
    )


@pytest.mark.parametrize("seed", range(6))
def test_the_first_piece_and_the_average(seed):
    trace = labelled("banks river", here=False, seed=seed)
    found = task_head.tags(trace)
    assert list(found["word"]) == ["banks", "river", "cold"]
    assert found["pieces"][0] == "bank ##s"
    chances = task_head.softmax(trace.task_logits())
    assert found["label"][0] == ("O", "B-x", "I-x")[int(chances[1].argmax())]
    assert found["label by average"][0] == ("O", "B-x", "I-x")[int(chances[1:3].mean(axis=0).argmax())]
    assert found["probability by average"][0] == pytest.approx(chances[1:3].mean(axis=0).max())
    text = task_head.tagged(trace).plain()
    differs = found["label"][0] != found["label by average"][0]
    assert ("would be" in text) == differs
    assert ("say the same." in text) != differs
    other = (found["label"] != "O").sum()
    assert (f"Of 3 words {other} " in text) if other else ("Each of the 3 words gets O" in text)


def test_what_a_word_is():
    def words(here: bool) -> list[str]:
        return [word for word, _ in task_head.words(labelled("re-open don't, 3.5", here))]

    assert words(True) == ["re-open", "don", "'t", ",", "3.5"]
    assert words(False)[:8] == ["re", "-", "open", "don", "'", "t", ",", "3"]


@pytest.mark.parametrize(("a", "b"), ODD)
def test_any_text_is_read_by_every_kind_of_head(a, b):
    for kind, bias in (("sequence", [0.0, 1.0]), ("token", [0.0, 1.0]), ("span", [0.0, 0.0])):
        trace = run(with_head(kind, bias), Query(a, b))
        look = {"sequence": task_head.verdict, "token": task_head.tagged, "span": task_head.answered}[kind](trace)
        assert look.plain().endswith((".", "!"))
        if kind == "span":
            assert task_head.answers(trace)["probability"].sum() <= 1 + 1e-9


# answers --------------------------------------------------------------------------------------------------------------
def pointing(logits, passage: str = "the cold river water .", question: str = "the bank"):
    """A text whose head gives these starts and ends (T, 2)."""
    real = run(with_head("span", [0.0, 0.0]), Query(question, passage))
    given = np.asarray(logits, dtype=np.float32)
    return SimpleNamespace(spec=real.spec, query=real.query, tokens=real.tokens, task_logits=lambda: given)


def flat(**places):
    """(T, 2) zeros for the text of `pointing`; c0_start=9 sets the start at position 0. [CLS] the bank [SEP] is 0 to 3."""
    logits = np.zeros((10, 2))
    for name, value in places.items():
        at, part = name[1:].split("_")
        logits[int(at), ("start", "end").index(part)] = value
    return logits


def test_an_answer_by_hand():
    trace = pointing(flat(p5_start=3, p6_end=4, p1_start=9, p2_end=9))  # what stands in the question does not count
    found = task_head.answers(trace)
    assert (found["answer"][0], found["sum"][0], bool(found["none"][0])) == ("cold river", 7.0, False)
    assert task_head.answered(trace).plain() == (
        "Look at cold river: start and end add up to 7.00, for the next run to 4.00, for “no answer” at [CLS] to 0.00."
    )
    ends = task_head.ends(trace)
    assert list(ends["position"]) == [0, 4, 5, 6, 7, 8]
    assert ends["start"].sum() == pytest.approx(1)
    assert ends["start"][2] == pytest.approx(np.exp(3) / (np.exp(3) + 5))
    none = task_head.answered(pointing(flat(p5_start=3, p6_end=4, p0_start=20))).plain()
    assert none == "It says that the passage holds no answer: start and end at [CLS] add up to 20.00, at cold river to 7.00."
    assert "It does not decide" in task_head.answered(pointing(flat())).plain()
    assert "There is no passage" in task_head.answered(pointing(np.zeros((4, 2)), passage="")).plain()


@given(st.integers(0, 10_000))
@settings(max_examples=60)
def test_the_first_run_is_the_largest_of_all(seed):
    logits = np.random.default_rng(seed).normal(size=(10, 2)) * 3
    trace = pointing(logits)
    runs = {(i, j): logits[i, 0] + logits[j, 1] for i in range(4, 9) for j in range(i, 9)}
    found = task_head.answers(trace)
    best, none = max(runs.values()), logits[0].sum()
    assert found["sum"].iloc[0] == pytest.approx(max(best, none), abs=1e-4)
    every = np.exp(np.array([*runs.values(), none]))
    assert found["probability"].iloc[0] == pytest.approx(every.max() / every.sum(), abs=1e-4)
    text = task_head.answered(trace).plain()
    assert ("holds no answer" in text) == (none - best >= task_head.NEAR)
    assert ("does not decide" in text) == (abs(best - none) < task_head.NEAR)


# what was trained here ------------------------------------------------------------------------------------------------
def tiny_tasks() -> dict[str, Task]:
    texts = [
        (f"{a} {b}", "yes" if b in ("river", "water") else "no")
        for a in ("the", ".", "the the")
        for b in ("river", "water", "bank", "cold")
    ]
    one = tuple(Sequence(text, label, text) for text, label in texts)
    tags = tuple(
        Tokens(text, ("O",) * (len(text.split()) - 1) + ("B-wet" if label == "yes" else "O",), text) for text, label in texts
    )
    spans = tuple(
        Answer("the", f"{text} .", "", (text.rindex(" ") + 1, len(text)) if label == "yes" else None, text)
        for text, label in texts
    )
    made = {"sequence": (("no", "yes"), one), "token": (("O", "B-wet", "I-wet"), tags), "span": ((), spans)}
    return {kind: Task(f"t-{kind}", kind, kind, labels, rows, rows, Path()) for kind, (labels, rows) in made.items()}


@pytest.mark.parametrize("kind", ["sequence", "token", "span"])
def test_a_layer_is_learned_and_the_encoder_stays(kind):
    model, task = tiny_bert(), tiny_tasks()[kind]
    before = {name: value.clone() for name, value in model.module.state_dict().items()}
    found = one_layer.train(model, task)
    assert all(torch.equal(before[name], value) for name, value in model.module.state_dict().items())
    stands = found.model
    assert stands.module is model.module
    assert (stands.has_mlm, stands.has_nsp) == (True, True)
    assert (stands.task.kind, stands.task.here, stands.task.labels) == (kind, True, task.labels)
    assert stands.fingerprint != model.fingerprint
    assert found.score > found.same or kind == "span"  # eight numbers a token are few for an answer
    again = one_layer.train(model, task).model
    assert torch.equal(again.task_head.out.weight, stands.task_head.out.weight)
    trace = run(stands, Query("the river", "the river ." if kind == "span" else ""))
    np.testing.assert_allclose(trace.hidden, run(model, trace.query).hidden)


def test_what_was_trained_opens_by_its_name_and_reads_single_texts():
    task = tiny_tasks()["sequence"]
    found = one_layer.made(tiny_bert(), task)
    assert registry.load(found.model.name) is found.model
    assert one_layer.kept(tiny_bert(), task.name) is found
    assert found.model.name in [entry.name for entry in registry.made()]
    read = task_head.text_read(found.model.task, Query("the", "bank", masked=(1,)))
    assert read == Query("the")
    own = with_head("sequence", [0.0, 1.0])
    assert task_head.text_read(own.task, Query("the", "bank")) == Query("the", "bank")


# the questions, of models that have a head ----------------------------------------------------------------------------
def test_a_question_is_about_the_head_in_view():
    ask = ask_of(with_head("sequence", [0.0, 2.0, 1.0], ("a", "<b>", "c")), "the bank")
    found = numbers.which_label(ask)
    assert [o.text.plain() for o in numbers.label_options(ask, numbers.which_label(ask))] == ["a", "<b>", "c"]
    assert found.attrs["facts"]["label"] == "<b>"
    assert list(found.index) == ["0", "1", "2"]
    with pytest.raises(NotAskable, match="The head of tiny is another one: it gives the text one of 3 labels"):
        numbers.which_tag(ask)
    with pytest.raises(NotAskable, match="gives a number and no label"):
        numbers.which_label(ask_of(with_head("sequence", [1.0], reads="value"), "the bank"))
    with pytest.raises(NotAskable, match="sentence B is empty"):
        numbers.which_label(ask_of(with_head("pair", [1.0, 0.0], here=True), "the bank"))
    with pytest.raises(NotAskable, match="every word gets O"):
        numbers.which_tag(ask_of(with_head("token", [9.0, 0.0], ("O", "B-x")), "the bank"))


def test_every_question_is_well_said_of_its_own_head():
    from bert_explain.chapters.any_task.questions import BEGIN, LABEL, TAG

    weight = np.random.default_rng(1).normal(size=(6, 8)) * 2
    labels = ("O", "B-x", "I-x", "<i>", "$z$", "")
    heads = [
        (LABEL, with_head("sequence", [0.0] * 6, labels, weight=weight)),
        (TAG, with_head("token", [0.0] * 6, labels, weight=weight)),
        (BEGIN, with_head("span", [0.0] * 2, weight=weight[:2])),
    ]
    for question, model in heads:
        for a, b in [("the bank", "the cold river water ."), ("banks", ""), *ODD]:
            assert complaints(question, ask_of(model, a, b)) == []


# the page -------------------------------------------------------------------------------------------------------------
@pytest.fixture
def shown(monkeypatch):
    def show(model, step: str, mode: str = "explore", **params: str) -> AppTest:
        if model.name == "mine":  # traces are kept by their model's name
            model = replace(model, name=f"mine-{next(COUNT)}")
        entry = registry.Entry(model.name, model.title, "local", "nowhere", "")
        monkeypatch.setattr(registry, "entries", lambda: {entry.name: entry})
        monkeypatch.setattr("bert_explain.models.entries", lambda: {entry.name: entry}, raising=False)
        monkeypatch.setitem(registry._loaded, entry, model)
        at = AppTest.from_file(APP, default_timeout=120)
        at = whole(at) if step == "all" else explore(at)
        for name, value in {"a": "the bank", "b": "the cold river", "mode": mode, **params}.items():
            at.query_params[name] = value
        at.query_params["step"] = step
        at.switch_page("pages/21_Any_task_model.py")
        at.run()
        assert [e.message for e in at.exception] == []
        return at

    return show


def told(at: AppTest) -> str:
    html = [e.proto.body for e in at.get("html") if "<style" not in e.proto.body]
    return "\n".join([*html, *(x.value for group in (at.caption, at.text, at.markdown) for x in group)])


CLASSES = [(family, head) for family in FAMILIES for head in (*READ, "MultipleChoice")] + [
    ("Bert", "NextSentencePrediction"),
    ("Bert", "MaskedLM"),
]


@pytest.mark.rest
@pytest.mark.parametrize(("family", "head"), CLASSES)
def test_a_folder_of_every_class_stands_in_the_chapter(family, head, tmp_path, shown):
    saved(tmp_path, family, head)
    model = opened(tmp_path)
    at = shown(model, "all")
    text = told(at)
    assert ("On mine stands a task head" in text) == (head in READ)
    assert ("has a head for multiple choice" in text) == (head == "MultipleChoice")
    for kind, sentence in zip(READ, numbers.NEEDED.values(), strict=True):
        assert (sentence in text) == (kind != head)
    assert any("--model FOLDER" in m.value for m in at.markdown)


def test_labels_of_a_stranger_are_letters(tmp_path, shown):
    hostile = ["<b>b</b>", "[link](http://x)", "$x$", "{z} %{y}"]
    saved(tmp_path, "Bert", "SequenceClassification", num_labels=4, id2label=dict(enumerate(hostile)))
    for mode, step in (("explore", "all"), ("guided", "verdict")):
        at = shown(opened(tmp_path), step, mode)
        if mode == "guided":
            for shows in [b for b in at.button if b.label == "just show me"]:  # none where its answer is not clear enough
                shows.click().run()
            assert not at.exception
        assert "<b>b</b>" not in told(at)
        assert not [text for _, text in markdown_texts(at) if re.search(r"(?<!\\)\[link|(?<!\\)<b>b|(?<!\\)\$x(?<!\\)\$", text)]


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"num_labels": 1}, "It is a regression"),
        ({"num_labels": 2, "problem_type": "multi_label_classification"}, "A sigmoid for each label"),
        ({"num_labels": 3}, "config.json names no problem_type"),
    ],
)
def test_the_verdict_says_how_it_is_read(config, sentence, tmp_path, shown):
    saved(tmp_path, "Bert", "SequenceClassification", **config)
    assert sentence in told(shown(opened(tmp_path), "verdict"))


@pytest.mark.slow
@pytest.mark.parametrize(("a", "b"), [("", ""), ("[CLS] [SEP]", "[MASK]"), ("😀", "\u202e"), ("x", " ")])
def test_odd_texts_give_a_sentence(a, b, tmp_path, shown):
    for head in READ:
        saved(tmp_path / head, "Bert", head)
        shown(opened(tmp_path / head), "all", a=a, b=b)


def test_outputs_says_what_stands_behind_its_vectors(tmp_path, shown, monkeypatch):
    saved(tmp_path, "Bert", "TokenClassification", id2label={0: "O", 1: "B-x"})
    shown(opened(tmp_path), "heads")
    at = explore(AppTest.from_file(APP, default_timeout=120))
    at.query_params["step"] = "task"
    at.switch_page("pages/8_Outputs.py")
    at.run()
    assert not at.exception
    assert "Behind these vectors stands a task head." in told(at)
    assert "and gives each token a label of its own, one of 2 (O, B-x)." in told(at)


def test_a_model_without_a_head_gets_one_at_a_press(shown, monkeypatch):
    from tests.whole import asked_for

    task = replace(tiny_tasks()["sequence"], name="sentiment")
    monkeypatch.setattr("bert_explain.chapters.any_task.chapter.tasks.load", lambda name: task)
    at = shown(replace(tiny_bert(), name="bare-tiny"), "verdict")
    assert "has none for a task of its own" in told(at)
    at = asked_for(at, "labelled")
    text = told(at)
    assert "One layer was trained on 12 examples" in text
    next(b for b in at.button if b.label.startswith("Walk through")).click().run()
    assert not at.exception
    assert at.query_params["model"] in (["tuned-bare-tiny-sentiment-layer"], "tuned-bare-tiny-sentiment-layer")
    assert "has a task head: it gives the text one of 2 labels (no, yes)" in told(at)


def _many_numbers() -> None:
    import pandas as pd

    from bert_explain.chapters.any_task import chapter

    chapter._values(pd.DataFrame({"label": [f"x{i}" for i in range(20)], "logit": [float(i) for i in range(20)]}))


def test_of_many_numbers_it_is_said_which_are_drawn():
    at = AppTest.from_function(_many_numbers)
    at.run()
    assert not at.exception
    assert [c.value for c in at.caption] == [f"The first {chapter.MOST_BARS} of 20 numbers; the table has all."]


@pytest.mark.parametrize(("bias", "asked"), [([-3.0, -4.0, -5.0], False), ([3.0, 1.0, -5.0], False), ([3.0, -1.0, -5.0], True)])
def test_of_labels_that_hold_by_themselves_it_is_asked_where_one_holds(bias, asked):
    ask = ask_of(with_head("sequence", bias, ("a", "b", "c"), reads="sigmoid"), "the bank")
    if asked:
        assert numbers.which_label(ask).attrs["facts"]["label"] == "a"
    else:
        with pytest.raises(NotAskable, match="not exactly one"):
            numbers.which_label(ask)
