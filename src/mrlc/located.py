"""Faults that only the runtime could see, as diagnostics with a place in the spec."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from mrlc.compiler.diagnostics import CompileFailed
from mrlc.compiler.fault import broken_plan, diagnose_fault
from mrlc.runtime.errors import PlanBroken, PlanFault

T = TypeVar("T")


def located(work: Callable[[], T], folder: Path) -> T:
    """Do work on the plan in `folder`.

    Raises:
        CompileFailed: the work met a mistake of the user's.
    """
    try:
        return work()
    except PlanFault as fault:
        raise CompileFailed([diagnose_fault(fault, folder)]) from fault
    except PlanBroken as broken:
        raise CompileFailed([broken_plan(broken.file, broken.message, broken.help)]) from broken
