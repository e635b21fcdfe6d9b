"""Whole HTML documents that a page shows in a frame: the server hands them out at an address of their own, with a policy of
their own, because a frame that is written into the page lives under the page's.

Where no such address is served (plain `streamlit run`, a test without a server) the frame holds the document itself.
"""

from __future__ import annotations

import hashlib
import secrets

from bert_explain.core.store import MEGABYTE, Store

ROUTE = "bertviz"
_KEPT = Store(64 * MEGABYTE)
_SECRET = secrets.token_bytes(32)  # nobody who knows a text can work out the address of its picture
_served = False


def serve() -> None:
    """From now on documents are asked for at ROUTE."""
    global _served
    _served = True


def keep(html: str) -> str | None:
    """The name of a document below ROUTE, the same for the same document; None where nobody serves it."""
    if not _served:
        return None
    name = hashlib.blake2b(html.encode("utf-8", "surrogatepass"), key=_SECRET, digest_size=16).hexdigest()
    _KEPT.get(name, lambda: html)
    return name if _KEPT.peek(name) is not None else None


def find(name: str) -> str | None:
    """The document of that name, while it is kept."""
    return _KEPT.peek(name)
