"""Driving the app in Chromium, and watching what it does there. The fixtures are in conftest.py."""

import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from playwright.sync_api import Error, Page, Playwright, TimeoutError

ROOT = Path(__file__).resolve().parents[2]
ARTIFACTS = ROOT / "tests" / ".artifacts"
TIMEOUT = 60_000  # ms, for anything a page is waited for

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Nothing leaves this machine: every other name is unknown. (Playwright's routing would do it too, but
    # switches the browser's cache off.)
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]

# Notes when the page and its server last spoke. settled() waits until they have been silent.
WATCH_TRAFFIC = """(() => {
  const Plain = window.WebSocket;
  const now = () => { window.lastTraffic = performance.now(); };
  now();
  window.WebSocket = class extends Plain {
    constructor(...a) { super(...a); this.addEventListener('message', now); now(); }
    send(data) { now(); super.send(data); }
  };
})()"""

# True once nothing runs, nothing loads, and page and server have been silent for a while. The while must be
# longer than the page takes to send what was pressed.
_SETTLED = """(quiet) => {
  const app = document.querySelector('[data-testid="stApp"]');
  return !!app
    && app.dataset.testScriptState === 'notRunning'
    && app.dataset.testConnectionState === 'CONNECTED'
    && !document.querySelector('[data-testid="stSkeleton"], [data-stale="true"]')
    && document.fonts.status === 'loaded'
    && performance.now() - window.lastTraffic > quiet;
}"""

# Brings each step near the window, for as long as it takes to be seen there: what watches looks once a frame.
_PASS = """async () => {
  const frame = () => new Promise((seen) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(seen))));
  for (const slot of document.querySelectorAll('[class*="st-key-slot-"]')) {
    slot.scrollIntoView();
    await frame();
  }
  document.querySelector('[data-testid=stMain]').scrollTo(0, 0);
}"""


# The browser


def find_chromium(playwright: Playwright) -> str | None:
    """The Chromium to drive: the one named, the one installed, or Playwright's own."""
    if named := os.environ.get("BERT_EXPLAIN_CHROMIUM"):
        return named
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


def is_local(url: str) -> bool:
    """Whether a request for `url` stays on this machine."""
    parts = urlsplit(url)
    return parts.scheme in ("data", "blob", "about") or parts.hostname in ("127.0.0.1", "localhost")


@dataclass
class Watch:
    """What one browser context did that a test should know: `problems()` is empty when all is well."""

    console: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def on(self, page: Page) -> None:
        """Listen to `page`."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.errors.append(error.stack or str(error)))
        page.on("request", lambda request: self._address(request.url))
        page.on("websocket", lambda channel: self._address(channel.url))

    def problems(self) -> list[str]:
        """Each problem in one line."""
        return [
            *(f"the console says: {text}" for text in self.console),
            *(f"the page raised: {text}" for text in self.errors),
            *(f"asked another host for: {url}" for url in self.outside),
        ]

    def _address(self, url: str) -> None:
        if not is_local(url):
            self.outside.append(url)

    def _console(self, message) -> None:
        where = message.location.get("url", "")
        if message.type == "error":
            self.console.append(f"{message.text} ({where})" if where else message.text)


# The server


@contextmanager
def running_server(
    log: Path, *options: str, port: int = 0, command: Sequence[str] = (sys.executable, "-m", "bert_explain"), **started: Any
) -> Iterator[str]:
    """The app on a free port, or on this one, with more `options`; gives its address. Says what the log says if it fails.

    started : options of Popen, such as `cwd` and `env`; without them it is started from the repository.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    arguments = [*command, "--no-browser", "--port", str(port), *options]
    with log.open("w") as output:
        process = subprocess.Popen(arguments, stdout=output, stderr=subprocess.STDOUT, **{"cwd": ROOT, **started})
    try:
        yield address(process, log)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def address(process: subprocess.Popen, log: Path, seconds: float = 120) -> str:
    """Where the app says that it is, once it answers: a port that was free a moment ago may have been taken by another."""

    def said() -> str:
        found = re.search(r"^bert_explain is at (http://\S+)", log.read_text(), re.M)
        return found[1] if found else ""

    return _awaited(said, process, log, seconds)


def wait_until_healthy(process: subprocess.Popen, url: str, log: Path, seconds: float = 120) -> None:
    """Until a server at a known address answers; of Streamlit's own too."""

    def healthy() -> str:
        try:
            # The wait is long because a connection made while the model loads is answered afterwards.
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=seconds) as answer:
                return url if answer.status == 200 else ""
        except OSError:
            return ""

    _awaited(healthy, process, log, seconds)


def _awaited(look: Callable[[], str], process: subprocess.Popen, log: Path, seconds: float) -> str:
    """What `look` says as soon as it says anything. Raises RuntimeError, with the log, where the process ends or time is up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"The server stopped with {process.returncode}. Its log:\n{log.read_text()}")
        if said := look():
            return said
        time.sleep(0.1)
    raise RuntimeError(f"The server did not answer within {seconds:.0f} s. Its log:\n{log.read_text()}")


def end_of(log: Path, lines: int = 30) -> str:
    """The last lines of a log, without its colours."""
    text = log.read_text(errors="replace") if log.exists() else ""
    return "\n".join(re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()[-lines:])


# The page


def open_app(page: Page, path: str = "/", **params: object) -> Page:
    """Open a page of the app at its own address, cold, and wait until it stands still.

    Where `params` name neither mode nor step, the whole chapter is opened, in Explore mode, and every step of it is drawn.
    """
    whole = path.strip("/") and not {"mode", "step"} & params.keys()
    if whole:
        params |= {"mode": "explore", "step": "all"}
    open_at(page, path, **params)
    return all_drawn(page) if whole else page


def all_drawn(page: Page) -> Page:
    """Come near each step of a chapter that stands on one page, so that it is drawn; then back to the top."""
    page.evaluate(_PASS)
    return settled(page)


def open_at(page: Page, path: str = "/", **params: object) -> Page:
    """Open a page of the app at exactly this address, cold, and wait until it stands still."""
    query = f"?{urlencode(params)}" if params else ""
    page.goto(f"/{path.lstrip('/')}{query}")
    return settled(page)


def settled(page: Page, quiet: int = 400) -> Page:
    """Wait until Streamlit has finished: nothing runs, nothing is stale, and `quiet` ms without a message.

    A script that failed is a failed test: its message stands in the server's log.
    """
    try:
        # Silence counts from here: what was just pressed may not have been sent yet.
        page.evaluate("window.lastTraffic = performance.now()")
        page.wait_for_function(_SETTLED, arg=quiet, polling=50, timeout=TIMEOUT)
    except Error as error:
        app = page.locator('[data-testid="stApp"]')
        state = app.first.evaluate("e => ({...e.dataset})") if app.count() else "no page at all"
        raise AssertionError(f"The page did not come to rest: {state}") from error
    failed = page.locator('[data-testid="stException"]')
    if failed.count():
        raise AssertionError(f"The page shows an error: {failed.first.inner_text()}")
    return page


def type_sentence(page: Page, label: str, text: str) -> Page:
    """Put `text` in the field labelled `label` ("Sentence A" or "Sentence B") and wait for the result."""
    box = page.get_by_label(label, exact=True)
    changed, address = box.input_value() != text, page.url
    box.fill(text)
    box.press("Control+Enter" if box.evaluate("e => e.tagName") == "TEXTAREA" else "Enter")
    if changed:  # a busy server takes a while to begin; the new text then stands in the address
        with suppress(TimeoutError):
            page.wait_for_function("before => location.href !== before", arg=address, timeout=10_000)
    return settled(page)


def screenshot(page: Page, name: str) -> Path:
    """A picture of the whole page in tests/.artifacts/, for a person to look at."""
    ARTIFACTS.mkdir(parents=True, exist_ok=True)
    target = ARTIFACTS / f"{re.sub(r'[^A-Za-z0-9_.-]+', '-', name).strip('-')}.png"
    page.screenshot(path=target, full_page=True)
    return target
