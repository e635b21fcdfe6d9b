"""A store bounded by bytes. The least recently used goes first; who asks for what is being made waits for it."""

from __future__ import annotations

import os
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import Future, wait
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

import numpy as np
import pandas as pd

MEGABYTE = 1_000_000
_OBJECT = 64  # bytes of a Python object, about

Value = TypeVar("Value")


class Store:
    """Values by key, at most `limit` bytes of them together, what is being made counted in.

    Safe from many threads. A value is made once, however many ask for it at the same time; an error goes to all of them
    and is not kept. Where whoever makes it is stopped (an exception that is no Exception), the next who waits makes it.
    """

    def __init__(self, limit: int | Callable[[], int]) -> None:
        self._limit = limit
        self._kept: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._making: dict[Hashable, Future[Any]] = {}
        self._bytes = 0  # kept
        self._promised = 0  # being made
        self._changed = threading.Condition()

    @property
    def limit(self) -> int:
        """The most bytes that are kept."""
        return self._limit() if callable(self._limit) else self._limit

    @property
    def nbytes(self) -> int:
        """Bytes kept now, as they were measured when they were made."""
        return self._bytes

    def __len__(self) -> int:
        return len(self._kept)

    def peek(self, key: Hashable) -> Any | None:
        """What is kept, or None; nothing is made."""
        with self._changed:
            found = self._hit(key)
            return None if found is None else found[0]

    def get(self, key: Hashable, make: Callable[[], Value], expected: int = 0) -> Value:
        """What is kept under this key; made first if it is not there.

        expected : bytes it will hold, as far as that is known: room is made before, and where others make large things at
        the same moment it waits for them. A value that is larger than the limit is given and not kept.
        """
        while True:
            with self._changed:
                found = self._hit(key)
                if found is not None:
                    kept: Value = found[0]
                    return kept
                others = self._making.get(key)
                if others is None:
                    mine = self._making[key] = Future()
                    break
            wait((others,))
            if others.exception() is None or isinstance(others.exception(), Exception):
                made: Value = others.result()
                return made
            # Whoever made it was stopped, which says nothing of the value: it is made here.
        try:
            self._make_room(expected)
            try:
                value = make()
            finally:
                with self._changed:
                    self._promised -= expected
                    self._changed.notify_all()
            self._keep(key, value)
        except BaseException as error:
            self._over(key)
            mine.set_exception(error)
            mine.exception()  # asked for here: nobody else may have been waiting
            raise
        self._over(key)
        mine.set_result(value)
        return value

    def forget(self, key: Hashable) -> None:
        """Keep it no longer."""
        with self._changed:
            self._drop(key)

    def clear(self) -> None:
        """Keep nothing."""
        with self._changed:
            self._kept.clear()
            self._bytes = 0

    def _hit(self, key: Hashable) -> tuple[Any, int] | None:
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def _make_room(self, expected: int) -> None:
        with self._changed:
            while self._promised and self._promised + expected > self.limit:
                self._changed.wait()
            self._promised += expected
            self._shrink(self.limit - self._promised)

    def _keep(self, key: Hashable, value: Any) -> None:
        size = size_of(value) + size_of(key)
        with self._changed:
            if size > self.limit:
                return
            self._shrink(self.limit - self._promised - size)
            self._drop(key)
            self._kept[key] = (value, size)
            self._bytes += size

    def _shrink(self, to: int) -> None:
        while self._kept and self._bytes > to:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: Hashable) -> None:
        found = self._kept.pop(key, None)
        if found is not None:
            self._bytes -= found[1]

    def _over(self, key: Hashable) -> None:
        with self._changed:
            self._making.pop(key, None)


def size_of(value: Any) -> int:
    """Bytes that a value holds, measured from its arrays; what says `nbytes` itself is believed."""
    if isinstance(value, np.ndarray):
        return value.nbytes if value.base is None else max(value.nbytes, getattr(value.base, "nbytes", 0))
    if isinstance(value, pd.DataFrame):
        return int(value.memory_usage(deep=True).sum())
    if isinstance(value, str | bytes):
        return sys.getsizeof(value)
    if isinstance(value, Mapping):
        return _OBJECT + sum(size_of(part) for item in value.items() for part in item)
    if isinstance(value, list | tuple | set | frozenset):
        return _OBJECT + sum(map(size_of, value))
    said = getattr(value, "nbytes", None)
    if isinstance(said, int | np.integer):
        return int(said)
    if is_dataclass(value) and not isinstance(value, type):
        return _OBJECT + sum(size_of(getattr(value, f.name)) for f in fields(value))
    return _OBJECT


def megabytes(variable: str, default: int) -> int:
    """Bytes allowed by an environment variable that holds a number of megabytes; the default where it holds none."""
    said = os.environ.get(variable, "")
    return (int(said) if said.isascii() and said.isdigit() and 0 < len(said) < 10 else default) * MEGABYTE
