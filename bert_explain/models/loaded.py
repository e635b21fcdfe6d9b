"""The models of this process: held up to a number of bytes, the least recently used let go first, and found by what they
are like, so that a record of numbers finds the model that made them.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator, MutableMapping
from typing import Any

from bert_explain.core.store import Store, megabytes

ENV_MODELS, MODELS_MB = "BERT_EXPLAIN_MODEL_MEMORY", 4096  # megabytes for models and tables of word vectors
MODELS = Store(lambda: megabytes(ENV_MODELS, MODELS_MB))

_alive: weakref.WeakValueDictionary[Any, Any] = weakref.WeakValueDictionary()
_lock = threading.Lock()


def note(model: Any, spec: Any) -> None:
    """From now on this model is found by its `spec`, for as long as somebody holds it."""
    with _lock:
        _alive[spec.reads_as] = model


def hold(model: Any) -> Any:
    """Keep this model: it answers for the traces that it makes, and was used just now."""
    key = model.spec.reads_as
    if MODELS.peek(key) is not model:
        note(model, model.spec)
        MODELS.forget(key)
        MODELS.get(key, lambda: model)
    return model


class Shelf(MutableMapping):
    """Loaded models by the name they are asked for; each stands here for as long as it is held. Taken, it is held anew."""

    def __init__(self) -> None:
        self._models: weakref.WeakValueDictionary[Any, Any] = weakref.WeakValueDictionary()

    def __getitem__(self, key: Any) -> Any:
        return hold(self._models[key])

    def __setitem__(self, key: Any, model: Any) -> None:
        self._models[key] = hold(model)

    def __delitem__(self, key: Any) -> None:
        del self._models[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(list(self._models))

    def __len__(self) -> int:
        return len(self._models)


def find(spec: Any) -> Any | None:
    """The model that this describes, or None."""
    with _lock:
        found = _alive.get(spec.reads_as)
    # An equal one may have been noted after the one that is held, and be gone.
    return MODELS.peek(spec.reads_as) if found is None else found
