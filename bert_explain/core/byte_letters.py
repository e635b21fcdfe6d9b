"""Byte-level pieces as text: each byte is written as one letter in the vocabulary, a space as “Ġ” (Radford et al. 2019)."""

from __future__ import annotations

from functools import cache

SPACE = "Ġ"


@cache
def letters() -> dict[str, int]:
    """letter -> byte, 256 of them: what can be printed stands for itself, the rest for letters from number 256 on."""
    printed = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printed]
    return {chr(byte): byte for byte in printed} | {chr(256 + i): byte for i, byte in enumerate(others)}


def text(pieces: str) -> str:
    """The text that pieces, written one after the other, stand for; “�” for bytes that make no character."""
    known = letters()
    if any(letter not in known for letter in pieces):  # a special token
        return pieces
    return bytes(known[letter] for letter in pieces).decode("utf-8", errors="replace")
