"""Results that depend on a trace, or on another thing that never changes, are computed once, and kept as long as it lives."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any, TypeVar

Result = TypeVar("Result")


class Memory:
    """Values kept beside traces. A trace never changes; do not change a kept value either.

    Keyed on the object itself: a trace holds arrays, so it has no hash, and comparing two would read all of them.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple, Any] = {}

    def get(self, trace: Any, *key: Hashable) -> Any:
        """What was kept, or None."""
        return self._kept.get((id(trace), *key))

    def put(self, trace: Any, value: Any, *key: Hashable) -> None:
        """Keep a value until the trace is gone."""
        self._kept[id(trace), *key] = value
        weakref.finalize(trace, self._kept.pop, (id(trace), *key), None)


def remember(function: Callable[[Any], Result]) -> Callable[[Any], Result]:
    """Compute function(trace) once for each trace. The result must not be None."""
    memory = Memory()

    @wraps(function)
    def remembered(trace: Any) -> Result:
        result = memory.get(trace)
        if result is None:
            result = function(trace)
            memory.put(trace, result)
        return result

    return remembered
