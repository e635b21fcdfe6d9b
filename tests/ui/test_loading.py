"""A model, or a table of vectors, that takes a while to open: the page says how far it is, and what is done meanwhile counts."""

import gc
import threading
import weakref
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from bert_explain import models
from bert_explain.engines.jobs import DONE, JOBS
from bert_explain.models import registry
from bert_explain.models.loaded import MODELS
from bert_explain.ui import cache, working
from tests.whole import finished

APP = str(Path(__file__).resolve().parents[2] / "app.py")
SECOND = "second"


@pytest.fixture
def slow(monkeypatch, mini_bert):
    """A second model, mini-bert under another name, that is loaded when it is told to."""
    go = threading.Event()
    bundled = models.entries()["mini-bert"]
    entry = registry.Entry(SECOND, "The second one", "local", bundled.where, "for this test")
    known = {"mini-bert": bundled, SECOND: entry}
    monkeypatch.setattr(registry, "entries", lambda: known)
    monkeypatch.setattr(models, "entries", lambda: known)
    monkeypatch.setattr(working, "AT_ONCE", 0.1)
    first = models.load

    def load(name=""):
        if name == SECOND and models.ready(SECOND) is None:
            assert go.wait(60)
        return first(name)

    monkeypatch.setattr(models, "load", load)
    registry._loaded.pop(entry, None)
    yield go
    go.set()
    JOBS.wait(60)


def opened(**params: str) -> AppTest:
    at = AppTest.from_file(APP, default_timeout=120)
    for name, value in params.items():
        at.query_params[name] = value
    at.switch_page("pages/5_Attention.py")
    at.run()
    assert not at.exception
    return at


def bars(at: AppTest) -> list[str]:
    return [bar.proto.text for bar in at.get("progress")]


def test_what_is_typed_while_a_model_is_loaded_counts(slow):
    at = opened(mode="explore", step="heads", model=SECOND)
    assert any("second" in text.lower() for text in bars(at))
    at.text_input[0].set_value("Typed meanwhile.").run()
    assert not at.exception
    assert at.query_params["a"] == "Typed meanwhile."
    assert at.query_params["model"] == SECOND
    slow.set()
    finished(at)
    assert not bars(at)
    assert at.text_input[0].value == "Typed meanwhile."
    assert at.subheader


def test_cancel_goes_back_to_the_model_that_was_there(slow):
    at = opened(mode="explore", step="heads")
    assert at.subheader
    at.query_params["model"] = SECOND
    at.run()
    assert bars(at)
    next(b for b in at.button if b.label == "Cancel").click().run()
    assert not at.exception
    assert "model" not in at.query_params
    assert at.subheader
    slow.set()
    assert JOBS.wait(60)
    assert JOBS.find(("model", SECOND)).result is None


def test_a_model_whose_reader_went_elsewhere_is_held_by_no_job(slow):
    at = opened(mode="explore", step="heads", model=SECOND)
    assert bars(at)
    slow.set()
    assert JOBS.wait(60)
    assert JOBS.find(("model", SECOND)).state == DONE
    model = weakref.ref(models.ready(SECOND))
    MODELS.forget(model().spec.reads_as)
    gc.collect()
    assert model() is None
    finished(at)  # back again: it is opened anew
    assert not bars(at)
    assert at.subheader


def test_where_no_page_is_drawn_it_is_simply_loaded(slow):
    slow.set()
    assert cache.model(SECOND).title == "The second one"


def test_a_model_that_cannot_be_had_is_said(slow, monkeypatch):
    found = models.load()

    def load(name=""):
        if name == SECOND:
            raise models.BadModel("It is not there.")
        return found

    monkeypatch.setattr(models, "load", load)
    at = opened(mode="explore", step="heads", model=SECOND)
    said = " ".join(str(e.proto.body) for e in at.get("html"))
    if "It is not there." not in said:  # a busy machine was still at it
        said = " ".join(str(e.proto.body) for e in finished(at).get("html"))
    assert "It is not there. mini-bert is shown instead." in said
