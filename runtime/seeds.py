"""Seeds from digests: every random stream is named, none is shared.

A stream's seed is a hash of its name, so that it depends on what it is for and on
nothing else: not on order, on the host, on time or on how many other streams there are.
"""

from __future__ import annotations

import hashlib

DEFAULT_SEED = 1
"""Of a run that is given none, wherever it runs."""


def derive_seed(*name: str | int) -> int:
    """A seed from 0 to 2**63 - 1 for the stream of this name.

    The parts are length-prefixed before hashing, so that no two names collide by joining.
    """
    digest = hashlib.sha256(b"mrlc.seed/1\0")
    for part in name:
        text = str(part).encode()
        digest.update(len(text).to_bytes(4, "big") + text)
    return int.from_bytes(digest.digest()[:8], "big") >> 1
