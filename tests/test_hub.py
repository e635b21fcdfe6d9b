"""The hub's client, the real one, against a small hub on this machine: files arrive, and progress is told."""

import json
import os
import subprocess
import sys
import threading
import time
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
import importlib.util, json, threading
spec = importlib.util.spec_from_file_location("hub", {str(ROOT / "bert_explain/models/hub.py")!r})
hub = importlib.util.module_from_spec(spec)
spec.loader.exec_module(hub)
heard = []
def progress(share, what):
    heard.append((share, what, threading.current_thread() is threading.main_thread()))
try:
    result = {{"folder": str(hub.snapshot("google-bert/bert-base-uncased", "BERT-base, uncased", progress))}}
except hub.BadModel as error:
    result = {{"error": str(error)}}
print(json.dumps({{"heard": heard, **result}}))
"""


class Hub:
    """Serves one model's files as huggingface.co does; when `broken`, the weights stop half way, and then fail."""

    def __init__(self, folder: Path):
        self.files = {p.name: p.read_bytes() for p in folder.iterdir()}
        self.files["pytorch_model.bin"] = b"a pickle that nobody asks for"
        self.asked: list[str] = []
        self.broken = False
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self):
                self.answer(body=False)

            def do_GET(self):
                self.answer(body=True)

            def answer(self, body: bool):
                path, name = self.path.split("?")[0], self.path.rsplit("/", 1)[-1]
                if path.endswith("/revision/main"):
                    self.send(json.dumps({"id": "x/y", "sha": SHA, "siblings": []}).encode(), body)
                elif "/tree/" in path:
                    listing = [{"type": "file", "path": n, "size": len(b), "oid": n} for n, b in hub.files.items()]
                    self.send(json.dumps(listing).encode(), body)
                elif hub.broken and body and name in hub.asked and name == "model.safetensors":
                    self.send(b"", body, status=404)
                elif "/resolve/" in path and name in hub.files:
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
                    time.sleep(0.7)
                    if hub.broken:
                        self.close_connection = True
                        self.connection.close()
                        return
                if body:
                    self.wfile.write(content[len(content) // 2 :] if slow else content)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def load(self, home: Path, url: str = "", **environment) -> dict:
        env = {k: v for k, v in os.environ.items() if "OFFLINE" not in k and "proxy" not in k.lower()}
        env |= {"HF_HOME": str(home), "HF_ENDPOINT": url or self.url, "HF_HUB_DISABLE_XET": "1", **environment}
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
    assert again == {"heard": [], "folder": first["folder"]}
    assert hub.asked == []


def test_without_a_hub_one_sentence(hub, tmp_path):
    answer = hub.load(tmp_path, url="http://127.0.0.1:9")
    assert answer["error"].startswith("BERT-base, uncased is not on this machine, and the Hugging Face hub could not")
