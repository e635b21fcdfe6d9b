"""A model that is not on this machine: a link fetches nothing; a sentence, and where it is allowed a button with its size."""

import shutil
import threading
from pathlib import Path

import pytest
import torch
from streamlit.testing.v1 import AppTest
from transformers import BertConfig, BertForPreTraining

from bert_explain.errors import BadModel
from bert_explain.models import allowed, hub, registry
from tests.tiny import WORDS, tokenizer
from tests.whole import finished

APP = str(Path(__file__).resolve().parents[2] / "app.py")
SIZES = {"vocab_size": len(WORDS), "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}
ASKED = "Ask the Hugging Face hub how large it is"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    torch.manual_seed(1)
    folder = tmp_path_factory.mktemp("models") / "tiny"
    BertForPreTraining(BertConfig(**SIZES)).save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return folder


@pytest.fixture
def asked(tmp_path, monkeypatch, folder):
    """What the hub was asked; the stand-in brings a small model. Nobody else reaches this server."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.snapshot_download", lambda *_, **__: pytest.fail("asked the real hub"))
    monkeypatch.setattr(allowed, "listening", "127.0.0.1")
    heard = []

    def fetch(repo, title, progress, revision="", most=None):
        heard.append(("fetch", repo, revision, most))
        progress(0.5, f"{title}: half of it")
        there = hub._home(repo) / "snapshots" / (revision or "main0")
        shutil.copytree(folder, there)
        if not revision:
            (hub._home(repo) / "refs").mkdir()
            (hub._home(repo) / "refs" / "main").write_text("main0")
        return there

    def plan(repo, title, revision=""):
        heard.append(("size", repo, revision))
        return hub.Plan((), 123_000_000, 123_000_000)

    monkeypatch.setattr(registry.hub, "fetch", fetch)
    monkeypatch.setattr("bert_explain.models.plan", plan)
    return heard


def page(model: str) -> AppTest:
    at = AppTest.from_file(APP, default_timeout=120)
    at.query_params["model"] = model
    return at.run()


def told(at: AppTest) -> str:
    return " ".join(str(e.proto.body) for e in at.get("html") if 'class="notice' in e.proto.body)


def button(at: AppTest, label: str):
    return next((b for b in at.button if b.label == label), None)


def test_a_link_fetches_nothing_and_a_press_does(asked):
    at = page("bert-large-uncased")
    assert not at.exception
    assert asked == []
    assert "BERT-large, uncased is not on this machine. mini-bert is shown instead." in told(at)
    assert button(at, "Fetch BERT-large, uncased (1.3 GB)") is not None
    assert at.query_params["model"] == "bert-large-uncased"

    finished(button(at, "Fetch BERT-large, uncased (1.3 GB)").click().run())
    assert not at.exception
    entry = registry.entries()["bert-large-uncased"]
    assert asked == [("fetch", "google-bert/bert-large-uncased", entry.revision, entry.size)]
    assert "is not on this machine" not in told(at)
    assert button(at, "Fetch BERT-large, uncased (1.3 GB)") is None
    assert registry.ready("bert-large-uncased").hidden_size == 8


def test_one_can_stay_with_what_is_there(asked):
    at = page("bert-base-cased")
    button(at, "Stay with mini-bert").click().run()
    assert not at.exception
    assert "model" not in at.query_params
    assert told(at) == ""
    assert asked == []


@pytest.mark.parametrize("listening", ["0.0.0.0", None])
def test_a_server_that_others_reach_fetches_nothing(asked, listening, monkeypatch):
    monkeypatch.setattr(allowed, "listening", listening)
    at = page("bert-base-uncased")
    assert "BERT-base, uncased is not on this machine, and this server fetches no models for its readers." in told(at)
    assert "mini-bert is shown instead." in told(at)
    assert not [b for b in at.button if b.label.startswith("Fetch")]
    assert asked == []


def test_unless_whoever_runs_it_allows_it(asked, monkeypatch):
    monkeypatch.setattr(allowed, "listening", "0.0.0.0")
    monkeypatch.setenv("BERT_EXPLAIN_DOWNLOADS", "1")
    assert button(page("bert-base-uncased"), "Fetch BERT-base, uncased (441 MB)") is not None


@pytest.mark.parametrize("name", ["some-one/small", "../../etc/passwd", "https://evil.example/x", "<b>x</b>", "x" * 120])
def test_what_is_not_on_the_list_gets_a_sentence(asked, name):
    at = page(name)
    assert not at.exception
    assert "There is no model called “" in told(at)
    assert "whoever runs it decides which may be loaded. mini-bert is shown instead." in told(at)
    assert "<b>" not in told(at)
    assert asked == []


def test_where_any_may_be_loaded_its_size_is_asked_first_by_a_press(asked, monkeypatch):
    monkeypatch.setenv("BERT_EXPLAIN_ANY_MODEL", "1")
    at = page("some-one/small")
    assert asked == []
    assert button(at, "Fetch some-one/small (123 MB)") is None
    finished(button(at, ASKED).click().run())
    assert asked == [("size", "some-one/small", "")]
    finished(button(at, "Fetch some-one/small (123 MB)").click().run())
    assert asked[1:] == [("fetch", "some-one/small", "", 123_000_000)]
    assert not at.exception
    assert registry.ready("some-one/small").hidden_size == 8


def test_what_went_wrong_is_said_beside_the_button(asked, monkeypatch):
    def fail(*_, **__):
        raise BadModel("The disk is full. Nothing was fetched.")

    monkeypatch.setattr(registry.hub, "fetch", fail)
    at = page("bert-base-cased")
    finished(button(at, "Fetch BERT-base, cased (436 MB)").click().run())
    assert not at.exception
    assert "The disk is full. Nothing was fetched." in told(at)
    assert button(at, "Fetch BERT-base, cased (436 MB)") is not None


def test_it_can_be_cancelled(asked, monkeypatch):
    begun, ended = threading.Event(), threading.Event()

    def slow(repo, title, progress, revision="", most=None):
        try:
            while True:
                progress(0.25, f"{title}: 1 of 4 MB")
                begun.set()
                ended.wait(0.01)
        finally:
            ended.set()

    monkeypatch.setattr(registry.hub, "fetch", slow)
    at = page("bert-base-cased")
    button(at, "Fetch BERT-base, cased (436 MB)").click().run()
    assert begun.wait(20)
    button(at.run(), "Cancel").click().run()
    assert ended.wait(20)
    finished(at)
    assert not at.exception
    assert button(at, "Fetch BERT-base, cased (436 MB)") is not None
    assert "mini-bert is shown instead." in told(at)


def test_a_sentence_can_be_edited_while_a_model_is_offered(asked):
    at = page("bert-base-cased")
    at.text_input[0].set_value("The bank.").run()
    assert not at.exception
    assert at.query_params["a"] == "The bank."
    assert at.query_params["model"] == "bert-base-cased"
