"""The other side of `mrlc plan`: the specs of a commit, or the plans of a build folder."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mrlc import git, specs
from mrlc.compiler.diagnostics import CompileFailed
from mrlc.compiler.diff.side import Side, holds_plans, read_plans, sides_of
from mrlc.compiler.project import find_root
from mrlc.error_handler import UsageFault

DEFAULT = "HEAD"


@dataclass(frozen=True)
class Other:
    """What the specs are compared with."""

    label: str
    """As a person would name it."""
    sides: Sequence[Side]
    notes: Sequence[str] = ()
    """What could not be read, and why."""


@contextmanager
def other_side(against: str | None, given: Sequence[Path]) -> Iterator[Other]:
    """The plans or specs to compare with; files of a commit live as long as the context.

    `given` names the specs that are asked for; none means all of specs/.

    Raises:
        UsageFault: `against` is neither a commit nor a folder of plans.
        CompileFailed: a plan in the folder cannot be read.
    """
    if against is not None and holds_plans(Path(against)):
        yield Other(against, read_plans(Path(against)))
        return
    here = Path.cwd().resolve()
    top = git.top_level(here)
    if top is None:
        raise UsageFault("no git repository here: give --against DIR, a folder of plans")
    revision = against or DEFAULT
    sha = git.commit(revision, top)
    with tempfile.TemporaryDirectory(prefix="mrlc-") as folder:
        tree = Path(folder).resolve() / "tree"
        tree.mkdir()
        wanted = [path.parent.resolve() / path.name for path in given]
        git.export(sha, top, below=_needed(wanted or [here / "specs" / "spec.yaml"], top), to=tree)
        (tree / ".git").touch()  # it marks the project's root, as the repository's own does
        if given:
            found = [tree / path.relative_to(top) for path in wanted if path.is_relative_to(top)]
        else:
            found = sorted((tree / here.relative_to(top)).glob("specs/*.yaml"))
        existing = [path for path in found if path.is_file()]
        yield _compiled(f"{revision} ({sha[:10]})", existing, tree)


def _needed(wanted: Sequence[Path], top: Path) -> str:
    """The one project in the repository that the specs belong to; empty for all of it."""
    roots = {find_root(path) for path in wanted}
    root = roots.pop() if len(roots) == 1 else top
    below = root.relative_to(top).as_posix() if root.is_relative_to(top) else "."
    return "" if below == "." else below


def _compiled(label: str, found: Sequence[Path], tree: Path) -> Other:
    sides, notes = list[Side](), list[str]()
    for spec in found:
        try:
            sides += [side for plan in specs.compile_all([spec], []) for side in sides_of(plan)]
        except CompileFailed as error:
            first = error.diagnostics[0]
            name = spec.relative_to(tree).as_posix()
            notes.append(
                f"{name} at {label} does not compile, so it counts as new: "
                f"{first.code} {first.message}"
            )
    return Other(label, sides, notes)
