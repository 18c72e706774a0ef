"""Faults that only the runtime could see, as diagnostics with a place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

Result = TypeVar("Result")


def located(work: Callable[[], Result], folder: Path) -> Result:
    """Do the work of a plan in `folder`; its faults are shown in the spec it came from.

    Raises:
        CompileFailed: the plan, the run or the user's code has a fault.
    """
    from mrlc.compiler.diagnostics import CompileFailed
    from mrlc.compiler.fault import broken_plan, diagnose_fault
    from mrlc.runtime.errors import PlanBroken, PlanFault

    try:
        return work()
    except PlanFault as fault:
        raise CompileFailed([diagnose_fault(fault, folder)]) from fault
    except PlanBroken as broken:
        at = broken_plan(broken.file, broken.message, broken.help, line=broken.line)
        raise CompileFailed([at]) from broken


def together(works: Iterable[Callable[[], Result]]) -> list[Result]:
    """Do several such works; their faults are shown together.

    Raises:
        CompileFailed: with the faults of all.
    """
    from mrlc.compiler.diagnostics import CompileFailed, Diagnostic

    done, faults = list[Result](), list[Diagnostic]()
    for work in works:
        try:
            done.append(work())
        except CompileFailed as error:
            faults += error.diagnostics
    if faults:
        raise CompileFailed(faults)
    return done
