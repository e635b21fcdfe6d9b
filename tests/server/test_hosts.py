"""Which names a server answers to, and which pages it takes messages from."""

import socket

import pytest

from bert_explain import models
from bert_explain.models import allowed
from bert_explain.server import start
from bert_explain.server.hosts import Hosts, beyond_this_machine

HERE, EVERYWHERE = Hosts("127.0.0.1"), Hosts("0.0.0.0")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8501", "127.0.0.1:8501", "[::1]:8501", "localhost.", "127.0.0.1:1"])
def test_this_machine_goes_by_its_own_names(host):
    assert HERE.know(host)
    assert EVERYWHERE.know(host)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil.example:8501",
        "",
        " ",
        "localhost:port",
        "::1",
        "user@localhost",
        "localhost/x",
        "localhost?x",
        "localhost#x",
        "local host",
        "localhost,evil.example",
        "[::1",
        "ⓛocalhost",
    ],
)
def test_no_other_name_leads_here(host):
    assert not HERE.know(host)
    assert not EVERYWHERE.know(host)


def test_a_server_beyond_this_machine_goes_by_numbers_and_its_own_name_too():
    name = socket.gethostname()
    for host in ("192.168.1.7:8501", "[2001:db8::1]", name):
        assert EVERYWHERE.know(host)
        assert Hosts("192.168.1.7").know(host)
    assert not HERE.know("192.168.1.7:8501")
    assert Hosts("bert.example.org").know("bert.example.org:80")


def test_names_can_be_added_and_are_read_from_the_environment(monkeypatch):
    monkeypatch.setenv("BERT_EXPLAIN_HOSTS", " bert.example.org, 10.0.0.5:80 ,")
    for hosts in (Hosts("127.0.0.1", ["BERT.example.org.", "10.0.0.5"]), Hosts.of_environment("127.0.0.1")):
        assert hosts.know("bert.example.org")
        assert hosts.know("bert.example.org:443")
        assert hosts.know("10.0.0.5")
        assert not hosts.know("sub.bert.example.org")


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://localhost:8501", "localhost:8501"),
        ("https://a.example", "A.example"),
        ("https://a.example", "a.example:443"),
        ("http://a.example:80", "a.example"),
        ("http://[::1]:8501", "[::1]:8501"),
    ],
)
def test_a_page_of_this_server_is_known(origin, host):
    assert HERE.own(origin, host)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://localhost:9999", "localhost:8501"),
        ("http://127.0.0.1:8501", "localhost:8501"),
        ("null", "localhost:8501"),
        ("http://evil.example", "localhost:8501"),
        ("http://localhost", "localhost:8501"),
        ("", "localhost:8501"),
        ("file://localhost:8501", "localhost:8501"),
        ("http://localhost:8501.evil.example", "localhost:8501"),
        ("http://localhost:8501/x", "localhost:8501"),
        ("http://x@localhost:8501", "localhost:8501"),
        ("http://", ""),
    ],
)
def test_a_page_of_another_is_not(origin, host):
    assert not HERE.own(origin, host)
    assert not EVERYWHERE.own(origin, host)


def test_behind_a_proxy_that_writes_its_own_host():
    hosts = Hosts("127.0.0.1", ["bert.example.org"])
    assert hosts.own("https://bert.example.org", "127.0.0.1:8501")
    assert not hosts.own("https://evil.example", "127.0.0.1:8501")


@pytest.mark.parametrize(
    ("address", "beyond"),
    [
        ("127.0.0.1", False),
        ("127.8.8.8", False),
        ("::1", False),
        ("localhost", False),
        ("0.0.0.0", True),
        ("::", True),
        ("", True),
        ("192.168.1.7", True),
        ("bert.example.org", True),
    ],
)
def test_who_can_reach_it(address, beyond):
    assert beyond_this_machine(address) is beyond


@pytest.mark.parametrize(
    ("names", "fetches"),
    [
        ([], True),
        (["localhost"], True),
        (["LOCALHOST:8501", "127.0.0.1", "[::1]:80", " "], True),
        (["bert.example.org"], False),
        (["localhost", "bert.example.org:443"], False),
        (["192.168.1.7"], False),
    ],
)
def test_a_name_that_a_proxy_serves_ends_the_fetching_of_models(names, fetches, monkeypatch):
    asked = []

    class Server:
        def __init__(self, *_):
            pass

        def run(self, sockets):
            asked.append(models.may_download())
            for one in sockets:
                one.close()

    monkeypatch.setattr("sys.argv", ["app.py"])
    for name in ("SETTINGS", "ANY_MODEL", "DOWNLOADS"):
        monkeypatch.delenv(f"BERT_EXPLAIN_{name}", raising=False)
    monkeypatch.setattr(start, "_Server", Server)
    for owner, name in ((allowed, "listening"), (allowed, "names"), (start.app, "hosts")):
        monkeypatch.setattr(owner, name, getattr(owner, name))  # what it was, afterwards
    start.serve(host="127.0.0.1", port=0, open_browser=False, names=names)
    assert asked == [fetches]
