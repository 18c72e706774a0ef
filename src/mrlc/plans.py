"""The plans that a command works on, by their folders."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mrlc.error_handler import UsageFault

BUILD = Path("build")


def plan_folders(given: Iterable[Path]) -> list[Path]:
    """The plans named, or all of build/; of a sweep's folder, each variant.

    Raises:
        UsageFault: none is named and there is none.
    """
    built = (path.parent for name in ("plan", "sweep") for path in BUILD.glob(f"*/{name}.json"))
    found = list(given) or sorted(built) or sorted(BUILD.glob("*"))
    if not found:
        raise UsageFault("no plan: there is nothing in build/; mrlc compile writes plans")
    return [folder for one in found for folder in _variants(one)]


def _variants(folder: Path) -> list[Path]:
    if (folder / "sweep.json").is_file():
        return sorted(path.parent for path in folder.glob("*/plan.json"))
    return [folder]
