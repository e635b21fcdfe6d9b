"""Addresses: what is written is read back as it was, and nonsense is a ValueError, never another value."""

import base64
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bert_explain.ui import params

numbers = st.integers(0, 10**9 - 1)


@given(st.lists(numbers, min_size=1, max_size=20))
def test_positions_round_trip(found):
    p = params.GLOBAL["mask"]
    value = tuple(sorted(set(found)))
    assert p.parse(p.show(value)) == value


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=20))
def test_pairs_round_trip(found):
    p = params.GLOBAL["off"]
    value = tuple(sorted(set(found)))
    assert p.parse(p.show(value)) == value


@given(st.text(max_size=4000), st.text(max_size=4000))
def test_sentences_round_trip_packed_or_not(a, b):
    notices = []
    packed = params.pack({"a": a, "b": b, "layer": "3"})
    assert params.unpack(packed, notices) == {"a": a, "b": b, "layer": "3"}
    assert not notices
    assert ("z" in packed) == (len(a) + len(b) > params.PACK_FROM)


def test_ten_thousand_characters_fit_an_address():
    text = "The quick brown fox jumps over the lazy dog. " * 225
    packed = params.pack({"a": text[:10_000], "b": text[:10_000]})
    assert len(packed["z"]) < 2_000


@pytest.mark.parametrize("damaged", ["", "!!!", "AAAA", "é", "x" * 5000])
def test_damaged_sentences_are_said(damaged):
    notices = []
    assert params.unpack({"z": damaged, "layer": "2"}, notices) == {"layer": "2"}
    assert len(notices) == 1


def test_a_bomb_is_not_inflated():
    bomb = base64.urlsafe_b64encode(zlib.compress(b"a" * 50_000_000)).decode()
    notices = []
    assert params.unpack({"z": bomb}, notices) == {}
    assert len(notices) == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("layer", "-1"),
        ("layer", "two"),
        ("layer", ""),
        ("layer", "1" * 40),
        ("layer", "²"),
        ("token", "1.5"),
        ("mask", "1,,2"),
        ("mask", "a"),
        ("off", "1"),
        ("off", "1.2.3"),
        ("off", "1.x"),
        ("seg", "FLIPPED"),
        ("swap", "yes"),
        ("seed", str(2**31)),
        ("a", "x" * (params.LONGEST_TEXT + 1)),
        ("mask", "٣"),
    ],
)
def test_nonsense_is_refused(name, text):
    with pytest.raises(ValueError):  # noqa: PT011
        params.GLOBAL[name].parse(text)


def test_own_parameters():
    number = params.Number("k", 1, 50, 5)
    assert number.default == 5
    assert number.parse("50") == 50
    with pytest.raises(ValueError):  # noqa: PT011
        number.parse("51")
    flag = params.Flag("special", True)
    assert flag.parse(flag.show(False)) is False
    choice = params.Choice("view", ("all", "one"))
    assert choice.default == "all"
    assert choice.parse("one") == "one"


def test_a_link_that_was_cut_off_is_said_and_gives_no_other_text():
    packed = params.pack({"a": "The fish did not bite. " * 60, "b": "He sat by the river bank all day long. " * 60})["z"]
    for end in range(4, len(packed), 4):  # every length that still is base64
        notices: list[str] = []
        assert params.unpack({"z": packed[:end]}, notices) == {}
        assert len(notices) == 1


def test_two_texts_as_long_as_they_may_be_come_back_whole():
    texts = {"a": "\U0001f642" * params.LONGEST_TEXT, "b": "\U0001f643" * params.LONGEST_TEXT}
    assert params.unpack(params.pack(texts), []) == texts
