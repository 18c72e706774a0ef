"""The trainers' commands and environment.

One trainer is a plain child. Several get the variables that torchrun sets and Accelerate reads,
from process 1 itself. Neither launcher is put between: torchrun sends SIGKILL 30 s after a SIGTERM
(`shutdown_timeout` of its agent), in the middle of a checkpoint that has 120 s; and `accelerate
launch --cpu` starts processes without ranks.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mrlc.runtime.launching.hosts import Cluster

MESSAGE = "MRLC_MESSAGE"
"""Variable: the file that a trainer leaves its failure in."""
Stage = Literal["base", "train", "whole"]
"""`base`: warm start and its evaluation; `train`: the training, together; `whole`: what is left."""


@dataclass(frozen=True)
class Child:
    """A process to start."""

    name: str
    command: tuple[str, ...]
    environment: dict[str, str]
    message: Path
    serves: bool = False
    """Runs for the others: its end is a failure, and theirs is its own."""


def alone(run: Path, stage: Stage, *, environment: Mapping[str, str], scratch: Path) -> Child:
    """One trainer, in no process group."""
    message = scratch / "trainer"
    return Child(
        "the trainer", _command(run, stage), {**environment, MESSAGE: str(message)}, message
    )


def together(
    run: Path, cluster: Cluster, count: int, *, environment: Mapping[str, str], scratch: Path
) -> list[Child]:
    """This host's share of the trainers that train together; every host has as many."""
    threads = max(1, len(os.sched_getaffinity(0)) // count)
    shared = {
        "OMP_NUM_THREADS": str(threads),
        **environment,
        "MASTER_ADDR": cluster.address,
        "MASTER_PORT": str(cluster.port),
        "WORLD_SIZE": str(len(cluster.hosts) * count),
        "LOCAL_WORLD_SIZE": str(count),
        "NODE_RANK": str(cluster.rank),
    }
    if cluster.interface:
        shared = {
            "NCCL_SOCKET_IFNAME": cluster.interface,
            "GLOO_SOCKET_IFNAME": cluster.interface,
            **shared,
        }
    children = []
    for local in range(count):
        rank = cluster.rank * count + local
        message = scratch / f"trainer-{rank}"
        own = {"RANK": str(rank), "LOCAL_RANK": str(local), MESSAGE: str(message)}
        children.append(
            Child(f"trainer {rank}", _command(run, "train"), {**shared, **own}, message)
        )
    return children


def _command(run: Path, stage: Stage) -> tuple[str, ...]:
    return (sys.executable, "-m", "mrlc.runtime.launching.trainer", str(run), stage)
