"""What becomes of memory that is freed.

glibc gives large blocks back to the kernel as soon as they are freed. A model on a CPU allocates
and frees the same few megabytes for each layer, and has the kernel clear every page of them again:
a seventh of the time of a rollout with passes of a thousand tokens.
"""

from __future__ import annotations

import ctypes
import os

KEPT = 256 << 20
"""Bytes at the top of the heap that stay with the process."""
LARGE = 32 << 20
"""Bytes of a block that is taken from the kernel, and given back, by itself; glibc allows no more."""
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_OWN = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES")


def keep_freed_memory() -> None:
    """Have the process keep what it frees, up to `KEPT` bytes, for what it allocates next.

    Nothing happens where the environment has settings of its own, or without glibc.
    """
    if any(name in os.environ for name in _OWN):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # another C library, or another system
        return
    mallopt(_M_TRIM_THRESHOLD, KEPT)
    mallopt(_M_MMAP_THRESHOLD, LARGE)
