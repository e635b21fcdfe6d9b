"""The right options of Tokens, worked out another way; and when nothing is asked."""

import unicodedata

import pytest
from tokenizers import normalizers

from bert_explain.chapters.tokens import numbers, questions
from bert_explain.learning.question import NotAskable
from tests.chapters.asking import PAIRS, ask_of
from tests.tiny import tiny_bert

reference = pytest.importorskip("transformers.models.bert.tokenization_bert_legacy")  # BERT's own cut, in plain Python
TEXTS = [*PAIRS, *((p.a, p.b, p.word) for p in (*questions.RARE, *questions.ACCENTS))]
WANTED = {1: "one", 2: "two", 3: "three"}


def cut(model, text: str) -> list[tuple[str, list[str]]]:
    """Every word of a text, cleaned, with its pieces."""
    basic = reference.BasicTokenizer(do_lower_case=True)
    greedy = reference.WordpieceTokenizer(vocab=model.tokenizer.get_vocab(), unk_token="[UNK]")
    return [(word, greedy.tokenize(word)) for word in basic.tokenize(text)]


def test_the_word_that_is_cut_most_and_its_pieces(mini_bert):
    seen = set()
    for a, b, word in TEXTS:
        found = questions.CUT.evidence(ask_of(mini_bert, a, b, word))
        every = [(w, p) for w, p in cut(mini_bert, f"{a} {b}") if w.isalpha() and p != ["[UNK]"]]
        marked = " ".join(w for w in f"{a} {b}".split() if unicodedata.normalize("NFD", w) != w)
        accented = {w for w, _ in cut(mini_bert, marked)}
        every = [one for one in every if one[0] not in accented] or every
        most = max(len(p) for _, p in every)
        pieces = [p for _, p in every if len(p) == most]
        assert questions.CUT.answer(found) == WANTED.get(most, "more")
        assert found.attrs["facts"]["pieces"].plain() in {" ".join(p) for p in pieces}
        seen.add(questions.CUT.answer(found))
    assert seen == {"one", "two", "three", "more"}


def test_a_slip_is_cut_as_bert_cuts_it(mini_bert):
    broken = 0
    for a, b, word in TEXTS:
        ask = ask_of(mini_bert, a, b, word)
        found = questions.CUT.evidence(ask)
        tried = questions.CUT.tried(ask, found)
        [(_, pieces)] = cut(mini_bert, tried.attrs["facts"]["raw"])
        assert tried.attrs["facts"]["count"] == len(pieces)
        assert tried.attrs["facts"]["raw"] != found.attrs["facts"]["raw"]
        broken += questions.CUT.broken(found, tried)
    assert 0 < broken < len(TEXTS)


@pytest.mark.parametrize(
    ("word", "slipped"), [("bank", "bnak"), ("is", "si"), ("aaa", "aaaa"), ("a", "aa"), ("goods", "godos"), ("Aab", "Aba")]
)
def test_a_slip_exchanges_two_different_letters_near_the_middle(word, slipped):
    assert numbers.slip(word) == slipped


def test_what_is_left_is_what_bert_cleans(mini_bert):
    seen = set()
    for a, b, word in TEXTS:
        ask = ask_of(mini_bert, a, b, word)
        found = questions.LEFT.evidence(ask)
        asked = numbers.word_to_lose(ask.trace).raw
        [(left, pieces)] = cut(mini_bert, asked)
        texts = numbers.candidates(numbers.word_to_lose(ask.trace))
        right = questions.LEFT.answer(found)
        assert texts[right] == left
        assert found.attrs["facts"]["pieces"].plain() == " ".join(pieces)
        accents = unicodedata.normalize("NFD", asked) != asked
        assert right == ("both" if accents and asked.lower() != asked else "plain" if accents else "small")
        seen.add(right)
    assert seen == {"small", "plain", "both"}


def test_the_text_without_capitals_and_accents_is_the_same_to_an_uncased_model(mini_bert):
    for a, b, word in TEXTS:
        ask = ask_of(mini_bert, a, b, word)
        found = questions.LEFT.evidence(ask)
        tried = questions.LEFT.tried(ask, found)
        plain = [mini_bert.tokenizer.encode(t.lower(), add_special_tokens=False) for t in (a, b) if t]
        whole = [mini_bert.tokenizer.encode(t, add_special_tokens=False) for t in (a, b) if t]
        assert questions.LEFT.broken(found, tried) == (plain != whole)
        assert tried.attrs["facts"]["count"] == len(ask.trace.tokens)


def test_a_model_that_keeps_capitals_has_another_answer():
    """The same word, by a tokenizer that neither lowers nor strips: what is typed is what is read, here as unknown."""
    model = tiny_bert("full", seed=3)
    kept = model.wordpiece.normalizer
    model.wordpiece.normalizer = normalizers.BertNormalizer(lowercase=False, strip_accents=False)
    try:
        found = questions.LEFT.evidence(ask_of(model, "The bank, cold."))
        assert questions.LEFT.answer(found) == "unknown"  # the list has "the", not "The"
        tried = questions.LEFT.tried(ask_of(model, "The bank, cold."), found)
        assert questions.LEFT.broken(found, tried)
        assert tried.attrs["facts"]["differ"] == 1
    finally:
        model.wordpiece.normalizer = kept


@pytest.mark.parametrize(("a", "b"), [("", ""), ("😀 🎉", "🧑‍🚀"), ("[MASK] [SEP]", "[UNK]"), ("?!", "12 3"), ("x" * 150, "")])
def test_without_a_word_nothing_is_cut(mini_bert, a, b):
    with pytest.raises(NotAskable, match="no word here that the vocabulary can put together"):
        questions.CUT.evidence(ask_of(mini_bert, a, b))


@pytest.mark.parametrize(("a", "b"), [("", ""), ("the cat sat.", "it slept."), ("[MASK] [CLS]", "😀"), ("Ca7 x-Y", "a_B")])
def test_without_a_capital_or_an_accent_nothing_is_lost(mini_bert, a, b):
    if "x-Y" in a:  # cut at the hyphen: Y is a word with a capital
        assert questions.LEFT.evidence(ask_of(mini_bert, a, b)).attrs["facts"]["left"] == "y"
        return
    with pytest.raises(NotAskable, match="nothing to lose"):
        questions.LEFT.evidence(ask_of(mini_bert, a, b))


def test_one_sentence_only_is_enough(mini_bert):
    found = questions.CUT.evidence(ask_of(mini_bert, "Unforgettably."))
    assert questions.CUT.said("fact", found).plain() == ("the model reads Unforgettably as 5 pieces: un ##for ##get ##ta ##bly.")


def test_a_long_cut_is_told_by_its_first_pieces():
    long = numbers.said(tuple(f"##{n}" for n in range(20))).plain()
    assert long.endswith("##7 and 12 more")


def test_before_the_cleaning_is_asked_of_the_list_shows_what_was_typed(mini_bert):
    ask = ask_of(mini_bert, "Zoë ordered a crème brûlée.", "The waiter brought it at once.")
    left = questions.LEFT.evidence(ask).attrs["facts"]["word"]
    typed, cleaned = numbers.cuts(ask.trace, cleaned=False), numbers.cuts(ask.trace)
    assert left == "Zoë"
    assert "Zoë" in set(typed["word"])
    assert "zoe" not in set(typed["word"])
    assert not typed.set_index("word").at["Zoë", "pieces"]
    assert list(typed["number"]) == list(cleaned["number"])
    assert numbers.cut_word(ask.trace, cleaned=False) in set(typed["word"])
    assert questions.CUT.evidence(ask).attrs["facts"]["word"] != left


def test_the_two_questions_are_about_two_words_where_there_are_two(mini_bert):
    ask = ask_of(mini_bert, "Embeddings interest Anna.")
    cut_one, left = (q.evidence(ask).attrs["facts"]["word"] for q in (questions.CUT, questions.LEFT))
    assert (cut_one, left) == ("Embeddings", "Anna")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("The cat sat there.", "Each of the 4 different words in the table is one piece."),
        ("Unforgettably paflagonian", "None of the 2 different words in the table is one piece."),
        ("The paflagonian cat", "Of 3 different words in the table, 2 are one piece."),
        ("Unforgettably paflagonian cat", "Of 3 different words in the table, 1 is one piece."),
        ("Cat cat CAT", "It is the only word in the table."),
    ],
)
def test_how_many_words_are_one_piece(mini_bert, text, said):
    counted = {word: len(pieces) for word, pieces in cut(mini_bert, text) if word.isalpha()}
    assert str(len(counted)) in said or len(counted) == 1
    assert numbers.look_cut(ask_of(mini_bert, text).trace).plain().endswith(said)
