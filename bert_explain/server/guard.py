"""A small middleware around the whole app: who may talk to it, and what each of its answers carries."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bert_explain.server.hosts import Hosts
from bert_explain.server.messages import checked
from bert_explain.server.policy import HEADERS

POLICY = "Content-Security-Policy"
CLOSED = ("/_stcore/metrics", "/_stcore/agent/", "/_stcore/script-health-check")  # of no use to a reader
_READING = ("GET", "HEAD", "OPTIONS")


class Guard:
    """Requests under a foreign name, or from a page of another site, are refused; every answer gets the headers.

    policy : the Content-Security-Policy of answers that bring none of their own.
    """

    def __init__(self, app: ASGIApp, policy: str, hosts: Hosts) -> None:
        self._app, self._policy, self.hosts = app, policy, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault(POLICY, self._policy)
            await send(message)

        refused = self._refused(scope)
        if refused is None:
            heard = checked(receive, send) if scope["type"] == "websocket" else receive
            await self._app(scope, heard, with_headers)
        elif scope["type"] == "websocket":
            await receive()  # the wish to connect
            await send({"type": "websocket.close", "code": 1008, "reason": refused[1]})  # before it is accepted: a 403
        else:
            await PlainTextResponse(refused[1], status_code=refused[0])(scope, receive, with_headers)

    def _refused(self, scope: Scope) -> tuple[int, str] | None:
        """(status, sentence) for a request that is not let in."""
        headers = Headers(scope=scope)
        named, origins = headers.getlist("host"), headers.getlist("origin")
        if len(named) != 1 or not self.hosts.know(named[0]):
            return 421, "This server does not go by that name. Whoever runs it can add one with --allow-host NAME."
        foreign = any(not self.hosts.own(origin, named[0]) for origin in origins)
        if foreign and (scope["type"] == "websocket" or scope["method"] not in _READING):
            return 403, "This server takes this only from its own pages."
        if scope["type"] == "http" and f"{scope['path']}/".startswith(CLOSED):
            return 404, "There is nothing here."
        return None
