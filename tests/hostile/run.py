"""A run of hostile inputs against a live server: python -m tests.hostile --count 10000

A third are texts typed into the sentence box, a fifth links, a fifth messages of the protocol, and the rest files. Counted are
tracebacks (in an answer, in the server's log, raised by a reader of files), scripts and elements made of an input, and
addresses outside this machine that the server would have spoken to.
"""

from __future__ import annotations

import argparse
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from bert_explain.errors import ExplainError
from tests.hostile import inputs, watched
from tests.hostile.judge import wrong

ROOT = Path(__file__).resolve().parents[2]
SHARES = {"texts": 0.34, "links": 0.2, "messages": 0.2, "files": 0.26}
FRESH = 25  # inputs of one session
PATIENCE = 120  # seconds for one answer


@dataclass
class Report:
    """What was tried, and what went wrong."""

    tried: Counter = field(default_factory=Counter)
    tracebacks: list[str] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def said(self) -> str:
        """In a few lines."""
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in self.tried.items())
        lines = [f"{sum(self.tried.values()):,} hostile inputs in {self.seconds:.0f} s: {kinds}."]
        for name in ("tracebacks", "scripts", "outside"):
            found = getattr(self, name)
            lines.append(f"{name}: {len(found)}")
            lines += [f"  {one}" for one in found[:5]]
        return "\n".join(lines)

    @property
    def clean(self) -> bool:
        """Whether nothing went wrong."""
        return not (self.tracebacks or self.scripts or self.outside)


class Visit:
    """One reader's session, spoken to as a browser does."""

    def __init__(self, url: str) -> None:
        address = url.replace("http", "ws", 1) + "/_stcore/stream"
        self._socket = connect(address, subprotocols=["streamlit"], max_size=None, origin=url, open_timeout=PATIENCE)
        self.query, self.page = "", ""
        self.widgets: dict[str, str] = {}  # label of a text field -> id
        self.ids: list[str] = []

    def ask(self, values: dict[str, str] | None = None) -> list[str]:
        """A run of the page, with these texts in these fields; what is wrong with its answer."""
        self.type(values or {})
        return self.answer()

    def type(self, values: dict[str, str]) -> None:
        """These texts in the fields of these labels; no answer is waited for."""
        said = BackMsg()
        said.rerun_script.query_string, said.rerun_script.page_name = self.query, self.page
        for label, value in values.items():
            state = said.rerun_script.widget_states.widgets.add()
            state.id, state.string_value = self.widgets[label], value
        self._socket.send(said.SerializeToString())

    def answer(self) -> list[str]:
        """Read until the run is over."""
        found = []
        while True:
            message = ForwardMsg()
            message.ParseFromString(self._socket.recv(timeout=PATIENCE))
            found += wrong(message)
            kind = message.WhichOneof("type")
            if kind == "delta" and message.delta.WhichOneof("type") == "new_element":
                element = message.delta.new_element
                said = getattr(element, element.WhichOneof("type"))
                if identity := getattr(said, "id", ""):
                    self.ids.append(identity)
                    if element.WhichOneof("type") == "text_input":
                        self.widgets[said.label] = identity
            if kind == "script_finished" and message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                return found

    def send(self, message: bytes | str) -> None:
        """A message as it is; no answer is waited for."""
        self._socket.send(message)

    def close(self) -> None:
        """Leave."""
        self._socket.close()


def run(url: str, count: int, seed: int = 0) -> Report:
    """`count` inputs against the server at this address (files: against their readers, in this process)."""
    report, started = Report(), time.monotonic()
    counts = {kind: round(count * share) for kind, share in SHARES.items()}
    counts["texts"] += count - sum(counts.values())
    _texts(url, random.Random(seed), counts["texts"], report)
    _links(url, random.Random(seed + 1), counts["links"], report)
    _messages(url, random.Random(seed + 2), counts["messages"], report)
    _files(random.Random(seed + 3), counts["files"], report)
    report.seconds = time.monotonic() - started
    return report


def _note(report: Report, what: str, found: list[str]) -> None:
    for one in found:
        (report.tracebacks if one.startswith("exception") else report.scripts).append(f"{what}: {one}")


def _texts(url: str, rng: random.Random, count: int, report: Report) -> None:
    visit = None
    for number in range(count):
        if number % FRESH == 0:
            if visit is not None:
                visit.close()
            visit = Visit(url)
            visit.page = rng.choice(("", "Tokens", "Tokens", "Attention", "Masked_words", "Next_sentence", "Outputs"))
            visit.query = rng.choice(("", "mode=explore"))
            visit.ask()
        boxes = sorted(label for label in visit.widgets if label.startswith("Sentence "))
        typed = {box: inputs.text(rng).replace("\x00", "") for box in rng.sample(boxes, rng.randrange(1, len(boxes) + 1))}
        _note(report, f"text {list(typed.values())!r}"[:300], visit.ask(typed))
        report.tried["texts"] += 1
    if visit is not None:
        visit.close()


def _links(url: str, rng: random.Random, count: int, report: Report) -> None:
    for _ in range(count):
        visit = Visit(url)
        visit.page, visit.query = inputs.page(rng), inputs.link(rng)
        _note(report, f"link {visit.page}?{visit.query}"[:400], visit.ask())
        visit.close()
        report.tried["links"] += 1


def _messages(url: str, rng: random.Random, count: int, report: Report) -> None:
    visit = None
    for number in range(count):
        if visit is None:
            visit = Visit(url)
            visit.ask()
        said = inputs.message(rng, sorted(set(visit.ids))[:40])
        try:
            visit.send(said)
        except ConnectionClosed:  # the server may hang up on one who talks nonsense
            visit = None
        report.tried["messages"] += 1
        if visit is not None and (number + 1) % FRESH == 0:
            visit.close()
            visit = None
            _note(report, "after messages", _well(url))
    _note(report, "after messages", _well(url))


def _well(url: str) -> list[str]:
    """Whether the server still answers a newcomer."""
    visit = Visit(url)
    found = visit.ask()
    visit.close()
    return found


def _files(rng: random.Random, count: int, report: Report) -> None:
    from bert_explain.chapters.same_word import sentence_csv
    from bert_explain.models import allowed, registry, vector_files

    found: list[str] = []
    sys.addaudithook(
        lambda event, arguments: found.append(f"{event} {host}") if (host := watched.outside(event, arguments)) else None
    )
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        good = _good_model(folder / "good")
        for number in range(count):
            kind, path = rng.choice(("csv", "csv", "settings", "vectors", "model")), folder / f"f{number}"
            try:
                if kind == "csv":
                    sentence_csv.read_csv(inputs.csv_file(rng))
                elif kind == "settings":
                    path.write_bytes(inputs.settings_file(rng))
                    allowed.read(path)
                elif kind == "vectors":
                    ending, content = inputs.vector_file(rng)
                    path = path.with_suffix(ending)
                    path.write_bytes(content)
                    vector_files.read_given(path, lambda *_: None)
                else:
                    path.mkdir()
                    for name, content in inputs.model_folder(rng, good).items():
                        (path / name).write_bytes(content)
                    registry.from_folder(path, "odd", "odd")
            except ExplainError:
                pass
            except Exception as error:
                report.tracebacks.append(f"file {number} ({kind}): exception {type(error).__name__}: {str(error)[:200]}")
            report.tried["files"] += 1
    report.outside += found


def _good_model(folder: Path) -> dict[str, bytes]:
    import torch
    from transformers import BertConfig, BertForPreTraining

    from tests.tiny import WORDS, tokenizer

    torch.manual_seed(0)
    sizes = {"vocab_size": len(WORDS), "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
    BertForPreTraining(BertConfig(**sizes)).save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def against_a_server(count: int, seed: int = 0, log: Path | None = None) -> Report:
    """Start a watched server, run, stop it, and read what it wrote down."""
    import os
    import socket

    from tests.browser.helpers import wait_until_healthy

    with tempfile.TemporaryDirectory() as place:
        log, spoken = log or Path(place) / "server.log", Path(place) / "outside.log"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        # Its caches of files are its own, and vectors of this process too.
        environment = {**os.environ, "HF_HOME": f"{place}/hub", "PYTHONUNBUFFERED": "1"}
        command = [sys.executable, str(ROOT / "tests/hostile/watched.py"), str(spoken), "--no-browser", "--port", str(port)]
        with log.open("w") as output:
            server = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, env=environment)
        url = f"http://127.0.0.1:{port}"
        try:
            wait_until_healthy(server, url, log)
            report = run(url, count, seed)
            if server.poll() is not None:
                report.tracebacks.append(f"the server ended with {server.returncode}")
        finally:
            server.terminate()
            server.wait(30)
        said = log.read_text(errors="replace")
        report.tracebacks += [
            f"log: {one}" for one in re.findall(r"Traceback[^\n]*\n(?:.*\n)*?(\S*(?:Error|Exception)\S*.*)", said)
        ]
        report.outside += spoken.read_text().splitlines() if spoken.exists() else []
    return report


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--log", type=Path, help="keep what the server said in this file")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    report = against_a_server(options.count, options.seed, options.log)
    print(report.said())
    return 0 if report.clean else 1
