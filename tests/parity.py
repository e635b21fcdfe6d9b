"""How near a stage of the trace is to another computation of it: to 1e-5 of the stage's largest value.

Machines add up in other orders; in single precision two right sums of a stage's size differ by some millionths of it.
"""

from typing import Any

import numpy as np

NEAR = 1e-5


def same_stage(ours: Any, theirs: Any, err_msg: str = "") -> None:
    """Raises AssertionError where any number is further off. ours, theirs : arrays or tensors of the same shape."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    largest = float(np.abs(theirs).max(initial=0.0))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=NEAR * max(1.0, largest), err_msg=err_msg)
