"""Components mounted without a browser, and what a browser may not send."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from bert_explain.ui import stages
from bert_explain.ui.components import modules, mount, strip

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


@pytest.mark.parametrize("sent", [None, "x", "1", [1], {}, 99, -1, len(stages.STAGES), True, 1.0, float("nan")])
def test_the_strip_leads_to_no_page_that_is_none(sent, monkeypatch):
    monkeypatch.setattr(strip, "_strip", lambda **_: SimpleNamespace(go=sent))
    assert strip.strip("Text", None, {}) is None


@pytest.mark.parametrize("at", [0, len(stages.STAGES) - 1])
def test_the_strip_leads_to_the_page_that_was_clicked(at, monkeypatch):
    monkeypatch.setattr(strip, "_strip", lambda **_: SimpleNamespace(go=at))
    assert strip.strip("Text", None, {}) is stages.STAGES[at]


def test_what_travels_has_no_comments_and_all_its_code():
    code = "  // a comment\n  const url = 'http://x'; // stays\n\n/* one\n * two\n */\nlet a;"
    assert mount._bare(code) == "const url = 'http://x'; // stays\nlet a;"


def test_a_served_component_carries_no_script(monkeypatch):
    """What goes along with every mount is the address of a module, which holds the script and the style."""
    sent = []
    monkeypatch.setattr(modules.st.components.v2, "component", lambda name, **given: lambda **data: sent.append((name, given)))
    made = modules.component("for_a_test", js="let a;\nexport default () => {};", css=":host{color:red}")
    monkeypatch.setattr(modules, "_served", False)
    made(key="x")
    monkeypatch.setattr(modules, "_served", True)
    made(key="x")
    (_, whole), (_, once) = sent
    assert "let a;" in whole["js"]
    assert whole["css"] == ":host{color:red}"
    assert "let a;" not in once["js"]
    assert "css" not in once
    assert len(once["js"]) < 500  # it travels with every mount
    file = re.search(r"components/(for_a_test-\w+\.js)", once["js"]).group(1)
    assert modules.find(file).startswith("let a;\nexport default () => {};")
    assert ":host{color:red}" in modules.find(file)
    assert modules.find("../secret") is None


def test_no_component_has_a_name_that_its_module_adds():
    """A second declaration of it would keep the whole module from running."""
    for source in (Path(modules.__file__).parent).glob("*.js"):
        declared = re.findall(r"(?:const|let|function|class)\s+(\w+)", source.read_text(encoding="utf-8"))
        assert not {"styleSheet", "adopt"} & set(declared), source.name
