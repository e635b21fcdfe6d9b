"""The page on the Transformer, as Streamlit runs it: boxes, halves, counts, the editor, bad input, other models."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from bert_explain.chapters.transformer import analysis as sizes
from bert_explain.chapters.transformer import figures as figures
from bert_explain.content import transformer as content
from bert_explain.models import registry
from tests.tiny import tiny_bert
from tests.whole import whole

APP = str(Path(__file__).resolve().parents[2] / "app.py")
W = "w-Transformer-{}@{}"


def opened(**params: str) -> AppTest:
    at = whole(AppTest.from_file(APP, default_timeout=120))
    for name, value in ({"a": "The river bank.", "b": ""} | params).items():
        at.query_params[name] = value
    at.switch_page("pages/12_Transformer.py")
    at.run()
    assert not at.exception
    return at


def said(at: AppTest) -> str:
    return " ".join(str(e.proto.body) for e in at.get("html") if "<style" not in e.proto.body) + " ".join(
        str(e.value) for e in [*at.text, *at.markdown, *at.caption]
    )


@pytest.mark.slow
def test_every_box_is_told_and_leads_to_a_page():
    for name, kind in zip(figures.NAMES, figures.KINDS, strict=True):
        at = opened(box=name)
        assert content.boxes()[kind].text in [m.value for m in at.markdown]
        links = [e.proto.label for e in at.get("page_link") if e.proto.label.startswith("See it at work")]
        assert links == ([f"See it at work: {content.boxes()[kind].page}"] if content.boxes()[kind].page else [])


def test_a_half_is_chosen_and_kept_in_the_address():
    at = opened()
    at.segmented_control(key=W.format("half", "halves")).set_value("what BERT kept").run()
    assert not at.exception
    assert at.query_params["half"] == "what BERT kept"
    assert any(f'<p class="look">{content.halves()["bert"].says}</p>' == e.proto.body for e in at.get("html"))


def test_the_loaded_model_is_counted_from_its_weights(mini_bert):
    at = opened()
    frame = next(d.value for d in at.dataframe if "from the weights" in d.value)
    assert set(frame["equal"]) == {"equal"}
    assert sum(int(n.replace(",", "")) for n in frame["from the weights"]) == mini_bert.parameters
    wide = next(d.value for d in at.dataframe if "all" in d.value)
    assert wide.loc["BERT-base", "all"] == "110,106,428"
    assert wide.loc["BERT-large", "all"] == "336,226,108"
    assert wide.loc[mini_bert.title, "all"] == f"{mini_bert.parameters:,}"
    assert "109,482,240 | 335,141,888" in said(at)


def test_the_editor_counts_anew(mini_bert):
    at = opened()
    assert at.metric[0].value == "110,106,428"
    at.number_input(key=W.format("layers", "own")).set_value(13).run()
    assert at.metric[0].value == f"{110_106_428 + 7_087_872:,}"
    assert at.query_params["layers"] == "13"
    at.button(key="take-BERT-large").click().run()
    assert at.metric[0].value == "336,226,108"
    assert at.query_params["heads"] == "16"
    at.button(key="take-loaded").click().run()
    assert at.metric[0].value == f"{mini_bert.parameters:,}"


def test_heads_that_do_not_fit_are_said():
    at = opened(heads="7")
    assert "7 heads cannot share 768 numbers evenly" in said(at)
    assert "6 heads could" in said(at)
    assert at.metric[0].value == "110,106,428"
    assert "cannot share" not in said(opened())


@pytest.mark.parametrize(
    ("name", "value"),
    [("layers", "0"), ("layers", "-3"), ("hidden", "99999999"), ("vocab", "x"), ("half", "left"), ("box", "<b>")],
)
def test_bad_links_are_said_and_left_out(name, value):
    at = opened(**{name: value})
    assert "not possible here" in said(at)
    assert at.metric[0].value == "110,106,428"


@pytest.mark.slow
@pytest.mark.parametrize("text", ["", "   ", "\x00\u202e", "<script>alert(1)</script>", "word " * 600, "😀"])
def test_any_text_keeps_the_page_alive(text):
    at = opened(a=text)
    assert at.title[0].value == "Transformer"
    assert len(at.subheader) == 4


@pytest.mark.parametrize("kind", ["bare", "distilbert"])
def test_a_model_with_less_is_counted_too(kind, monkeypatch):
    model, entry = tiny_bert(kind), registry.Entry(kind, kind, "local", "nowhere", "")
    monkeypatch.setattr(registry, "entries", lambda: {kind: entry})
    monkeypatch.setitem(registry._loaded, entry, model)
    monkeypatch.setattr("bert_explain.models.entries", lambda: {kind: entry}, raising=False)
    at = opened(a="the bank", box="softmax")
    frame = next(d.value for d in at.dataframe if "from the weights" in d.value)
    assert set(frame["equal"]) == {"equal"}
    assert sum(int(n.replace(",", "")) for n in frame["from the weights"]) == sizes.total(sizes.of(model))
