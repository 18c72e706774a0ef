"""What answers a tool's calls: one module a kind, behind one protocol.

A back end is built once and shared by all episodes, so it keeps nothing of a call;
whatever an episode changes lies in its `Scope`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from mrlc.runtime.environment.database import Database
from mrlc.runtime.environment.scope import Scope
from mrlc.runtime.registry import Registry
from mrlc.schemas.tools import Tool


class BackEnd(Protocol):
    """Answers the calls of one tool."""

    @property
    def is_instant(self) -> bool:
        """Whether it never waits, or keeps `Scope.deadline` itself: then no timer is set."""

    @property
    def uses_episode(self) -> bool:
        """Whether it touches the scope: such calls of one episode run one by one, in order."""

    async def call(self, arguments: dict[str, Any], scope: Scope) -> Any:
        """The result, a JSON value or a `Reply`; a str is shown to the model as it is.

        Raises:
            ToolError: the tool's own refusal.
            Exception: the environment is broken; an interrupted statement has timed out.
        """


@dataclass(frozen=True)
class Site:
    """What a back end is built from, besides its tool."""

    inputs: Path
    """The plan's inputs; paths of the plan are relative to it."""
    path: str
    """The tool in the spec, `environment.tools.0`."""
    databases: Mapping[str, Database]
    """By name of the state."""
    timeout_s: float = 5.0
    """Of a call."""
    has_workers: bool = True
    """Whether blocking functions run in processes of their own; gates look at them in this one."""


BACK_ENDS: Registry[Callable[[Tool, Site], BackEnd]] = Registry(__name__)
"""By the key of the tool that declares one."""
