"""The app as an ASGI application: the model is loaded and warmed before the first reader comes.

``python -m bert_explain`` serves it; any other ASGI server can, at ``bert_explain.server.app:app``.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

import streamlit as st
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from bert_explain.core.places import SITE
from bert_explain.errors import ExplainError
from bert_explain.server.guard import POLICY, Guard
from bert_explain.server.hosts import Hosts
from bert_explain.server.messages import heed_values
from bert_explain.server.policy import document_policy, page_policy
from bert_explain.ui import documents
from bert_explain.ui.components import modules
from bert_explain.ui.stages import ASIDE, STAGES


@asynccontextmanager
async def lifespan(app: st.App) -> AsyncIterator[dict]:
    """Warm up, then serve. A model that cannot be loaded is said here and on each page, which then shows another."""
    started = time.perf_counter()
    failure = await asyncio.to_thread(_warm)  # in a thread, so that Ctrl+C is heard meanwhile
    if failure:
        print(failure, file=sys.stderr, flush=True)
    heed_values()
    documents.serve()
    modules.serve()
    yield {"warm_seconds": time.perf_counter() - started}


def _warm() -> ExplainError | None:
    from bert_explain import models
    from bert_explain.ui import cache

    failure = None
    try:
        models.prepare()
    except ExplainError as error:
        failure = error
    cache.warm()
    return failure


# Opened at a page's own address, Streamlit looks for its server below that address before it looks beside it: two errors
# in the console of whoever follows a link, and two answers to wait for. Told where the server is, it asks only there.
_BESIDE = '<script>window.__streamlit = {BACKEND_BASE_URL: location.origin + location.pathname.replace(/[^\\/]*$/, "")}</script>'


@cache
def front() -> str:
    """Streamlit's own page, with the address of its server."""
    index = Path(st.__file__).with_name("static") / "index.html"
    return index.read_text(encoding="utf-8").replace("<head>", f"<head>{_BESIDE}", 1)


async def _page(request: Request) -> HTMLResponse:
    return HTMLResponse(front(), headers={"Cache-Control": "no-cache"})


async def _document(request: Request) -> Response:
    """A document that a page shows in a frame, under a policy of its own."""
    html = documents.find(request.path_params["name"])
    if html is None:
        return PlainTextResponse("This picture is not kept any more. Choose it again on the page, and it is drawn anew.", 404)
    return HTMLResponse(html, headers={POLICY: document_policy(html), "Cache-Control": "no-store"})


async def _module(request: Request) -> Response:
    """A component's script and style; its name says what it holds, so it may be kept for good."""
    source = modules.find(request.path_params["name"])
    if source is None:
        return PlainTextResponse("There is no such component.", 404)
    return Response(source, media_type="text/javascript", headers={"Cache-Control": "public, max-age=31536000, immutable"})


streamlit_app = st.App(
    SITE / "app.py",
    lifespan=lifespan,
    routes=[
        *(Route(f"/{stage.path}", _page) for stage in (*STAGES, *ASIDE) if stage.path),
        Route(f"/{documents.ROUTE}/{{name}}", _document),
        Route(f"/{modules.ROUTE}/{{name}}", _module),
    ],
)
# Around the whole app, so that no answer is without the headers. Which address an unknown server listens at nobody knows.
app = Guard(streamlit_app, page_policy(front()), Hosts.of_environment("0.0.0.0"))
