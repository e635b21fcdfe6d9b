"""Replicate the paper: numbers worked out by hand, intervals, odd rows; what the bundled model gives, computed another way."""

import csv
import io
import math
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from bert_explain import chapters
from bert_explain.chapters.replicate import (
    both_ways,
    cone,
    figures,
    frozen,
    heads,
    looks,
    negation,
    pipeline,
    regions,
    roles,
    syntax,
    trial,
)
from bert_explain.chapters.replicate import draw_table as table
from bert_explain.chapters.replicate.bench import Live
from bert_explain.chapters.replicate.chapter import CHAPTER, WORDS
from bert_explain.figures.theme import LIGHT
from bert_explain.learning.chapter import Need
from bert_explain.query import Query
from bert_explain.trace import run
from tests.tiny import tiny_bert

LIGHT_WORK = (negation, roles, looks, heads, cone, regions, syntax, pipeline)  # the others train models
TRIALS = tuple(module.TRIAL for module in (*LIGHT_WORK, frozen, both_ways))
every = pytest.mark.parametrize("one", TRIALS, ids=lambda one: one.id)


def silent(share, text=""):
    assert 0 <= share <= 1


@pytest.fixture(scope="module")
def bench(mini_bert):
    return Live("mini-bert", mini_bert)


# intervals
def test_an_interval_of_a_hand_made_sample():
    value, low, high = trial.interval([1, 1, 1, 0])
    assert value == 0.75
    assert (low, high) == (0.25, 1.0)  # binomial(4, 0.75) / 4: its 2.5 and 97.5 percent points
    assert trial.interval([1, 1, 1, 0]) == (value, low, high)  # seeded


def test_an_interval_is_as_wide_as_theory_says():
    sample = np.random.default_rng(3).normal(5, 2, 400)
    value, low, high = trial.interval(sample)
    assert value == pytest.approx(sample.mean())
    assert high - low == pytest.approx(2 * 1.96 * sample.std() / 20, rel=0.08)


def test_intervals_of_other_numbers_and_of_unequal_units():
    assert trial.interval([0.0, math.log(4)], of=np.exp)[0] == pytest.approx(2)
    assert trial.interval([1, 0], weights=[3, 1])[0] == 0.75
    counts = trial.interval(np.array([[0.6, 0.4], [0.7, 0.2]]), of=lambda m: (m > 0.5).sum(1))
    assert counts[0] == 1


@pytest.mark.parametrize(("values", "known"), [([], False), ([1.0], True)])
def test_with_fewer_than_two_units_there_is_no_interval(values, known):
    value, low, high = trial.interval(values)
    assert (value == value) is known
    assert math.isnan(low)
    assert math.isnan(high)
    assert trial.measured("x", values).interval == "–"


# verdicts
def measure(value, low, high, n=20):
    return trial.Measure("x", value, low, high, n)


def test_states_need_the_whole_interval_and_enough_rows():
    assert trial.above(measure(0.8, 0.6, 0.9), 0.5) == trial.HOLDS
    assert trial.above(measure(0.3, 0.1, 0.4), 0.5) == trial.FAILS
    assert trial.below(measure(0.3, 0.1, 0.4), 0.5) == trial.HOLDS
    assert trial.above(measure(0.6, 0.4, 0.8), 0.5) == trial.OPEN
    assert trial.above(measure(0.8, 0.6, 0.9, n=9), 0.5) == trial.OPEN
    assert trial.above(measure(0.8, float("nan"), float("nan")), 0.5) == trial.OPEN
    assert trial.at_least(measure(1, 1, 1), 1) == trial.HOLDS


@pytest.mark.parametrize(
    ("states", "begin"),
    [
        (["holds", "holds"], "Found again, in both parts. It holds that a and b."),
        (["fails", "fails"], "Not found again, in no part. It does not hold that a and b."),
        (["holds", "fails"], "Found again in part: 1 of 2. It holds that a. It does not hold that b."),
        (["holds", "open"], "Found again as far as can be told: 1 of 2 parts. It holds that a. It stays open whether b."),
        (
            ["open", "fails"],
            "Not found again as far as can be told: 1 of 2 parts fail. It does not hold that b. It stays open whether a.",
        ),
        (["open", "open"], "None of it can be told from so few rows. It stays open whether a and b."),
        (["holds"], "Found again. It holds that a."),
        (["open"], "Not to be told from so few rows. It stays open whether a."),
    ],
)
def test_a_half_failed_replication_says_so(states, begin):
    parts = tuple(trial.Part(name, state) for name, state in zip("ab", states, strict=False))
    assert trial.verdict(trial.Outcome((), parts, pd.DataFrame())).plain() == begin


# numbers worked out by hand
def test_negation_by_hand():
    rows = pd.DataFrame(
        [
            ("A ___.", "Not A ___.", "x", "y", math.log(0.4), math.log(0.1), math.log(0.2), math.log(0.1)),
            ("B ___.", "Not B ___.", "x", "y", math.log(0.1), math.log(0.4), math.log(0.2), math.log(0.3)),
        ],
        columns=["sentence", "negated", "fits", "other", "fits_plain", "other_plain", "fits_negated", "other_negated"],
    )
    turned, plain, ratio = negation.outcome(rows).measures
    assert (turned.value, plain.value) == (0.5, 0.5)
    assert ratio.value == pytest.approx(1.0)  # the mean of ln (1/2) and ln 2
    assert ratio.here == "1.00 ×"
    assert {part.state for part in negation.outcome(rows).parts} == {trial.OPEN}  # two rows tell nothing


def test_roles_by_hand():
    rows = pd.DataFrame({"rank": [1, 5, 6, 40], "good": np.log([0.2, 0.1, 0.1, 0.1]), "turned": np.log([0.1, 0.1, 0.2, 0.1])})
    top, likelier, ratio = roles.outcome(rows).measures
    assert (top.value, likelier.value, ratio.value) == (0.5, 0.25, pytest.approx(1.0))


def test_shares_of_attention_by_hand():
    special = SimpleNamespace(start=SimpleNamespace(id=7))
    tokens = [
        SimpleNamespace(special=True, id=7, text="[CLS]"),
        SimpleNamespace(special=False, id=1, text="a"),
        SimpleNamespace(special=False, id=2, text="."),
        SimpleNamespace(special=True, id=8, text="[SEP]"),
    ]
    weights = np.zeros((1, 2, 4, 4))
    weights[0, 0] = np.eye(4)[[0, 0, 1, 2]]  # each looks at the one before
    weights[0, 1] = [0.1, 0.2, 0.3, 0.4]
    trace = SimpleNamespace(spec=SimpleNamespace(special=special), tokens=tokens, attention=weights)
    assert looks.shares(trace) == pytest.approx(np.array([[0.3, 0.2, 0.275, 0.225]]))
    back = looks.neighbours(trace)
    assert back[0, 0] == pytest.approx([1.0, 0.0])
    assert back[0, 1] == pytest.approx([0.2, 0.3])


@pytest.mark.parametrize(("layers", "where"), [(12, (6, 10)), (6, (3, 5)), (2, (1, 2)), (1, (1, 1)), (24, (12, 20))])
def test_the_later_middle_of_any_depth(layers, where):
    assert looks.middle(layers) == where


def test_how_many_heads_can_go_together_by_hand():
    kept = [1, 1, 0.9, 0.95, 0.8, 1, 0, 0, 0, 0, 0]
    assert heads.together(np.array([kept]))[0] == pytest.approx(0.3)  # 1.0 at a half comes after a loss, and does not count
    assert heads.together(np.ones((1, 11)))[0] == 1
    off = heads.fewer([3, 2, 1, 0], 2, 2)
    assert off.shape == (10, 2, 2)
    assert off[-1].sum() == 0
    assert off[2].tolist() == [[1, 1], [1, 0]]  # three tenths of four heads: one


def test_likeness_by_hand():
    assert cone.first_share(np.array([[1.0, 0], [1, 0], [1, 0.0]]), centred=False) == pytest.approx(1)
    assert cone.first_share(np.array([[2.0, 0], [-2, 0], [0, 1], [0, -1]])) == pytest.approx(8 / 10)
    one = (["a", "b"], np.array([[[1.0, 0], [0, 1]]]))  # (K = 1, W = 2, D = 2)
    found = cone.alike([one] * 6)
    assert found["random"].mean() == pytest.approx(0)  # a beside b elsewhere
    assert found["itself"] == pytest.approx(np.ones((2, 1)))
    assert found["inside"][0, 0] == pytest.approx(math.sqrt(0.5))


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ([0.9, 0.8, 0.7], "falls"),
        ([0.9, 0.7, 0.8], "falls, then rises"),
        ([0.9, 0.91, 0.9], "stays as it is"),
        ([0.5, 0.6, 0.7, 0.6], "rises, then falls"),
        ([0.1, 0.9, 0.1, 0.9, 0.1], "rises and falls several times"),
    ],
)
def test_the_course_of_numbers_is_called_by_its_name(path, said):
    assert cone.course(path) == said


def test_neighbours_and_pulls_by_hand():
    vectors = np.array([[1.0, 0], [0.9, 0.1], [0, 1], [0.1, 0.9]])
    words, meanings = ["bat"] * 4, ["animal", "animal", "club", "club"]
    assert regions.nearest(vectors, words, meanings).tolist() == [1, 1, 1, 1]
    assert regions.nearest(np.ones((4, 2)), words, meanings) == pytest.approx(1 / 3)  # all equally near: a blind pick
    assert regions.commonest(words, meanings).tolist() == [0.5] * 4
    assert regions.commonest(["x"] * 3, ["p", "p", "q"]).tolist() == [1, 1, 0]
    alone, beside = regions.pull(vectors, np.roll(vectors, 2, axis=0), words, meanings)
    assert (alone > 1).all()
    assert (beside < 1).all()
    assert regions.another(0, words, meanings, same=True) == 1
    assert regions.another(3, words, meanings, same=False) == 0


# rows
def test_there_are_enough_rows_of_our_own_and_all_can_be_used(bench):
    least = {"negation": 18, "roles": 30, "looks": 100, "heads": 100, "cone": 100, "regions": 60}
    least |= {"syntax": 150, "pipeline": 500, "frozen": 130, "both_ways": 300}
    for one in TRIALS:
        rows = one.builtin()
        assert len(rows) >= least[one.id], one.id
        assert len(set(rows)) == len(rows), one.id
        assert trial.sorted_out(bench, one, rows) == (rows, []), one.id


ODD = [
    "",
    " ",
    "___",
    "no gap here",
    "___ ___",
    "a [MASK] b ___",
    "___ " + "word " * 700,
    "x" * 300 + " ___",
    "<b>___</b> {x} $y$",
    "😀 ___",
    "\x00___",
]


@every
@pytest.mark.parametrize("kind", ["full", pytest.param("mini", marks=pytest.mark.walk)])
def test_odd_rows_are_told_by_a_sentence_and_break_nothing(bench, one, kind):
    where = bench if kind == "mini" else Live("tiny", tiny_bert())
    width = len(one.columns)
    rows = [tuple([text] * width) for text in ODD] + [(text, *["cold"] * (width - 1)) for text in ODD]
    good, bad = trial.sorted_out(where, one, rows)
    assert all(line.endswith(".") for line in bad)
    assert len(bad) <= 6
    assert set(good) <= set(rows)
    if len(good) > 1:
        found = one.work(where, good[:3], silent)
        for sentence in (trial.verdict(found), *trial.reasons(one, found, where.spec, good[:3])):
            assert "nan" not in sentence.plain()


def test_each_fault_is_named(bench):
    good = ("A dog is an ___.", "A dog is not an ___.", "animal", "hour")
    cases = {
        ("A dog is an animal.", *good[1:]): "needs one ___",
        (good[0], "___ ___", *good[2:]): "needs one ___",
        (*good[:2], "unbelievably so", "hour"): "not one piece",
        (*good[:2], "", "hour"): "a word is missing",
        (*good[:2], "hour", "Hour"): "both words are the same",
    }
    for row, said in cases.items():
        assert said in trial.sorted_out(bench, negation.TRIAL, [good, row])[1][0], row
        assert trial.sorted_out(bench, negation.TRIAL, [good, row])[1][0].startswith("Row 2 ")
    rows = [
        ("bank", "river", "The bank."),
        ("bank", "money", "A bank."),
        ("bank", "money", "My bank."),
        ("bank", "money", "No word."),
    ]
    told = trial.sorted_out(bench, regions.TRIAL, rows)[1]
    assert "second sentence" in told[0]
    assert "does not stand" in told[1]


@every
def test_a_table_goes_into_an_address_and_back(one):
    param = table.rows_of(one)
    rows = (tuple("zé" + str(i) for i in range(len(one.columns))), tuple("" for _ in one.columns))
    assert param.parse(param.show(table.Edited(rows, rows))).rows == rows
    with pytest.raises(ValueError):  # noqa: PT011  (a parameter's `parse` says no more)
        param.parse(param.show(table.Edited(rows, ((*rows[0], "one cell more"),))))


# other models
@pytest.mark.parametrize("one", [module.TRIAL for module in LIGHT_WORK], ids=lambda one: one.id)
@pytest.mark.parametrize("kind", ["full", "no segments", "distilbert", "no heads", "bare"])
def test_every_model_runs_it_or_says_what_it_lacks(one, kind):
    model = tiny_bert(kind)
    step = CHAPTER.step(one.id)
    if kind in ("no heads", "bare") and Need.MASKED_WORDS in one.needs:
        assert "no head for masked words" in step.lacks(model)
        return
    assert step.lacks(model) == ""
    where = Live("tiny", model)
    texts = ["The cold river water.", "Cold water, the bank.", "The bank the river.", "River bank water."]
    rows = {
        "negation": [("The water ___.", "The cold water ___.", "bank", "river"), ("___ cold.", "The ___.", "water", "the")],
        "roles": [("The water ___.", "The cold water ___.", "bank"), ("___ cold.", "The ___.", "water")],
        "looks": list(pairwise(texts)),
        "heads": [("The water ___.", "bank"), ("___ cold.", "water"), ("The ___ bank.", "cold")],
        "cone": [(text,) for text in texts],
        "syntax": [("det:0>1", "The water."), ("det:0>2 poss:1>2", "The river bank."), *[("det:0>1", "The bank.")] * 2],
        "pipeline": [
            ("part of speech", f"The {'cold ' * i}bank.", word, "", tag)
            for i in range(6)
            for word, tag in (("The", "DET"), ("bank", "NOUN"))
        ],
        "regions": [
            ("bank", meaning, text)
            for meaning, text in zip("aabb", ["The bank.", "Cold bank.", "Water bank.", "River bank."], strict=True)
        ],
    }[one.id]
    good, bad = trial.sorted_out(where, one, rows)
    assert (len(good), bad) == (len(rows), [])
    found = one.work(where, good, silent)
    told = [trial.verdict(found), *trial.reasons(one, found, where.spec, good)]
    assert all(line.plain().endswith(".") and "nan" not in line.plain() for line in told)
    assert {"what", "paper", "this model"} <= set(trial.table(found))
    figures.shares(found.measures, LIGHT)
    assert list(csv.reader(io.StringIO(found.rows.to_csv(index=False))))


def test_a_model_that_has_no_mask_is_a_fault_of_every_row(bench):
    spec = replace(bench.spec, special=replace(bench.spec.special, mask=None))
    without = SimpleNamespace(spec=spec, tokens=bench.tokens, piece=bench.piece)
    for module in (negation, roles, heads):
        rows = module.TRIAL.builtin()[:2]
        assert set(module.TRIAL.faults(bench, rows)) == {""}
        assert set(module.TRIAL.faults(without, rows)) == {"the model has no token that hides a word"}


def test_heads_off_in_one_batch_are_heads_off_one_by_one(mini_bert, bench):
    query, position = trial.gap(bench, "The cat sat on the ___.")
    on = heads.single(6, 12)[[0, 30, 71]]
    batch = bench.without_heads(query, position, on)
    for row, (layer, head) in zip(batch, [(0, 0), (2, 6), (5, 11)], strict=True):
        alone = run(mini_bert, query.but(heads_off=((layer, head),))).mlm_logits([position])[0]
        assert row == pytest.approx(alone, abs=2e-3)


# what the bundled model gives, computed another way
def test_negation_on_the_bundled_model(mini_bert, bench):
    rows = negation.TRIAL.builtin()[:6]
    found = negation.TRIAL.work(bench, rows, silent)
    tok, wins = mini_bert.tokenizer, []
    for sentence, negated, fits, other in rows:
        ids = tok.convert_tokens_to_ids([fits.lower(), other.lower()])
        pair = []
        for text in (sentence, negated):
            read = tok(text.replace("___", "[MASK]"))["input_ids"]
            trace = run(mini_bert, Query(text.replace("___", "[MASK]")))
            assert [t.id for t in trace.tokens] == read
            logits = trace.mlm_logits([read.index(tok.mask_token_id)])[0]
            pair.append(torch.log_softmax(torch.tensor(logits), -1)[ids].tolist())
        wins.append((pair[0][0] > pair[0][1], pair[1][1] > pair[1][0], pair[1][0] - pair[0][0]))
    plain, negated_right, ratios = (np.array(list(column), dtype=float) for column in zip(*wins, strict=True))
    turned, first, ratio = found.measures
    assert (turned.value, first.value) == (negated_right.mean(), plain.mean())
    assert ratio.value == pytest.approx(math.exp(ratios.mean()), rel=1e-4)


def test_negation_is_not_heard_here(bench):
    found = negation.TRIAL.work(bench, negation.TRIAL.builtin(), silent)
    turned, plain, _ = found.measures
    assert plain.value > 0.9
    assert turned.value < 0.2
    assert trial.verdict(found).plain().startswith("Found again, in both parts.")


def test_attention_sinks_into_cls_here_and_says_so(mini_bert, bench):
    rows = looks.TRIAL.builtin()[:12]
    found = looks.TRIAL.work(bench, rows, silent)
    shares = []
    for a, b in rows:
        trace = run(mini_bert, Query(a, b))
        kinds = np.array([t.text for t in trace.tokens])
        shares.append([trace.attention[layer][:, :, kinds == "[SEP]"].sum(-1).mean() for layer in range(2, 5)])
    assert found.measures[0].value == pytest.approx(np.mean(shares), rel=1e-4)
    assert found.measures[0].value < 0.2
    assert "at another address" in looks.why(found, bench.spec)[0].plain()
    assert trial.verdict(found).plain().startswith("Found again in part")


def test_single_heads_change_what_single_runs_change(mini_bert, bench):
    rows = heads.TRIAL.builtin()[:3]
    found = heads.TRIAL.work(bench, rows, silent)
    changed = []
    for sentence, _ in rows:
        query, position = trial.gap(bench, sentence)
        first = run(mini_bert, query).mlm_logits([position])[0].argmax()
        for layer in range(6):
            for head in range(12):
                changed.append(run(mini_bert, query.but(heads_off=((layer, head),))).mlm_logits([position])[0].argmax() != first)
    assert found.measures[0].value == pytest.approx(np.mean(changed), abs=2 / 216)  # batched sums may differ in the last digit


def test_meanings_are_parted_as_the_scores_of_the_other_page_say(bench):
    from bert_explain.analysis import senses
    from bert_explain.analysis.occurrences import Occurrence, reader

    rows = regions.TRIAL.builtin()[:18]
    found = regions.TRIAL.work(bench, rows, silent)
    there = [Occurrence(text, *regions.place(word, text), meaning) for word, meaning, text in rows]
    vectors = reader("bert", bench.encoder).vectors(there)[-1]
    expected = senses.score(vectors, [w for w, _, _ in rows], [m for _, m, _ in rows], [t for _, _, t in rows])
    assert found.measures[0].value == pytest.approx(expected.share, abs=1e-6)


def test_random_words_in_the_bundled_model_are_more_alike_in_the_middle(bench):
    rows = cone.TRIAL.builtin()[:40]
    found = cone.TRIAL.work(bench, rows, silent)
    of = found.by[(found.by["key"] == "bert") & (found.by["what"] == "random")].set_index("layer")["value"]
    # Another way: every two words of different sentences and forms, not a sample of them.
    read = [cone.read(bench, "bert", text) for (text,) in rows]
    units = [cone.unit(np.asarray(vectors[3], dtype=float)) for _, vectors in read]
    every = [units[i] @ units[j].T for i in range(len(rows)) for j in range(i + 1, len(rows))]
    mean = np.concatenate([block.ravel() for block in every]).mean()
    assert of[3] == pytest.approx(mean, abs=0.05)
    assert of[3] > of[6] + 0.05


# words and declaration
def test_every_trial_has_its_step_and_its_words():
    assert [step.id for step in CHAPTER.every] == ["negation", "looks", "cone", "roles", "heads", "regions"] + [
        one.id for one in TRIALS[-4:]
    ]
    assert set(WORDS) == {one.id for one in TRIALS}
    assert all({"title", "claim", "paper", "done", "run"} <= set(words) for words in WORDS.values())
    assert chapters.load("replicate") is CHAPTER
    assert len({param.name for param in CHAPTER.params}) == len(CHAPTER.params) == 20
    assert len(CHAPTER.questions) == 2


# the four that read grammar, and train
def test_marks_are_read_or_told(bench):
    good = ("det:0>1", "The dog barked.")
    for marks, said in {
        "": "no relation is marked",
        "det 0 1": "not written as det:0>1",
        "det:0-1": "not written as det:0>1",
        "det:0>9": "does not go from one of",
        "subj:0>1": "is none of the relations",
        "det:0>99999": "not written as",
    }.items():
        told = trial.sorted_out(bench, syntax.TRIAL, [good, (marks, "The dog barked.")])[1][0]
        assert said in told, marks


def test_one_head_by_hand():
    from bert_explain.analysis.relation_heads import Looked

    halves = np.array(["choose", "score"] * 24)
    right = np.ones((1, 1, 48), dtype=bool)
    right[..., 1:12:2] = False  # 6 of 24 of the half that scores
    looked = Looked(right, np.array(["dobj"] * 48), np.tile([-2, -1], 24), np.arange(48), halves)
    found = syntax.outcome(looked, [])
    values = {m.name: m.value for m in found.measures}
    assert values["dobj, by its best head"] == pytest.approx(0.75)
    assert values["dobj, by the best offset (-2)"] == 0  # of the half that chooses all are at -2, of the other none
    assert values["dobj: head minus offset"] == pytest.approx(0.75)
    assert [part.state for part in found.parts] == [trial.HOLDS] * 2


def test_the_expected_layer_by_hand():
    assert pipeline.expected(np.array([[0.5, 0.7, 0.9, 0.9]]))[0] == pytest.approx(1.5)
    assert pipeline.expected(np.array([[0.5, 0.5, 0.9]]))[0] == pytest.approx(2)
    assert math.isnan(pipeline.expected(np.array([[0.5, 0.6, 0.51]]))[0])
    layers = pipeline.up_to(np.array([[[0.0], [2.0]], [[0.0], [20.0]]]))
    assert layers[1] == pytest.approx(layers[0])  # the second layer is ten times as large, and counts no more for it


def test_rows_that_would_lead_a_probe_astray_stay_together():
    rows = [("coreference", text, "it", noun, "") for text, noun in (("A.", "cat"), ("A.", "dog"), ("B.", "dog"), ("C.", "cup"))]
    assert pipeline.together("coreference", rows).tolist() == [0, 0, 0, 1]
    assert pipeline.together("part of speech", [("", "A.", "fish"), ("", "B.", "Fish"), ("", "A.", "the")]).tolist() == [0, 0, 1]
    assert pipeline.together("name", rows).tolist() == [0, 0, 1, 2]
    twins: dict[str, list[str]] = {}
    for sentence, meant, other in trial.read("coreference"):
        twins.setdefault(sentence.split(" because")[0], []).append(meant)
        for word in (meant, other):
            assert pipeline.place(word, sentence), sentence
    firsts = [s.index(f" {m}") < s.index(f" {o}") for s, m, o in trial.read("coreference")]
    assert 0.4 <= np.mean(firsts) <= 0.6


def test_an_order_is_found_where_there_is_one():
    rng = np.random.default_rng(0)
    groups = np.arange(400)
    draw = rng.random(400)
    early, late = (np.stack([draw < share for share in course]).astype(float) for course in ([0.5, 0.9, 0.9], [0.5, 0.5, 0.9]))
    found = pipeline.outcome({"part of speech": (early, groups), "dependency": (late, groups)}, pd.DataFrame())
    assert [part.state for part in found.parts] == [trial.HOLDS]
    same = pipeline.outcome({"part of speech": (early, groups), "dependency": (early, groups)}, pd.DataFrame())
    assert [part.state for part in same.parts] == [trial.OPEN]
    flat = pipeline.outcome({"part of speech": (np.ones((3, 40)), np.arange(40))}, pd.DataFrame())
    assert "Where nothing can be said" in " ".join(s.plain() for s in pipeline.why(flat, SimpleNamespace(n_layers=2)))


class Trainer(Live):
    """Says what is asked of it instead of training: names right with one chance, labels with another."""

    def __init__(self, model, chances):
        super().__init__("tiny", model)
        self.chances = chances

    def unfit(self, kind, decoder=False):
        return ""

    def trained(self, task, recipe, progress, decoder=False):
        rng = np.random.default_rng([recipe["seed"], decoder])
        progress(1.0, "")
        said = []
        for example in task.test:
            right = rng.random() < self.chances[decoder]
            tags = getattr(example, "tags", None)
            if tags is not None:
                said.append(list(tags) if right else ["O"] * len(tags))
            else:
                said.append(example.label if right else next(label for label in task.labels if label != example.label))
        return SimpleNamespace(said=tuple(said))


def test_features_and_fine_tuning_are_compared_on_the_same_rows():
    rows = frozen.TRIAL.builtin()[:40]
    found = frozen.TRIAL.work(Trainer(tiny_bert(), (0.95, 0.5)), rows, silent)
    values = {m.name: m for m in found.measures}
    assert values["F1, fine-tuned"].value > 0.85
    assert values["F1, fine-tuned"].paper == "96.4 (dev)"
    assert found.parts[-1].state == trial.HOLDS  # a tiny model without training reads no names off its vectors
    assert values["last layer minus embeddings"].value == pytest.approx(
        values["F1, last layer"].value - values["F1, embeddings"].value
    )
    told = [trial.verdict(found), *trial.reasons(frozen.TRIAL, found, tiny_bert().spec, rows)]
    assert all(line.plain().endswith(".") and "nan" not in line.plain() for line in told)


def test_a_model_that_is_not_fine_tuned_still_has_its_features():
    found = frozen.TRIAL.work(Live("tiny", tiny_bert("distilbert")), frozen.TRIAL.builtin()[:12], silent)
    assert found.left_out[0] == "2 layers are too few for: sum of the last four, last four side by side."
    assert "not fine-tuned here" in found.left_out[1]
    assert [part.text for part in found.parts] == ["the last layer is ahead of the embeddings"]
    assert not any("last four" in measure.name for measure in found.measures)


def test_both_directions_are_worth_what_the_draws_say():
    rows = both_ways.TRIAL.builtin()
    found = both_ways.TRIAL.work(Trainer(tiny_bert(), (0.95, 0.6)), rows, silent)
    states = {part.text: part.state for part in found.parts}
    assert states["BERT is ahead on names"] == states["BERT is ahead on same sense"] == trial.HOLDS
    assert states["on sentiment the two are less than five points apart"] == trial.FAILS
    equal = both_ways.TRIAL.work(Trainer(tiny_bert(), (0.99, 0.99)), rows, silent)
    states = {part.text: part.state for part in equal.parts}
    assert states["on sentiment the two are less than five points apart"] == trial.HOLDS
    assert states["BERT is ahead on names"] in (trial.OPEN, trial.FAILS)
    few = both_ways.TRIAL.work(Trainer(tiny_bert(), (0.9, 0.5)), rows[:20], silent)
    assert len(few.left_out) == 2


def test_wrong_rows_of_the_three_tasks_are_named(bench):
    good = both_ways.TRIAL.builtin()[0]
    cases = {
        ("odd", *good[1:]): "its task is none of",
        (good[0], "", "", good[3]): "a sentence is missing",
        (good[0], good[1], "", "perhaps"): "its answer is none of",
        ("names", "Anna left.", "", "B-person O"): "3 words and 2 tags",
        ("same sense", 'A "dog".', "", "same"): "a sentence is missing",
    }
    for row, said in cases.items():
        assert said in trial.sorted_out(bench, both_ways.TRIAL, [good, row])[1][0], row
