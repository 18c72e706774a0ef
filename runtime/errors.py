"""What can go wrong at run time, and who says it.

Five kinds, kept apart:

- `PlanFault`: the user's mistake that only the run can see (a template that is not
  prefix-preserving, a model folder that will not load). It names the spec's path; the
  command line turns it into a located diagnostic and exit 1. Raised before training only,
  but for its one kind `CodeFailed`: the user's component or scorer failed on a trajectory.
- `EnvironmentBroken`: a tool timed out or crashed, so that the episode says nothing about
  the policy. The engine alone catches it; the trajectory becomes unscorable.
- `PlanBroken`: the folder given is no plan or run, or its files were changed; exit 1.
- `RemoteFailed`: a service that the spec names refuses or cannot be reached; exit 4. Its one
  kind `NoReply` is about a single request: whoever asked decides what it means.
- anything else is our bug and ends the run with exit 3.

A tool's *own* error (no such order, a bad argument) is none of these: it is text for the model.
"""

from __future__ import annotations

from pathlib import Path


class PlanFault(Exception):
    """A mistake in the spec or its inputs, at a dotted path of the spec."""

    def __init__(self, path: str, message: str, *, help: str | None = None) -> None:
        super().__init__(message)
        self.path = path
        self.message = message
        self.help = help


class CodeFailed(PlanFault):
    """A component or scorer raised, or returned no number from 0 to 1.

    It ends the run, from its last checkpoint on: a score made up in its place would be
    trained on, or reported.
    """


class EnvironmentBroken(Exception):
    """The environment failed, not the policy; `cause` is one line without secrets."""

    def __init__(self, tool: str, cause: str) -> None:
        super().__init__(f"{tool}: {cause}")
        self.tool = tool
        self.cause = cause


class RemoteFailed(Exception):
    """A service did not do what the run needs; one line with a way out, without secrets."""


class NoReply(RemoteFailed):
    """One request has no usable answer, after all its attempts."""


class PlanBroken(Exception):
    """A plan or run folder that is absent, unreadable, or not what was compiled."""

    def __init__(self, file: Path, message: str, *, help: str, line: int = 1) -> None:
        super().__init__(message)
        self.file = file
        self.line = line
        self.message = message
        self.help = help
