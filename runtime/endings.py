"""How processes end, in words."""

from __future__ import annotations

import signal


def how_ended(code: int) -> str:
    """An exit code of a process as `Popen` gives it."""
    if code >= 0:
        return f"its process ended with exit code {code}"
    try:
        return f"its process was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"its process was ended by signal {-code}"
