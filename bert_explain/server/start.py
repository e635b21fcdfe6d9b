"""Listening on a free port, and serving the app until it is interrupted."""

import os
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable, Sequence

import uvicorn

from bert_explain.errors import ExplainError
from bert_explain.models import allowed
from bert_explain.server.app import app, streamlit_app
from bert_explain.server.hosts import Hosts

PORTS_TRIED = 50  # the wanted one and the next 49
LARGEST_MESSAGE = 4_000_000  # bytes from a browser; files come another way


class _Server(uvicorn.Server):
    """uvicorn, with one call when it begins to answer."""

    def __init__(self, config: uvicorn.Config, on_answering: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_answering = on_answering

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and not self.should_exit:
            self._on_answering()


def serve(*, host: str, port: int, open_browser: bool, names: Sequence[str] = ()) -> None:
    """Serve the app until it is interrupted. `names`: by which it may be asked besides those that follow from `host`.

    A port that is taken gives way to the next free one; port 0 is any free one. Raises ExplainError when
    there is none.
    """
    allowed.given()  # a settings file that is wrong is said before anything is loaded
    app.hosts = Hosts(host, names)
    allowed.listening, allowed.names = host, app.hosts.more
    listener = _listen(host, port)
    chosen = listener.getsockname()[1]
    url = _url(host, chosen)
    if port not in (0, chosen):
        print(f"Port {port} is taken; using {chosen}.", flush=True)
    print("Loading the model ...", flush=True)

    def answering() -> None:
        seconds = streamlit_app.state["warm_seconds"]
        print(f"bert_explain is at {url} (warmed up in {seconds:.1f} s). Ctrl+C stops it.", flush=True)
        if open_browser and _has_display():
            # A thread: some browsers keep webbrowser.open waiting. Without a browser it returns False.
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()

    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        ws_max_size=LARGEST_MESSAGE,
        ws="websockets-sansio",  # the newer of uvicorn's two, and the one Streamlit runs on itself
        ws_ping_interval=30,
        ws_ping_timeout=30,
    )
    server = _Server(config, answering)
    try:
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        return  # the server has shut down in order before it says so


def _listen(host: str, port: int) -> socket.socket:
    """A socket bound to the first free port from `port` on."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        raise ExplainError(f"There is no address {host!r} to listen on: {error}.") from None
    last = port if port == 0 else min(port + PORTS_TRIED - 1, 65535)
    for candidate in range(port, last + 1):
        # The protocol is named because asyncio sets TCP_NODELAY only where it reads TCP; without it every
        # run of a page waits some 40 ms for the network's acknowledgement.
        listener = socket.socket(family, kind, socket.IPPROTO_TCP)
        if os.name != "nt":  # there the option would let two servers share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((address[0], candidate, *address[2:]))
            listener.listen()  # claims the port now; readers who come early wait instead of failing
            return listener
        except OSError as error:
            problem = error.strerror
            listener.close()
    tried = f"port {port}" if last == port else f"the ports {port} to {last}"
    raise ExplainError(f"Cannot listen on {tried} of {host}: {problem}. Choose another with --port.")


def _has_display() -> bool:
    """Whether a browser could show itself; without this a text browser would take the terminal."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _url(host: str, port: int) -> str:
    if host in ("0.0.0.0", "::", ""):
        host = "localhost"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
