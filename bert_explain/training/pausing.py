"""A training that is watched may be paused from another thread; not for ever, for others wait for the processor."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

PATIENCE = 120.0  # seconds that a training may be paused


class Pausable(Protocol):
    """What may be paused."""

    paused: bool


def waited(one: Pausable, told: Callable[[], None], patience: float) -> bool:
    """Return when it is no longer paused: True, or False where it was so for longer than `patience` seconds.

    told : is called ten times a second; what it raises ends the waiting.
    """
    begun = time.monotonic()
    while one.paused:
        told()
        if time.monotonic() - begun >= patience:
            one.paused = False
            return False
        time.sleep(0.1)
    return True
