"""The ELMo page, as Streamlit runs it: numbers against the model, links, choices, bad input."""

import json
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from bert_explain.chapters.elmo import analysis as an
from bert_explain.chapters.elmo import layers as el
from bert_explain.models import elmo, load_elmo
from bert_explain.trace_elmo import run_elmo
from tests.tiny_elmo import save_tiny, tiny_module
from tests.whole import explore, whole

APP = str(Path(__file__).resolve().parents[2] / "app.py")
PAIR = {"a": "She walked to the bank of the river.", "b": "The bank opens at nine."}


@pytest.fixture(autouse=True)
def given(tmp_path_factory, monkeypatch):
    """A tiny random ELMo: what the page says is checked against it."""
    folder = save_tiny(tmp_path_factory.getbasetemp() / "tiny-elmo")
    monkeypatch.setenv(elmo.ENV_ELMO, str(folder))


def opened(**params: str) -> AppTest:
    at = whole(AppTest.from_file(APP, default_timeout=240))
    for name, value in (PAIR | params).items():
        at.query_params[name] = value
    at.switch_page("pages/10_ELMo.py")
    at.run()
    assert not at.exception
    return at


def said(at: AppTest) -> str:
    html = [str(e.proto.body) for e in at.get("html") if "<style" not in e.proto.body]
    return " ".join([*html, *(c.value for c in at.caption), *(t.value for t in at.text)])


def spec(at: AppTest, number: int) -> dict:
    return json.loads(at.get("plotly_chart")[number].proto.spec)


def test_what_it_says_is_what_the_model_computes():
    at = opened(token="5")  # [CLS] she walked to the bank
    trace = run_elmo(load_elmo(), PAIR["a"])
    assert trace.words[4].text == "bank"
    text = said(at)
    assert an.look_guesses(an.guess_table(trace), 4).html() in text
    assert an.look_directions(trace, an.staircases(trace, 0, 9), 0, 4).html() in text
    other = run_elmo(load_elmo(), PAIR["b"])
    drift = el.drift(trace, 4, other, 1)
    assert el.look_drift(drift, "bank", "bank").html() in text
    ranks = spec(at, 0)["data"]
    assert [trace_["name"] for trace_ in ranks] == ["forward", "backward"]


def test_the_mix_follows_the_sliders():
    at = opened(token="5")
    trace = run_elmo(load_elmo(), PAIR["a"])
    at.slider(key="w-ELMo-w2@mix").set_value(3.0).run()
    at.slider(key="w-ELMo-gamma@mix").set_value(0.5).run()
    assert not at.exception
    table = el.mix_table(trace, 4, [0, 0, 3], 0.5)
    assert el.look_mix(table, "bank", 0.5).html() in said(at)
    assert np.isclose(table["share s"].sum(), 1)
    assert at.query_params["w2"] in ("60", ["60"])


def test_a_token_in_b_makes_elmo_read_b():
    at = opened(token="12")  # the first word of B
    trace = run_elmo(load_elmo(), PAIR["b"])
    assert an.look_guesses(an.guess_table(trace), an.place_of(trace.words, (4, 8))).html() in said(at)


def test_another_sentence_and_one_without_the_word():
    at = opened(token="5", other="No bank, no river, no bank.")
    trace, other = run_elmo(load_elmo(), PAIR["a"]), run_elmo(load_elmo(), "No bank, no river, no bank.")
    assert el.look_drift(el.drift(trace, 4, other, 1), "bank", "bank").html() in said(at)
    at.slider(key="w-ELMo-meet@drift").set_value(2).run()
    assert el.look_drift(el.drift(trace, 4, other, 7), "bank", "bank").html() in said(at)
    at.text_input(key="w-ELMo-other@drift").set_value("Nothing like it.").run()
    assert not at.exception
    assert "The other sentence has no “bank” in it" in said(at)


def test_a_made_up_word_has_a_vector_and_odd_ones_do_no_harm():
    at = opened(made="frobnicate")
    assert "is none of the words that ELMo can guess, and yet it has a vector" in said(at)
    for word in ("the", "<b>x</b>", "🙂", "שלום", "x" * 60, "\x00"):
        at.text_input(key="w-ELMo-made@made-up").set_value(word).run()
        assert not at.exception, word
        assert "<b>x</b>" not in said(at)
    at.text_input(key="w-ELMo-made@made-up").set_value("   ").run()
    assert "they need not be a word" in said(at)


@pytest.mark.slow
@pytest.mark.parametrize(
    "texts",
    [
        {"a": "", "b": ""},
        {"a": "   ", "b": ""},
        {"a": "", "b": "Only B has words."},
        {"a": "?!...", "b": "x"},
        {"a": "🙂 שלום \x07 <img src=x onerror=alert(1)> **y**", "b": ""},
        {"a": "the bank " * 400, "b": "bank"},
        {"a": "a", "b": ""},
    ],
)
def test_any_text_keeps_the_page_alive(texts):
    at = opened(**texts)
    assert "<img" not in said(at)
    if not (texts["a"] + texts["b"]).strip():
        assert "There is no word to read yet" in said(at)


def test_that_there_is_no_word_is_not_folded_away():
    at = explore(AppTest.from_file(APP, default_timeout=240))
    for name, value in {"a": "", "b": "", "step": "directions"}.items():
        at.query_params[name] = value
    at.switch_page("pages/10_ELMo.py")
    at.run()
    assert "There is no word to read yet" in said(at)
    assert "Another word" not in [expander.label for expander in at.expander]


def test_bad_links_are_dropped_with_a_notice():
    at = opened(w1="99", gamma="x", k="0", meet="77777")
    for name in ("w1=99", "gamma=x", "k=0", "meet=77777"):
        assert f"The link says {name}" in said(at)


def test_a_model_without_a_softmax_says_so_and_shows_the_rest(tmp_path, monkeypatch):
    from bert_explain.models import elmo_format

    elmo_format.save(tiny_module(n_words=0), (), tmp_path / "bare")
    monkeypatch.setenv(elmo.ENV_ELMO, str(tmp_path / "bare"))
    at = opened()
    assert "it gives vectors, but predicts no words" in said(at)
    assert "One embedding out of all layers" in " ".join(h.value for h in at.subheader)


def test_a_broken_model_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv(elmo.ENV_ELMO, str(tmp_path / "nothing"))
    at = opened()
    assert "There is no folder" in said(at)
    assert not at.get("plotly_chart")
