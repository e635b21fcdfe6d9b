"""What breaks while a reader is at it, in Chromium: the server killed while one types, the websocket cut."""

import signal
import socket
import subprocess
import sys

from tests.browser import helpers
from tests.browser.helpers import settled, type_sentence

CONNECTED = "document.querySelector('[data-testid=stApp]').dataset.testConnectionState === 'CONNECTED'"
# The page's sockets, so that a test can cut them as a lost network does.
SOCKETS = """(() => {
  window.sockets = [];
  const Plain = window.WebSocket;
  window.WebSocket = class extends Plain { constructor(...a) { super(...a); window.sockets.push(this); } };
})()"""


def start(port: int, log) -> subprocess.Popen:
    command = [sys.executable, "-m", "bert_explain", "--no-browser", "--port", str(port)]
    with log.open("a") as output:
        server = subprocess.Popen(command, cwd=helpers.ROOT, stdout=output, stderr=subprocess.STDOUT)
    helpers.wait_until_healthy(server, f"http://127.0.0.1:{port}", log)
    return server


def test_a_server_that_is_killed_while_one_types_loses_nothing(browser, tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tmp_path / "server.log"
    server = start(port, log)
    try:
        context = browser.new_context(viewport={"width": 1280, "height": 720})
        context.add_init_script(helpers.WATCH_TRAFFIC)
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{port}/Tokens?a=One+old+sentence.&mode=explore")
        settled(page)
        page.get_by_label("Sentence A", exact=True).fill("Half a new")
        server.send_signal(signal.SIGKILL)
        server.wait()
        server = start(port, log)
        page.wait_for_function(f"() => {CONNECTED}", timeout=helpers.TIMEOUT)
        type_sentence(page, "Sentence A", "Half a new sentence, and the other half.")
        assert page.get_by_label("Sentence A", exact=True).input_value() == "Half a new sentence, and the other half."
        assert "other+half" in page.url
        context.close()
    finally:
        server.kill()
        server.wait()
    assert "Traceback" not in log.read_text()


def test_a_websocket_that_is_cut_is_opened_again_and_the_text_stays(new_page):
    page = new_page()
    page.add_init_script(SOCKETS)
    helpers.open_at(page, "Tokens", a="The bank.", mode="explore")
    box = page.get_by_label("Sentence A", exact=True)
    box.fill("Typed before the cut")
    before = page.evaluate("sockets.length")
    page.evaluate("sockets.forEach((one) => one.close())")
    page.wait_for_function(f"() => sockets.length > {before} && {CONNECTED}", timeout=helpers.TIMEOUT)
    settled(page)
    assert box.input_value() == "Typed before the cut"
    type_sentence(page, "Sentence A", "Typed after the cut.")
    assert box.input_value() == "Typed after the cut."
    assert "after+the+cut" in page.url
