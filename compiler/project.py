"""The root of a project, and the rule that no path leaves it.

The root is the nearest folder above the spec that holds `.git` or `pyproject.toml`, else the
folder that holds `specs/`, else the spec's own. Paths are relative to the file that wrote them; in a plan they are relative
to the root, with forward slashes.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from mrlc.compiler.diagnostics import Diagnostic, Fix
from mrlc.compiler.suggest import nearest
from mrlc.compiler.tree import Scalar

MAX_PATH = 1024
"""Code points of a path."""
OVERRIDES = "--set"
"""In place of a file, for values from the command line."""


class PathFault(Exception):
    """A path that cannot be used; holds the diagnostic."""

    def __init__(self, diagnostic: Diagnostic, *, near: Path | None = None) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic
        self.near = near
        """What is offered in its place."""


def find_root(spec: Path) -> Path:
    """The root of the project that a spec belongs to; absolute, without symbolic links."""
    folder = spec.resolve().parent
    for candidate in (folder, *folder.parents):
        if (candidate / ".git").exists() or (candidate / "pyproject.toml").is_file():
            return candidate
    return folder.parent if folder.name == "specs" else folder


def locate(
    root: Path, scalar: Scalar, *, spec: Path, path: str = "", taken: Collection[Path] = ()
) -> Path:
    """The existing path that a scalar names; in place of a missing one, none is offered of `taken`.

    It keeps its own name, even where that is a symbolic link, and its folder is resolved;
    the file it leads to must lie under the root as well.

    Raises:
        PathFault: it is absolute, leaves the root, or does not exist.
    """
    written = str(scalar.value)
    base = written_in(scalar, spec)

    def fault(
        code: str,
        message: str,
        help: str | None = None,
        *,
        fix: Fix | None = None,
        near: Path | None = None,
    ) -> PathFault:
        said = Diagnostic(code, message, scalar.span, help=help, path=path, fix=fix)
        return PathFault(said, near=near)

    if not written or len(written) > MAX_PATH or any(ord(letter) < 32 for letter in written):
        short = written if len(written) <= 60 else f"{written[:57]}…"
        raise fault("MRLC310", f"`{short}` is not a file name")
    if Path(written).is_absolute():
        help = "write it relative to this file, below the project's folder"
        raise fault("MRLC312", f"`{written}` is an absolute path", help)
    joined = base.parent.resolve() / written
    try:
        target = joined if joined.name in ("", "..") else joined.parent.resolve() / joined.name
        inside = target.resolve().is_relative_to(root) and target.is_relative_to(root)
    except (OSError, RuntimeError, ValueError):  # a loop of symbolic links, half a character
        raise fault("MRLC310", f"`{written}` leads nowhere") from None
    if not inside:
        help = f"paths may not leave {root.name}/, the project's root"
        raise fault("MRLC312", f"`{written}` leaves the project", help)
    if not os.path.exists(target):
        near = _near(target, written, taken)
        hint = f"did you mean `{near}`?" if near else _no_folder(target, written)
        fix = Fix.at(scalar.span, written, near) if near else None
        offered = target.with_name(Path(near).name) if near else None
        raise fault("MRLC310", f"no such file: `{written}`", hint, fix=fix, near=offered)
    return target.resolve() if joined.name in ("", "..") else target


def written_in(scalar: Scalar, spec: Path) -> Path:
    """The file that a path is relative to."""
    return spec if scalar.span.file == OVERRIDES else Path(scalar.span.file)


def _near(target: Path, written: str, taken: Collection[Path]) -> str | None:
    """The path to the nearest name in a missing file's folder, of those not taken."""
    try:
        names = os.listdir(target.parent)
    except (OSError, ValueError):
        return None
    free = [name for name in names if target.with_name(name) not in taken]
    alike = {Path(name).stem: name for name in free if Path(name).suffix == target.suffix}
    stem = nearest(target.stem, alike)  # a suffix in common is no likeness
    near = alike[stem] if stem else nearest(target.name, set(free) - set(alike.values()))
    return os.path.join(os.path.dirname(written), near) if near else None


def _no_folder(target: Path, written: str) -> str | None:
    if os.path.isdir(target.parent):  # Path.is_dir raises where a part of the name is too long
        return None
    return f"there is no folder `{os.path.dirname(written) or '.'}` beside this file"
