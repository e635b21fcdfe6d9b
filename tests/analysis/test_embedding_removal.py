"""Taking a part of the embeddings away: which runs are compared, and that what is said of them is in their numbers."""

import numpy as np
import pytest

from bert_explain.chapters.embeddings import removal as removal
from bert_explain.query import Query
from bert_explain.trace import run
from tests.tiny import tiny_bert

PAIR = Query("She walked to the bank of the river.", "The water was cold and clear.")


def runs_of(model, query, position):
    trace = run(model, query)
    runs = {name: run(model, q) for name, q in removal.queries(trace, position).items()}
    target = removal.asked(trace, position)
    return runs, target, removal.probabilities(runs, target)


@pytest.fixture(scope="module")
def bank(mini_bert):
    return runs_of(mini_bert, PAIR, 5)


def test_which_word_is_asked_for(mini_bert):
    ask = lambda query, position: removal.asked(run(mini_bert, query), position)  # noqa: E731
    assert ask(PAIR, 5) == 5
    assert ask(PAIR, 0) == 2  # [CLS] cannot be masked: the longest word, walked
    assert ask(PAIR.but(masked=(8, 12)), 12) == 12
    assert ask(PAIR.but(masked=(8, 12)), 5) == 8  # the reader masked others: the first of them
    assert ask(Query("a [MASK] of tea"), 1) == 2  # typed by the reader
    assert ask(Query(""), 0) is None


def test_the_runs_differ_in_one_part_each_and_keep_the_readers_other_changes(mini_bert):
    changed = PAIR.but(segments="flipped", positions="removed", heads_off=((0, 1),), masked=(8,), seed=7)
    queries = removal.queries(run(mini_bert, changed), 8)
    base = PAIR.but(heads_off=((0, 1),), masked=(8,), seed=7)
    assert queries == {
        "the whole sum": base,
        "no segment": base.but(segments="removed"),
        "no position": base.but(positions="removed"),
        "positions shuffled": base.but(positions="shuffled"),
        "no token": base.but(tokens="removed"),
    }
    assert removal.queries(run(mini_bert, PAIR), 5)["no token"] == PAIR.but(masked=(5,), tokens="removed")


def test_probabilities_ranks_and_turns_are_those_of_the_runs(bank):
    runs, target, p = bank
    table = removal.removal(runs, target, p)
    assert list(table.index) == list(removal.REMOVALS)
    own = runs["the whole sum"].tokens[5].original_id
    for name, trace in runs.items():
        logits = trace.mlm_logits([5])[0].astype(np.float64)
        by_hand = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
        assert table.loc[name, "p true"] == pytest.approx(by_hand[own])
        assert table.loc[name, "p 1"] == pytest.approx(by_hand.max())
        assert table.loc[name, "rank"] == 1 + (logits > logits[own]).sum()
        assert table.loc[name, "p next"] == pytest.approx(trace.nsp[0])
        assert table.loc[name, [f"p {n}" for n in range(1, 6)]].is_monotonic_decreasing
    x, y = runs["the whole sum"].hidden[-1], runs["no position"].hidden[-1]
    turned = [1 - a @ b / (np.linalg.norm(a) * np.linalg.norm(b)) for a, b in zip(x, y, strict=True)]
    assert table.loc["no position", "moved"] == pytest.approx(np.mean(turned), abs=1e-5)
    assert table.loc["the whole sum", "moved"] == 0


def test_without_positions_the_model_reads_a_bag_of_words(mini_bert):
    """Equal tokens then stay equal through all layers, which no other removal does."""
    runs, _, _ = runs_of(mini_bert, Query("the cat saw the dog"), 2)
    equal = {name: bool(np.allclose(r.hidden[-1][1], r.hidden[-1][4], atol=1e-4)) for name, r in runs.items()}
    assert equal["no position"]
    assert not equal["the whole sum"]
    assert not equal["no segment"]


def test_the_sentences_name_the_worst_removal(bank):
    runs, target, p = bank
    table = removal.removal(runs, target, p)
    text = removal.look_removal(table, runs, target).plain()
    worst = table["rank"].idxmax()
    assert "bank" in text
    assert worst in text
    assert f"number {int(table['rank'][worst]):,}" in text
    away = removal.moved(runs)
    assert away.shape == (4, 19)
    assert f"{away.max():.2f}" in removal.look_moved(runs).plain()
    assert f"Look at {runs['no token'].pieces[7 + away[:, 7:10].max(axis=0).argmax()]} with" in (
        removal.look_moved(runs, slice(7, 10)).plain()
    )


def test_the_readers_own_mask_has_no_true_word(mini_bert):
    runs, target, p = runs_of(mini_bert, Query("a cup of [MASK]."), 4)
    table = removal.removal(runs, target, p)
    assert target == 4
    assert table["p true"].isna().all()
    assert table["guess 1"].str.len().min() > 0
    assert "turns" in removal.look_removal(table, runs, target).plain()


def test_no_word_no_head_no_segments(mini_bert):
    runs, target, p = runs_of(mini_bert, Query("", ""), 0)
    table = removal.removal(runs, target, p)
    assert target is None
    assert p == {}
    assert table["p next"].isna().all()
    assert np.isfinite(table["moved"]).all()

    table = removal.removal(*runs_of(tiny_bert("bare"), PAIR, 5))
    assert "guess 1" not in table
    assert table[["p true", "p next"]].isna().all().all()

    runs, target, p = runs_of(tiny_bert("distilbert"), Query("the bank.", "the river"), 2)
    assert "no segment" not in runs
    assert removal.removal(runs, target, p).notna()["p true"].all()
