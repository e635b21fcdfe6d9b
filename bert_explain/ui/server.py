"""The app behind a server: the model is loaded and warmed before the first reader comes.

``python -m bert_explain`` serves it; any other ASGI server can, at ``bert_explain.ui.server:app``.
"""

import asyncio
import os
import socket
import sys
import threading
import time
import webbrowser
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

import streamlit as st
import uvicorn
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from bert_explain.errors import ExplainError
from bert_explain.ui.stages import STAGES

SCRIPT = Path(__file__).resolve().parents[2] / "app.py"
PORTS_TRIED = 50  # the wanted one and the next 49


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[dict]:
    """Warm up, then serve. A model that cannot be loaded is said here and on each page, which then shows another."""
    started = time.perf_counter()
    failure = await asyncio.to_thread(_warm)  # in a thread, so that Ctrl+C is heard meanwhile
    if failure:
        print(failure, file=sys.stderr, flush=True)
    yield {"warm_seconds": time.perf_counter() - started}


def _warm() -> ExplainError | None:
    from bert_explain import models
    from bert_explain.ui import cache

    failure = None
    try:
        models.load()
    except ExplainError as error:
        failure = error
    cache.warm()
    return failure


# Opened at a page's own address, Streamlit looks for its server below that address before it looks beside it: two errors
# in the console of whoever follows a link, and two answers to wait for. Told where the server is, it asks only there.
_BESIDE = '<script>window.__streamlit = {BACKEND_BASE_URL: location.origin + location.pathname.replace(/[^\\/]*$/, "")}</script>'


@cache
def _front() -> str:
    """Streamlit's own page, with the address of its server."""
    index = Path(st.__file__).with_name("static") / "index.html"
    return index.read_text(encoding="utf-8").replace("<head>", f"<head>{_BESIDE}", 1)


async def _page(request: Request) -> HTMLResponse:
    return HTMLResponse(_front(), headers={"Cache-Control": "no-cache"})


app = st.App(SCRIPT, lifespan=lifespan, routes=[Route(f"/{stage.path}", _page) for stage in STAGES if stage.path])


class _Server(uvicorn.Server):
    """uvicorn, with one call when it begins to answer."""

    def __init__(self, config: uvicorn.Config, on_answering: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_answering = on_answering

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and not self.should_exit:
            self._on_answering()


def serve(*, host: str, port: int, open_browser: bool) -> None:
    """Serve the app until it is interrupted.

    A port that is taken gives way to the next free one; port 0 is any free one. Raises ExplainError when
    there is none.
    """
    listener = _listen(host, port)
    chosen = listener.getsockname()[1]
    url = _url(host, chosen)
    if port not in (0, chosen):
        print(f"Port {port} is taken; using {chosen}.", flush=True)
    print("Loading the model ...", flush=True)

    def answering() -> None:
        seconds = app.state["warm_seconds"]
        print(f"bert_explain is at {url} (warmed up in {seconds:.1f} s). Ctrl+C stops it.", flush=True)
        if open_browser and _has_display():
            # A thread: some browsers keep webbrowser.open waiting. Without a browser it returns False.
            threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()

    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
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
