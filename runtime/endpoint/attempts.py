"""When a request is worth another attempt, and after how long.

Worth it: 408, 409, 425, 429 and every 5xx; a time-out; a connection that broke; a body that was cut.
The wait doubles from half a second, is drawn at random from its upper half so that many clients
do not come back together, and is never shorter than the server's own `Retry-After`.
"""

from __future__ import annotations

import random
import time
from email.utils import parsedate_to_datetime

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 60.0
"""A server that asks for a longer pause is not worth holding a machine for."""

_JITTER = random.Random()
"""A stream of its own: drawing from the common one would change what a seeded run does."""
_TRANSIENT = frozenset({408, 409, 425, 429})


class Transient(Exception):
    """An attempt failed in a way that another may not; the message is one line."""

    def __init__(self, message: str, *, retry_after_s: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


def is_transient(status: int) -> bool:
    """Whether another attempt may be answered otherwise."""
    return status in _TRANSIENT or status >= 500


def retry_after_s(header: str | None) -> float:
    """Seconds that a `Retry-After` header asks for (RFC 9110, 10.2.3); 0 for none or nonsense."""
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return 0.0


def wait_s(attempt: int, failure: Transient, jitter: random.Random = _JITTER) -> float:
    """Seconds to wait after the attempt of this number, from 0."""
    height = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**attempt)
    return max(failure.retry_after_s, jitter.uniform(height / 2, height))
