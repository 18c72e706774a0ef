"""A call's private folder: how much is in it, and how to empty it whatever is in it.

The code may have nested folders deeper than a path can say, made links, or taken its own
rights away. Links are never followed, and no function here recurses.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress

MAX_ENTRIES = 1024
"""Files and folders that a call may make; a million empty ones would fill a disk's index."""


def is_over(folder: str, max_bytes: int) -> bool:
    """Whether a folder holds more bytes or entries than a call may make."""
    pending, entries, size = [folder], 0, 0
    while pending:
        try:
            with os.scandir(pending.pop()) as found:
                for entry in found:
                    entries += 1
                    size += entry.stat(follow_symlinks=False).st_blocks * 512
                    if entries > MAX_ENTRIES or size > max_bytes:
                        return True
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
        except (FileNotFoundError, PermissionError):  # it changes as we look
            continue
        except OSError:
            return True  # nested deeper than a path can say
    return False


def clear(folder: str) -> None:
    """Empty a folder; a nested one is lifted to the top first, so that every path stays short."""
    token, lifted = secrets.token_hex(8), 0  # a name that the code cannot have taken
    while entries := list(os.scandir(folder)):
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False):
                os.unlink(entry.path)
                continue
            with suppress(OSError):
                os.chmod(entry.path, 0o700)
            for inner in list(os.scandir(entry.path)):
                if inner.is_dir(follow_symlinks=False):
                    with suppress(OSError):
                        os.chmod(inner.path, 0o700)
                    os.rename(inner.path, f"{folder}/{token}-{lifted}")
                    lifted += 1
                else:
                    os.unlink(inner.path)
            os.rmdir(entry.path)
