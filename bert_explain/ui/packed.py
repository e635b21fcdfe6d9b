"""A choice that is too long to be read in an address: packed there (JSON, zlib, base64)."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from dataclasses import dataclass
from typing import Any

from bert_explain.ui.params import Param

LONGEST = 6_000  # characters in an address
MOST = 400_000  # bytes that may come out of it


@dataclass(frozen=True)
class Packed(Param):
    """Anything that JSON can hold, or a subclass's own kind of value: see `read` and `plain`."""

    def read(self, plain: Any) -> Any:
        """The value, from what JSON gave. Raises ValueError for anything that `plain` could not have given."""
        return plain

    def plain(self, value: Any) -> Any:
        """The value, as JSON can hold it."""
        return value

    def parse(self, text: str) -> Any:
        try:
            inflate = zlib.decompressobj()
            raw = inflate.decompress(base64.b64decode(text.encode(), altchars=b"-_", validate=True), MOST)
            if not inflate.eof:
                raise ValueError
            return self.read(json.loads(raw))
        except (binascii.Error, zlib.error, RecursionError, TypeError) as error:
            raise ValueError from error

    def show(self, value: Any) -> str:
        """Nothing when it would make the address too long: such a link says so when it is opened."""
        raw = json.dumps(self.plain(value), ensure_ascii=False, separators=(",", ":"))
        packed = base64.urlsafe_b64encode(zlib.compress(raw.encode("utf-8", "surrogatepass"), 9)).decode()
        return packed if len(packed) <= LONGEST else ""


@dataclass(frozen=True)
class PackedText(Packed):
    """Free text."""

    default: str = ""

    def read(self, plain: Any) -> str:
        if not isinstance(plain, str):
            raise ValueError
        return plain.encode("utf-8", "replace").decode()  # JSON can hold half a character, a tokenizer cannot
