"""The hub's client, the real one, against a small hub on this machine: files arrive, and progress is told."""

import json
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from transformers import BertConfig, BertForPreTraining

from bert_explain.models.registry import from_folder
from tests.tiny import WORDS, tokenizer

ROOT = Path(__file__).resolve().parents[1]
SHA = "0123456789abcdef0123456789abcdef01234567"

# In a process of its own: the client reads its address once, when it is imported. The module alone, without torch.
CLIENT = f"""
import importlib.util, json, os, sys, threading
spec = importlib.util.spec_from_file_location("hub", {str(ROOT / "bert_explain/models/hub.py")!r})
hub = sys.modules["hub"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(hub)
asked = json.loads(os.environ["ASKED"])
repo, title, revision = "google-bert/bert-base-uncased", "BERT-base, uncased", asked.get("revision", "")
heard = []
class Left(BaseException):
    pass
def progress(share, what):
    heard.append((share, what, threading.current_thread() is threading.main_thread()))
    if share >= asked.get("leave", 2):
        raise Left
if "free" in asked:
    hub._free = lambda: asked["free"]
result = dict()
try:
    found = hub.cached(repo, revision) or hub.fetch(repo, title, progress, revision, asked.get("most"))
    result["folder"] = str(found)
    result["cached"] = str(hub.cached(repo, revision))
except hub.BadModel as error:
    result["error"] = str(error)
except Left:
    result["left"] = True
result["heard"] = heard
print(json.dumps(result))
"""


class Hub:
    """Serves one model's files as huggingface.co does; when `broken`, the weights stop half way, and then fail."""

    def __init__(self, folder: Path):
        self.files = {p.name: p.read_bytes() for p in folder.iterdir()}
        self.files["pytorch_model.bin"] = b"a pickle that is asked for where there is nothing else"
        self.hidden: set[str] = set()
        self.asked: list[str] = []
        self.broken = False
        self.pause = 0.7  # seconds between the halves
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self):
                self.answer(body=False)

            def do_GET(self):
                self.answer(body=True)

            def answer(self, body: bool):
                path, name = self.path.split("?")[0], self.path.rsplit("/", 1)[-1]
                if "/revision/" in path:
                    self.send(json.dumps({"id": "x/y", "sha": SHA, "siblings": []}).encode(), body)
                elif "/tree/" in path:
                    listing = [
                        {"type": "file", "path": n, "size": len(b), "oid": n} for n, b in hub.files.items() if n not in hub.hidden
                    ]
                    self.send(json.dumps(listing).encode(), body)
                elif hub.broken and body and name in hub.asked and name == "model.safetensors":
                    self.send(b"", body, status=404)
                elif "/resolve/" in path and name in hub.files and name not in hub.hidden:
                    hub.asked += [name] if body else []
                    self.send(hub.files[name], body, ETag=f'"{name}"', **{"X-Repo-Commit": SHA})
                else:
                    self.send(b"", body, status=404)

            def send(self, content: bytes, body: bool, status: int = 200, **headers):
                self.send_response(status)
                for key, value in {"Content-Length": str(len(content)), **headers}.items():
                    self.send_header(key, value)
                self.end_headers()
                slow = len(content) > 2_000_000
                if body and slow:  # in two halves, so that there is progress to tell
                    self.wfile.write(content[: len(content) // 2])
                    self.wfile.flush()
                    time.sleep(hub.pause)
                    if hub.broken:
                        self.close_connection = True
                        self.connection.close()
                        return
                if body:
                    with suppress(ConnectionError):  # who asked has left
                        self.wfile.write(content[len(content) // 2 :] if slow else content)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def load(self, home: Path, url: str = "", asked: dict | None = None, **environment) -> dict:
        env = {k: v for k, v in os.environ.items() if "OFFLINE" not in k and "proxy" not in k.lower()}
        env |= {"HF_HOME": str(home), "HF_ENDPOINT": url or self.url, "ASKED": json.dumps(asked or {}), **environment}
        done = subprocess.run(
            [sys.executable, "-c", CLIENT], cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    torch.manual_seed(3)
    sizes = {"vocab_size": len(WORDS), "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    BertForPreTraining(BertConfig(**sizes, intermediate_size=40_000)).save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    hub = Hub(folder)
    yield hub
    hub.server.shutdown()
    hub.server.server_close()


def test_a_download_broken_off_is_said_taken_up_again_with_progress_and_then_kept(hub, tmp_path):
    hub.broken = True
    failed = hub.load(tmp_path)
    hub.broken = False
    assert "could not be reached to fetch it" in failed["error"]

    hub.asked.clear()
    first = hub.load(tmp_path)
    assert from_folder(Path(first["folder"]), "name", "title").hidden_size == 64
    assert "model.safetensors" in hub.asked
    assert "pytorch_model.bin" not in hub.asked
    shares = [share for share, _, _ in first["heard"]]
    assert shares == sorted(shares)
    assert all(0 <= share <= 1 for share in shares)
    assert any(0.2 < share < 0.9 for share in shares)  # told in the middle, not only at the ends
    assert all(in_callers_thread for _, _, in_callers_thread in first["heard"])
    assert first["heard"][0][1] == "BERT-base, uncased: asking the hub"
    assert first["heard"][-1][1].startswith("BERT-base, uncased: ")
    assert first["heard"][-1][1].endswith(" of 42 MB")

    hub.asked.clear()
    again = hub.load(tmp_path, HF_HUB_OFFLINE="1")
    assert again == {"heard": [], "folder": first["folder"], "cached": first["folder"]}
    assert hub.asked == []


def test_without_a_hub_one_sentence(hub, tmp_path):
    answer = hub.load(tmp_path, url="http://127.0.0.1:9")
    assert answer["error"].startswith("BERT-base, uncased is not on this machine, and the Hugging Face hub could not")


def test_a_listed_revision_is_the_one_that_is_kept(hub, tmp_path):
    found = hub.load(tmp_path, asked={"revision": SHA})
    assert Path(found["folder"]).name == SHA
    assert found["cached"] == found["folder"]
    assert "error" in hub.load(tmp_path, asked={"revision": "f" * 40}, HF_HUB_OFFLINE="1")  # another one does not do


def test_a_reader_who_cancels_ends_the_download_and_nothing_half_written_is_left(hub, tmp_path):
    hub.asked.clear()
    left = hub.load(tmp_path, asked={"leave": 0.1})
    assert left["left"]
    assert 0.1 <= left["heard"][-1][0] < 1
    assert not list(tmp_path.rglob("*.incomplete"))  # nothing half-written is left
    assert not list(tmp_path.rglob("model.safetensors"))
    assert "cached" in hub.load(tmp_path)


def test_larger_than_the_list_says_is_not_fetched(hub, tmp_path):
    hub.asked.clear()
    refused = hub.load(tmp_path, asked={"most": 40_000_000})
    assert refused["error"] == (
        "The hub has 42 MB under the name of BERT-base, uncased; the list says 40 MB. Nothing was fetched."
    )
    assert hub.asked == []
    assert "cached" in hub.load(tmp_path, asked={"most": 42_500_000})


def test_a_full_disk_is_said_before_anything_is_fetched(hub, tmp_path):
    hub.asked.clear()
    refused = hub.load(tmp_path, asked={"free": 100_000_000})
    assert refused["error"] == (
        "BERT-base, uncased takes 42 MB, and 100 MB are free on the disk where it would be kept. Nothing was fetched."
    )
    assert hub.asked == []


def test_pickled_numbers_are_fetched_only_where_there_is_nothing_else(hub, tmp_path):
    hub.asked.clear()
    hub.hidden = {"model.safetensors"}
    try:
        found = hub.load(tmp_path)
        assert "pytorch_model.bin" in hub.asked
        assert found["cached"] == found["folder"]
        hub.hidden |= {"pytorch_model.bin"}
        assert "neither model.safetensors nor pytorch_model.bin" in hub.load(tmp_path / "other")["error"]
    finally:
        hub.hidden = set()


@pytest.mark.skipif(os.geteuid() == 0 if hasattr(os, "geteuid") else True, reason="the superuser may write anywhere")
def test_a_cache_that_cannot_be_written_is_said(hub, tmp_path):
    tmp_path.chmod(0o500)
    try:
        assert "could not be written to this machine's disk" in hub.load(tmp_path)["error"]
    finally:
        tmp_path.chmod(0o700)


def test_a_cache_that_is_no_folder_is_said(hub, tmp_path):
    (tmp_path / "hub").write_text("a file")
    assert hub.load(tmp_path)["error"].startswith("BERT-base, uncased ")
