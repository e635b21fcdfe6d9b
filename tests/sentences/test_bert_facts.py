"""What BERT's pages said and was not so, each with the right value."""

import numpy as np
import pytest

from bert_explain.analysis import attention, masked_loss, masking, next_sentence, outputs
from bert_explain.analysis.overview import hidden_word
from bert_explain.chapters.attention import bertviz_views
from bert_explain.chapters.home import figures as home
from bert_explain.chapters.home import stations
from bert_explain.chapters.layer import head
from bert_explain.chapters.tokens import cuts, padding
from bert_explain.figures import strip
from bert_explain.kernel import folding
from bert_explain.query import Query
from bert_explain.trace import run

PAIR = Query("She walked to the bank.", "The water was cold.")
LONG = Query("the bank of the river was cold and the water ran past it . " * 5, "Nobody swam in the sea that day .")


def test_a_largest_product_is_not_said_to_decide(mini_bert):
    trace = run(mini_bert, PAIR)
    for layer in range(6):
        one = trace.head(layer, 0)
        cell = head.cell(one, 5, head.strongest(one, 5))
        sizes = np.abs(cell.products)
        said = head.look_products(cell, trace.pieces)
        assert "decides" not in said.plain()
        assert ("outweighs all others" in said.plain()) == (sizes.max() / sizes.sum() >= 0.55)
        assert said.values["part"] == f"{100 * sizes.max() / sizes.sum():.0f} %"


def test_two_masked_or_unknown_words_are_not_the_same_word(mini_bert):
    for text in ("[MASK] [MASK]", "😀 🜁"):
        trace = run(mini_bert, Query(text))
        assert trace.tokens[1].id == trace.tokens[2].id
        assert (attention.facts(trace)["same"] == 0).all()
    assert attention.facts(run(mini_bert, Query("bank bank")))["same"].max() > 0


def test_the_order_counts_where_a_probability_changes_many_times(mini_bert):
    trace = run(mini_bert, PAIR)
    names = next_sentence.variants(trace, "x")
    verdicts = [next_sentence.Verdict((-5.0, 0.0), 9, 0) for _ in names]
    verdicts[1] = next_sentence.Verdict((-3.2, 0.0), 9, 0)  # swapped: 0.67 % becomes 3.9 %
    said = next_sentence.look_compare(next_sentence.compare(names, verdicts)).plain()
    assert "a factor of 5.9 in a probability, so the order counts" in said
    verdicts[1] = next_sentence.Verdict((-4.9, 0.0), 9, 0)
    assert "hardly counts" in next_sentence.look_compare(next_sentence.compare(names, verdicts)).plain()


def test_unknown_words_have_not_stayed_whole(mini_bert):
    said = cuts.pieces_said(run(mini_bert, Query("bank 😀")))
    assert "1 of 2 words stayed whole, 1 became [UNK]." in said


def test_a_typed_mask_is_not_offered_to_be_clicked_away(mini_bert):
    trace = run(mini_bert, Query("the [MASK] was cold"))
    said = masking.say_hidden(trace.tokens, None).plain()
    assert "Click it again" not in said
    assert "the text itself says [MASK]" in said
    guess = hidden_word(trace, 2, lambda query: run(mini_bert, query))
    assert stations.words(trace, guess).plain().startswith("Where your text says [MASK]")


def test_a_typed_separator_is_counted_once(mini_bert):
    trace = run(mini_bert, Query("bank [SEP]"))
    assert stations.tokens(trace, 0).plain() == "4 tokens: 2 from your text, each a whole word or sign, and 2 that BERT adds."


@pytest.mark.parametrize(("words", "chosen"), [(1, 1), (10, 2), (12, 2), (48, 8), (100, 15)])
def test_fifteen_percent_of_all_tokens_are_chosen(mini_bert, words, chosen):
    trace = run(mini_bert, Query("word " * words))
    assert len(masked_loss.draw(mini_bert, trace.tokens, 0)) == chosen == max(1, round(0.15 * (words + 2)))


def test_what_a_loud_dimension_does_is_measured(mini_bert):
    trace = run(mini_bert, PAIR)
    dimension, count = outputs.loudest(trace, 3)
    assert count > 5
    said = outputs.look_vectors(trace, 3).values
    assert said["before"] == f"{outputs.mean_cosine(outputs.cosines(trace, 3)):.3f}"
    assert said["after"] == f"{outputs.mean_cosine(outputs.cosines_without(trace, 3, dimension)):.3f}"


def test_bertviz_knows_of_two_sentences_though_the_first_is_empty(mini_bert):
    trace = run(mini_bert, Query("", "The water was cold."))
    assert bertviz_views._second_sentence(trace, np.arange(len(trace.tokens))) == 2
    assert bertviz_views._second_sentence(run(mini_bert, Query("bank")), np.arange(3)) is None


def test_long_texts_keep_both_ends(mini_bert):
    trace = run(mini_bert, LONG)
    count = len(trace.tokens)
    last = count - 2  # the last word of B
    assert count > 64
    assert {1, last} <= set(bertviz_views.kept(trace, 32).tolist())
    assert {0, 1, 30, last} <= set(home.shown(trace, 30))
    scored, left_out = masked_loss.scored(trace.tokens)
    assert {1, last} <= set(scored)
    assert len(scored) + left_out == count - 3
    drawn = strip.thumbnails(trace, 30, lambda query: run(mini_bert, query))["tokens"]
    assert len(drawn) == strip.MOST_PIECES
    assert "segment_b" in {role for _, role in drawn}
    rows = padding.batch(trace)
    shown = folding.drawn(rows[0].tokens, folding.fold(count, 48))
    assert shown[-2].text == "."
    assert f"… {count - 48} …" in shown
