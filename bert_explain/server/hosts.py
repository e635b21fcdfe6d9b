"""Which names this server answers to. A page of another site that has its name point here (DNS rebinding) gets nothing."""

from __future__ import annotations

import ipaddress
import os
import re
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

from bert_explain.core.address import beyond_this_machine

ENV_HOSTS = "BERT_EXPLAIN_HOSTS"  # names besides, comma-separated
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_DEFAULT_PORT = {"http": 80, "https": 443}
_NAME = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?", re.ASCII)


class Hosts:
    """The names of a server that listens at `listening`, and `more` of them, as whoever starts it names them.

    On this machine only: localhost and its addresses. Beyond it: besides, the address or name it listens at, this machine's
    own name, and any numeric address (nobody's site has one that leads here by a trick of names).
    """

    def __init__(self, listening: str, more: Iterable[str] = ()) -> None:
        self.more = frozenset(name for name in map(_plain, more) if name)
        self._any_address = beyond_this_machine(listening)
        own = {_plain(listening)} if listening not in ("", "0.0.0.0", "::") else set()
        if self._any_address:
            machine = socket.gethostname().lower()
            own |= {machine, f"{machine.split('.')[0]}.local"}
        self._known = _LOCAL | own | self.more

    @classmethod
    def of_environment(cls, listening: str) -> Hosts:
        """With what BERT_EXPLAIN_HOSTS names."""
        return cls(listening, os.environ.get(ENV_HOSTS, "").split(","))

    def know(self, host: str) -> bool:
        """Whether a request's Host header names this server."""
        name = _split(f"//{host}")[0]
        return bool(name) and (name in self._known or (self._any_address and _is_address(name)))

    def own(self, origin: str, host: str) -> bool:
        """Whether a request comes from a page of this very server: its Origin is its Host, port and all.

        A name that was given for it counts too: a proxy may write another Host than the reader's.
        """
        scheme = origin.partition(":")[0].lower()
        if scheme not in _DEFAULT_PORT or "://" not in origin:
            return False
        from_name, from_port = _split(origin)
        name, port = _split(f"//{host}")
        usual = _DEFAULT_PORT[scheme]
        same = bool(name) and (from_name, from_port or usual) == (name, port or usual)
        return same or from_name in self.more


def _plain(name: str) -> str:
    """A name as it is compared: without its port, in small letters."""
    name = name.strip().lower()
    return name if _is_address(name) else _split(f"//{name}")[0]


def _split(url: str) -> tuple[str, int | None]:
    """(name, port) of an address; ("", None) of what is none."""
    try:
        parts = urlsplit(url)
        name, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return "", None
    plain = parts.username is None and parts.password is None and not (parts.path or parts.query or parts.fragment)
    return (name, port) if plain and (_NAME.fullmatch(name) or _is_address(name)) else ("", None)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
