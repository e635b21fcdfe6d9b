"""Where a server listens."""

from __future__ import annotations

import ipaddress


def beyond_this_machine(listening: str) -> bool:
    """Whether others can reach a server that listens at this address."""
    if listening.lower() == "localhost":
        return False
    try:
        return not ipaddress.ip_address(listening).is_loopback
    except ValueError:
        return True  # a name: taken for one that others know
