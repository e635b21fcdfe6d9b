"""A short name for weights: numbers that were measured, or an index that was built, with the very same ones."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np

LENGTH = 16  # hexadecimal digits


def of_arrays(arrays: Iterable[np.ndarray]) -> str:
    """Changes with any number, any shape and the order of the arrays."""
    digest = hashlib.blake2b(digest_size=LENGTH // 2)
    for array in arrays:
        digest.update(f"{array.dtype}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def of_module(module) -> str:
    """Of a torch module: all its trained numbers, in the order of their names."""
    return of_arrays(value.detach().numpy() for _, value in sorted(module.named_parameters()))
