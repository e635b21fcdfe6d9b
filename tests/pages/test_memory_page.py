"""A text whose numbers would not fit into what this server keeps: a sentence, and the text stays."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from bert_explain.engines.cache import TRACES

APP = str(Path(__file__).resolve().parents[2] / "app.py")
LONG = "the water of the river was cold and clear " * 70


@pytest.fixture
def little(monkeypatch):
    """A server that keeps 20 MB of traces."""
    monkeypatch.setenv("BERT_EXPLAIN_TRACE_MEMORY", "20")
    TRACES.clear()
    yield
    TRACES.clear()


def told(at: AppTest) -> str:
    html = [str(e.proto.body) for e in at.get("html") if "<style" not in e.proto.body]
    return " ".join([*html, *(t.value for t in at.text)])


@pytest.mark.parametrize("page", ["app.py", "pages/5_Attention.py", "pages/9_Word_vectors.py"])
def test_a_text_that_would_not_fit_is_refused_in_a_sentence(little, page):
    at = AppTest.from_file(APP, default_timeout=120)
    at.query_params["a"] = LONG
    if page != "app.py":
        at.switch_page(page)
    at.run()
    assert not at.exception
    assert "This text has 512 tokens. What mini-bert computes for it, the attention of every head included, takes" in told(at)
    assert at.text_input[0].value == LONG
    assert TRACES.nbytes == 0


def test_it_is_read_again_once_it_is_short(little):
    at = AppTest.from_file(APP, default_timeout=120)
    at.query_params["a"] = LONG
    at.run()
    at.text_input[0].set_value("The bank.").run()
    assert not at.exception
    assert "This text has 512 tokens" not in told(at)
    assert 0 < TRACES.nbytes < TRACES.limit
