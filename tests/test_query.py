"""Query is a pure value: checked in one place, equal when it means the same, hashable, clear about what is wrong."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bert_explain.errors import BadQuery, ExplainError
from bert_explain.query import CHOICES, Query

number = st.integers(0, 2**40)
pair = st.tuples(number, number)


@given(st.lists(number, max_size=6), st.lists(pair, max_size=6), st.randoms())
def test_order_repeats_and_kind_of_sequence_do_not_matter(masked, heads, random):
    once = Query("a", masked=tuple(masked), heads_off=tuple(heads))
    shuffled, lists = masked + masked, [list(h) for h in heads + heads]
    random.shuffle(shuffled)
    random.shuffle(lists)
    again = Query("a", masked=shuffled, heads_off=lists)
    assert once == again
    assert hash(once) == hash(again)
    assert once.masked == tuple(sorted(set(masked)))


@given(st.dictionaries(number, number, max_size=6))
def test_replaced_is_sorted_by_position(pairs):
    query = Query("a", replaced=list(pairs.items()))
    assert query.replaced == tuple(sorted(pairs.items()))
    assert query == Query("a", replaced=reversed(list(pairs.items())))


@given(st.text(), st.text(), st.lists(number, max_size=3), st.booleans(), st.integers(0, 2**31 - 1))
def test_but_changes_one_field_and_plain_takes_all_back(a, b, masked, swapped, seed):
    query = Query(a, b, masked=masked, swapped=swapped, seed=seed)
    assert query.but() == query
    assert query.but(segments="flipped").but(segments="normal") == query
    assert query.plain() == Query(a, b)
    assert query.changed == bool(masked or swapped)
    assert query.texts == ((b, a) if swapped else (a, b))


def test_a_query_is_frozen_and_usable_as_a_key():
    query = Query("a")
    with pytest.raises(AttributeError):
        query.text_a = "b"
    assert {query: 1}[Query("a", masked=[])] == 1


def test_numbers_of_numpy_become_plain_numbers():
    query = Query("a", masked=np.array([3, 1]), heads_off=np.array([[1, 2]]), seed=np.int64(7))
    assert query.masked == (1, 3)
    assert query.heads_off == ((1, 2),)
    assert {type(n) for n in (*query.masked, *query.heads_off[0], query.seed)} == {int}


def test_pairs_may_be_made_by_a_generator():
    assert Query("a", heads_off=((n for n in (1, 2)) for _ in range(2))).heads_off == ((1, 2),)


@pytest.mark.parametrize("field", CHOICES)
def test_a_choice_that_does_not_exist_is_named_with_those_that_do(field):
    with pytest.raises(BadQuery) as error:
        Query("a", **{field: "sideways"})
    assert all(word in str(error.value) for word in (field, "'sideways'", *CHOICES[field]))


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("text_a", None, "text_a must be text, not NoneType."),
        ("text_b", b"bytes", "text_b must be text, not bytes."),
        ("text_b", "x\ud83d", "text_b holds half of a character (U+D83D): no tokenizer can read it."),
        ("masked", 3, "masked must be a sequence of whole numbers, not 3."),
        ("masked", None, "masked must be a sequence of whole numbers, not None."),
        ("masked", "12", "masked takes whole numbers from 0 up, not '12'."),
        ("masked", (-1,), "masked takes whole numbers from 0 up, not (-1,)."),
        ("masked", (1.0,), "masked takes whole numbers from 0 up, not (1.0,)."),
        ("masked", (True,), "masked takes whole numbers from 0 up, not (True,)."),
        ("masked", ((1, 2),), "masked takes whole numbers from 0 up, not ((1, 2),)."),
        ("heads_off", (1, 2), "heads_off must be a sequence of pairs of whole numbers, not (1, 2)."),
        (
            "heads_off",
            ((1, 2, 3),),
            "heads_off must be a sequence of pairs of whole numbers, not ((1, 2, 3),).",
        ),
        ("heads_off", ((0, -2),), "heads_off takes whole numbers from 0 up, not ((0, -2),)."),
        ("replaced", ("ab",), "replaced takes whole numbers from 0 up, not ('ab',)."),
        ("replaced", ((1, 5), (1, 6)), "replaced names the same position twice."),
        ("segments", ["normal"], "segments must be one of normal, flipped, removed, not ['normal']."),
        ("swapped", "no", "swapped must be True or False, not 'no'."),
        ("swapped", None, "swapped must be True or False, not None."),
        ("seed", -1, "seed must be a whole number from 0 to 2147483647, not -1."),
        ("seed", 2**31, "seed must be a whole number from 0 to 2147483647, not 2147483648."),
        ("seed", True, "seed must be a whole number from 0 to 2147483647, not True."),
        ("seed", 1.5, "seed must be a whole number from 0 to 2147483647, not 1.5."),
    ],
)
def test_each_bad_kind_is_said_in_one_sentence(field, value, said):
    with pytest.raises(BadQuery) as error:
        Query(**{"text_a": "a", field: value})
    assert str(error.value) == said


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
)
names = st.sampled_from(list(Query.__dataclass_fields__))


@given(names, anything)
def test_any_value_gives_a_query_or_a_sentence(field, value):
    said = None
    try:
        query = Query(**{"text_a": "a", field: value})
    except ExplainError as error:
        said = error
    if said is None:
        assert hash(query) == hash(query.but())
    else:
        assert isinstance(said, BadQuery)
        assert field in str(said)
        assert str(said).endswith(".")


def test_a_long_bad_value_is_cut_in_the_sentence():
    with pytest.raises(BadQuery) as error:
        Query("a", masked="x" * 10_000)
    assert len(str(error.value)) < 150
