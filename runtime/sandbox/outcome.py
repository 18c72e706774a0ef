"""What became of a call of a sandbox, and the limits that it ran under."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, Protocol

from mrlc.schemas.execute import Execute

State = Literal["ok", "tool_error", "limit"]

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class SandboxBroken(Exception):
    """The sandbox failed, not the code; the episode says nothing about the policy."""


class SandboxUnavailable(Exception):
    """A tier that does not hold on this machine; the message says what is missing."""


@dataclass(frozen=True)
class Outcome:
    """How a call ended."""

    state: State
    text: str
    """What the code wrote and, unless it is `ok`, why it ended."""


@dataclass(frozen=True)
class Limits:
    """What a call may take."""

    wall_s: float
    cpu_s: float
    memory_bytes: int
    output_bytes: int
    file_bytes: int
    processes: int

    @classmethod
    def of(cls, execute: Execute) -> Limits:
        """The limits that a tool declares.

        The CPU time is half of the wall time where it is not given: a busy machine makes code
        slower, and a limit that it decides would not fall at the same place twice.
        """
        cpu_s = execute.timeout_s / 2 if execute.cpu_s is None else execute.cpu_s
        return cls(
            wall_s=execute.timeout_s,
            cpu_s=cpu_s,
            memory_bytes=execute.memory_mb << 20,
            output_bytes=execute.output_bytes,
            file_bytes=execute.max_file_mb << 20,
            processes=execute.max_processes,
        )


class Engine(Protocol):
    """Runs code of one language in one tier."""

    @property
    def tier(self) -> str:
        """The tier and what it is made of, for the run's record."""

    def run(self, code: str, *, seed: int) -> Outcome:
        """Run it to its end; blocks for as long as the limits allow.

        Raises:
            SandboxBroken: the sandbox failed.
        """


def ok(text: str) -> Outcome:
    """It ended by itself."""
    return Outcome("ok", clean(text))


def failed(message: str, output: str = "") -> Outcome:
    """It failed by its own fault, after it wrote `output`."""
    return Outcome("tool_error", _joined(output, message))


def stopped(reason: str, output: str = "") -> Outcome:
    """It reached a limit, after it wrote `output`."""
    return Outcome("limit", _joined(output, f"stopped after {reason}"))


def megabytes(size: int) -> str:
    """Bytes as a limit is written."""
    return f"{size >> 20} MB"


def clean(text: str) -> str:
    """Without control characters, which a terminal or a chat template might obey."""
    return _CONTROL.sub("", text).rstrip("\n")


def _joined(output: str, message: str) -> str:
    return clean(f"{clean(output)}\n{message}" if output else message)
