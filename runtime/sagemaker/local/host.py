"""One host of a job: a folder that stands for /opt/ml, and the container's first process.

    <root>/input/config/{hyperparameters,inputdataconfig,resourceconfig}.json
    <root>/input/data/<channel>/…
    <root>/{model,checkpoints,output,output/data,tmp}/

When the first process ends, every other one of the host ends too, as in a container. Those are
found by their environment, which holds the root: a process may leave its group, its parent and
its session, but hardly its environment.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread
from time import sleep
from typing import IO, Any

ROOT = "MRLC_ML_ROOT"
CONTAINER_ROOT = "/opt/ml"
OVERLOOKED_S = 0.1
"""Until those are looked for again that a first process left: one whose program was just being
replaced had no environment to be known by."""


def hosts_of(request: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Name, group and instance type of each host of a request."""
    resources = request["ResourceConfig"]
    groups = resources.get("InstanceGroups") or [
        {
            "InstanceGroupName": "homogeneousCluster",
            "InstanceType": resources["InstanceType"],
            "InstanceCount": resources["InstanceCount"],
        }
    ]
    each = [group for group in groups for _ in range(group["InstanceCount"])]
    return [
        (f"algo-{number}", group["InstanceGroupName"], group["InstanceType"])
        for number, group in enumerate(each, 1)
    ]


def meeting_point() -> dict[str, str]:
    """Where hosts of one machine meet: `algo-1` is no name here, and other jobs run beside.

    The launcher takes the port and the next one.
    """
    while True:
        with socket.create_server(("127.0.0.1", 0)) as first:
            port = first.getsockname()[1]
            with suppress(OSError), socket.create_server(("127.0.0.1", port + 1)):
                return {"MRLC_MAIN_ADDRESS": "127.0.0.1", "MRLC_MAIN_PORT": str(port)}


class Host:
    """A host; its process starts once."""

    def __init__(self, name: str, root: Path) -> None:
        self.name = name
        self.root = root
        self.process: subprocess.Popen[str] | None = None

    def inside(self, path: str) -> Path:
        """Where a path below /opt/ml lies here; any other is taken for one below it."""
        return self.root / path.removeprefix(CONTAINER_ROOT).lstrip("/")

    def lay_out(self, request: Mapping[str, Any]) -> None:
        """Make the folders and the files of `input/config`."""
        for folder in ("input/config", "input/data", "model", "checkpoints", "output/data", "tmp"):
            (self.root / folder).mkdir(parents=True)
        config = {
            "hyperparameters": request.get("HyperParameters", {}),
            "inputdataconfig": {
                channel["ChannelName"]: {
                    "TrainingInputMode": channel.get("InputMode", "File"),
                    "S3DistributionType": channel["DataSource"]["S3DataSource"].get(
                        "S3DataDistributionType", "FullyReplicated"
                    ),
                    "RecordWrapperType": channel.get("RecordWrapperType", "None"),
                }
                for channel in request.get("InputDataConfig", ())
            },
            "resourceconfig": self._resources(request),
        }
        for name, content in config.items():
            path = self.root / "input/config" / f"{name}.json"
            path.write_text(json.dumps(content, indent=2), encoding="utf-8")

    def _resources(self, request: Mapping[str, Any]) -> dict[str, Any]:
        hosts = hosts_of(request)
        own = next(one for one in hosts if one[0] == self.name)
        groups = {
            group: {"instance_group_name": group, "instance_type": instance, "hosts": []}
            for _, group, instance in hosts
        }
        for name, group, _ in hosts:
            members = groups[group]["hosts"]
            assert isinstance(members, list)
            members.append(name)
        return {
            "current_host": self.name,
            "current_instance_type": own[2],
            "current_group_name": own[1],
            "hosts": [name for name, _, _ in hosts],
            "instance_groups": list(groups.values()),
            "network_interface_name": "lo",
        }

    def start(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        on_line: Callable[[str], None],
        on_exit: Callable[[int], None],
    ) -> None:
        """Start the first process; a line of its output and its end are told from other threads."""
        self.process = process = subprocess.Popen(
            command,
            cwd=self.root,
            env={**self._environment(), **environment, ROOT: str(self.root)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        assert process.stdout is not None
        reader = Thread(target=_read, args=(process.stdout, on_line), daemon=True)
        reader.start()

        def wait() -> None:
            code = process.wait()
            end_processes(self.root)
            while reader.is_alive():  # whoever was overlooked holds the pipe open
                reader.join(OVERLOOKED_S)
                end_processes(self.root)
            on_exit(128 - code if code < 0 else code)

        Thread(target=wait, daemon=True).start()

    def _environment(self) -> dict[str, str]:
        """What an image sets: nothing of the server's own environment."""
        python = Path(sys.executable).parent
        return {
            "PATH": f"{python}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.root),
            "TMPDIR": str(self.root / "tmp"),
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
        }

    def terminate(self) -> None:
        """Send SIGTERM to the first process, and to it alone, as the service does."""
        with suppress(ProcessLookupError):
            if self.process is not None and self.process.poll() is None:
                self.process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End all its processes at once."""
        end_processes(self.root)

    @property
    def failure(self) -> str:
        """What the container wrote to output/failure."""
        try:
            return (self.root / "output/failure").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""


def _read(stream: IO[str], on_line: Callable[[str], None]) -> None:
    with stream:
        for line in stream:
            on_line(line.rstrip("\n"))


def end_processes(root: Path) -> None:
    """Kill every process whose MRLC_ML_ROOT is a folder or lies below it, until none is left."""
    while found := [pid for pid in _pids() if _belongs(pid, root)]:
        for pid in found:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        sleep(0.01)


def _pids() -> list[int]:
    own = os.getpid()
    return [int(one) for one in os.listdir("/proc") if one.isdecimal() and int(one) != own]


def _belongs(pid: int, root: Path) -> bool:
    """Of a process that has ended and waits for its parent, the environment is empty."""
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False
    wanted = f"{ROOT}={root}".encode()
    return any(
        entry == wanted or entry.startswith(wanted + b"/") for entry in environment.split(b"\0")
    )
