"""Characters before and after: BERT's rules one by one, and the whole text as the sum of its characters."""

import copy
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers.normalizers import BertNormalizer

from bert_explain.analysis import normalisation as n


@pytest.fixture(scope="module")
def uncased(mini_bert):
    return mini_bert.wordpiece


@pytest.fixture(scope="module")
def cased(mini_bert):
    wordpiece = copy.deepcopy(mini_bert.wordpiece)
    wordpiece.normalizer = BertNormalizer(lowercase=False)
    return wordpiece


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("a", "a", n.KEPT),
        ("A", "a", n.LOWERED),
        ("é", "e", n.ACCENT),
        ("É", "e", f"{n.ACCENT}, {n.LOWERED}"),
        ("ǘ", "u", n.ACCENT),  # two marks on one letter
        ("\u0301", "", n.ACCENT),
        ("\u200b", "", n.REMOVED),
        ("\x07", "", n.REMOVED),
        ("\x00", "", n.REMOVED),
        ("\ufffd", "", n.REMOVED),
        ("\t", " ", n.SPACE),
        ("\u00a0", " ", n.SPACE),
        ("你", " 你 ", n.SPACED),
        ("\uf900", " \u8c48 ", n.SPACED),  # a compatibility ideograph: spaced, and replaced by its twin
        ("\ud55c", "\u1112\u1161\u11ab", n.APART),  # HANGUL SYLLABLE HAN, into its three letters
        ("\u212a", "k", f"{n.OTHER}, {n.LOWERED}"),  # KELVIN SIGN
        ("\u037e", ";", n.OTHER),  # GREEK QUESTION MARK
        ("ﬁ", "ﬁ", n.KEPT),
    ],
)
def test_what_happens_to_one_character(uncased, before, after, kind):
    (found,) = n.characters(uncased, before)
    assert (found.after, found.kind) == (after, kind)
    assert bool(found.why) == found.changed == (before != after)


def test_the_accent_is_named(uncased):
    assert "COMBINING DIAERESIS" in n.characters(uncased, "ï")[0].why


def test_a_cased_model_keeps_capitals_and_accents(cased, uncased):
    assert [c.changed for c in n.characters(cased, "É\t")] == [False, True]
    assert n.summary(cased, []) == "This model keeps capitals and accents."
    assert n.summary(uncased, n.characters(uncased, "Éa")) == (
        "This model makes capitals small and removes accents. Here, accent removed: 1, lower case: 1."
    )


def test_special_tokens_are_not_touched(uncased):
    found = n.characters(uncased, "É [MASK] [mask]")
    assert [c.kind for c in found[2:8]] == [n.SPECIAL] * 6
    assert found[9].kind == n.KEPT
    assert found[0].after == "e"


@settings(max_examples=300)
@given(text=st.text(st.characters(codec="utf-8", exclude_characters="[]"), max_size=40))
def test_the_characters_side_by_side_are_the_normalised_text(uncased, text):
    joined = "".join(c.after for c in n.characters(uncased, text))
    # marks that survive (they are rare) may change places among themselves
    assert unicodedata.normalize("NFD", joined) == unicodedata.normalize("NFD", uncased.normalizer.normalize_str(text))


@given(character=st.characters(codec="utf-8"))
def test_every_character_has_a_name_and_a_reason(uncased, character):
    (found,) = n.characters(uncased, character)
    assert n.name(character)
    assert n.visible(character).strip()
    assert found.changed == bool(found.why)
    if found.changed:
        assert set(found.kind.split(", ")) <= {n.LOWERED, n.ACCENT, n.REMOVED, n.SPACE, n.SPACED, n.APART, n.OTHER}


def test_invisible_characters_are_shown_by_name():
    assert (n.code("\u200b"), n.name("\u200b"), n.visible("\u200b")) == ("U+200B", "ZERO WIDTH SPACE", "U+200B")
    assert (n.name("\x07"), n.name("\t"), n.name("\x01")) == ("ALERT", "CHARACTER TABULATION", "CONTROL CHARACTER")
    assert n.visible("a \u0301") == "a␣◌\u0301"


def test_the_look_sentence_names_what_hides_most(uncased):
    assert "ZERO WIDTH SPACE" in n.look(n.characters(uncased, "Abc é\u200b")).plain()
    assert n.look(n.characters(uncased, "Abc é")).plain() == "2 of 5 characters change. Look at é: it becomes e."
    assert n.look(n.characters(uncased, "abc")).plain() == "Nothing changes: all 3 characters stay as they are."
    assert "no text" in n.look([]).plain()


def test_the_table_has_a_row_for_every_character(uncased):
    found = n.table({"A": n.characters(uncased, "É x"), "B": n.characters(uncased, "y")})
    assert list(found["sentence"]) == ["A", "A", "A", "B"]
    assert list(found["becomes"]) == ["e", "␣", "x", "y"]
    assert list(n.table({}).columns) == list(found.columns)
