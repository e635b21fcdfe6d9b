"""The parameters of an address: their names, how each is written, and how each is read back, checked.

`parse` raises ValueError on anything that `show` could not have written. Long texts are packed (zlib, base64) so that an
address with 10,000 characters in each sentence still fits where addresses have to fit.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from bert_explain.content import examples

LONGEST_TEXT = 20_000  # characters a sentence box takes; the encoder reads 512 tokens
PACK_FROM = 1_500  # characters of text above which the address is packed


@dataclass(frozen=True)
class Param:
    """One choice: its name in the address and its default."""

    name: str
    default: Any = None
    initial: ClassVar[str] = "value"  # the argument in which a widget takes its first value

    def parse(self, text: str) -> Any:
        """From the address. Raises ValueError."""
        return text

    def show(self, value: Any) -> str:
        """Into the address."""
        return str(value)

    def to_widget(self, value: Any) -> Any:
        return value

    def from_widget(self, value: Any) -> Any:
        """None leaves the choice as it was (a segmented control that was switched off)."""
        return value


@dataclass(frozen=True)
class Text(Param):
    """Free text, at most `limit` characters."""

    default: str = ""
    limit: int = LONGEST_TEXT

    def parse(self, text: str) -> str:
        if len(text) > self.limit:
            raise ValueError
        return whole_characters(text)


@dataclass(frozen=True, init=False)
class Choice(Param):
    """One of a few words: `Choice("view", ("all", "one"), "all")`."""

    options: tuple[str, ...] = ()
    initial: ClassVar[str] = "default"

    def __init__(self, name: str, options: Sequence[str], default: str | None = None):
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "options", tuple(options))
        object.__setattr__(self, "default", options[0] if default is None else default)

    def parse(self, text: str) -> str:
        if text not in self.options:
            raise ValueError
        return text


@dataclass(frozen=True, init=False)
class Number(Param):
    """A whole number from `low` to `high`, both possible: `Number("k", 1, 50, 5)`."""

    low: int = 0
    high: int = 0

    def __init__(self, name: str, low: int, high: int, default: int | None = 0):
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)
        object.__setattr__(self, "default", default)

    def parse(self, text: str) -> int:
        value = _whole(text)
        if not self.low <= value <= self.high:
            raise ValueError
        return value


@dataclass(frozen=True)
class Flag(Param):
    """On or off: 1 or 0."""

    default: bool = False

    def parse(self, text: str) -> bool:
        if text not in ("0", "1"):
            raise ValueError
        return text == "1"

    def show(self, value: bool) -> str:
        return str(int(value))


@dataclass(frozen=True)
class Positions(Param):
    """Token positions: 3,5."""

    default: tuple[int, ...] = ()

    def parse(self, text: str) -> tuple[int, ...]:
        return tuple(sorted({_whole(part) for part in text.split(",")}))

    def show(self, value: tuple[int, ...]) -> str:
        return ",".join(map(str, value))


@dataclass(frozen=True)
class Pairs(Param):
    """Pairs of numbers: 2.5,3.1. once : no number stands first in two of them."""

    default: tuple[tuple[int, int], ...] = ()
    once: bool = False

    def parse(self, text: str) -> tuple[tuple[int, int], ...]:
        pairs = [part.split(".") for part in text.split(",")]
        found = {(_whole(x), _whole(y)) for x, y in pairs}
        if self.once and len(dict(found)) != len(found):
            raise ValueError
        return tuple(sorted(found))

    def show(self, value: tuple[tuple[int, int], ...]) -> str:
        return ",".join(f"{x}.{y}" for x, y in value)


def whole_characters(text: str) -> str:
    """The same text. Raises ValueError where it holds half of a character, which no tokenizer can read."""
    text.encode()  # UnicodeEncodeError is a ValueError
    return text


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise ValueError
    return int(text)


_FIRST = examples.pairs()[0]
_HIGHEST = 999_999_999

# Layers and heads count from 1 here, as the reader sees them; positions from 0.
# A layer or head of 0, and a token of None, mean: not chosen by the reader yet.
GLOBAL: dict[str, Param] = {
    p.name: p
    for p in (
        Text("a", _FIRST.a),
        Text("b", _FIRST.b),
        Text("model", "", limit=120),
        Choice("mode", ("guided", "explore")),
        Number("layer", 0, _HIGHEST),
        Number("head", 0, _HIGHEST),
        Number("token", 0, _HIGHEST, None),
        Positions("mask"),
        Pairs("put", once=True),
        Pairs("off"),
        Choice("seg", ("normal", "flipped", "removed")),
        Choice("pos", ("normal", "removed", "shuffled")),
        Choice("tok", ("normal", "removed")),
        Choice("sep", ("normal", "removed")),
        Flag("swap"),
        Number("seed", 0, 2**31 - 1),
    )
}

CHANGES = ("put", "off", "seg", "pos", "tok", "sep", "swap")  # interventions, besides the masks
TEXTS = {"a", "b", "z", "model", "mode", "step"}  # what is no view: an address of these alone is Guided
RERUN = {"a", "b", "model", "mask", "seed", *CHANGES}  # what the whole page depends on, strip included


def pack(shown: dict[str, str]) -> dict[str, str]:
    """Replace long sentences by one packed parameter `z`. A sentence that is not shown is the one that the app begins with."""
    a, b = (shown.get(name, GLOBAL[name].default) for name in ("a", "b"))
    if len(a) + len(b) <= PACK_FROM:
        return shown
    packed = base64.urlsafe_b64encode(zlib.compress(f"{a}\n\x00{b}".encode("utf-8", "surrogatepass"), 9)).decode()
    return {"z": packed, **{n: v for n, v in shown.items() if n not in ("a", "b")}}


def unpack(url: dict[str, str], notices: list[str]) -> dict[str, str]:
    """The reverse of `pack`. What cannot be unpacked is left out, with a notice; the size is bounded before inflating."""
    if "z" not in url:
        return dict(url)
    rest = {n: v for n, v in url.items() if n != "z"}
    try:
        inflate = zlib.decompressobj()
        raw = inflate.decompress(base64.urlsafe_b64decode(url["z"].encode()), 8 * LONGEST_TEXT + 2)
        if not inflate.eof:
            raise ValueError
        a, between, b = raw.decode("utf-8", "replace").partition("\n\x00")
        if not between:
            raise ValueError
        return {"a": a, "b": b, **rest}
    except (binascii.Error, ValueError, zlib.error):
        notices.append("The sentences in this link are damaged and could not be read.")
        return rest
