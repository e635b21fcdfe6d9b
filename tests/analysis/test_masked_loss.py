"""The 80/10/10 recipe and its loss, held against Hugging Face; sentence scores by hand."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bert_explain.analysis import masked_loss as ml
from bert_explain.analysis.masking import can_be_masked
from bert_explain.errors import BadQuery, Missing
from bert_explain.models.encoder import from_hugging_face
from bert_explain.query import Query
from bert_explain.tokenize import tokenize
from bert_explain.trace import run

LONG = Query("the quick brown fox jumps over the lazy dog and runs away from it . " * 12)
PAIR = Query("She walked unbelievably far.", "The water was cold.")


def tokens_of(model, query):
    return tokenize(model, query)[0]


# the recipe


def test_the_same_seed_draws_the_same_and_another_seed_another(mini_bert):
    tokens = tokens_of(mini_bert, LONG)
    first, again, other = (ml.draw(mini_bert, tokens, seed) for seed in (3, 3, 4))
    assert first.equals(again)
    assert not first.equals(other)


@given(seed=st.integers(0, 2**31 - 1), words=st.integers(0, 60))
@settings(max_examples=50)
def test_how_many_are_chosen_and_that_none_is_special(mini_bert, seed, words):
    tokens = tokens_of(mini_bert, Query("word " * words))
    drawn = ml.draw(mini_bert, tokens, seed)
    assert len(drawn) == min(words, max(1, round(0.15 * (words + 2))))  # [CLS] and [SEP] count, and are never chosen
    assert drawn["position"].is_unique
    assert all(can_be_masked(tokens[p]) for p in drawn["position"])
    assert set(drawn["fate"]) <= {"mask", "random", "unchanged"}


def test_over_many_draws_the_shares_are_those_of_the_paper(mini_bert):
    tokens = tokens_of(mini_bert, LONG)
    fates = np.concatenate([ml.draw(mini_bert, tokens, seed)["fate"] for seed in range(150)])
    assert len(fates) > 3000
    for fate, share in ml.FATES.items():
        assert (fates == fate).mean() == pytest.approx(share, abs=0.03)


def test_random_pieces_come_from_the_whole_vocabulary(mini_bert):
    tokens = tokens_of(mini_bert, LONG)
    drawn = [ml.draw(mini_bert, tokens, seed) for seed in range(150)]
    ids = np.concatenate([d.loc[d["fate"] == "random", "read_id"] for d in drawn])
    assert ids.min() < 2000
    assert ids.max() > 28_000
    assert np.median(ids) == pytest.approx(30_522 / 2, rel=0.15)


def test_each_token_reads_what_its_fate_says(mini_bert):
    for seed in range(40):
        drawn = ml.draw(mini_bert, tokens_of(mini_bert, LONG), seed)
        query = ml.noised(LONG, drawn)
        read = tokens_of(mini_bert, query)
        for row in drawn.itertuples():
            expected = {"mask": 103, "random": row.read_id, "unchanged": row.true_id}[row.fate]
            assert (read[row.position].id, read[row.position].original_id) == (expected, row.true_id)
            assert read[row.position].text == row.read
        untouched = set(range(len(read))) - set(drawn["position"])
        assert all(read[p].id == read[p].original_id for p in untouched)


def test_the_readers_own_masks_are_lifted_and_other_interventions_stay(mini_bert):
    query = PAIR.but(masked=(2,), replaced=((3, 5),), heads_off=((0, 0),))
    drawn = ml.draw(mini_bert, tokens_of(mini_bert, query), 1)
    assert drawn.equals(ml.draw(mini_bert, tokens_of(mini_bert, PAIR), 1))
    noised = ml.noised(query, drawn)
    assert noised.heads_off == ((0, 0),)
    assert {*noised.masked, *(p for p, _ in noised.replaced)} <= set(drawn["position"])


def test_shares_count_what_was_drawn(mini_bert):
    tokens = tokens_of(mini_bert, LONG)
    drawn = ml.draw(mini_bert, tokens, 0)
    table = ml.shares(drawn, tokens).set_index("what")
    assert table["count"].iloc[0] == len(drawn) == table["count"].iloc[1:].sum()
    assert table.loc["chosen", "of"] == len(tokens)
    assert table["share"].iloc[1:].sum() == pytest.approx(1)
    assert table["recipe"].tolist() == [0.15, 0.8, 0.1, 0.1]
    empty = tokens_of(mini_bert, Query(""))
    assert ml.shares(ml.draw(mini_bert, empty, 0), empty)["count"].tolist() == [0, 0, 0, 0]


# the loss


@pytest.mark.parametrize("seed", range(4))
def test_the_loss_is_hugging_faces(mini_bert, seed):
    query = LONG.but(text_b="And then it sleeps.")
    drawn = ml.draw(mini_bert, tokens_of(mini_bert, query), seed)
    trace = run(mini_bert, ml.noised(query, drawn))
    table = ml.losses(trace, drawn)
    labels = torch.full((1, len(trace.tokens)), -100)
    labels[0, drawn["position"].tolist()] = torch.tensor(drawn["true_id"].tolist())
    with torch.inference_mode():
        logits = mini_bert.module(
            input_ids=torch.tensor([[t.id for t in trace.tokens]]),
            token_type_ids=torch.tensor([[t.segment for t in trace.tokens]]),
        ).prediction_logits
        loss = torch.nn.functional.cross_entropy(logits[0], labels[0], ignore_index=-100)
    assert table["loss"].mean() == pytest.approx(loss.item(), abs=1e-4)
    np.testing.assert_allclose(np.exp(-table["loss"]), table["probability"])


def test_what_to_look_for_says_the_mean_and_the_costliest(mini_bert):
    drawn = ml.draw(mini_bert, tokens_of(mini_bert, LONG), 0)
    table = ml.losses(run(mini_bert, ml.noised(LONG, drawn)), drawn)
    said = ml.look_recipe(table, mini_bert).plain()
    assert f"{table['loss'].mean():.2f} nats" in said
    assert f"{table['loss'].max():.2f}" in said
    assert "10.33" in said  # ln 30,522
    assert "Look at the marked token:" in ml.look_recipe(table[:1], mini_bert).plain()


def test_an_empty_text_has_no_loss_and_says_so(mini_bert):
    drawn = ml.draw(mini_bert, tokens_of(mini_bert, Query("")), 0)
    table = ml.losses(run(mini_bert, Query("")), drawn)
    assert table.empty
    assert {"loss", "probability", "guess"} <= set(table.columns)
    assert "no token" in ml.look_recipe(table, mini_bert).plain()


def test_a_typed_mask_is_never_chosen(mini_bert):
    tokens = tokens_of(mini_bert, Query("[MASK] " * 20 + "word"))
    assert {p for seed in range(20) for p in ml.draw(mini_bert, tokens, seed)["position"]} == {21}


def test_without_the_head_there_is_no_loss(mini_bert):
    bare = from_hugging_face("bare", "Bare", mini_bert.module, mini_bert.tokenizer, frozenset())
    drawn = ml.draw(bare, tokens_of(bare, PAIR), 0)
    with pytest.raises(Missing):
        ml.losses(run(bare, ml.noised(PAIR, drawn)), drawn)


# sentence scores


def scores_of(model, query, **how):
    tokens = tokens_of(model, query)
    positions, _ = ml.scored(tokens)
    return ml.score_table([ml.score(run(model, ml.one_hidden(query, tokens, p, **how)), p) for p in positions])


def test_pseudo_log_likelihood_by_hand(mini_bert):
    table = scores_of(mini_bert, PAIR)
    ids = torch.tensor([[t.id for t in tokens_of(mini_bert, PAIR)]])
    kinds = torch.tensor([[t.segment for t in tokens_of(mini_bert, PAIR)]])
    by_hand = []
    with torch.inference_mode():
        for p in table["position"]:
            masked = ids.clone()
            masked[0, p] = 103
            logits = mini_bert.module(input_ids=masked, token_type_ids=kinds).prediction_logits[0, p]
            by_hand.append(torch.log_softmax(logits.double(), 0)[ids[0, p]].item())
    np.testing.assert_allclose(table["log_probability"], by_hand, atol=1e-4)
    totals = ml.totals(table)
    assert totals["pll"] == pytest.approx(sum(by_hand), abs=1e-3)
    assert totals["pseudo_perplexity"] == pytest.approx(np.exp(-np.mean(by_hand)), rel=1e-4)
    assert totals["first"] == (table["rank"] == 1).mean()


def test_hiding_the_rest_of_the_word_makes_its_pieces_harder(mini_bert):
    tokens = tokens_of(mini_bert, PAIR)
    assert ml.one_hidden(PAIR, tokens, 4, rest_of_word=True).masked == (4, 5, 6, 7)
    assert ml.one_hidden(PAIR, tokens, 7, rest_of_word=True).masked == (7,)
    assert ml.one_hidden(PAIR, tokens, 2, rest_of_word=True).masked == (2,)
    alone, rest = scores_of(mini_bert, PAIR), scores_of(mini_bert, PAIR, rest_of_word=True)
    within = alone["position"].between(3, 6)
    assert rest.loc[within, "log_probability"].sum() < alone.loc[within, "log_probability"].sum()
    np.testing.assert_allclose(rest.loc[~within, "probability"], alone.loc[~within, "probability"], rtol=1e-4)


def test_a_fitting_sentence_scores_higher_than_a_shuffled_one(mini_bert):
    good, bad = (ml.totals(scores_of(mini_bert, Query(text))) for text in ("he was born in london .", "born he london in was ."))
    assert good["pll"] > bad["pll"]


def test_a_score_needs_a_true_word(mini_bert):
    with pytest.raises(BadQuery, match="no true word"):
        ml.score(run(mini_bert, Query("a [MASK]")), 2)


def test_long_texts_are_scored_in_part_and_the_rest_is_counted(mini_bert):
    tokens = tokens_of(mini_bert, Query("word " * 100))
    positions, left = ml.scored(tokens)
    assert positions == (*range(1, 33), *range(69, 101))
    assert left == 36
    assert ml.scored(tokens_of(mini_bert, Query(""))) == ((), 0)


def test_shading_puts_each_probability_at_its_position(mini_bert):
    table = scores_of(mini_bert, Query("a b"))
    shade = ml.shading(table, 4)
    assert np.isnan(shade[[0, 3]]).all()
    assert shade[1:3].tolist() == table["probability"].tolist()
    said = ml.look_scores(table).plain()
    assert table.loc[table["probability"].idxmin(), "true"] in said
    assert "no token" in ml.look_scores(table[:0]).plain()
    assert np.isnan(ml.totals(table[:0])["mean"])


def test_the_row_of_scores_shows_the_text_as_it_was_written(mini_bert):
    trace = run(mini_bert, Query("a [MASK] bank", masked=(3,), replaced=((1, 2000),)))
    assert [t.text for t in ml.shown(trace)] == ["[CLS]", "a", "[MASK]", "bank", "[SEP]"]
    assert [t.masked for t in ml.shown(trace)] == [False, False, True, False, False]


def test_totals_in_words(mini_bert):
    table = scores_of(mini_bert, PAIR)
    words = ml.say_totals(table).plain()
    assert f"\u2212{-table['log_probability'].sum():.2f} nats" in words
    assert f"{(table['rank'] == 1).sum()} of {len(table)} times" in words


def test_scores_at_once_are_the_scores_one_by_one(mini_bert):
    trace = run(mini_bert, PAIR.but(masked=(2, 9)))
    for together, alone in zip(ml.score_all(trace, [2, 9]), [ml.score(trace, 2), ml.score(trace, 9)], strict=True):
        assert together.log_probability == pytest.approx(alone.log_probability, abs=1e-5)
        assert (together.true, together.rank, together.guess) == (alone.true, alone.rank, alone.guess)
