"""What breaks while the app runs: files of a model, the disk of a cache, the server told to stop in the middle of work."""

import errno
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from streamlit.testing.v1 import AppTest
from transformers import BertConfig, BertForPreTraining, GPT2Config

from bert_explain import models
from bert_explain.errors import BadModel
from bert_explain.models import hub, registry, vector_files
from tests.browser.helpers import wait_until_healthy
from tests.hostile.run import Visit
from tests.tiny import WORDS, tokenizer

ROOT = Path(__file__).resolve().parents[2]
SIZES = {"vocab_size": len(WORDS), "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}


@pytest.fixture
def folder(tmp_path):
    torch.manual_seed(1)
    BertForPreTraining(BertConfig(**SIZES)).save_pretrained(tmp_path / "my-bert")
    tokenizer().save_pretrained(tmp_path / "my-bert")
    return tmp_path / "my-bert"


def missing(folder):
    (folder / "model.safetensors").unlink()


def cut_in_the_header(folder):
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:100])


def cut_in_the_numbers(folder):
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1000])


def empty(folder):
    (folder / "model.safetensors").write_bytes(b"")


def another_kind(folder):
    GPT2Config().save_pretrained(folder)


def another_size(folder):
    BertConfig(**{**SIZES, "hidden_size": 16}).save_pretrained(folder)


FAULTS = [missing, cut_in_the_header, cut_in_the_numbers, empty, another_kind, another_size]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_broken_model_file_is_a_sentence_and_the_page_goes_on(fault, folder, monkeypatch):
    fault(folder)
    with pytest.raises(BadModel) as error:
        registry.from_folder(folder, "my-bert", "my-bert")
    assert str(error.value).endswith((".", ")"))
    assert "Traceback" not in str(error.value)

    monkeypatch.setenv("BERT_EXPLAIN_MODEL", str(folder))
    at = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120).run()
    assert not at.exception
    assert "mini-bert is shown instead." in " ".join(str(e.proto.body) for e in at.get("html"))


# Caches on a disk ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_download_that_the_disk_does_not_take(number, monkeypatch):
    def ask(repo, revision, patterns, **options):
        if options.get("dry_run"):
            return []
        raise OSError(number, os.strerror(number), "/a/secret/path")

    monkeypatch.setattr(hub, "plan", lambda *_: hub.Plan((), 10, 10))
    monkeypatch.setattr(hub, "_ask", ask)
    with pytest.raises(BadModel) as error:
        hub.fetch("a/b", "A model", lambda *_: None)
    assert str(error.value) == f"A model could not be written to this machine's disk: {os.strerror(number)}."


def vectors(tmp_path):
    file = tmp_path / "mine.txt"
    file.write_text("".join(f"word{n} 0.1 0.2 0.3\n" for n in range(20)))
    return file


def test_word_vectors_where_the_cache_is_full(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    full = shutil.disk_usage(tmp_path)._replace(free=10)
    monkeypatch.setattr(vector_files.shutil, "disk_usage", lambda _: full)
    with pytest.raises(BadModel, match="There is no keeping converted word vectors in"):
        vector_files.read_given(vectors(tmp_path), lambda *_: None)
    assert not list((tmp_path / "cache" / "bert_explain" / "vectors").iterdir())  # nothing half made is left


def test_word_vectors_where_the_cache_is_read_only(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def refuse(*_, **__):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(vector_files.tempfile, "mkdtemp", refuse)
    with pytest.raises(BadModel, match="Read-only file system"):
        vector_files.read_given(vectors(tmp_path), lambda *_: None)


# The server ----------------------------------------------------------------------------------------------------


@pytest.mark.rest
@pytest.mark.skipif(os.name == "nt", reason="no such signal there")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_server_told_to_stop_in_the_middle_of_work_stops(how, tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "bert_explain", "--no-browser", "--port", str(port)]
    log = tmp_path / "server.log"
    with log.open("w") as output:
        server = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_healthy(server, url, log)
        visit = Visit(url)
        visit.page, visit.query = "Attention", "mode=explore&step=off&tried=1"
        visit.ask()
        for number in range(4):  # long texts, none waited for
            visit.type({"Sentence A": f"{number} the bank of the river " * 60})
        time.sleep(0.5)
        server.send_signal(how)
        assert server.wait(60) in (0, -how, 130)
    finally:
        server.kill()
    assert "Traceback" not in log.read_text()


def test_the_default_model_is_there_after_all_that():
    assert models.load("mini-bert").hidden_size == 384
