"""Words, pieces, unknown characters, ways to cut: cases by hand, and the walk against the trace's own tokens."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bert_explain.analysis import tokens
from bert_explain.chapters.tokens import cuts, padding
from bert_explain.query import Query
from bert_explain.trace import run


@pytest.fixture(scope="module")
def odd(mini_bert):
    return run(mini_bert, Query("Unaffable naïve una👩ble [MASK] café", "The 你 " + "x" * 101 + " una👩ble"))


@pytest.fixture(scope="module")
def plain(mini_bert):
    return run(mini_bert, Query("The cat sat.", "It slept."))


@pytest.fixture(scope="module")
def empty(mini_bert):
    return run(mini_bert, Query(""))


@pytest.fixture(scope="module")
def long(mini_bert):
    return run(mini_bert, Query("hello " * 400 + "unaffable " * 40, "cat " * 100))


def test_words_with_their_pieces_and_places(odd):
    found = tokens.words(odd)
    assert [w.raw for w in found[:5]] == ["Unaffable", "naïve", "una👩ble", "[MASK]", "café"]
    first = found[0]
    assert (first.normal, first.pieces, first.positions, first.span) == (
        "unaffable",
        ("una", "##ffa", "##ble"),
        (1, 2, 3),
        (0, 9),
    )
    assert [w.special for w in found[:5]] == [False, False, False, True, False]
    assert tokens.word_at(odd, 2) is first
    assert tokens.word_at(odd, 0) is None


def test_swapped_sentences_come_in_the_order_of_reading(mini_bert):
    trace = run(mini_bert, Query("The cat.", "A dog.", swapped=True))
    assert [w.raw for w in tokens.words(trace)] == ["A", "dog", ".", "The", "cat", "."]
    assert tokens.word_at(trace, 1).sentence == 1


@settings(max_examples=120)
@given(text=st.text(st.characters(codec="utf-8"), max_size=60))
def test_the_walk_over_every_word_gives_the_tokens_of_the_model(mini_bert, text):
    trace = run(mini_bert, Query(text))
    walked = [piece for w in tokens.words(trace) for piece in (w.pieces if w.special else tokens.walk(trace, w.normal).pieces)]
    assert walked == [t.text for t in trace.tokens[1:-1]]


def test_masks_and_replacements_do_not_change_how_a_word_is_cut(mini_bert):
    trace = run(mini_bert, Query("Unaffable cat", masked=(2,), replaced=((1, 2924),)))
    word = tokens.word_at(trace, 2)
    assert tokens.walk(trace, word.normal).pieces == word.pieces == ("una", "##ffa", "##ble")
    table = tokens.table(trace)
    assert list(table["piece"][:4]) == ["[CLS]", "bank", "[MASK]", "##ble"]
    assert list(table["piece before"][:4]) == ["[CLS]", "una", "##ffa", "##ble"]


def test_the_table_of_tokens(odd, plain):
    found = tokens.table(odd)
    assert list(found["id"]) == [t.id for t in odd.tokens]
    assert set(found["attention mask"]) == {1}
    row = found.iloc[2]
    assert (row.piece, row.word, row.sentence, row.segment, row.characters, row["text there"]) == (
        "##ffa",
        "Unaffable",
        "A",
        0,
        "3-6",
        "ffa",
    )
    assert "piece before" not in tokens.table(plain)
    assert list(tokens.table(plain)["segment"]) == [0, 0, 0, 0, 0, 0, 1, 1, 1, 1]


def test_segments_are_left_out_where_the_model_is_not_told_any(mini_bert):
    assert "segment" not in tokens.table(run(mini_bert, Query("a", "b", segments="removed")))
    assert "position id" in tokens.table(run(mini_bert, Query("a cat sat here", positions="shuffled", seed=3)))


def test_why_a_word_is_unknown(odd, plain):
    found = cuts.unknown(odd)
    assert list(found["word"]) == ["una👩ble", "你", "x" * 31 + "…", "una👩ble"]
    assert list(found["found before"]) == ["una", "", "", "una"]
    assert list(found["code point"]) == ["U+1F469", "U+4F60", "", "U+1F469"]
    assert found["Unicode name"][0] == "WOMAN"
    assert found["why"][0] == "no piece continues with it, not even ##👩"
    assert found["why"][1] == "no piece begins with it, not even 你"
    assert "101 characters: over 100" in found["why"][2]
    assert cuts.unknown(plain).empty
    said = cuts.look_unknown(odd).plain()
    assert said == "una👩ble became [UNK] because of 👩, WOMAN: una had been found already, and is thrown away."
    assert cuts.look_unknown(plain).plain().startswith("No word here is unknown. The vocabulary has 997 single characters")


def test_the_same_unknown_word_is_told_once_and_counted(mini_bert):
    assert list(cuts.unknown(run(mini_bert, Query("👩 👩 cat 👩")))["times"]) == [3]


def test_unknown_agrees_with_the_trace(odd):
    assert cuts.unknown(odd)["times"].sum() == sum(t.text == "[UNK]" for t in odd.tokens)


def test_three_ways_to_cut(mini_bert):
    trace = run(mini_bert, Query("unaffable cat 👩"))
    found = cuts.ways(trace).set_index("way")
    assert found.loc["whole words"].tolist() == [3, 2, 3]  # unaffable and 👩 are not pieces
    assert found.loc["WordPiece"].tolist() == [5, 1, 5]
    assert found.loc["characters"].tolist() == [13, 1, 10]  # ##f twice, ##a three times
    assert cuts.look_ways(trace).plain() == (
        "Whole words: 3 tokens, 2 unknown. WordPiece: 5 tokens, 1 unknown. Characters: 13 tokens, 2.6 times as many as WordPiece."
    )


def test_pieces_per_word(odd, plain):
    found = cuts.pieces_per_word(plain)
    assert found.values.tolist() == [[1, 7, "The"]]
    assert cuts.pieces_said(plain) == "1.00 pieces a word, punctuation marks counted as words; 7 of 7 words stayed whole."
    assert cuts.pieces_per_word(odd)["pieces"].tolist() == [1, 3]


def test_what_did_not_fit(long, plain):
    lost = cuts.dropped(long)
    assert lost["dropped"].sum() == long.cut.a + long.cut.b > 0
    assert set(lost["sentence"]) == {"A"}
    assert lost.iloc[-1].tolist() == ["A", "unaffable", "una ##ffa ##ble", 3]
    assert cuts.dropped(plain).empty


def test_a_word_cut_in_the_middle(mini_bert):
    trace = run(mini_bert, Query("a " * 508 + "unaffable"))
    word = tokens.words(trace)[-1]
    assert (word.positions, word.dropped) == ((509, 510), 1)
    assert cuts.dropped(trace).values.tolist() == [["A", "unaffable", "una ##ffa ##ble", 1]]


def test_what_to_look_for_follows_the_text(odd, plain, empty, mini_bert):
    assert tokens.look(odd).plain() == "Look at una👩ble: the vocabulary has nothing for it, so the model reads only [UNK]."
    assert (
        tokens.look(plain).plain()
        == "Nothing had to be cut: every one of the 7 words and punctuation marks is a piece by itself."
    )
    assert tokens.look(empty).plain() == "There are no words here: the model reads 2 special tokens only."
    cut = tokens.look(run(mini_bert, Query("An unaffable cat"))).plain()
    assert cut == "Look at unaffable: it is cut into 3 pieces, and no other word here into more. ##ffa goes on where una stops."


def test_what_the_model_is_told_about_the_sentences(plain, empty, mini_bert):
    assert tokens.look_told(plain).plain() == (
        "Look at position 5: [SEP] ends the first sentence; after it the segment is 1 instead of 0."
    )
    assert tokens.look_told(empty).plain() == "2 tokens: [SEP] at position 1 would end a sentence; there is none yet."
    assert "no mark of BERT's own tells" in tokens.look_told(run(mini_bert, Query("a", "b", separators="removed"))).plain()
    assert (
        tokens.look_told(run(mini_bert, Query("a", "b", segments="flipped"))).plain().endswith("the segment is 0 instead of 1.")
    )


def test_every_step_of_a_run_is_told(plain):
    walk = tokens.walk(plain, "unaffable")
    said = [tokens.look_run(walk, step).plain() for step in range(len(walk.lookups) + 1)]
    assert said[0] == "First question: is the whole of unaffable in the vocabulary?"
    assert said[1] == "unaffable is not in the vocabulary: one character less."
    assert said[7] == "una is there, row 14,477: taken. Now the rest, ffable."
    assert said[-1] == "##ble is there, row 3,468: taken, and nothing is left. 12 look-ups made 3 pieces."
    assert tokens.look_run(tokens.walk(plain, "cat"), 1).plain().endswith("one look-up, one piece.")
    lost = tokens.walk(plain, "una👩")
    assert tokens.look_run(lost, len(lost.lookups)).plain() == (
        "Not even ##👩 is in the vocabulary. The whole word becomes [UNK]; what was found is thrown away."
    )
    assert tokens.look_run(tokens.walk(plain, "👩"), 1).plain().endswith("becomes [UNK].")
    assert "too many" in tokens.look_run(tokens.walk(plain, "x" * 101), 0).plain()


def test_the_table_of_look_ups(plain):
    found = tokens.lookups(tokens.walk(plain, "unaffable"))
    assert found["look-up"].tolist() == list(range(1, 13))
    assert found["piece wanted"].tolist() == [1] * 7 + [2] * 4 + [3]
    assert found.loc[found["in the vocabulary"], "looked up"].tolist() == ["una", "##ffa", "##ble"]


@pytest.mark.parametrize(("text", "words"), [("Naïve cat!", ["naive", "cat", "!"]), (" \u200b", []), ("", [])])
def test_any_text_is_split_as_the_model_does_it(plain, text, words):
    assert tokens.split(plain, text) == words


def test_nothing_breaks_without_words(empty):
    assert tokens.words(empty) == []
    assert tokens.telling(empty) is None
    assert cuts.look_ways(empty).plain() == "There are no words to cut yet."
    assert cuts.pieces_said(empty) == ""
    assert cuts.pieces_per_word(empty).empty
    assert len(tokens.table(empty)) == 2


@pytest.mark.parametrize(
    "query", [Query("The cat sat.", "It slept."), Query("The cat sat."), Query(""), Query("a " * 600, "b " * 600)]
)
def test_padding_is_what_the_tokenizer_does(mini_bert, query):
    """The same batch from the model's own tokenizer, with padding and truncation switched on."""
    long, short = padding.batch(run(mini_bert, query))
    pair = bool(query.text_b)
    texts = [query.text_a, query.text_a if pair else ""]
    tok = mini_bert.tokenizer
    rows = [tok(texts[0], query.text_b or None, truncation=True), tok(texts[1], truncation=True)]
    own = tok.pad({"input_ids": [r["input_ids"] for r in rows]}, padding=True)
    assert [[t.id for t in row.tokens] for row in (long, short)] == own["input_ids"]
    assert [row.mask.tolist() for row in (long, short)] == own["attention_mask"]
    assert len(padding.table((long, short))) == len(long.tokens)


def test_padding_in_a_sentence(plain, empty):
    assert padding.look(padding.batch(plain)).plain() == (
        "A alone has 6 tokens, A and B has 10: so 4 copies of [PAD] fill it up, and there the mask is 0."
    )
    assert padding.look(padding.batch(empty)).plain() == "Both have 2 tokens, so nothing has to be filled up."
