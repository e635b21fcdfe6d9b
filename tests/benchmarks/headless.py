"""A reader without a browser: Streamlit's websocket protocol, enough of it to open a page and to edit a sentence."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Run:
    """What one run of a page took: seconds from the message to its end, bytes and messages that came."""

    seconds: float
    size: int
    messages: int


@dataclass
class Reader:
    """One visit of a page. `problems`: what the page raised."""

    url: str
    path: str = ""
    params: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict, init=False)  # widget id -> text
    ids: dict[str, str] = field(default_factory=dict, init=False)  # label of a text field -> widget id
    known: set[str] = field(default_factory=set, init=False)  # hashes of messages that a browser would hold
    progress: list[str] = field(default_factory=list, init=False)  # what bars of long work said
    problems: list[str] = field(default_factory=list, init=False)

    async def open(self) -> Run:
        """Connect, and run the page for the first time."""
        at = urlsplit(self.url)
        self.query, self.page = urlencode(self.params), ""
        self.socket = await websockets.connect(
            f"ws://{at.netloc}/_stcore/stream",
            subprotocols=["streamlit"],
            origin=self.url,
            max_size=None,
            compression=None,
        )
        return await self._run()

    async def edit(self, text: str, label: str = "Sentence A") -> Run:
        """Put a text into a field, as Enter does."""
        self.values[self.ids[label]] = text
        return await self._run()

    async def close(self) -> None:
        await self.socket.close()

    async def _run(self, timeout: float = 120) -> Run:
        message = BackMsg()
        ask = message.rerun_script
        ask.query_string, ask.page_script_hash = self.query, self.page
        ask.page_name = "" if self.page else self.path
        for name, text in self.values.items():
            widget = ask.widget_states.widgets.add()
            widget.id, widget.string_value = name, text
        ask.cached_message_hashes.extend(self.known)
        start, size, count = time.perf_counter(), 0, 0
        await self.socket.send(message.SerializeToString())
        while True:
            raw = await asyncio.wait_for(self.socket.recv(), timeout)
            answer = ForwardMsg()
            answer.ParseFromString(raw)
            size, count = size + len(raw), count + 1
            kind = answer.WhichOneof("type")
            if answer.metadata.cacheable and answer.hash:
                self.known.add(answer.hash)
            if kind == "new_session":
                self.page = answer.new_session.page_script_hash
            elif kind == "navigation":
                self.page = answer.navigation.page_script_hash
            elif kind == "page_info_changed":
                self.query = answer.page_info_changed.query_string
            elif kind == "delta":
                self._take(answer)
            elif kind == "script_finished" and answer.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                return Run(time.perf_counter() - start, size, count)

    def _take(self, answer: ForwardMsg) -> None:
        if answer.delta.WhichOneof("type") != "new_element":
            return
        element = answer.delta.new_element
        kind = element.WhichOneof("type")
        if kind == "text_input":
            self.ids[element.text_input.label] = element.text_input.id
        elif kind == "progress":
            self.progress.append(element.progress.text)
        elif kind == "exception":
            self.problems.append(element.exception.message[:200])


class Server:
    """A server of the app in a process of its own: its address, and what it has used of the processor."""

    def __init__(self, url: str, process: subprocess.Popen) -> None:
        self.url, self.process = url, process

    @property
    def seconds(self) -> float:
        """Seconds of processor time since it began (Linux)."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def app_server(log: Path) -> Iterator[Server]:
    """The app on a free port, warmed up."""
    from tests.browser.helpers import address

    command = [sys.executable, "-m", "bert_explain", "--no-browser", "--port", "0"]
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield Server(address(process, log), process)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
