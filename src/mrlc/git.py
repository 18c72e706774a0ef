"""What `mrlc plan` asks of git. Nothing here writes to the repository or its work tree.

A tree is read with an index of its own and `git checkout-index`, as a checkout would read it:
`git archive` leaves out what an attribute marks `export-ignore`, and a new work tree would be
entered in `.git`.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from mrlc.error_handler import UsageFault


def top_level(folder: Path) -> Path | None:
    """The root of the work tree that a folder lies in; None without git or outside of one."""
    try:
        found = _git(["rev-parse", "--show-toplevel"], folder)
    except (OSError, UsageFault):
        return None
    return Path(found).resolve()


def commit(revision: str, repository: Path) -> str:
    """The commit that a revision names.

    Raises:
        UsageFault: there is none.
    """
    question = ["rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"]
    try:
        return _git(question, repository)
    except UsageFault:
        if _has_no_commit(repository):
            raise UsageFault(
                "this repository has no commit yet: commit the specs, then mrlc plan says what has "
                "changed since; or give --against DIR, a folder of plans"
            ) from None
        raise UsageFault(f"`{revision}` is neither a commit nor a folder of plans") from None


def _has_no_commit(repository: Path) -> bool:
    return not _git(["rev-list", "--all", "--max-count=1"], repository)


def export(sha: str, repository: Path, *, below: str, to: Path) -> None:
    """Write the files of a commit under `to`; only those in the folder `below`, if one is named.

    Raises:
        UsageFault: git cannot read the commit, as in a shallow clone.
    """
    prefix = [f"--prefix={below}/"] if below else []
    tree = f"{sha}:{below}" if below else sha
    if below and not _git(["ls-tree", sha, "--", below], repository):
        return
    # Outside `to`: it must not lie among the files.
    environment = {"GIT_INDEX_FILE": str(to.parent / f"{to.name}.index")}
    _git(["read-tree", *prefix, tree], repository, environment)
    _git(["checkout-index", "--all", "--quiet", f"--prefix={to}/"], repository, environment)


def _git(arguments: list[str], folder: Path, more: dict[str, str] | None = None) -> str:
    # A hook sets GIT_DIR and the like for its own repository; the folder says which one is meant.
    inherited = {name: value for name, value in os.environ.items() if name not in _HOOK}
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env={**inherited, **(more or {})},
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise UsageFault(f"git {arguments[0]}: {done.stderr.strip() or 'failed'}")
    return done.stdout.strip()


_HOOK = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")
