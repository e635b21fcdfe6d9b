"""The chapter Features: frozen vectors, the regression on them, what is said of its scores; by hand, and on unusual input."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bert_explain.analysis.read_outs import read_out
from bert_explain.chapters.features import figures, numbers, probe, questions, vectors
from bert_explain.chapters.features.numbers import Compared, Models
from bert_explain.engines.cache import TRACES, TooLarge
from bert_explain.figures.theme import LIGHT
from bert_explain.kernel import scores, tasks
from bert_explain.kernel.tasks import Pair, Sequence, Task, Tokens
from bert_explain.models import vectors as tables
from bert_explain.models.vector_table import Table
from bert_explain.query import Query
from bert_explain.trace import run
from bert_explain.training import fine_tuning
from bert_explain.training.fine_tuning import Recipe
from tests.chapters.asking import ODD, ask_of
from tests.tiny import tiny_bert, tiny_decoder
from tests.tiny_elmo import tiny_elmo

ODD_TEXTS = ["", " ", "😀", "[MASK] [SEP] [CLS]", "<b>{x}</b>", "مرحبا", "a\x00b", "the " * 300, "bank", "the the the"]


def texts(n: int, start: int = 0) -> tuple[Sequence, ...]:
    """A label that hangs on the last word, a pattern for every second text."""
    made = []
    for i in range(start, start + n):
        label = "wet" if i % 2 else "dry"
        made.append(Sequence(f"the {'river water' if i % 2 else 'cold bank'} {'. ' * (i % 3)}", label, f"p{start}-{i // 2}"))
    return tuple(made)


def small(name: str = "small", **changes) -> Task:
    return Task(name, "Small <b>", "sequence", ("dry", "wet"), texts(40), texts(20, 100), None)


def static() -> tables.Vectors:
    return tables.from_table("t", "A table", Table(["river", "water", "bank"], np.eye(3, dtype=np.float32)))


@pytest.fixture
def quick(monkeypatch):
    """Two strengths to choose among: half the work."""
    monkeypatch.setattr(probe, "STRENGTHS", (0.01, 1.0))


# the draws ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", numbers.TEXT_TASKS)
def test_the_draws_are_those_of_fine_tuning_and_never_the_whole_split(name):
    task = tasks.load(name)
    for count in (20, 200):
        theirs = fine_tuning.drawn(task, Recipe("x", name, vectors.shown(task, count), seed=3))
        assert [task.train[i] for i in vectors.drawn(task, count, 3)] == theirs
    most = [frozenset(vectors.drawn(task, 400, seed)) for seed in vectors.SEEDS]
    assert len(set(most)) == len(vectors.SEEDS)
    assert vectors.shown(task, 400) <= 0.9 * len(task.train) + 1
    rows, test = vectors.rows_of(task, 100, 2)
    every = vectors.texts_of(task)
    assert [every[i] for i in rows] == [task.train[i] for i in vectors.drawn(task, 100, 2)]
    assert [every[i] for i in test] == list(task.test)
    assert not set(rows) & set(test)


# the vectors ----------------------------------------------------------------------------------------------------------
def test_ways_by_hand():
    values = np.random.default_rng(0).normal(size=(3, 9, 4, 5)).astype(np.float32)  # six layers
    assert vectors.ways(6) == ["input", *(f"layer {i}" for i in range(1, 7)), "last 4 summed", "all 6 summed", "last 4 joined"]
    np.testing.assert_array_equal(vectors.way(values, "mean", "layer 3"), values[1, 3])
    np.testing.assert_array_equal(vectors.way(values, "max", "all 6 summed"), values[2, 8])
    np.testing.assert_array_equal(vectors.way(values, "cls", "last 4 joined"), np.concatenate(list(values[0, 3:7]), axis=-1))
    two = values[:, :5]
    assert vectors.ways(2)[-3:] == ["last 2 summed", "all 2 summed", "last 2 joined"]
    np.testing.assert_array_equal(vectors.way(two, "mean", "last 2 joined"), np.concatenate([two[1, 1], two[1, 2]], axis=-1))
    with pytest.raises(ValueError, match="layer 9"):
        vectors.way(values, "mean", "layer 9")


def test_the_table_of_the_paper_takes_what_outputs_takes():
    trace = run(tiny_bert(), Query("the cold river"))
    for way in numbers.ROWS:
        np.testing.assert_allclose(numbers.word_way(trace.hidden, way.name), read_out(trace, way.name, 0), rtol=1e-6)


def test_static_averages_by_hand_and_pairs_side_by_side():
    train = (Pair("River water!", "unknown words", "a", "1"), Pair("", "bank", "b", "2"))
    task = Task("static-pairs", "", "pair", ("a", "b"), train, train, None)
    found = vectors.of_table(static(), task)
    first = next(i for i, e in enumerate(vectors.texts_of(task)) if e == train[0])
    np.testing.assert_allclose(found[first], [0.5, 0.5, 0, 0, 0, 0, 0.5, 0.5, 0])
    assert vectors.of_table(static(), small("static")).shape == (len(vectors.texts_of(small("static"))), 3)


def test_unusual_texts_have_vectors_that_are_numbers(quick):
    train = tuple(Sequence(text, "xy"[i % 2], f"p{i}") for i, text in enumerate(ODD_TEXTS))
    task = Task("odd", "Odd", "sequence", ("x", "y"), train, train, None)
    for found in (
        vectors.of_texts(tiny_bert(), task),
        vectors.of_texts(tiny_decoder(), task),
        vectors.of_elmo(tiny_elmo(), task),
        vectors.of_table(static(), task),
    ):
        assert np.isfinite(found).all()
    look = numbers.grid_look(numbers.grid(tiny_bert(), task, 20))
    assert "nan" not in look.plain()


def test_a_word_that_was_cut_off_is_read_as_nothing():
    words = "bank " * 60
    e = Tokens(words.strip(), ("O",) * 60, "p")
    task = Task("long", "Long", "token", ("O", "B-x"), (e,), (e,), None)
    found = vectors.of_words(tiny_bert(), task)
    assert found.shape == (3, 120, 8)
    assert found[:, :30].any(axis=-1).all()
    assert not found[:, 30:60].any()


def test_vectors_that_would_fill_the_server_are_refused_in_a_sentence(monkeypatch):
    monkeypatch.setenv("BERT_EXPLAIN_TRACE_MEMORY", "1")
    big = tiny_bert(hidden_size=512, intermediate_size=16)
    with pytest.raises(TooLarge, match="Choose another task, or a smaller model"):
        vectors.of_texts(big, tasks.load("sentiment"))


# the regression -------------------------------------------------------------------------------------------------------
def two_clouds(n: int, seed: int = 0) -> np.ndarray:
    x = np.random.default_rng(seed).normal(size=(n, 3)).astype(np.float32)
    x[:, 0] += np.where(np.arange(n) % 2, 4, -4)
    return x


def test_the_regression_learns_what_is_there_and_nothing_else():
    task = small("learn")
    assert probe.on_vectors(task, task.train, two_clouds(40), two_clouds(20, 1)).score == 1
    noise = np.random.default_rng(5).normal(size=(60, 3))
    assert probe.on_vectors(task, task.train, noise[:40], noise[40:]).score < 0.9
    constant = probe.on_vectors(task, task.train, np.ones((40, 3)), np.ones((20, 3)))
    assert constant.score == 0.5
    assert probe.on_words(task, task.train).score == 1


def test_the_test_split_decides_nothing():
    """Other labels and other vectors of the test split change neither the strength nor the score on held-out patterns."""
    task = small("blind")
    other = Task(
        "blind", "", "sequence", task.labels, task.train, tuple(Sequence(e.text, "dry", e.pattern) for e in task.test), None
    )
    x = np.random.default_rng(0).normal(size=(40, 5))
    one = probe.on_vectors(task, task.train, x, two_clouds(20) @ np.ones((3, 5)))
    two = probe.on_vectors(other, task.train, x, two_clouds(20, 7) @ np.ones((3, 5)))
    assert (one.held, one.strength) == (two.held, two.strength)


def test_it_is_scikit_learns_regression_on_standardised_numbers():
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    task = small("sklearn")
    x, xt = two_clouds(40) * [0.1, 50, 1], two_clouds(20, 3) * [0.1, 50, 1]
    x[::5, 0] *= -1
    cell = probe.on_vectors(task, task.train, x, xt)
    theirs = make_pipeline(StandardScaler(), LogisticRegression(C=cell.strength, max_iter=1000))
    said = theirs.fit(x, [e.label for e in task.train]).predict(xt)
    np.testing.assert_array_equal(cell.parts, scores.parts(task, task.test, list(said)))


def test_one_label_and_one_pattern_are_no_traceback():
    alone = tuple(Sequence(e.text, "dry", e.pattern) for e in texts(40))
    task = Task("alone", "", "sequence", ("dry", "wet"), alone, texts(20), None)
    assert probe.on_vectors(task, alone, two_clouds(40), two_clouds(20)).score == 0.5
    same = tuple(Sequence(e.text, e.label, "p") for e in texts(40))
    cell = probe.on_vectors(task, same, two_clouds(40), two_clouds(20))
    assert cell.held != cell.held
    assert cell.score == 1


def test_tags_are_scored_by_whole_names():
    tagged = tuple(Tokens("the river bank", ("O", "B-x", "I-x") if i % 2 else ("O", "O", "O"), f"p{i}") for i in range(12))
    task = Task("tags", "", "token", ("O", "B-x", "I-x"), tagged, tagged, None)
    y = np.array([["O", "B-x", "I-x"].index(tag) for e in tagged for tag in e.tags])
    perfect = np.eye(3)[y]
    cell = probe.on_vectors(task, tagged, perfect, perfect)
    assert cell.parts.shape == (12, 2)
    assert cell.score == 1
    assert cell.held == 1


# what is said ---------------------------------------------------------------------------------------------------------
def made(rows: dict[str, list[float]], examples: int = 60, seed: int = 0, **names) -> Compared:
    """Ways whose draws get these shares right; the same examples are right in each."""
    test = tuple(Sequence(f"t{i}", "dry" if i % 2 else "wet", f"p{i}") for i in range(examples))
    task = Task("made", "Made", "sequence", ("dry", "wet"), texts(40), test, None)
    built = []
    for name, shares in rows.items():
        parts = np.ones((len(shares), examples, 2))
        for draw, part in enumerate(shares):
            parts[draw, round(part * examples) :, 0] = 0
        built.append(({"pooling": "mean", "way": name, "who": name, "layers": "", **names}, parts))
    return numbers.compared(task, 20, built, 0.5)


def test_scores_are_means_over_the_draws_and_lie_in_their_intervals():
    found = made({"input": [0.5, 0.6, 0.5, 0.6, 0.55], "layer 1": [0.9] * 5})
    assert found.table["score"].to_list() == pytest.approx([0.55, 0.9])
    assert (found.table["low"] <= found.table["score"]).all()
    assert (found.table["score"] <= found.table["high"]).all()
    assert (found.table["lowest draw"] <= found.table["highest draw"]).all()
    assert found.first() == 1
    assert found.level(1) == []
    assert found.level(0) == [1]


def test_clearly_ahead_is_said_only_with_a_margin():
    clear = made({"input": [0.3] * 5, "layer 1": [0.9] * 5, "layer 2": [0.4] * 5})
    assert "layer 1: 0.90, clearly ahead of every other" in numbers.layers_look(clear).plain()
    assert "The last one has 0.40, clearly behind it" in numbers.layers_look(clear).plain()
    assert "clearly ahead of each of the 2 others" in numbers.grid_look(clear).plain()
    level = made({"input": [0.6, 0.4, 0.5, 0.5, 0.5], "layer 1": [0.4, 0.6, 0.55, 0.5, 0.5], "layer 2": [0.5] * 5})
    assert "every other" not in numbers.layers_look(level).plain()
    assert "No single way stands out" in numbers.grid_look(level).plain()
    same = made({"input": [0.5] * 5, "layer 1": [0.5] * 5})
    assert same.level(0) == [1]
    assert same.level(1) == [0]


@settings(max_examples=60)
@given(st.lists(st.lists(st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]), min_size=5, max_size=5), min_size=3, max_size=5))
def test_every_reading_agrees_with_the_intervals(shares):
    found = made(dict(zip(["input", "layer 1", "layer 2", "layer 3", "layer 4"], shares, strict=False)))
    top = found.first()
    text = numbers.layers_look(found).plain()
    assert ("clearly ahead of every other" in text) == (not found.level(top))
    text = numbers.beside_look(found).plain()
    last = len(shares) - 1
    ahead = [k for k in range(last) if found.difference(last, k)[0] > 0]
    assert ("clearly ahead of" in text.replace("neither clearly ahead of", "")) == bool(ahead)
    assert not any(word in numbers.curve_look({20: found, 50: found}).plain() for word in ("nan", "None", "{"))


def test_pooling_is_judged_over_all_ways_but_the_input():
    rows = []
    task = Task("made", "Made", "sequence", ("dry", "wet"), texts(40), texts(20), None)
    for pooling, part in (("[CLS]", 4), ("mean", 20), ("maximum", 8)):
        for way, right in (("input", 20 - part), ("layer 1", part), ("layer 2", part)):
            parts = np.ones((5, 20, 2))
            parts[:, right:, 0] = 0
            rows.append(({"pooling": pooling, "way": way}, parts))
    found = numbers.compared(task, 20, rows, 0.5)
    assert "[CLS] 0.20, mean 1.00 and maximum 0.40; the mean is clearly ahead" in numbers.poolings_look(found).plain()


def test_two_draws_of_the_same_words_take_the_same_interval_and_the_difference_of_equals_is_nothing():
    parts = np.ones((5, 10, 2))
    parts[:, 5:, 0] = 0
    again = scores.redrawn([parts, parts.copy(), 0 * parts], [i // 2 for i in range(10)])
    assert again.shape == (3, 2000)
    np.testing.assert_array_equal(again[0], again[1])
    assert not again[2].any()
    assert again[0].mean() == pytest.approx(0.5, abs=0.02)
    one = scores.redrawn([parts], [0] * 10)
    assert (one == 0.5).all()
    alone = scores.redrawn([parts[:1]], range(10))
    low, high = scores.middle(alone[0])
    theirs = scores.interval(parts[0], range(10))
    assert (low, high) == pytest.approx(theirs, abs=0.11)


def test_the_spread_over_draws_is_the_usual_one():
    """One test group: only the draws differ, and the spread is that of a mean of five."""
    parts = np.ones((5, 100, 2))
    for draw, right in enumerate((40, 50, 60, 45, 55)):
        parts[draw, right:, 0] = 0
    again = scores.redrawn([parts], [0] * 100, draws=20_000)
    assert again.std() == pytest.approx(np.std([0.4, 0.5, 0.6, 0.45, 0.55], ddof=1) / np.sqrt(5), rel=0.03)


# all of it, small -----------------------------------------------------------------------------------------------------
def test_grid_beside_and_curve_of_a_small_task(quick):
    task, model = small("whole"), tiny_bert()
    told = []
    found = numbers.grid(model, task, 20, lambda share, text="": told.append(share))
    assert len(found.table) == 3 * len(vectors.ways(2))
    assert told == sorted(told)
    assert max(told) <= 1
    assert found.always == 0.5
    row = found.table[(found.table["pooling"] == "[CLS]") & (found.table["way"] == "input")]
    assert row["score"].iloc[0] == pytest.approx(0.5)  # [CLS] has the same vector in each text before the first layer
    both = numbers.beside(Models(model, tiny_decoder(), tiny_elmo(), (static(),)), task, (20,))[20]
    assert both.table["who"].to_list()[0] == "bag of words"
    assert both.table["who"].to_list()[-1] == model.title
    assert len(both.table) == 5
    curve = numbers.beside(Models(model, tables=(static(),)), task, numbers.counts_of(task))
    assert numbers.counts_of(task) == [20, 50]  # 36 of 40 at most
    assert [one.examples for one in curve.values()] == [20, 36]
    assert set(numbers.curve_table(curve)["examples"]) == {20, 36}
    for chart in (
        figures.ways_chart(found, LIGHT, "right"),
        figures.rows_chart(both, LIGHT, "right"),
        figures.curve_chart(curve, LIGHT, "right"),
    ):
        assert "<b>" not in chart.to_json().replace("\\u003cb\\u003e", "")


def test_what_one_step_has_computed_another_one_finds(quick, monkeypatch):
    task, model = small("again"), tiny_bert()
    numbers.grid(model, task, 20)
    monkeypatch.setattr(probe, "on_vectors", lambda *_: pytest.fail("computed anew"))
    numbers.grid(model, task, 20)
    assert numbers.beside(Models(model), task, (20,))[20].table["who"].to_list() == ["bag of words", model.title]


def test_table_7_in_small_and_with_fine_tuning(quick):
    tagged = [Tokens("the river bank .", ("O", "B-x", "I-x", "O") if i % 2 else ("O",) * 4, f"p{i}") for i in range(16)]
    task = Task("names-small", "Names", "token", ("O", "B-x", "I-x"), tuple(tagged), tuple(tagged[:8]), None)
    model = tiny_bert()
    frozen = numbers.table7(model, task)
    assert [row["paper"] for row, _ in frozen.rows] == pytest.approx([0.91, 0.949, 0.955, 0.956])  # of two layers
    assert frozen.found.table["way"].to_list()[0] == "input"
    told = []
    both = numbers.with_tuned(model, task, frozen, lambda share, text="": told.append(share))
    assert both.table["way"].to_list()[-1] == numbers.FINE_TUNED
    pd.testing.assert_frame_equal(both.table.iloc[:-1].reset_index(drop=True), frozen.found.table)
    assert told == sorted(told)
    assert "Fine-tuned" in numbers.table7_look(both).plain()
    assert "Fine-tuned" not in numbers.table7_look(frozen.found).plain()


@pytest.mark.rest
# the questions --------------------------------------------------------------------------------------------------------
def test_the_answer_is_the_one_with_the_highest_score_and_is_asked_only_where_it_is_clear(mini_bert):
    ask = ask_of(mini_bert, "Any text.", "")
    for question in questions.EVERY:
        found = question.evidence(ask)
        right = found["value"].idxmax()
        assert question.answer(found) == right
        clear = found.attrs["facts"]["clear"]
        assert (question.why_not(found) == "") == clear
        for option in question.choices(ask, found):
            said = question.because(option, found)
            if said is not None and option.id != right:
                assert found.attrs["facts"]["first"] in said.plain()
    layers = numbers.asked_layers(mini_bert).table
    found = questions.LAYER.evidence(ask)
    assert found.loc["last", "value"] == layers["score"].iloc[-1]
    assert found.loc["middle", "value"] == layers["score"].iloc[4]


def test_it_is_the_same_whatever_the_text(mini_bert):
    one, two = (questions.LAYER.evidence(ask_of(mini_bert, *text)) for text in (ODD[0], ODD[8]))
    pd.testing.assert_frame_equal(one, two)


@pytest.mark.parametrize("name", [*numbers.TEXT_TASKS, "names"])
def test_some_examples_are_shown_as_they_stand(name):
    task = tasks.load(name)
    found = numbers.some_examples(task, 20)
    first = task.train[vectors.drawn(task, 20, 0)[0]]
    assert len(found) == 6
    assert found["text"][0] == " / ".join(first.inputs)
    assert found.columns[1] == ("names" if name == "names" else "label")


def test_level_scores_are_not_asked():
    level = made({"cls": [0.5] * 5, "mean": [0.5, 0.55, 0.5, 0.45, 0.5], "max": [0.5] * 5})
    found = numbers._evidence(level, {"cls": 0, "mean": 1, "max": 2}, model="x", at=1)
    assert "no fair question" in questions.POOLING.why_not(found)


def test_nothing_is_kept_that_is_not_measured():
    found = made({"input": [0.5] * 5})
    assert found.nbytes >= found.drawn.nbytes
    assert TRACES.limit > 0


@pytest.mark.parametrize(("layers", "count"), [(1, 3), (2, 4), (3, 4), (4, 6), (12, 6)])
def test_table_7_has_the_rows_that_a_model_has(layers, count):
    """Four last layers of three would be all of them, and the layer before a single one has read nothing."""
    names = [way.name for way in numbers.rows_for(layers)]
    assert len(names) == count
    assert ("last four joined" in names) == (layers >= 4)
    assert ("second to last" in names) == (layers >= 2)
