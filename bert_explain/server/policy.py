"""What a browser may do with an answer of this server: the headers of each, and the two Content-Security-Policies."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode

_INLINE = re.compile(r"<script(?P<attributes>[^>]*)>(?P<body>.*?)</script>", re.DOTALL | re.IGNORECASE)
_SOURCE = re.compile(r"\bsrc\s*=", re.IGNORECASE)

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",  # the address carries the reader's text
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def page_policy(front: str) -> str:
    """The policy of the app's pages. `front`: the HTML they begin with, whose own inline scripts may run, and no others.

    `blob:` is needed by every component of Streamlit's second kind; styles in elements by Streamlit itself.
    """
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' blob: {' '.join(inline_scripts(front))}".rstrip(),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "frame-src 'self'",
            "manifest-src 'self'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )


def document_policy(html: str) -> str:
    """The policy of a document in a frame: it draws with its own scripts and those of this server's static files.

    In a sandbox without an origin it can read nothing of the page around it, ask for no data and open nothing.
    """
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' {' '.join(inline_scripts(html))}".rstrip(),
            "style-src 'unsafe-inline'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'self'",
            "sandbox allow-scripts",
        )
    )


def inline_scripts(html: str) -> list[str]:
    """The hashes of the scripts that stand in a document, as a policy names them."""
    bodies = (found["body"] for found in _INLINE.finditer(html) if not _SOURCE.search(found["attributes"]))
    digests = (hashlib.sha256(body.encode("utf-8", "surrogatepass")).digest() for body in bodies)
    return [f"'sha256-{b64encode(digest).decode()}'" for digest in digests]
