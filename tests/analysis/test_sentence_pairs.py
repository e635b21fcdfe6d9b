"""Tables of pairs, the 50/50 draw, and the known weaknesses."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bert_explain.analysis.next_sentence import Verdict, verdict
from bert_explain.chapters.next_sentence import sentence_pairs as sp
from bert_explain.content import next_sentence as content
from bert_explain.content.next_sentence import Row
from bert_explain.trace import run

TEXTS = content.documents()


def says(p):
    return Verdict((math.log(p / (1 - p)), 0.0), 9, 0)


def run_all(model, queries):
    return [verdict(run(model, query)) for query in queries]


# a table of pairs


def test_incomplete_rows_are_said_and_numbers_stay():
    rows = [Row("a", "b"), Row("", ""), Row("a", " "), Row("", "b"), Row("c", "d", True)]
    checked = sp.check(rows)
    assert checked.numbers == (1, 5)
    assert checked.rows == (rows[0], rows[4])
    assert checked.problems == (
        "Row 3 has no sentence B, so it is not judged.",
        "Row 4 has no sentence A, so it is not judged.",
    )


def test_no_more_than_the_cap():
    checked = sp.check([Row("a", "b")] * 12, most=10)
    assert len(checked.rows) == 10
    assert checked.problems == ("Only the first 10 complete rows are judged; 2 are left out.",)


def test_judged_by_hand():
    checked = sp.check([Row("a", "b", True), Row("", "x"), Row("c", "d", False), Row("e", "f")])
    table = sp.judged(checked, [says(0.8), says(0.6), says(0.1)])
    assert table["row"].tolist() == [1, 3, 4]
    np.testing.assert_allclose(table["is_next"], [0.8, 0.6, 0.1])
    assert table["verdict"].tolist() == ["is next", "is next", "not next"]
    assert table["label"].tolist() == ["is next", "not next", ""]
    assert table["right"].tolist() == [True, False, None]
    np.testing.assert_allclose(table["loss"], [-math.log(0.8), -math.log(0.4), np.nan])
    assert sp.accuracy(table) == (1, 2)
    said = sp.look_judged(table).plain()
    assert "right on 1 of 2 labelled pairs (50 %)" in said
    assert "Most wrong is row 3: 60 %" in said
    shown = sp.by_row(table, 4)
    assert shown["row"].tolist() == [1, 2, 3, 4]
    assert shown["verdict"].tolist() == ["is next", "not judged", "is next", "not next"]
    assert shown["right"].tolist() == ["right", "", "wrong", ""]
    assert np.isnan(shown["is_next"][1])


def test_looks_without_rows_labels_or_errors():
    assert "no complete row" in sp.look_judged(sp.judged(sp.check([]), [])).plain()
    unlabelled = sp.judged(sp.check([Row("a", "b")]), [says(0.7)])
    assert "calls 1 of 1 pair " in sp.look_judged(unlabelled).plain()
    right = sp.judged(sp.check([Row("a", "b", True)]), [says(0.7)])
    assert "right on 1 of 1 labelled pair (100 %): row 1 gets 70 %" in sp.look_judged(right).plain()
    assert sp.by_row(sp.judged(sp.check([]), []), 2)["verdict"].tolist() == ["not judged"] * 2


def test_the_built_in_pairs_are_labelled_and_mostly_right(mini_bert):
    checked = sp.check(content.rows())
    assert not checked.problems
    right, labelled = sp.accuracy(sp.judged(checked, run_all(mini_bert, sp.queries(checked.rows))))
    assert labelled >= 15
    assert right / labelled > 0.7


# the draw


@given(seed=st.integers(0, 9999), count=st.integers(4, 30))
def test_every_drawn_pair_is_what_its_label_says(seed, count):
    drawn = sp.draw(TEXTS, seed, count)
    assert len(drawn) == count
    assert drawn["pair"].tolist() == list(range(1, count + 1))
    assert not drawn.duplicated(["document", "place"]).any()
    for row in drawn.itertuples():
        assert row.a == TEXTS[row.document].sentences[row.place]
        assert row.b == TEXTS[row.b_document].sentences[row.b_place]
        if row.follows:
            assert (row.b_document, row.b_place) == (row.document, row.place + 1)
        else:
            assert row.b_document != row.document


def test_the_same_seed_draws_the_same():
    assert sp.draw(TEXTS, 3, 12).equals(sp.draw(TEXTS, 3, 12))
    assert not sp.draw(TEXTS, 3, 12).equals(sp.draw(TEXTS, 4, 12))


def test_over_many_draws_half_are_true_and_every_text_gives_random_ones():
    draws = [sp.draw(TEXTS, seed, 30) for seed in range(200)]
    assert np.mean([d["follows"].mean() for d in draws]) == pytest.approx(0.5, abs=0.02)
    random = np.concatenate([d.loc[~d["follows"], "b_document"] for d in draws])
    share = np.bincount(random, minlength=len(TEXTS)) / len(random)
    np.testing.assert_allclose(share, 1 / len(TEXTS), atol=0.03)


@pytest.mark.parametrize("seed", [0, 1])
def test_the_mean_loss_is_hugging_faces(mini_bert, seed):
    drawn = sp.draw(TEXTS, seed, 6)
    table = sp.with_verdicts(drawn, run_all(mini_bert, sp.queries(sp.drawn_rows(drawn))))
    batch = mini_bert.tokenizer(list(drawn["a"]), list(drawn["b"]), return_tensors="pt", padding=True)
    labels = torch.tensor([0 if follows else 1 for follows in drawn["follows"]])
    with torch.inference_mode():
        logits = mini_bert.module(**batch).seq_relationship_logits
    loss = float(torch.nn.functional.cross_entropy(logits, labels))
    assert table["loss"].mean() == pytest.approx(loss, abs=1e-4)
    assert table["right"].tolist() == (logits.argmax(-1) == labels).tolist()
    said = sp.look_drawn(table).plain()
    assert f"right on {int(table['right'].sum())} of 6" in said
    assert f"mean loss is {loss:.2f}" in said
    assert "costs 0.69" in said


def test_a_pair_says_where_it_comes_from():
    drawn = sp.draw(TEXTS, 1, 30)
    true, random = (drawn[drawn["follows"] == f].iloc[0] for f in (True, False))
    assert f"“{TEXTS[true['document']].title}”" in sp.say_pair(true, TEXTS).plain()
    assert "next. B is the sentence after it" in sp.say_pair(true, TEXTS).plain()
    said = sp.say_pair(random, TEXTS).plain()
    assert f"sentence {random['b_place'] + 1} of “{TEXTS[random['b_document']].title}”" in said


# what it gets wrong


def test_the_probes_are_well_formed():
    for probe in content.probes():
        assert len(probe.conditions) == len(probe.follows) >= 2
        assert probe.follows[0] is True
        assert not any(probe.follows[1:])
        assert len(probe.cases) >= 10
        for case in probe.cases:
            assert len(case) == len(probe.conditions)
            assert all(a.strip() and b.strip() and a != b for a, b in case)
    order = content.probes()[0]
    assert all(case[1] == (case[0][1], case[0][0]) for case in order.cases)


def test_topic_takes_a_wrong_place_and_another_text():
    homes = {s: (d, i) for d, text in enumerate(TEXTS) for i, s in enumerate(text.sentences)}
    topic = next(p for p in content.probes() if p.name == "Topic")
    for (a, follows), (_, wrong), (_, other) in topic.cases:
        (d, i), at = homes[a], homes[wrong]
        assert homes[follows] == (d, i + 1)
        assert at[0] == d
        assert at[1] not in (i, i + 1)
        assert homes[other][0] != d


def test_probed_by_hand():
    probe = content.Probe("P", "", ("in order", "swapped"), (True, False), ((("a", "b"), ("b", "a")),) * 2)
    table = sp.probed(probe, (says(0.9), says(0.88), says(0.3), says(0.6)))
    assert table["case"].tolist() == [1, 1, 2, 2]
    assert table["right"].tolist() == [True, False, False, False]
    found = sp.shares(table)
    assert found["condition"].tolist() == ["in order", "swapped"]
    assert found["called_next"].tolist() == [1, 2]
    assert found["share"].tolist() == [0.5, 1.0]
    np.testing.assert_allclose(found["mean_is_next"], [0.6, 0.74])
    said = sp.look_probe(table).plain()
    assert "1 of 2 pairs “is next” in the row “in order”, and 2 of 2 in the row “swapped”" in said
    assert "fooled: in 1 of 2 cases" in said
    assert "“b”, then “a” gets 88 %" in sp.example(table).plain()


def test_a_model_that_says_not_next_to_everything_does_not_see_the_difference():
    probe = content.Probe("P", "", ("in order", "swapped"), (True, False), ((("a", "b"), ("b", "a")),))
    assert "hardly tells the two rows apart" in sp.look_probe(sp.probed(probe, (says(0.1), says(0.1)))).plain()


def test_a_model_that_sees_the_difference_is_not_called_fooled():
    probe = content.Probe("P", "", ("in order", "swapped"), (True, False), ((("a", "b"), ("b", "a")),))
    assert "mostly sees the difference" in sp.look_probe(sp.probed(probe, (says(0.9), says(0.1)))).plain()
