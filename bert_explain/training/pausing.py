"""A training that is watched may be paused from another thread; not for ever, for others wait for the processor."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

PATIENCE = 120.0  # seconds that a training may be paused


class Pause:
    """Who holds a training. It is paused, which is its truth value, only while everybody who watches it holds it.

    watchers : who watches it; where nobody does, one who holds it is enough.
    """

    def __init__(self, watchers: Callable[[], Collection[str]] = tuple) -> None:
        self._by: set[str] = set()
        self.watchers = watchers

    def put(self, who: str, held: bool) -> None:
        """From now on `who` holds it, or does not."""
        (self._by.add if held else self._by.discard)(who)

    def by(self, who: str) -> bool:
        """Whether `who` holds it."""
        return who in self._by

    def clear(self) -> None:
        """Nobody holds it."""
        self._by.clear()

    def __bool__(self) -> bool:
        held = set(self._by)
        return bool(held) and held >= set(self.watchers())


def waited(paused: Pause, told: Callable[[], None], patience: float) -> bool:
    """Return when it is no longer paused: True, or False where it was so for longer than `patience` seconds.

    told : is called ten times a second; what it raises ends the waiting.
    """
    begun = time.monotonic()
    while paused:
        told()
        if time.monotonic() - begun >= patience:
            paused.clear()
            return False
        time.sleep(0.1)
    return True
