"""Tokens equal Hugging Face's own tokenizer(a, b, truncation=True), for any text; spans point at their characters."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bert_explain.core.tokens import counterpart, covering, touching
from bert_explain.errors import BadQuery
from bert_explain.query import Query
from bert_explain.tokenize import tokenize
from tests.tiny import tiny_roberta

# Any character there is, and more often those that are special to a tokenizer.
odd = st.sampled_from(list("\x00\x07\t\n\r\x1f\x7f\x85\u00a0\u00ad\u0301\u200b\u200d\u202e\u2028\ufeff\ufffd#[]'-_.İßé"))
scripts = st.sampled_from(
    [
        "😀",
        "👩🏽‍🚀",
        "שלום",
        "مرحبا",
        "漢字",
        "कि",
        "ไทย",
        "[MASK]",
        "[SEP]",
        "[CLS]",
        "[PAD]",
        "[UNK]",
        "##a",
    ]
)
word = st.text(max_size=8) | odd | scripts | st.sampled_from(["bank", "walked", "embeddings", "The", " "])
texts = st.lists(word, max_size=12).map("".join)


def theirs(model, a: str, b: str) -> dict:
    return model.tokenizer(a, b if b.strip() else None, truncation=True, max_length=model.max_tokens)


def assert_same(model, a: str, b: str):
    tokens, cut = tokenize(model, Query(a, b))
    expected = theirs(model, a, b)
    assert [t.id for t in tokens] == expected["input_ids"]
    assert [t.segment for t in tokens] == expected["token_type_ids"]
    return tokens, cut


@settings(max_examples=300)
@given(texts, texts)
def test_any_two_texts_give_the_tokens_of_hugging_face(mini_bert, a, b):
    tokens, cut = assert_same(mini_bert, a, b)
    assert not cut
    assert [t.position for t in tokens] == list(range(len(tokens)))
    assert [t.position_id for t in tokens] == list(range(len(tokens)))
    assert tokens[0].text == "[CLS]"
    assert all(t.text == mini_bert.tokenizer.convert_ids_to_tokens(t.id) for t in tokens)
    assert sum(t.sentence is None for t in tokens) == (3 if b.strip() else 2)


@settings(max_examples=300)
@given(texts, texts, st.booleans())
def test_spans_lie_inside_their_sentence_in_order_and_hold_the_piece(mini_bert, a, b, swapped):
    tokens, _ = tokenize(mini_bert, Query(a, b, swapped=swapped))
    for sentence, text in enumerate((a, b)):
        pieces = [t for t in tokens if t.sentence == sentence]
        assert all(0 <= t.span[0] < t.span[1] <= len(text) for t in pieces)
        assert all(x.span[0] <= y.span[0] for x, y in pairwise(pieces))
        assert all(x.word <= y.word for x, y in pairwise(pieces))
        for t in pieces:
            if t.text.removeprefix("##").isascii() and t.text != "[UNK]":
                # What is typed there, without the case, the accents and the invisible characters, is the piece.
                typed = text[slice(*t.span)]
                plain = mini_bert.wordpiece.normalizer.normalize_str(typed)
                assert t.text.removeprefix("##") in (plain, typed)


@pytest.mark.parametrize("length_a", [0, 1, 2, 253, 254, 255, 256, 509, 510, 511, 700])
@pytest.mark.parametrize("length_b", [0, 1, 253, 254, 255, 256, 508, 509, 511, 700])
def test_pairs_around_512_tokens_are_cut_as_hugging_face_cuts_them(mini_bert, length_a, length_b):
    a, b = " ".join(["water"] * length_a), " ".join(["stone"] * length_b)
    tokens, cut = assert_same(mini_bert, a, b)
    kept = [sum(t.sentence == s for t in tokens) for s in (0, 1)]
    assert (cut.a, cut.b) == (length_a - kept[0], length_b - kept[1])
    assert bool(cut) == (length_a + length_b > 512 - (3 if b else 2))
    assert cut.text_a == " ".join(["water"] * cut.a)
    assert cut.text_b == " ".join(["stone"] * cut.b)


@settings(max_examples=30)
@given(st.integers(1, 600), st.integers(1, 600))
def test_any_two_lengths_are_cut_as_hugging_face_cuts_them(mini_bert, n, m):
    tokens, cut = assert_same(mini_bert, "a " * n, "b " * m)
    assert len(tokens) + cut.a + cut.b == n + m + 3
    assert len(tokens) <= 512


def test_a_cut_sentence_keeps_its_words_and_says_which_text_was_lost(mini_bert):
    words = [f"word{'s' * (i % 3)}" for i in range(600)]
    tokens, cut = tokenize(mini_bert, Query("Short one.", " ".join(words)))
    last = [t for t in tokens if t.sentence == 1][-1]
    assert cut.a == 0
    assert cut.text_a == ""
    text = " ".join(words)
    assert text[: last.span[1]].strip() + " " + cut.text_b == text


def test_with_swap_the_cut_still_names_the_readers_sentences(mini_bert):
    _, cut = tokenize(mini_bert, Query("short", "water " * 600, swapped=True))
    assert cut.a == 0
    assert cut.b == 600 + 1 + 3 - 512


def test_ten_thousand_characters_are_read(mini_bert):
    tokens, cut = tokenize(mini_bert, Query("x" * 10_000, "bank " * 2_000))
    assert len(tokens) == 512
    assert [t.text for t in tokens[:3]] == ["[CLS]", "[UNK]", "[SEP]"]
    assert cut.b == 2_000 - 508


@pytest.mark.parametrize("text", ["", " ", "\t\n", "\u3000", "\x00", "\u200b"])
def test_nothing_to_read_leaves_the_layout(mini_bert, text):
    tokens, cut = tokenize(mini_bert, Query(text))
    assert [t.text for t in tokens] == ["[CLS]", "[SEP]"]
    assert all(t.special and t.sentence is None and t.span is None and t.word is None for t in tokens)
    assert not cut


def test_words_and_pieces_are_told_apart(mini_bert):
    tokens, _ = tokenize(mini_bert, Query("Unaffable, it’s"))
    assert [t.text for t in tokens] == ["[CLS]", "una", "##ffa", "##ble", ",", "it", "’", "s", "[SEP]"]
    assert [t.word for t in tokens] == [None, 0, 0, 0, 1, 2, 3, 4, None]
    assert [t.continues for t in tokens] == [False, False, True, True, False, False, False, False, False]
    assert [t.span for t in tokens[1:4]] == [(0, 3), (3, 6), (6, 9)]


def test_typed_special_tokens_are_read_as_such_and_belong_to_the_reader(mini_bert):
    tokens, _ = tokenize(mini_bert, Query("a [MASK] b [SEP] c [UNK]"))
    by_text = {t.text: t for t in tokens[:-1]}
    assert by_text["[MASK]"].masked
    assert not by_text["[MASK]"].special
    assert by_text["[SEP]"].special
    assert by_text["[SEP]"].sentence == 0
    assert by_text["[SEP]"].span == (11, 16)
    assert not by_text["[UNK]"].special
    assert tokens[-1].sentence is None


def test_without_separators_the_sentences_touch(mini_bert):
    tokens, _ = tokenize(mini_bert, Query("a b", "c", separators="removed"))
    assert [(t.text, t.segment) for t in tokens] == [("[CLS]", 0), ("a", 0), ("b", 0), ("c", 1)]
    full, cut = tokenize(mini_bert, Query("a " * 300, "b " * 300, separators="removed"))
    assert len(full) == 512
    assert cut.a + cut.b == 600 - 511


def test_the_tokens_of_some_characters_are_those_that_share_one(mini_bert):
    tokens, _ = tokenize(mini_bert, Query("an unaffable bank", "an unaffable"))
    word = [t.position for t in tokens if t.word == 1 and t.sentence == 0]
    assert len(word) > 1
    assert touching(tokens, (3, 12)) == word
    assert touching(tokens, (11, 14)) == [word[-1], word[-1] + 1]
    assert touching(tokens, (2, 3)) == touching(tokens, (0, 0)) == []  # a space; no character
    assert [tokens[i].sentence for i in touching(tokens, (3, 12), sentence=1)] == [1] * len(word)


def test_a_token_is_found_in_another_reading_of_the_same_sentences(mini_bert):
    plain, swapped, joined = (
        tokenize(mini_bert, Query("an unaffable bank", "bank an 😀", **change))[0]
        for change in ({}, {"swapped": True}, {"separators": "removed"})
    )
    everywhere = range(len(plain))
    assert [counterpart(plain, at, plain) for at in everywhere] == list(everywhere)
    there = [counterpart(plain, at, swapped) for at in everywhere]
    assert sorted(there) == list(everywhere)
    assert [(swapped[i].text, swapped[i].sentence, swapped[i].span) for i in there] == [
        (t.text, t.sentence, t.span) for t in plain
    ]
    assert [counterpart(swapped, i, plain) for i in there] == list(everywhere)
    assert there[0] == 0
    assert swapped[there[-1] - 1].sentence == 1  # the [SEP] behind B stands behind B
    left = [counterpart(plain, at, joined) for at in everywhere if plain[at].span is not None]
    assert left == list(range(1, len(joined)))
    assert counterpart(plain, len(plain) - 1, joined) == len(joined) - 1  # no [SEP] there: the token before it
    assert counterpart(joined, 0, plain) == 0


def test_a_token_is_found_by_its_characters_where_the_pieces_are_others(mini_bert):
    texts = "the unaffable bank", "the bank"
    ours, theirs = (tokenize(model, Query(*texts))[0] for model in (mini_bert, tiny_roberta()))
    for token in theirs:
        if token.span is not None and texts[token.sentence][slice(*token.span)].strip():  # a space is no token of BERT
            found = ours[counterpart(theirs, token.position, ours)]
            assert found.sentence == token.sentence
            assert found.span[0] < token.span[1]
            assert token.span[0] < found.span[1]


def test_the_words_of_some_characters_are_those_that_share_one():
    words = [SimpleNamespace(start=start, end=end) for start, end in ((0, 2), (3, 12), (13, 17))]
    assert [covering(words, span) for span in ((3, 12), (11, 14), (2, 3), (5, 5), (0, 99))] == [[1], [1, 2], [], [1], [0, 1, 2]]


def test_swapped_sentences_change_places_and_keep_their_names(mini_bert):
    tokens, _ = tokenize(mini_bert, Query("one", "two", swapped=True))
    assert [(t.text, t.segment, t.sentence) for t in tokens] == [
        ("[CLS]", 0, None),
        ("two", 0, 1),
        ("[SEP]", 0, None),
        ("one", 1, 0),
        ("[SEP]", 1, None),
    ]


def test_masking_and_replacing_keep_what_stood_there(mini_bert):
    river = mini_bert.tokenizer.convert_tokens_to_ids("river")
    tokens, _ = tokenize(mini_bert, Query("the bank is old", masked=(4, 3), replaced=((2, river), (3, river))))
    assert [t.text for t in tokens] == ["[CLS]", "the", "river", "[MASK]", "[MASK]", "[SEP]"]
    assert [t.original for t in tokens[1:5]] == ["the", "bank", "is", "old"]
    assert [t.masked for t in tokens[1:5]] == [False, False, True, True]
    assert tokens[2].span == (4, 8)


def test_a_masked_later_piece_still_continues_its_word(mini_bert):
    tokens, _ = tokenize(mini_bert, Query("unaffable", masked=(2,)))
    assert tokens[2].text == "[MASK]"
    assert tokens[2].continues


def test_shuffled_positions_are_a_permutation_that_the_seed_decides(mini_bert):
    def places(seed):
        return [t.position_id for t in tokenize(mini_bert, Query("a b c d e f", positions="shuffled", seed=seed))[0]]

    assert sorted(places(1)) == list(range(8))
    assert places(1) == places(1)
    assert places(1) != places(2)
    assert places(1) == np.random.default_rng(1).permutation(8).tolist()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"masked": (400,)}, "There is no token 400 to be masked: this text has the positions 0 to 2."),
        ({"replaced": ((3, 5),)}, "There is no token 3 to be replaced: this text has the positions 0 to 2."),
        ({"replaced": ((1, 30522),)}, "There is no piece 30522: the vocabulary goes from 0 to 30521."),
    ],
)
def test_positions_and_pieces_that_do_not_exist_are_said(mini_bert, change, said):
    with pytest.raises(BadQuery) as error:
        tokenize(mini_bert, Query("word", **change))
    assert str(error.value) == said
