"""What is said and counted of ELECTRA and RoBERTa: merges, replaced tokens, parameters, words."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bert_explain.analysis import masked_words, masking
from bert_explain.analysis.tokens import cut, words
from bert_explain.chapters.embeddings import numbers as embeddings
from bert_explain.chapters.home import stations
from bert_explain.chapters.outputs import draw_replaced as replaced
from bert_explain.chapters.tokens import merges, numbers
from bert_explain.chapters.transformer import analysis as transformer
from bert_explain.core import byte_letters
from bert_explain.query import Query
from bert_explain.trace import run
from tests.chapters.asking import ask_of
from tests.tiny import electra, tiny_electra, tiny_roberta, tokenizer

TEXT = "The bank of the river, naïve 漢字 don't  unbelievable 😀"


@settings(max_examples=150)
@given(st.text(max_size=40))
def test_merging_pair_by_pair_gives_the_tokenizers_own_pieces(text):
    wordpiece = tiny_roberta().wordpiece
    if any(special in text for special in ("<s>", "</s>", "<pad>", "<unk>", "<mask>")):
        return
    ours = []
    for word in merges.spelled(wordpiece, text):
        steps = merges.merged(word, merges.ranks(wordpiece))
        ours += steps[-1].pieces if steps else word
        assert len(merges.table(word, steps)) == len(steps) + 1
    assert ours == wordpiece.encode(text, add_special_tokens=False).tokens
    assert byte_letters.text("".join(ours)) == text


def test_what_the_merges_leave_is_said():
    order = {("a", "b"): 0, ("ab", "c"): 1}
    assert merges.look("abc", merges.merged("abc", order)).plain() == "abc begins as 3 bytes; 2 merges leave one piece."
    assert merges.look("abd", merges.merged("abd", order)).plain() == "abd begins as 3 bytes; 1 merge leaves 2 pieces: ab d."
    assert merges.look("x", []).plain() == "x is 1 byte, and no two neighbours were ever joined in training."


def test_byte_letters_are_the_tokenizers_own():
    from tokenizers.pre_tokenizers import ByteLevel

    assert set(byte_letters.letters()) == set(ByteLevel.alphabet())
    assert byte_letters.text("<mask>") == "<mask>"
    assert byte_letters.text("ĠnaÃ¯ve") == " naïve"


def test_a_word_of_bytes_is_told_as_it_was_typed():
    trace = run(tiny_roberta(), Query("The unbelievable naïve bank"))
    found = {word.raw: word for word in words(trace)}
    assert set(found) == {"The", "unbelievable", "naïve", "bank"}
    at = found["unbelievable"].positions[0]
    assert "begin with unbelievable" in masking.say_hidden(trace.tokens, at).plain()
    assert "unbelievable is not in the vocabulary as a whole" in stations.tokens(trace, at).plain()
    assert cut(trace, "bank", found["bank"])[0] == ("Ġbank",)
    assert cut(trace, "The", found["The"])[0] == ("The",)


def test_a_readers_own_word_is_asked_for_behind_its_space():
    trace = run(tiny_roberta(), Query("the bank", masked=(2,)))
    assert masked_words.look_up(trace, "bank").pieces == ("Ġbank",)
    assert masked_words.look_up(trace, "Ġbank").pieces == ("Ġbank",)
    assert "Ġbank is number" in masked_words.say_own_word(trace, 2, "bank").plain()


def test_the_number_of_pieces_is_that_of_the_tokenizer():
    trace = run(tiny_roberta(), Query("She was unbelievable."))
    word = numbers.word_to_cut(trace)
    assert (word.raw, list(word.pieces)) == ("unbelievable", [t.text for t in trace.tokens if t.position in word.positions])


@pytest.mark.parametrize(
    "make", [tiny_electra, lambda: tiny_electra("generator"), tiny_roberta, lambda: tiny_electra(embedding_size=8)]
)
def test_the_formula_counts_every_number(make):
    table = transformer.checked(make())
    assert table["equal"].all()
    assert table["from the weights"].sum() == make().parameters


def test_the_size_of_a_row_of_the_tables_is_told():
    """6 numbers a row, 8 in the layers."""
    model = tiny_electra("generator")
    trace = run(model, Query("the bank river cold"))
    assert "rows: 6 numbers each." in transformer.here("embedding", trace).plain()
    assert "with 8 numbers" in transformer.here("norm", trace).plain()
    assert embeddings.told_apart(ask_of(model, "the bank river cold")).attrs["facts"]["size"] == 6


# Replaced or not -----------------------------------------------------------------------------------------------------


def told(bias: float, text: str = "the bank river", spread: float = 1.0) -> str:
    """What is said by a discriminator whose logits are pushed up or down, and spread out."""
    import torch

    from bert_explain.models.encoder import from_hugging_face

    module = electra()
    with torch.no_grad():
        module.discriminator_predictions.dense_prediction.weight.mul_(spread)
        module.discriminator_predictions.dense_prediction.bias.fill_(bias)
    return replaced.look(run(from_hugging_face("e", "e", module, tokenizer()), Query(text))).plain()


def test_probabilities_are_the_sigmoid_of_hugging_faces_logits():
    import torch

    model = tiny_electra()
    trace = run(model, Query("the bank", "cold"))
    ids = torch.tensor([[t.id for t in trace.tokens]])
    segments = torch.tensor([[t.segment for t in trace.tokens]])
    with torch.inference_mode():
        theirs = torch.sigmoid(model.module(ids, token_type_ids=segments).logits[0])
    found = replaced.probabilities(trace)
    np.testing.assert_allclose(found["probability"], theirs, rtol=1e-5)
    assert list(found["own"]) == [False, True, True, False, True, False]
    assert list(found["token"]) == trace.pieces


def test_what_is_said_of_replaced_tokens():
    assert told(-9).startswith("None of the 3 tokens of your text is taken for replaced. ")
    assert told(9).startswith("Of the 3 tokens of your text 3 are taken for replaced, with more than 50 %. ")
    assert told(-9, "bank").startswith("The one token of your text is not taken for replaced: bank has ")
    assert told(9, "bank").startswith("The one token of your text is taken for replaced: bank has ")
    assert told(0, "") == "There is no word here yet: type one into sentence A."
    assert "about as much" in told(0, spread=0.0)
    assert told(6.5, spread=60.0).startswith(
        "Of the 3 tokens of your text 1 is taken for replaced, with more than 50 %. river has most, 5"
    )
