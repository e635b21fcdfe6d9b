"""The app's server, with every address written down that it would speak to: python tests/hostile/watched.py LOG OPTIONS..."""

import ipaddress
import runpy
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
LOG = Path(sys.argv[1])


def outside(event: str, arguments: tuple) -> str | None:
    """The address that an event of the interpreter would reach, where it is none of this machine."""
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event in ("socket.connect", "socket.sendto") and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    else:
        return None
    host = host.decode() if isinstance(host, bytes) else str(host or "")
    if host in ("", "localhost", "0.0.0.0", "::"):
        return None
    try:
        return None if ipaddress.ip_address(host.partition("%")[0]).is_loopback else host
    except ValueError:
        return host


def watch(event: str, arguments: tuple) -> None:
    """Write down what would leave this machine."""
    host = outside(event, arguments)
    if host is not None:
        with LOG.open("a") as log:
            log.write(f"{event} {host}\n")


if __name__ == "__main__":
    sys.addaudithook(watch)
    sys.argv = ["bert_explain", *sys.argv[2:]]
    runpy.run_module("bert_explain", run_name="__main__")
