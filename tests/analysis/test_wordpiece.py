"""The greedy run: cases worked by hand, properties, and the model's own tokenizer beside it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bert_explain.analysis.vocabulary import vocabulary
from bert_explain.analysis.wordpiece import greedy

# The example of BERT's own code: "unaffable" -> una ##ffa ##ble, here with a vocabulary small enough to follow.
SMALL = {"[UNK]": 0, "una": 1, "un": 2, "##ffa": 3, "##f": 4, "##ble": 5, "##b": 6, "a": 7}


def test_the_look_ups_of_one_word_in_order():
    run = greedy("unaffable", SMALL)
    assert [look.piece for look in run.lookups] == [
        "unaffable",
        "unaffabl",
        "unaffab",
        "unaffa",
        "unaff",
        "unaf",
        "una",
        "##ffable",
        "##ffabl",
        "##ffab",
        "##ffa",
        "##ble",
    ]
    assert [look.id for look in run.taken] == [1, 3, 5]
    assert [(look.turn, look.start, look.end) for look in run.taken] == [(0, 0, 3), (1, 3, 6), (2, 6, 9)]
    assert run.pieces == ("una", "##ffa", "##ble")
    assert run.ids == (1, 3, 5)
    assert not run.unknown


def test_it_is_greedy_even_where_that_is_worse():
    vocabulary = {"[UNK]": 0, "abc": 1, "ab": 2, "##cd": 3}  # ab ##cd would do, but abc is longer
    run = greedy("abcd", vocabulary)
    assert run.pieces == ("[UNK]",)
    assert run.failed_at == 3
    assert [look.piece for look in run.taken] == ["abc"]


def test_one_missing_character_loses_the_whole_word():
    run = greedy("unafxble", SMALL)
    assert (run.pieces, run.ids, run.failed_at) == (("[UNK]",), (0,), 4)
    assert [look.piece for look in run.taken] == ["una", "##f"]
    assert run.lookups[-1].piece == "##x"


def test_a_piece_that_begins_a_word_does_not_continue_one():
    assert greedy("aa", SMALL).failed_at == 1


def test_too_long_is_unknown_without_a_look_up():
    assert greedy("a" * 100, {"[UNK]": 0, "a": 1, "##a": 2}).pieces == ("a", *["##a"] * 99)
    run = greedy("a" * 101, {"[UNK]": 0, "a": 1, "##a": 2})
    assert run.too_long
    assert run.unknown
    assert (run.pieces, run.lookups) == (("[UNK]",), ())


def test_nothing_is_nothing():
    assert greedy("", SMALL).pieces == ()


def test_other_marks_and_names():
    run = greedy("ab", {"<unk>": 9, "a": 1, "@@b": 2}, continues="@@", unknown="<unk>")
    assert run.pieces == ("a", "@@b")
    assert greedy("z", {"<unk>": 9}, unknown="<unk>").ids == (9,)


@given(st.text(alphabet="abc", max_size=14), st.sets(st.text(alphabet="abc", min_size=1, max_size=4), max_size=12))
def test_every_prefix_is_tried_from_the_longest_down_and_the_pieces_spell_the_word(word, known):
    vocabulary = {"[UNK]": 0} | {piece: i for i, piece in enumerate(sorted(known | {f"##{k}" for k in known}), 1)}
    run = greedy(word, vocabulary)
    at = 0
    for turn in range(max((look.turn for look in run.lookups), default=-1) + 1):
        tried = [look for look in run.lookups if look.turn == turn]
        assert [look.start for look in tried] == [at] * len(tried)
        assert [look.end for look in tried] == list(range(len(word), len(word) - len(tried), -1))
        assert not any(look.found for look in tried[:-1])
        at = tried[-1].end if tried[-1].found else at
    if not run.unknown:
        assert "".join(piece.removeprefix("##") for piece in run.pieces) == word
    else:
        assert run.failed_at == at
        assert not any(("##" if at else "") + word[at:end] in vocabulary for end in range(at + 1, len(word) + 1))


LETTERS = st.characters(codec="utf-8", categories=("Ll", "Lo", "Nd", "So"))


@settings(max_examples=400)
@given(
    word=st.one_of(
        st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=24),
        st.text(LETTERS, min_size=1, max_size=110),
    )
)
def test_the_models_own_tokenizer_says_the_same(mini_bert, word):
    """Compared with the tokenizer's model alone (no normaliser, no splitting), on whatever the word is."""
    wordpiece = mini_bert.wordpiece
    run = greedy(word, vocabulary(wordpiece))
    own = wordpiece.model.tokenize(word)
    assert list(run.pieces) == [token.value for token in own]
    assert list(run.ids) == [token.id for token in own]


@pytest.mark.parametrize("word", ["unforgettably", "ichthyologist", "שלום", "x" * 100, "x" * 101, "👩", "unaff👩able"])
def test_words_of_the_page(mini_bert, word):
    run = greedy(word, vocabulary(mini_bert.wordpiece))
    assert list(run.pieces) == [token.value for token in mini_bert.wordpiece.model.tokenize(word)]
