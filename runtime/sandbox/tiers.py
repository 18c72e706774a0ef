"""Which tier a tool runs in: the one it asks for, probed once a process, or none."""

from __future__ import annotations

import os
import shutil
import sys
from functools import cache

from mrlc.runtime.errors import PlanFault
from mrlc.runtime.sandbox import probe
from mrlc.runtime.sandbox.native import landlock
from mrlc.runtime.sandbox.outcome import Engine, Limits, SandboxUnavailable
from mrlc.runtime.sandbox.process import Process
from mrlc.schemas.execute import Execute, Isolation, Language

_AUTO: dict[Language, tuple[Isolation, ...]] = {
    "python": ("interpreter",),
    "arithmetic": ("interpreter",),
    "shell": ("namespaces", "process"),
}
"""What `auto` tries. A real CPython is another language than Monty's, so it is never a stand-in."""


def open_engine(execute: Execute, *, path: str) -> Engine:
    """The engine of a tool that runs no SQL; `path` is its `execute` in the spec.

    Raises:
        PlanFault: no tier that it allows holds on this machine.
    """
    asked = execute.isolation
    wanted = _AUTO[execute.language] if asked == "auto" else (asked,)
    reasons = []
    for tier in wanted:
        try:
            _probed(execute.language, tier)
            return _engine(execute.language, tier, Limits.of(execute))
        except SandboxUnavailable as error:
            reasons.append(f"{tier}: {error}")
    raise PlanFault(
        f"{path}.isolation",
        f"{execute.language} cannot be isolated here: {'; '.join(reasons)}",
        help="run it on a machine where a tier holds; there is no fall back to a weaker one",
    )


@cache
def _probed(language: Language, tier: Isolation) -> None:
    if language == "arithmetic":
        return  # it has nothing that could be let through
    hostile = {"interpreter": probe.INTERPRETED}.get(tier)
    hostile = hostile or (probe.PYTHON if language == "python" else probe.SHELL)
    probe.probe(
        _engine(language, tier, probe.LIMITS), _engine(language, tier, probe.SHORT), hostile
    )


def _engine(language: Language, tier: Isolation, limits: Limits) -> Engine:
    if language == "arithmetic":
        from mrlc.runtime.sandbox.arithmetic import Arithmetic

        return Arithmetic()
    if tier == "interpreter":
        from mrlc.runtime.sandbox.monty import Monty

        return Monty(limits)
    if sys.platform != "linux":
        raise SandboxUnavailable("real processes are kept in by Linux only")
    if language == "python":
        return Process("python", limits, _parts("process"))
    if tier == "namespaces":
        bwrap = shutil.which("bwrap")
        if bwrap is None:
            raise SandboxUnavailable("bubblewrap is not installed (bwrap)")
        return Process("shell", limits, "namespaces: bubblewrap, seccomp", bwrap)
    if os.geteuid() != 0 or not landlock.version():
        raise SandboxUnavailable("a shell without namespaces needs root and a kernel with Landlock")
    return Process("shell", limits, _parts("process"))


def _parts(tier: str) -> str:
    """What the tier is made of here."""
    version = landlock.version()
    parts = ["seccomp", f"landlock {version}" if version else "", _of_root()]
    return f"{tier}: {', '.join(part for part in parts if part)}"


def _of_root() -> str:
    return "own uid" if os.geteuid() == 0 else ""
