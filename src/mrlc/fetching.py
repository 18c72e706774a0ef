"""What a job has left, brought to a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mrlc.error_handler import RemoteFault, UsageFault
from mrlc.jobs import say

if TYPE_CHECKING:
    from mrlc.runtime.sagemaker.client import Aws
    from mrlc.runtime.sagemaker.jobs import Seen

LIMIT_GB = 100


def fetch(aws: Aws, seen: Seen, folder: Path, *, plan: str, limit_gb: int = LIMIT_GB) -> None:
    """Fetch and unpack; each part appears whole, in place of the one before.

    Raises:
        RemoteFault: the job has left nothing.
        UsageFault: the folder cannot be written.
    """
    from mrlc.runtime.sagemaker.artefacts import pull, uris

    found = set[str]()
    for part, uri in uris(seen).items():
        try:
            size = pull(aws, uri, folder / part, limit=limit_gb * 10**9)
        except OSError as error:
            raise UsageFault(f"cannot write {folder / part}: {error.strerror}") from None
        if size is not None:
            found.add(part)
            print(f"{folder / part}  {size:,} bytes  {uri}")
    if not found:
        raise RemoteFault(f"{seen.name} is {seen.status} and has left nothing: mrlc logs says why")
    if "model" in found:
        say(f"measure it: mrlc evaluate {plan} --model {folder / 'model'}")
