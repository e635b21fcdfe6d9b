"""The Outputs page, as Streamlit runs it: every step, what an address opens, choices, bad input, other models."""

import json
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from bert_explain.analysis import outputs, read_outs
from bert_explain.models import registry
from bert_explain.query import Query
from bert_explain.trace import run
from tests.tiny import tiny_bert
from tests.whole import explore

APP = str(Path(__file__).resolve().parents[2] / "app.py")
A, B = "She walked to the bank of the river.", "The water was cold and clear."
STEPS = ("The vectors", "Which are alike", "A map", "Take them along")
TITLES = {
    "The vectors": ["One vector for each token: after layer 6", "[CLS] and the pooler"],
    "Which are alike": ["How alike every two tokens are: after layer 6", "Two tokens through the layers"],
    "A map": ["The tokens on a map: after layer 6"],
    "Take them along": ["Take the vectors along", "What the paper found"],
}


def plain(heading) -> str:
    """A heading as it is read: Markdown takes its escapes away."""
    return heading.value.replace("\\", "")


def opened(step: str = "", **params: str) -> AppTest:
    """The page, opened cold at an address."""
    at = explore(AppTest.from_file(APP, default_timeout=120))
    for name, value in (({"outputs": step} if step else {}) | params).items():
        at.query_params[name] = value
    at.switch_page("pages/8_Outputs.py")
    at.run()
    assert not at.exception
    return at


def looks(at: AppTest) -> str:
    """What the pictures say to look for, as HTML."""
    return " ".join(e.proto.body for e in at.get("html") if 'class="look"' in e.proto.body)


def figure(at: AppTest) -> dict:
    return json.loads(at.get("plotly_chart")[0].proto.spec)


def slider(at: AppTest):
    return next(s for s in at.slider if s.label.startswith("After layer"))


@pytest.fixture(scope="module")
def trace(mini_bert):
    return run(mini_bert, Query(A, B))


@pytest.mark.parametrize("step", STEPS)
def test_each_step_opens_by_its_address(step):
    at = opened(step)
    assert at.title[0].value == "Outputs"
    assert [plain(s) for s in at.subheader] == TITLES[step]
    assert 'class="look"' in looks(at)


def test_it_begins_with_the_vectors_of_the_last_layer(trace):
    at = opened()
    assert slider(at).value == 6
    assert outputs.look_vectors(trace, 6).html() in looks(at)
    assert outputs.look_pooler(trace).html() in looks(at)
    assert "outputs" not in at.query_params


def test_the_layer_is_shared_with_the_other_pages_and_0_is_the_input(trace):
    at = opened("A map", layer="3", token="5")
    assert slider(at).value == 3
    assert outputs.look_map(trace, 3, 5).html() in looks(at)
    slider(at).set_value(0).run()
    assert outputs.look_map(trace, 0, 5).html() in looks(at)
    assert at.query_params["input"] in ("1", ["1"])
    slider(at).set_value(5).run()
    assert not at.exception
    assert "input" not in at.query_params
    assert [plain(s) for s in at.subheader] == ["The tokens on a map: after layer 5"]


def test_two_tokens_through_the_layers(trace):
    at = opened("Which are alike", token="5", **{"with": "12"})
    lines = outputs.through_layers(trace, 5, 12)
    assert outputs.look_pair(trace, 5, 12).html() in looks(at)
    assert decoded(figure(at)["data"][0]["y"]) == pytest.approx(lines["cosine"].tolist())
    box = next(s for s in at.selectbox if s.label == "Compare with")
    assert box.value == 12
    box.set_value(8).run()
    assert outputs.look_pair(trace, 5, 8).html() in looks(at)
    next(c for c in at.segmented_control if c.label == "What is drawn").set_value("length").run()
    assert not at.exception
    lengths = np.linalg.norm(trace.hidden[:, 5].astype(float), axis=1)
    assert decoded(figure(at)["data"][0]["y"]) == pytest.approx(lengths.tolist())


def decoded(y) -> list[float]:
    """A plotly array: a list, or base64 of its bytes."""
    import base64

    return y if isinstance(y, list) else np.frombuffer(base64.b64decode(y["bdata"]), dtype=y["dtype"]).tolist()


@pytest.mark.parametrize("way", read_outs.NAMES)
def test_the_vector_to_copy_is_the_chosen_tokens(trace, way):
    at = opened("Take them along", token="5", layer="2", vectors=way)
    vectors = read_outs.read_out(trace, way, 2)
    np.testing.assert_allclose(json.loads(at.code[0].value), vectors[5], rtol=1e-4, atol=1e-5)
    assert (len(at.slider) == 1) == (way == "chosen layer")
    assert {b.proto.label for b in at.get("download_button")} == {"Download CSV", "Download NPZ"}
    assert at.table[0].value.iloc[-1, 0] == "96.4"


def test_the_next_step_is_one_click_away():
    at = opened()
    at.button(key="turn-next").click().run()
    assert not at.exception
    assert [plain(s) for s in at.subheader] == TITLES["Which are alike"]


BROKEN = [
    {"layer": "99"},
    {"layer": "-1"},
    {"token": "400"},
    {"with": "400"},
    {"with": "x"},
    {"input": "7"},
    {"outputs": "none"},
    {"measure": "<b>"},
    {"vectors": "best"},
    {"weights": "yes"},
    {"mask": "400"},
    {"model": "no-such-model"},
]


@pytest.mark.slow
@pytest.mark.parametrize("params", BROKEN, ids=str)
def test_a_broken_link_leaves_the_page_alive(params):
    at = opened(**{"outputs": "Which are alike"} | params)
    assert at.title[0].value == "Outputs"
    assert at.subheader
    assert 'class="look"' in looks(at)


TEXTS = [
    ("", ""),
    ("   ", ""),
    ("?!", "…"),
    ("word " * 700, "b " * 300),
    ("😀🎉 🧑\u200d🚀", "👍🏽"),
    ("مرحبا بالعالم", "שלום abc"),
    ("a\x00b\u200b\x1b[31m\u202ec", "\ufeff"),
    ("<script>alert(1)</script>", "![x](http://x.invalid/a.png)"),
    ("`` ` $x$ :red[a] **b**", "{0} {a} %s %{x}"),
    ("[MASK] [SEP] [CLS] [PAD]", "[UNK]"),
]


@pytest.mark.slow
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(("a", "b"), TEXTS)
def test_any_text_keeps_every_step_alive(step, a, b):
    at = opened(step, a=a, b=b)
    assert [plain(s) for s in at.subheader] == TITLES[step]
    assert "<script" not in looks(at)


@pytest.mark.parametrize("step", STEPS)
def test_one_token_alone_keeps_every_step_alive(step):
    at = opened(step, a="", b="", sep="removed")
    assert [plain(s) for s in at.subheader] == TITLES[step]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["distilbert", "bare", "no segments"])
def test_models_that_lack_something(kind, monkeypatch):
    entry = registry.Entry(kind, kind, "local", "nowhere", "")
    monkeypatch.setattr(registry, "entries", lambda: {kind: entry})
    monkeypatch.setitem(registry._loaded, entry, tiny_bert(kind))
    monkeypatch.setattr("bert_explain.models.entries", lambda: {kind: entry}, raising=False)
    for step in STEPS:
        at = opened(step, a="The banks, cold.", b="the river", model=kind)
        assert 'class="look"' in looks(at)
        if step == "The vectors":
            pooler = "[CLS] and the pooler" if kind == "no segments" else "The vector of [CLS]"
            assert plain(at.subheader[1]) == pooler
            assert ("This model has no pooler" in looks(at)) == (kind != "no segments")


def test_a_packed_link_with_half_a_character_in_it_stays_alive():
    from bert_explain.ui.params import pack

    at = opened("A map", **pack({"a": "x\ud800y " * 400, "b": "z " * 600}))
    assert [plain(s) for s in at.subheader] == TITLES["A map"]
