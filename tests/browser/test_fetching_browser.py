"""A model that is not on this machine, in Chromium, with a small hub on this machine: a press fetches it, with progress."""

import os

import pytest
import torch
from playwright.sync_api import expect
from transformers import BertConfig, BertForPreTraining

from tests.browser.helpers import TIMEOUT, open_at, running_server, settled
from tests.test_hub import SHA, Hub
from tests.tiny import WORDS, tokenizer

pytestmark = pytest.mark.rest

SETTINGS = f"""
[[models]]
name = "small-bert"
title = "Small BERT"
hub = "some-one/small-bert"
revision = "{SHA}"
bytes = 42_000_000
about = "2 layers"
"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    torch.manual_seed(3)
    sizes = {"vocab_size": len(WORDS), "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    BertForPreTraining(BertConfig(**sizes, intermediate_size=40_000)).save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    hub = Hub(folder)
    hub.pause = 8.0  # long enough to be seen on a slow machine
    yield hub
    hub.server.shutdown()
    hub.server.server_close()


def test_a_press_fetches_and_a_link_does_not(new_page, hub, tmp_path, monkeypatch):
    (tmp_path / "settings.toml").write_text(SETTINGS)
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    for name in [name for name in os.environ if "OFFLINE" in name or "proxy" in name.lower()]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with running_server(tmp_path / "server.log", "--settings", str(tmp_path / "settings.toml")) as url:
        page = new_page(base_url=url)
        open_at(page, "Tokens", model="small-bert", a="the bank")
        expect(page.get_by_text("Small BERT is not on this machine. mini-bert is shown instead.")).to_be_visible(timeout=TIMEOUT)
        assert hub.asked == []

        page.get_by_role("button", name="Fetch Small BERT (42 MB)").click()
        expect(page.get_by_text("of 42 MB")).to_be_visible(timeout=TIMEOUT)
        page.get_by_role("button", name="Cancel").click()  # answered while it comes
        expect(page.get_by_role("button", name="Fetch Small BERT (42 MB)")).to_be_visible(timeout=TIMEOUT)

        page.get_by_role("button", name="Fetch Small BERT (42 MB)").click()
        expect(page.get_by_text("of 42 MB")).to_be_visible(timeout=TIMEOUT)
        expect(page.get_by_text("is not on this machine")).to_have_count(0, timeout=TIMEOUT)
        expect(page.get_by_text("of 42 MB")).to_have_count(0, timeout=TIMEOUT)
        settled(page)
        expect(page.get_by_role("button", name="Fetch Small BERT")).to_have_count(0, timeout=TIMEOUT)
        assert "model=small-bert" in page.url
        page.get_by_role("button", name="Examples, model").click()
        expect(page.get_by_text("2 layers")).to_be_visible(timeout=TIMEOUT)
        assert "model.safetensors" in hub.asked
        page.goto("about:blank")
