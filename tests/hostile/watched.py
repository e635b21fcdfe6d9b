"""The app's server, with every address written down that it would speak to: python tests/hostile/watched.py LOG OPTIONS..."""

import ipaddress
import runpy
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


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


def watch_into(path: Path) -> None:
    """From now on, write down what would leave this machine."""

    def watch(event: str, arguments: tuple) -> None:
        host = outside(event, arguments)
        if host is not None:
            with path.open("a") as log:
                log.write(f"{event} {host}\n")

    sys.addaudithook(watch)


if __name__ == "__main__":
    watch_into(Path(sys.argv[1]))
    sys.argv = ["bert_explain", *sys.argv[2:]]
    runpy.run_module("bert_explain", run_name="__main__")
