"""What each answer carries and who is let in: the guard around a small app, and around the real one."""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from bert_explain.server.guard import POLICY, Guard
from bert_explain.server.hosts import Hosts
from bert_explain.server.policy import document_policy, inline_scripts, page_policy

HERE = "http://localhost:8501"


async def hello(request):
    return PlainTextResponse("hello", headers={"Referrer-Policy": "unsafe-url"})


async def own(request):
    return HTMLResponse("<p>", headers={POLICY: "sandbox"})


async def broken(request):
    raise RuntimeError("broken")


async def talk(socket):
    await socket.accept()
    await socket.send_text("hello")
    await socket.close()


ROUTES = [
    Route("/hello", hello, methods=["GET", "POST"]),
    Route("/own", own),
    Route("/broken", broken),
    Route("/_stcore/metrics", hello),
    Route("/_stcore/agent/mcp", hello, methods=["GET", "POST"]),
    WebSocketRoute("/talk", talk),
]


@pytest.fixture
def client():
    guard = Guard(Starlette(routes=ROUTES), page_policy("<script>one()</script>"), Hosts("127.0.0.1"))
    return TestClient(guard, base_url=HERE, raise_server_exceptions=False)


@pytest.mark.parametrize("path", ["/hello", "/missing", "/broken", "/_stcore/metrics"])
def test_every_answer_has_the_headers(client, path):
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"  # the app's own word is not asked
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy


def test_a_refusal_has_them_too(client):
    answer = client.get("/hello", headers={"Host": "evil.example"})
    assert answer.status_code == 421
    assert "evil" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_document_keeps_its_own_policy(client):
    assert client.get("/own").headers["content-security-policy"] == "sandbox"


@pytest.mark.parametrize("path", ["/_stcore/metrics", "/_stcore/agent/mcp", "/_stcore/agent/interact"])
def test_what_no_reader_needs_is_closed(client, path):
    assert client.get(path).status_code == 404
    assert client.post(path).status_code == 404


def test_a_page_of_another_site_may_not_send(client):
    assert client.post("/hello", headers={"Origin": HERE}).status_code == 200
    assert client.post("/hello").status_code == 200
    for origin in ("http://localhost:9999", "http://evil.example", "null"):
        assert client.post("/hello", headers={"Origin": origin}).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example", "Origin": "http://evil.example"},
        {"Host": "evil.example"},
        {"Origin": "http://evil.example"},
        {"Origin": "http://localhost:9999"},
        {"Origin": "http://127.0.0.1:8501"},
        {"Origin": "null"},
    ],
)
def test_a_foreign_host_or_origin_opens_no_socket(client, headers):
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/talk", headers=headers):
        pass


@pytest.mark.parametrize("headers", [{}, {"Origin": HERE}])
def test_its_own_pages_open_one(client, headers):
    with client.websocket_connect("/talk", headers={"Host": "localhost:8501", **headers}) as socket:
        assert socket.receive_text() == "hello"


def test_two_hosts_are_none():
    sent = []

    async def send(message):
        sent.append(message)

    guard = Guard(Starlette(routes=ROUTES), "", Hosts("127.0.0.1"))
    scope = {"type": "http", "method": "GET", "path": "/hello", "query_string": b""}
    for hosts, status in ([b"localhost"], 200), ([b"localhost", b"localhost"], 421), ([], 421):
        sent.clear()
        asked = guard({**scope, "headers": [(b"host", host) for host in hosts]}, None, send)
        with ThreadPoolExecutor(1) as pool:  # a thread has no loop of another test in it
            pool.submit(asyncio.run, asked).result()
        assert sent[0]["status"] == status


def test_only_the_scripts_that_stand_in_the_front_page_may_run():
    from bert_explain.server.app import front

    hashes = inline_scripts(front())
    assert len(hashes) == len(re.findall(r"<script>", front())) == 2
    policy = page_policy(front())
    assert all(one in policy for one in hashes)
    scripts = re.search(r"script-src ([^;]*)", policy)[1]
    assert "unsafe" not in scripts
    assert inline_scripts('<script src="a.js"></script><SCRIPT>x</SCRIPT >') == []  # what is not closed as written runs nowhere


def test_a_document_of_its_own_has_no_origin_and_asks_for_nothing():
    policy = document_policy("<script>draw()</script>")
    assert policy.endswith("sandbox allow-scripts")
    assert "default-src 'none'" in policy
    assert "connect-src" not in policy
    assert "unsafe-inline" not in re.search(r"script-src ([^;]*)", policy)[1]
    assert "frame-ancestors 'self'" in policy
