"""The hosts of a job, from resourceconfig.json.

They are ranked by the *number* in their names: as text, algo-10 would come before algo-2, and two
containers that sort differently would wait for each other for ever. The first one leads.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mrlc.runtime.errors import PlanBroken

PORT = 7777
"""Trainers meet at this port of the host that leads; its process 1 listens at the next."""
LOOPBACK = "127.0.0.1"
ADDRESS = "MRLC_MAIN_ADDRESS"
"""Variable: where the host that leads is reached, if not by its name."""
PORT_VARIABLE = "MRLC_MAIN_PORT"


@dataclass(frozen=True)
class Cluster:
    """The hosts, and which of them this is."""

    hosts: tuple[str, ...]
    rank: int
    address: str
    """Of the host that leads."""
    port: int
    interface: str | None

    @property
    def host(self) -> str:
        """This host's name."""
        return self.hosts[self.rank]

    @property
    def leads(self) -> bool:
        """Whether this host keeps the run."""
        return self.rank == 0


def read_cluster(file: Path, environment: Mapping[str, str]) -> Cluster:
    """The cluster; without a file, this host alone.

    Raises:
        PlanBroken: the file is not what the service writes.
    """
    try:
        said = json.loads(file.read_bytes())
        hosts = tuple(sorted((str(host) for host in said["hosts"]), key=number))
        rank = hosts.index(str(said["current_host"]))
    except FileNotFoundError:
        said, hosts, rank = {}, ("algo-1",), 0
    except (OSError, ValueError, KeyError, TypeError) as error:
        help = 'the service writes {"current_host": "algo-1", "hosts": ["algo-1"], …}'
        raise PlanBroken(file, f"not the hosts of a job: {error}", help=help) from None
    return Cluster(
        hosts=hosts,
        rank=rank,
        # A host alone may not know its own name.
        address=environment.get(ADDRESS) or (hosts[0] if len(hosts) > 1 else LOOPBACK),
        port=int(environment.get(PORT_VARIABLE) or PORT),
        interface=said.get("network_interface_name") if len(hosts) > 1 else "lo",
    )


def number(host: str) -> tuple[int, str]:
    """The key that hosts are sorted by."""
    found = re.search(r"(\d+)$", host)
    return (int(found[1]) if found else 0, host)
