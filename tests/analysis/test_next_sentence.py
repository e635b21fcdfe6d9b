"""Does B follow A: held against Hugging Face, hand-worked sums, and one change at a time."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bert_explain.analysis import next_sentence as ns
from bert_explain.analysis.masking import same_place, without_changes
from bert_explain.content import next_sentence as content
from bert_explain.errors import Missing
from bert_explain.query import Query
from bert_explain.tokenize import tokenize
from bert_explain.trace import run
from tests.tiny import tiny_bert, tiny_roberta

PAIR = Query("She walked to the bank of the river.", "The water was cold and clear.")
UNRELATED = Query("He put the kettle on.", "The treaty was signed by all nine countries.")


# the answer


@pytest.mark.parametrize("query", [PAIR, UNRELATED, Query("", "Only B."), Query("🙂 مرحبا", "<b>x</b>")])
def test_the_verdict_is_hugging_faces(mini_bert, query):
    given_to_it = mini_bert.tokenizer(query.text_a, query.text_b, return_tensors="pt")
    with torch.inference_mode():
        logits = mini_bert.module(**given_to_it).seq_relationship_logits
    found = ns.verdict(run(mini_bert, query))
    np.testing.assert_allclose(found.logits, logits[0], atol=1e-4)
    assert found.is_next == pytest.approx(float(logits.softmax(-1)[0, 0]), abs=1e-5)
    for follows, label in ((True, 0), (False, 1)):  # Hugging Face's label 0 means: B follows
        loss = torch.nn.functional.cross_entropy(logits, torch.tensor([label]))
        assert found.loss(follows) == pytest.approx(float(loss), abs=1e-4)


def test_worked_by_hand():
    found = ns.Verdict((1.0, -1.0), 5, 0)
    assert found.is_next == pytest.approx(math.e / (math.e + 1 / math.e))
    assert found.called == ns.NEXT
    assert found.loss(True) == pytest.approx(-math.log(found.is_next))
    assert found.loss(False) == pytest.approx(2 + found.loss(True))
    assert ns.Verdict((0.0, 0.1), 5, 0).called == ns.NOT_NEXT


@given(a=st.floats(-500, 500), b=st.floats(-500, 500))
def test_a_verdict_is_a_probability_and_its_loss_finite(a, b):
    found = ns.Verdict((a, b), 1, 0)
    assert 0 <= found.is_next <= 1
    assert found.is_next + ns.Verdict((b, a), 1, 0).is_next == pytest.approx(1)
    assert 0 <= found.loss(True) < math.inf
    assert abs(found.loss(True) - found.loss(False)) == pytest.approx(abs(a - b))


def test_the_answer_is_the_traces_own(mini_bert):
    trace = run(mini_bert, PAIR)
    table = ns.answer(trace)
    assert table["answer"].tolist() == ["is next", "not next"]
    np.testing.assert_allclose(table["probability"], trace.nsp, atol=1e-6)
    np.testing.assert_allclose(table["logit"], trace.nsp_logits)
    assert table["probability"].sum() == pytest.approx(1)


@pytest.mark.parametrize("kind", ["no heads", "bare", "distilbert"])
def test_without_the_head_it_is_said(kind):
    trace = run(tiny_bert(kind), Query("the bank", "water"))
    for step in (ns.verdict, ns.answer, ns.decision, ns.look):
        if kind == "no heads":  # the tiny model without heads still has a pooler
            assert trace.pooled is not None
        with pytest.raises(Missing, match="next-sentence head"):
            step(trace)


def test_the_look_says_who_follows_whom(mini_bert):
    trace = run(mini_bert, PAIR)
    text = ns.look(trace).plain()
    assert "B follows A" in text
    assert ns.percent(float(trace.nsp[0])) in text
    assert f"higher by {trace.nsp_logits[0] - trace.nsp_logits[1]:.2f}" in text
    assert "A follows B" in ns.look(run(mini_bert, PAIR.but(swapped=True))).plain()
    assert "does not follow" in ns.look(run(mini_bert, UNRELATED)).plain()
    assert "Sentence A is empty" in ns.look(run(mini_bert, Query("", "Only B."))).plain()


# how it comes about


@pytest.mark.parametrize("query", [PAIR, UNRELATED, PAIR.but(segments="flipped"), Query("x " * 600, "y")])
def test_the_pulls_add_up_to_the_difference_of_the_logits(mini_bert, query):
    trace = run(mini_bert, query)
    found = ns.decision(trace)
    assert found.pull.shape == (mini_bert.hidden_size,)
    assert found.pull.sum() + found.shift == pytest.approx(trace.nsp_logits[0] - trace.nsp_logits[1], abs=1e-4)
    np.testing.assert_array_equal(found.hidden, trace.hidden[-1, 0])
    weight = mini_bert.pooler.weight.numpy()
    by_hand = np.tanh(weight @ found.hidden + mini_bert.pooler.bias.numpy())
    np.testing.assert_allclose(found.pooled, by_hand, atol=1e-5)
    table = ns.decision_table(found)
    assert abs(table["pull"].iloc[0]) == np.abs(found.pull).max()
    assert sorted(table["dimension"]) == list(range(mini_bert.hidden_size))


def test_what_cls_looks_at(mini_bert):
    trace = run(mini_bert, PAIR)
    table = ns.cls_looks_at(trace)
    assert table["weight"].sum() == pytest.approx(1, abs=1e-5)
    assert table["weight"].is_monotonic_decreasing
    first = table.iloc[0]
    by_hand = np.mean([trace.attention[-1, head, 0, first["position"]] for head in range(mini_bert.n_heads)])
    assert first["weight"] == pytest.approx(by_hand, abs=1e-6)
    said = ns.look_decision(trace, ns.decision(trace)).plain()
    assert all(f"{token} {weight:.2f}" in said for token, weight in table[["token", "weight"]].head(5).to_numpy())


def test_tokens_of_a_reader_are_escaped_in_the_sentence(mini_bert):
    trace = run(mini_bert, Query("{0} <b> {", "} <"))
    assert "<b>" not in ns.look_decision(trace, ns.decision(trace)).html().replace('<b class="piece"', "")


# one change at a time


def judged(model, query, drawn="A herd of elephants crossed the road."):
    found = ns.variants(run(model, query), drawn)
    return found, ns.compare(found, [ns.verdict(run(model, v.query)) for v in found])


def test_each_variant_changes_one_thing(mini_bert):
    found, table = judged(mini_bert, PAIR)
    by_name = {v.name: v.query for v in found}
    assert by_name["as typed"] == PAIR
    assert by_name["A and B swapped"] == PAIR.but(swapped=True)
    assert by_name["segments flipped"] == PAIR.but(segments="flipped")
    assert by_name["without [SEP]"] == PAIR.but(separators="removed")
    assert by_name["B drawn at random"].text_b == "A herd of elephants crossed the road."
    assert by_name["B the same as A"].texts == (PAIR.text_a, PAIR.text_a)
    assert [v.name for v in found if v.applied] == ["as typed"]
    table = table.set_index("change")
    assert table.loc["as typed", "difference"] == 0
    for name, query in by_name.items():
        p = float(run(mini_bert, query).nsp[0])
        assert table.loc[name, "is_next"] == pytest.approx(p, abs=1e-6)
        assert table.loc[name, "difference"] == pytest.approx(p - float(run(mini_bert, PAIR).nsp[0]), abs=1e-6)
    assert table.loc["A and B swapped", ["a", "b"]].tolist() == [PAIR.text_b, PAIR.text_a]


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"swapped": True}, "A and B swapped"),
        ({"segments": "flipped"}, "segments flipped"),
        ({"separators": "removed"}, "without [SEP]"),
        ({"swapped": True, "separators": "removed"}, "all your changes"),
    ],
)
def test_what_is_switched_on_is_marked_and_the_first_row_stays_the_pair_as_typed(mini_bert, change, name):
    found, table = judged(mini_bert, PAIR.but(**change))
    assert [v.name for v in found if v.applied] == [name]
    assert found[0].query == PAIR
    now = float(run(mini_bert, PAIR.but(**change)).nsp[0])
    assert table.set_index("change").loc[name, "is_next"] == pytest.approx(now, abs=1e-6)


def test_without_segments_there_is_nothing_to_flip():
    trace = run(tiny_bert("no segments"), Query("the bank", "water"))
    assert not [v.name for v in ns.variants(trace, "the river") if "segments" in v.name]


def test_masks_stay_on_their_words(mini_bert):
    trace = run(mini_bert, PAIR.but(masked=(5, 12), replaced=((2, 2000),)))  # "bank"; "water"; "walked"
    for change in ({"swapped": True}, {"separators": "removed"}, {"swapped": True, "separators": "removed"}):
        query = ns.carried(trace, trace.query.but(**change))
        tokens = tokenize(mini_bert, query)[0]
        assert {tokens[p].original for p in query.masked} == {trace.tokens[p].original for p in (5, 12)}
        assert [(tokens[p].original, i) for p, i in query.replaced] == [("walked", 2000)]
        there = run(mini_bert, query)
        assert ns.carried(there, query.but(swapped=False, separators="normal")) == trace.query
    other = ns.carried(trace, trace.query.but(text_b="Something else entirely."))
    assert (other.masked, other.replaced) == ((5,), ((2, 2000),))


@given(
    words=st.tuples(*[st.lists(st.sampled_from(["the", "bank", "water", "rivers", "🙂", "a​b"]), max_size=12)] * 2),
    swapped=st.booleans(),
    data=st.data(),
)
@settings(max_examples=40)
def test_carried_masks_exist_and_come_back(mini_bert, words, swapped, data):
    query = Query(" ".join(words[0]), " ".join(words[1]), swapped=swapped)
    tokens = tokenize(mini_bert, query)[0]
    able = [t.position for t in tokens if not t.special]
    masked = tuple(data.draw(st.lists(st.sampled_from(able), unique=True))) if able else ()
    trace = run(mini_bert, query.but(masked=masked))
    there = ns.carried(trace, trace.query.but(swapped=not swapped))
    assert len(there.masked) == len(trace.query.masked)
    assert ns.carried(run(mini_bert, there), there.but(swapped=swapped)) == trace.query


def test_the_look_names_the_largest_change_of_the_same_words(mini_bert):
    _, table = judged(mini_bert, UNRELATED)
    said = ns.look_compare(table).plain()
    rows = table.set_index("change")
    same = rows.loc[["A and B swapped", "segments flipped", "segments removed", "without [SEP]"], "difference"].abs()
    assert f"“{same.idxmax()}”" in said
    assert ns.percent(rows.loc[same.idxmax(), "is_next"]) in said
    assert ns.percent(rows.loc["A and B swapped", "is_next"]) in said


@pytest.mark.parametrize(("swapped", "says"), [(0.89, "order hardly counts"), (0.3, "order counts here")])
def test_the_look_says_whether_the_order_counts(swapped, says):
    variants = [ns.Variant(n, PAIR, False) for n in ("as typed", "A and B swapped", "segments flipped", "without [SEP]")]
    verdicts = [ns.Verdict((math.log(p / (1 - p)), 0.0), 5, 0) for p in (0.9, swapped, 0.1, 0.9)]
    assert says in ns.look_compare(ns.compare(variants, verdicts)).plain()


# the sentences


def test_a_seed_draws_the_same_sentence_and_seeds_differ():
    drawn = [ns.random_sentence(content.sentences(), seed) for seed in range(200)]
    assert drawn == [ns.random_sentence(content.sentences(), seed) for seed in range(200)]
    assert len(set(drawn)) > 60
    assert len(set(content.sentences())) == len(content.sentences()) >= 60


def test_short_keeps_a_line():
    assert ns.short("a  b\nc") == "a b c"
    assert len(ns.short("word " * 40)) == ns.LONGEST
    assert ns.short("word " * 40).endswith("…")


def test_of_a_letter_of_several_bytes_each_piece_keeps_its_own_mask():
    """All bytes of a letter have its characters; they are told apart by their order."""
    model = tiny_roberta()
    trace = run(model, Query("ok 😀 no", "then"))
    bytes_ = [t.position for t in trace.tokens if trace.tokens[t.position].span == trace.tokens[5].span]
    assert len(bytes_) > 2
    some = run(model, Query("ok 😀 no", "then", masked=(bytes_[1],)))
    assert without_changes(some) == some.query
    assert [same_place(trace, p, some) for p in bytes_] == bytes_
    swapped = ns.carried(some, some.query.but(swapped=True))
    there = run(model, swapped)
    assert [there.tokens[p].span for p in swapped.masked] == [trace.tokens[bytes_[1]].span]
    assert [same_place(some, bytes_[1], there)] == list(swapped.masked)
    assert ns.carried_token(some, swapped, bytes_[1]) == swapped.masked[0]
