"""How many trainers a host takes: one for each GPU that is not kept for vLLM, or one.

Counted without torch: loading it would cost process 1 seconds in which it hears no signal, and
on some drivers a GPU context that is the trainers'.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

PROCESSES = "MRLC_PROCESSES"
"""Variable: trainers a host, where it is not the number of GPUs."""
VISIBLE = ("CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES")
_NODE = re.compile(r"nvidia\d+")


def trainers(environment: Mapping[str, str], devices: Path = Path("/dev"), kept: int = 0) -> int:
    """Trainer processes of this host, at least one."""
    chosen = environment.get(PROCESSES)
    return max(1, int(chosen) if chosen else gpus(environment, devices) - kept)


def split(
    environment: Mapping[str, str], kept: int, devices: Path = Path("/dev")
) -> tuple[str, str]:
    """CUDA_VISIBLE_DEVICES of the trainers, and of a server that gets the last GPUs."""
    named = environment.get(VISIBLE[0])
    present = gpus(environment, devices)
    ids = named.split(",")[:present] if named else [str(number) for number in range(present)]
    return ",".join(ids[:-kept]), ",".join(ids[-kept:])


def gpus(environment: Mapping[str, str], devices: Path = Path("/dev")) -> int:
    """GPUs: the driver makes a file for each; CUDA_VISIBLE_DEVICES may name fewer."""
    present = sum(_NODE.fullmatch(path.name) is not None for path in devices.glob("nvidia*"))
    for variable in VISIBLE:
        named = environment.get(variable)
        if named in (None, "all"):
            continue
        ids = [one for one in named.split(",") if one.strip() not in ("", "-1", "none", "void")]
        present = min(present, len(ids))
    return present
