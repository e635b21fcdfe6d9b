"""Masked words: which are hidden, what the head expects there, and how that grows layer by layer."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata

from bert_explain.analysis import masked_words as mw
from bert_explain.analysis import masking
from bert_explain.errors import BadQuery, Missing
from bert_explain.models.encoder import from_hugging_face
from bert_explain.query import Query
from bert_explain.trace import run

TEXT = ("She walked unbelievably far.", "The water was cold.")


@pytest.fixture(scope="module")
def hidden(mini_bert):
    """walked (2) is masked."""
    return run(mini_bert, Query(*TEXT, masked=(2,)))


@pytest.fixture(scope="module")
def padded(mini_bert):
    """A tiny random BERT with more rows in its token table than there are pieces, as some checkpoints have."""
    from transformers.models.bert.modeling_bert import BertConfig, BertForPreTraining

    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=30_528,
        hidden_size=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        initializer_range=0.5,
    )
    return from_hugging_face("tiny", "tiny", BertForPreTraining(config), mini_bert.tokenizer)


def look_predictions(trace, position):
    return mw.look_predictions(mw.predictions(trace, position), trace.model.vocab_size)


# which words are masked


def test_a_click_hides_all_pieces_of_a_word_and_a_second_click_shows_them(hidden):
    word = masking.word_of(hidden.tokens, 4)
    assert [hidden.tokens[p].original for p in word] == ["un", "##bel", "##ie", "##va", "##bly"]
    once = masking.toggle(hidden.tokens, (2,), 4)
    assert once == (2, *word)
    assert masking.toggle(hidden.tokens, once, 5) == (2,)


def test_one_piece_alone_and_then_the_rest_of_its_word(hidden):
    assert masking.toggle(hidden.tokens, (), 4, masking.ONE) == (4,)
    assert masking.toggle(hidden.tokens, (4,), 4, masking.ONE) == ()
    assert masking.toggle(hidden.tokens, (4,), 3) == masking.word_of(hidden.tokens, 4)  # half hidden becomes hidden


def test_the_same_word_number_in_the_other_sentence_is_another_word(hidden):
    b = next(t.position for t in hidden.tokens if t.sentence == 1)
    assert masking.word_of(hidden.tokens, b) == (b,)


def test_special_tokens_and_typed_masks_are_refused_with_a_reason(mini_bert):
    trace = run(mini_bert, Query("A [MASK] word [CLS] here"))
    for position in (0, len(trace.tokens) - 1, 4):
        with pytest.raises(BadQuery, match="special token"):
            masking.toggle(trace.tokens, (), position)
    with pytest.raises(BadQuery, match="text itself says"):
        masking.toggle(trace.tokens, (), 2)
    with pytest.raises(BadQuery, match="no token 400"):
        masking.toggle(trace.tokens, (), 400)


@given(data=st.data())
@settings(max_examples=60)
def test_two_clicks_undo_each_other(hidden, data):
    able = [t.position for t in hidden.tokens if masking.can_be_masked(t)]
    unit = data.draw(st.sampled_from([masking.WHOLE, masking.ONE]))
    masked: tuple[int, ...] = ()
    for position in data.draw(st.lists(st.sampled_from(able), max_size=6)):
        masked = masking.toggle(hidden.tokens, masked, position, unit)
    at = data.draw(st.sampled_from(able))
    assert masking.toggle(hidden.tokens, masking.toggle(hidden.tokens, masked, at, unit), at, unit) == masked


def test_what_is_hidden_is_said_and_stands_in_the_table(mini_bert, hidden):
    plain = run(mini_bert, Query(*TEXT))
    assert "begin with unbelievably." in masking.say_hidden(plain.tokens, 4).plain()
    assert "no word to hide" in masking.say_hidden(run(mini_bert, Query("")).tokens, None).plain()
    assert "One token is hidden" in masking.say_hidden(hidden.tokens, None).plain()
    two = run(mini_bert, Query(*TEXT, masked=(2, 4)))
    assert "2 tokens are hidden" in masking.say_hidden(two.tokens, None).plain()
    table = masking.hidden_table(hidden)
    assert table.loc[2, ["written", "read", "masked"]].tolist() == ["walked", "[MASK]", True]
    assert table["masked"].sum() == 1


def test_the_word_suggested_first(mini_bert):
    trace = run(mini_bert, Query(*TEXT))
    assert masking.suggest(trace.tokens, 2) == 2
    longest = masking.suggest(trace.tokens, 0)  # [CLS] cannot be masked
    assert trace.tokens[longest].original == "un"  # the longest word is counted over its pieces
    assert masking.suggest(run(mini_bert, Query("")).tokens, 0) is None
    assert masking.suggest(run(mini_bert, Query("[MASK]")).tokens, 1) is None
    assert masking.suggest(run(mini_bert, Query("!? .")).tokens, 0) == 1


# what the head expects there


def test_predictions_are_the_largest_of_the_softmax_and_add_up_to_one(hidden):
    table = mw.predictions(hidden, 2, k=7)
    p = torch.softmax(torch.from_numpy(hidden.mlm_logits([2])[0].copy()).double(), 0).numpy()
    order = np.argsort(-p)
    assert table["id"][:7].tolist() == order[:7].tolist()
    np.testing.assert_allclose(table["probability"][:7], p[order[:7]], rtol=1e-9)
    assert table["probability"].sum() == pytest.approx(1, abs=1e-12)
    assert table["mark"].tolist().count("rest") == 1


def test_the_true_word_is_marked_and_ranked_like_scipy_does(hidden):
    table = mw.predictions(hidden, 2, k=3)
    true = table[table["mark"] == "true word"]
    assert true["piece"].tolist() == ["walked"]
    ranks = rankdata(-hidden.mlm_logits([2])[0], method="min")
    assert true["rank"].item() == ranks[true["id"].item()]
    assert table["rank"][:3].tolist() == [1, 2, 3]


@pytest.mark.parametrize("k", [1, 50, 10**6])
def test_any_number_of_bars(hidden, k):
    table = mw.predictions(hidden, 2, k=k)
    assert table["probability"].sum() == pytest.approx(1, abs=1e-9)
    assert ("rest" in set(table["mark"])) == (k < 30_522)
    assert table["id"].dropna().is_unique


def test_a_typed_mask_has_no_true_word(mini_bert):
    trace = run(mini_bert, Query("The capital of France is [MASK]."))
    assert masking.hidden_positions(trace.tokens) == (6,)
    assert masking.true_id(trace, 6) is None
    assert "true word" not in set(mw.predictions(trace, 6)["mark"])
    assert "no true word" in look_predictions(trace, 6).plain()


def test_what_to_look_for_names_the_winner_and_the_true_word(hidden, mini_bert):
    said, table = look_predictions(hidden, 2).plain(), mw.predictions(hidden, 2, k=1)
    assert table["piece"][0] in said
    assert "walked" in said
    assert f"number {table['rank'][1]:,} of 30,522" in said
    sure = run(mini_bert, Query("Paris is the capital of France.", masked=(7,)))
    assert mw.predictions(sure, 7, 1)["piece"][0] == "."
    assert "it is the word that was hidden" in look_predictions(sure, 7).plain()


def test_rows_that_no_piece_uses_have_a_name(padded):
    assert mw.piece_text(padded, 30_525) == "[row 30525]"
    trace = run(padded, Query("a b", masked=(1,)))
    table = mw.predictions(trace, 1, k=30_528)
    assert len(table) == 30_528
    assert table["piece"].notna().all()


def test_without_the_head_it_is_said(mini_bert):
    bare = run(
        from_hugging_face("bare", "Bare", mini_bert.module, mini_bert.tokenizer, frozenset()),
        Query("a b", masked=(1,)),
    )
    for ask in (mw.predictions, mw.lens, look_predictions):
        with pytest.raises(Missing, match="Bare has no masked-word head"):
            ask(bare, 1)


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=40), st.integers(1, 50))
def test_best_equals_a_stable_full_sort(values, k):
    logits = np.array(values)
    assert mw.best(logits, k).tolist() == np.argsort(-logits, kind="stable")[:k].tolist() or sorted(
        logits[mw.best(logits, k)]
    ) == sorted(np.sort(logits)[::-1][:k])
    assert (np.diff(logits[mw.best(logits, k)]) <= 0).all()


# after every layer


def test_the_lens_ends_with_the_prediction_itself(hidden):
    table, last = mw.lens(hidden, 2), mw.predictions(hidden, 2, k=3)
    assert table["layer"].tolist() == list(range(hidden.model.n_layers + 1))
    assert table.iloc[-1][["piece_1", "piece_2", "piece_3"]].tolist() == last["piece"][:3].tolist()
    assert table["winner_rank"].iloc[-1] == 1
    assert set(table["true"]) == {"walked"}


def test_the_lens_reads_each_layer_with_the_head_of_the_last(hidden):
    table = mw.lens(hidden, 2)
    with torch.inference_mode():
        logits = hidden.model.mlm_head(torch.from_numpy(hidden.hidden[:, 2].copy()))  # all layers at once
    p = torch.softmax(logits.double(), -1).numpy()
    np.testing.assert_allclose(table["probability_1"], p.max(axis=1), rtol=1e-4)
    assert table["id_1"].tolist() == p.argmax(axis=1).tolist()
    winner = int(p[-1].argmax())
    assert table["winner_rank"].tolist() == [(row > row[winner]).sum() + 1 for row in logits.numpy()]


def test_all_layers_at_once_are_the_layers_one_by_one(hidden):
    one_by_one = [hidden.mlm_logits([2], layer)[0] for layer in range(hidden.model.n_layers + 1)]
    np.testing.assert_allclose(hidden.mlm_logits_by_layer(2), one_by_one, atol=1e-4)
    with pytest.raises(BadQuery, match="no position 400"):
        hidden.mlm_logits_by_layer(400)


def test_the_lens_says_from_where_on_the_winner_leads(hidden):
    table = mw.lens(hidden, 2)
    for ranks, said in (
        ([9, 1, 4, 1, 1, 1, 1], "was number 9 at the embeddings, and leads from layer 3 on"),
        ([2000, 7, 5, 2, 9, 3, 1], "only the last layer puts"),
        ([2000, 1, 1, 1, 1, 3, 1], "leads after the last layer, and not after the one before"),
        ([1, 1, 1, 1, 1, 3, 1], "leads after the last layer, and not after the one before"),
        ([1] * 7, "leads from the embeddings on"),
    ):
        assert said in mw.look_lens(table.assign(winner_rank=ranks)).plain()


# with and without interventions


def test_the_unchanged_query_keeps_the_words_hidden_not_the_numbers(mini_bert):
    swapped = Query("One dog.", "Two black cats sat.", swapped=True, masked=(3,))  # cats, in B, which is read first
    trace = run(mini_bert, swapped)
    assert trace.tokens[3].original == "cats"
    plain = run(mini_bert, masking.without_changes(trace))
    assert [t.original for t in plain.tokens if t.masked] == ["cats"]
    assert not plain.query.swapped
    assert masking.same_place(trace, 3, plain) == plain.query.masked[0] != 3


def test_without_interventions_the_unchanged_query_is_the_query_itself(hidden, mini_bert):
    assert masking.without_changes(hidden) == hidden.query
    typed = run(mini_bert, Query("a [MASK] b [MASK] c", masked=(3,)))
    assert masking.without_changes(typed) == typed.query


def test_compare_holds_both_probabilities_and_their_difference(hidden, mini_bert):
    off = run(mini_bert, hidden.query.but(positions="removed"))
    table = mw.compare(off, 2, hidden, k=4)
    assert set(mw.predictions(hidden, 2, 4)["piece"][:4]) <= set(table["piece"])
    assert set(mw.predictions(off, 2, 4)["piece"][:4]) <= set(table["piece"])
    row = table[table["mark"] == "true word"].iloc[0]
    truth = masking.true_id(hidden, 2)
    assert row["before"] == pytest.approx(mw.standing(hidden, 2, truth).probability)
    assert row["probability"] == pytest.approx(mw.standing(off, 2, truth).probability)
    assert row["rank"] == mw.standing(off, 2, truth).rank
    np.testing.assert_allclose(table["change"], table["probability"] - table["before"])
    assert table["probability"].is_monotonic_decreasing
    most = table.loc[table["change"].abs().idxmax(), "piece"]
    assert most in mw.look_compare(table).plain()


def test_nothing_changed_means_no_difference(hidden):
    assert mw.compare(hidden, 2, hidden)["change"].abs().max() == 0


def test_a_word_that_is_not_in_the_other_text_cannot_be_compared(hidden, mini_bert):
    with pytest.raises(BadQuery, match="not in the unchanged text"):
        mw.compare(hidden, 2, run(mini_bert, Query("So?")))


# the reader's own word


def test_a_word_of_one_piece_is_found_with_its_rank(hidden):
    at = mw.standing(hidden, 2, mw.look_up(hidden.model, " Ran ").id)
    assert at.piece == "ran"
    said = mw.say_own_word(hidden, 2, "Ran").plain()
    assert said == f"ran is number {at.rank:,} of 30,522 here, with {mw.percent(at.probability)}."


def test_a_word_of_several_pieces_is_said_with_its_pieces(hidden):
    assert mw.look_up(hidden.model, "unbelievably") == mw.Lookup(("un", "##bel", "##ie", "##va", "##bly"), None)
    assert "cut into 5 pieces: un ##bel ##ie ##va ##bly" in mw.say_own_word(hidden, 2, "unbelievably").plain()


def test_a_piece_as_the_vocabulary_writes_it(hidden):
    assert mw.look_up(hidden.model, "##ing").pieces == ("##ing",)
    assert mw.look_up(hidden.model, "##ing").id == hidden.model.wordpiece.token_to_id("##ing")


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("😀", "no pieces for 😀"),
        ("  ", "nothing to look up"),
        ("\u200b", "nothing to look up"),
        ("two words", "2 pieces"),
    ],
)
def test_what_cannot_be_asked_for_is_said(hidden, word, said):
    assert said in mw.say_own_word(hidden, 2, word).plain()


def test_html_in_the_readers_word_stays_text(hidden):
    said = mw.say_own_word(hidden, 2, "<img src=x onerror=alert(1)>").html()
    assert "<img" not in said
    assert "&lt;img" in said


@given(st.text(max_size=30))
@settings(max_examples=80)
def test_any_word_gets_an_answer(hidden, word):
    assert mw.say_own_word(hidden, 2, word).plain()


# texts that bring trouble


@pytest.mark.parametrize("text", ["", " ", "?!", "😀 😀", "שלום עולם", "\x00\x07a", "<b>x</b> *y* $z$", "word " * 600])
def test_every_text_can_be_walked(mini_bert, text):
    trace = run(mini_bert, Query(text))
    at = masking.suggest(trace.tokens, 0)
    if at is None:
        assert all(t.special for t in trace.tokens)
        return
    masked = run(mini_bert, trace.query.but(masked=masking.toggle(trace.tokens, (), at)))
    assert mw.predictions(masked, at)["probability"].sum() == pytest.approx(1)
    assert mw.look_lens(mw.lens(masked, at)).plain()


@pytest.mark.parametrize(
    ("p", "said"),
    [
        (0.0, "under 0.001 %"),
        (3e-5, "0.003 %"),
        (0.0123456, "1.23 %"),
        (0.5, "50 %"),
        (0.9999, "over 99.9 %"),
        (1.0, "100 %"),
    ],
)
def test_probabilities_for_reading(p, said):
    assert mw.percent(p) == said


@given(st.floats(0, 1))
def test_a_probability_never_reads_as_more_than_it_can_be(p):
    said = mw.percent(p)
    assert "e" not in said.replace("under", "").replace("over", "")
    assert float(said.split()[-2]) <= 100
