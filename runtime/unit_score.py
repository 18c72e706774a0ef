"""A number from 0 to 1: what the user's components and scorers return."""

from __future__ import annotations

import math
from numbers import Real


def unit_score(value: object) -> float:
    """`value` as a float; True and False are 1 and 0.

    Raises:
        TypeError, ValueError: it is no finite number from 0 to 1.
    """
    if not isinstance(value, Real):
        raise TypeError(f"returned {type(value).__name__}, not a number from 0 to 1")
    score = float(value)
    if not (math.isfinite(score) and 0 <= score <= 1):
        raise ValueError(f"returned {score:g}, not a number from 0 to 1")
    return score
