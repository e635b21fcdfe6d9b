"""The page "Inside a layer", as Streamlit runs it: its numbers against the trace, links, bad input, other models."""

import base64
import json
import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from bert_explain.analysis import attention
from bert_explain.analysis import layer as layers
from bert_explain.analysis.overview import telling_token
from bert_explain.models import registry
from bert_explain.query import Query
from bert_explain.trace import run
from tests.tiny import tiny_bert
from tests.whole import explore

APP = str(Path(__file__).resolve().parents[2] / "app.py")
PAIR = {"a": "She walked to the bank of the river.", "b": "The water was cold and clear."}
QUERY = Query(PAIR["a"], PAIR["b"])
STEPS = ("One head", "After the heads", "All layers")


def opened(**params: str) -> AppTest:
    """The page, opened cold at an address."""
    at = explore(AppTest.from_file(APP, default_timeout=120))
    for name, value in (PAIR | params).items():
        at.query_params[name] = value
    at.switch_page("pages/4_Inside_a_layer.py")
    at.run()
    assert not at.exception
    return at


def said(at: AppTest) -> str:
    """Everything the page says outside its pictures."""
    html = [str(e.proto.body) for e in at.get("html") if "<style" not in e.proto.body]
    words = (at.caption, at.text, at.markdown, at.warning, at.info)
    return re.sub(r"</?[bp][^>]*>", "", " ".join([*html, *(e.value for kind in words for e in kind)]))


def titles(at: AppTest) -> list[str]:
    return [s.value for s in at.subheader]


def component(at: AppTest, key: str) -> dict:
    return json.loads(next(c.proto for c in at.get("bidi_component") if c.proto.id.endswith(f"-{key}")).json)


def strips(at: AppTest, key: str) -> np.ndarray:
    """(B, H), the numbers of a component of strips."""
    data = component(at, key)
    return np.frombuffer(base64.b64decode(data["values"]), "<f4").reshape(len(data["names"]), -1)


def table(at: AppTest, key: str) -> np.ndarray:
    data = component(at, key)
    values = np.frombuffer(base64.b64decode(data["values"]), "<f4")
    return values.reshape(len(data["rows"]["text"]), len(data["columns"]["text"]))


def chart(at: AppTest, number: int) -> list[dict]:
    """The traces of a plotly figure."""
    return json.loads(at.get("plotly_chart")[number].proto.spec)["data"]


def latex(at: AppTest) -> str:
    return " ".join(e.value for e in at.latex)


# one head by hand
def test_it_opens_with_one_head_and_its_strongest_cell(mini_bert):
    at, trace = opened(), run(mini_bert, QUERY)
    link = attention.telling_head(trace)
    row = trace.pieces.index("bank")
    head = trace.head(link.layer, link.head)
    column = int(head.weights[row].argmax())
    assert f"Layer {link.layer + 1}, head {link.head + 1}: who looks at whom" in titles(at)
    assert component(at, "layer-scores")["chosen"] == [row, column]
    np.testing.assert_allclose(table(at, "layer-scores"), head.scores)
    assert f"the highest is {head.scores[row].max():.2f}" in said(at)
    assert rf"\mathbf{{{head.scores[row, column]:.3f}}}" in latex(at)
    assert rf"\mathbf{{{head.weights[row, column]:.3f}}}" in latex(at)


def test_a_link_opens_one_cell(mini_bert):
    at, trace = opened(layer="4", head="7", token="8", to="3", cells="weights"), run(mini_bert, QUERY)
    head = trace.head(3, 6)
    assert component(at, "layer-scores")["chosen"] == [8, 3]
    np.testing.assert_allclose(table(at, "layer-scores"), head.weights)
    q, k, product = strips(at, "layer-products")
    np.testing.assert_allclose(q, head.q[8])
    np.testing.assert_allclose(k, head.k[3])
    np.testing.assert_allclose(product, head.q[8] * head.k[3], rtol=1e-5)
    assert product.sum() / np.sqrt(32) == pytest.approx(head.scores[8, 3], abs=1e-4)
    assert f"{head.scores[8, 3]:.3f}" in latex(at)


def test_the_output_adds_up_on_the_page(mini_bert):
    at, trace = opened(layer="3", head="4", token="5"), run(mini_bert, QUERY)
    *parts, output = strips(at, "layer-mixed")
    np.testing.assert_allclose(np.sum(parts, axis=0), output, atol=1e-5)
    np.testing.assert_allclose(output, trace.head(2, 3).mixed[5], atol=1e-5)


def test_softmax_with_and_without_the_root(mini_bert):
    at, trace = opened(layer="2", head="5", token="5"), run(mini_bert, QUERY)
    weights = trace.attention[1, 4, 5]
    bars = component(at, "layer-weight")["bars"]
    assert bars[0]["value"] == pytest.approx(weights.max(), abs=1e-6)
    assert sum(bar["value"] for bar in bars) == pytest.approx(1, abs=1e-5)
    assert f"{np.exp(trace.head(1, 4).scores[5].max()):.2f}" in bars[0]["note"]
    sharper = component(at, "layer-weight-without-the-root")["bars"]
    assert sharper[0]["value"] > bars[0]["value"]
    assert "Why divide by the square root of 32?" in said(at)


def test_a_head_that_is_off_is_said(mini_bert):
    at = opened(layer="2", head="5", off="2.5")
    assert "This head is switched off" in said(at)
    assert component(at, "layer-mixed")["names"][-1] == "switched off"
    assert not strips(at, "layer-mixed")[-1].any()
    assert "head 5 (off)" in component(opened(layer="2", head="5", off="2.5", inside=STEPS[1]), "layer-joined")["rows"]["text"]


# after the heads
def test_the_rest_of_the_layer(mini_bert):
    at, step = opened(inside=STEPS[1], layer="3", token="5"), run(mini_bert, QUERY).layer(2)
    np.testing.assert_allclose(table(at, "layer-joined").ravel(), step.joined[5], atol=1e-6)
    joined, projected, read, total, normalised = strips(at, "layer-added")
    np.testing.assert_allclose(joined, step.joined[5], atol=1e-6)
    np.testing.assert_allclose(read + projected, total, atol=1e-5)
    np.testing.assert_allclose(normalised, step.attended_normalised[5], atol=1e-5)
    contracted, before, total, output = strips(at, "layer-fed")
    np.testing.assert_allclose(before, normalised)
    np.testing.assert_allclose(before + contracted, total, atol=1e-5)
    np.testing.assert_allclose(output, step.output[5], atol=1e-5)
    assert f"of 1,536 neurons {(step.expanded[5] > 0).sum()} answer" in said(at)
    assert f"output {np.linalg.norm(step.output[5]):.1f}" in said(at)


def test_one_dimension_is_followed(mini_bert):
    at, step = opened(inside=STEPS[1], layer="3", token="5", follow="17"), run(mini_bert, QUERY).layer(2)
    assert component(at, "layer-added")["chosen"] == component(at, "layer-fed")["chosen"] == 17
    shown = at.table[0].value
    assert shown.loc["output", "value"] == f"{step.output[5, 17]:.3f}".replace("-", "−")
    at.number_input[0].set_value(3).run()
    assert not at.exception
    assert at.query_params["follow"] == "3"
    assert component(at, "layer-added")["chosen"] == 3
    assert f"it comes in as {step.input[5, 3]:.3f}" in said(at)


def test_the_dimension_that_changes_most_is_followed_at_first(mini_bert):
    step = run(mini_bert, QUERY).layer(2)
    at = opened(inside=STEPS[1], layer="3", token="5")
    assert at.number_input[0].value == np.abs(step.output[5] - step.input[5]).argmax()
    assert "follow" not in at.query_params


# all layers
def test_paths_through_all_layers(mini_bert):
    at, trace = opened(inside=STEPS[2], token="5", path="length"), run(mini_bert, QUERY)
    shares = layers.shares(trace, 5)
    assert f"{shares['attention'].max():.0%} of its length".replace("%", "\u00a0%") in said(at)
    assert [t["name"] for t in chart(at, 0)] == ["attention", "feed-forward"]
    assert [t["name"] for t in chart(at, 1)] == ["the other tokens", "bank"]
    assert len(chart(at, 2)) == 3
    assert not at.slider
    lengths = np.linalg.norm(trace.hidden[:, 5], axis=-1)
    assert any(f"from {a:.1f} to {b:.1f}" in said(at) for a, b in pairwise(lengths))


@pytest.mark.parametrize("measure", ["length", "like its embedding", "like the layer before", "like the others"])
def test_every_measure_has_its_sentence(measure):
    at = opened(inside=STEPS[2], path=measure)
    assert f"{measure.capitalize()}: " in said(at)
    assert "nan" not in said(at)


def test_steps_lead_on_and_stay_in_the_address():
    at = opened()
    for step in ("after", "layers"):
        at.button(key="turn-next").click().run()
        assert not at.exception
        assert at.query_params["step"] == step
    assert "A map of all paths" in titles(at)


def test_layer_and_head_sliders_move_the_page(mini_bert):
    at = opened()
    next(s for s in at.slider if s.label == "Layer").set_value(5).run()
    next(s for s in at.slider if s.label == "Head").set_value(12).run()
    assert not at.exception
    assert (at.query_params["layer"], at.query_params["head"]) == ("5", "12")
    np.testing.assert_allclose(table(at, "layer-scores"), run(mini_bert, QUERY).head(4, 11).scores)


# bad input, long input, other models
BAD = [
    ("", ""),
    ("   ", " "),
    ("", "only b"),
    ("?!... --", "…"),
    ("😀 🧑‍🚀", "👍🏽"),
    ("مرحبا", "שלום"),
    ("a\x00b\u202ec", "\ufeff"),
    ("<script>alert(1)</script><b>", "![x](http://x.invalid/a.png) **bold** $x$"),
    ("{x} %{y} \\frac", "[PAD]"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("a", "b"), BAD, ids=repr)
def test_the_page_stays_alive(a, b):
    for step in STEPS:
        at = opened(a=a, b=b, inside=step)
        assert titles(at)
        assert "<script>" not in said(at)
        assert "nan" not in said(at).lower().split()


def test_a_long_text_is_shown_in_part(mini_bert):
    words = "It was the best of times, it was the worst of times. " * 40
    at, trace = opened(a=words, b="", layer="5", head="3", token="200"), run(mini_bert, Query(words))
    data, head = component(at, "layer-scores"), trace.head(4, 2)
    assert table(at, "layer-scores").shape == (48, 48)
    assert "Of 512 tokens: the rows 176 to 223" in said(at)
    i, j = data["chosen"]
    assert table(at, "layer-scores")[i, j] == pytest.approx(head.scores[200].max())
    assert len(component(at, "layer-tokens")["text"]) == 90
    at = opened(a=words, b="", inside=STEPS[2])
    assert "too long to name every path" in said(at)
    assert sum(len(c.proto.spec) for c in at.get("plotly_chart")) < 1_000_000


def test_a_broken_link_is_said(mini_bert):
    at = opened(layer="99", head="0x", token="400", to="4000", follow="9999", inside="everything", path="sideways")
    assert "There is no layer 99" in said(at)
    assert component(at, "layer-scores")["chosen"][0] == telling_token(run(mini_bert, QUERY).tokens, "bank")
    at = opened(inside=STEPS[1], follow="9999")
    assert at.number_input[0].value < 384


def use(monkeypatch, kind: str, **config) -> None:
    entry = registry.Entry(kind, kind, "local", "nowhere", "")
    monkeypatch.setattr(registry, "entries", lambda: {kind: entry})
    monkeypatch.setitem(registry._loaded, entry, tiny_bert(kind, **config))
    monkeypatch.setattr("bert_explain.models.entries", lambda: {kind: entry}, raising=False)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["full", "distilbert", "no segments", "no heads", "bare"])
@pytest.mark.parametrize("step", STEPS)
def test_models_that_lack_parts(kind, step, monkeypatch):
    use(monkeypatch, kind)
    at = opened(a="the bank, cold.", b="the river", model=kind, layer="2", head="2", inside=step)
    assert len(titles(at)) >= 3
    if step == STEPS[0]:
        assert table(at, "layer-scores").shape[0] > 4


def test_a_model_of_one_layer_and_one_head(monkeypatch):
    use(monkeypatch, "one layer", num_hidden_layers=1, num_attention_heads=1)
    for step in STEPS:
        at = opened(a="the bank", b="", model="one layer", inside=step)
        assert not at.slider
        assert ("This model has one head." in said(at)) == (step != STEPS[2])
