"""Packed choices: what is shown is read back, and nothing else is taken."""

import base64
import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bert_explain.chapters.next_sentence import draw_sentence_pairs as parts
from bert_explain.content.next_sentence import Row
from bert_explain.ui.packed import LONGEST, MOST, PackedText

TEXT = PackedText("was")
CELL = st.text(max_size=30)
ROWS = st.lists(st.builds(Row, CELL, CELL, st.sampled_from([True, False, None])), max_size=8).map(tuple)


def pack(plain):
    return base64.urlsafe_b64encode(zlib.compress(json.dumps(plain).encode(), 9)).decode()


@given(st.text(max_size=200))
def test_text_comes_back(text):
    assert TEXT.parse(TEXT.show(text)) == text


@given(ROWS)
def test_rows_come_back(rows):
    edited = parts.Edited(parts.PAIRS.default.base, rows)
    assert parts.PAIRS.parse(parts.PAIRS.show(edited)) == parts.Edited(rows, rows)


@pytest.mark.parametrize(
    "text",
    ["", "abc", "%%%", "é", pack("x")[:-4], pack(5), pack(["a"]), pack({"a": 1}), "A" * 500, pack("a" * (MOST + 1))],
)
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011
        TEXT.parse(text)


@pytest.mark.parametrize(
    "plain",
    [
        "x",
        {"a": 1},
        [1],
        [["a", "b"]],
        [["a", "b", 1]],
        [["a", "b", "is next"]],
        [["a", 2, None]],
        [["a" * 2001, "b", None]],
        [["a", "b", None]] * (parts.KEPT + 1),
    ],
)
def test_rows_of_another_shape_are_refused(plain):
    with pytest.raises(ValueError):  # noqa: PT011
        parts.PAIRS.parse(pack(plain))


def test_nested_too_deep_is_refused():
    deep = base64.urlsafe_b64encode(zlib.compress(b"[" * 200_000)).decode()
    with pytest.raises(ValueError):  # noqa: PT011
        parts.PAIRS.parse(deep)


def test_what_is_too_long_for_an_address_is_not_shown():
    import random

    noise = "".join(random.Random(1).choices("abcdefghijklmnopqrstuvwxyz", k=2 * LONGEST))
    assert TEXT.show(noise) == ""


def test_the_editors_key_follows_what_it_began_with_and_the_resets():
    first = parts.PAIRS.default
    edited = parts.Edited(first.base, (Row("a", "b"),))
    assert edited.key == first.key
    assert parts.Edited((Row("a", "b"),), ()).key != first.key
    assert parts.Edited(first.base, first.rows, version=1).key != first.key
    assert parts.Edited(first.base, first.rows, version=1) == first


def test_half_a_character_in_a_link_becomes_a_question_mark():
    raw = base64.urlsafe_b64encode(zlib.compress(b'"a\\ud800b"')).decode()
    assert PackedText("was").parse(raw) == "a?b"
