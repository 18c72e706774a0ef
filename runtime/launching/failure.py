"""The failure file: the one text of a failed job that the service shows.

It is the user's message, as `mrlc run` would give it: what is wrong, where, the way out. No
traceback, which is in the log; no value of a secret; at most 1,024 characters, as the rest is cut
off there, often in the middle of what mattered.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mrlc.runtime.errors import PlanBroken, PlanFault, RemoteFailed
from mrlc.runtime.launching.places import place_of

LIMIT = 1_024
FAULT, BUG, REMOTE = 1, 3, 4
"""Exit codes, as of `mrlc`."""
LOST = 75
"""Exit code of a trainer that lost the others: the failure is theirs."""
_SIGNS = ("gloo", "NCCL", "Connection closed by peer", "Connection reset", "Broken pipe")
_MASK = "•••"


@dataclass(frozen=True)
class Failure:
    """A message and the exit code that goes with it."""

    message: str
    code: int


def failure_of(error: BaseException, plan: Path) -> Failure:
    """What a user is told of an exception in the work of the plan in a folder."""
    match error:
        case PlanFault():
            at = place_of(error.path, plan)
            told = f"{f'{at}: ' if at else ''}{error.path}: {error.message}"
            return Failure(_helped(told, error.help), FAULT)
        case PlanBroken():
            return Failure(_helped(f"{error.file}: {error.message}", error.help), FAULT)
        case RemoteFailed():
            return Failure(str(error), REMOTE)
        case ModuleNotFoundError():
            return Failure(f"the image lacks the package {error.name}", FAULT)
    if is_of_others(error):
        return Failure("lost the connection to the other trainers", LOST)
    what = f"{type(error).__name__}: {error}".splitlines()[0]
    return Failure(f"internal error: {what}. The traceback is in the log of the job.", BUG)


def is_of_others(error: BaseException) -> bool:
    """Whether a collective failed because another process is gone; only the texts tell."""
    text = str(error)
    return isinstance(error, RuntimeError) and any(sign in text for sign in _SIGNS)


def write_failure(file: Path, message: str, secrets: Iterable[str] = ()) -> None:
    """Write the message whole, without the values of the secrets."""
    for secret in secrets:
        if secret:
            message = message.replace(secret, _MASK)
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f".{file.name}.{os.getpid()}")
    partial.write_text(shortened(message), encoding="utf-8")
    partial.replace(file)


def shortened(message: str) -> str:
    """The message within the limit; a cut shows."""
    message = message.strip()
    return message if len(message) <= LIMIT else message[: LIMIT - 1] + "…"


def _helped(message: str, help: str | None) -> str:
    return f"{message}\nhelp: {help}" if help else message
