"""Components mounted without a browser, and what a browser may not send."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from bert_explain.ui.components import mount

DEMO = Path(__file__).parents[1] / "browser" / "demo_components.py"
NUMBERS = st.one_of(st.integers(-2, 8), st.booleans(), st.none(), st.floats(), st.text(max_size=3))


@pytest.mark.parametrize("many", [None, 0, 2, 200])
def test_every_component_mounts(many):
    at = AppTest.from_file(str(DEMO))
    if many is not None:
        at.query_params["tokens"] = str(many)
    at.run(timeout=30)
    assert not at.exception
    assert at.text[-1].value == "picked: []"


@given(st.one_of(NUMBERS, st.lists(NUMBERS, max_size=3)))
def test_only_a_place_inside_is_taken(value):
    taken = mount._is_place(value, (3, 5))
    assert taken == (value in [[i, j] for i in range(3) for j in range(5)] and all(type(i) is int for i in value))


def test_what_travels_has_no_comments_and_all_its_code():
    code = "  // a comment\n  const url = 'http://x'; // stays\n\n/* one\n * two\n */\nlet a;"
    assert mount._bare(code) == "const url = 'http://x'; // stays\nlet a;"
