"""The workshop of `desk/desk.yaml`, compiled and loaded as a run loads it, and what lies around it.

A sandbox is judged by what is outside it: `Canary` is a folder that anybody may read and write, so
that nothing but a sandbox stands between it and hostile code.
"""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from mrlc.compiler import compile_spec, write_plan
from mrlc.compiler.reward_range import Range, reward_range
from mrlc.runtime.errors import PlanFault
from mrlc.runtime.sandbox.tiers import open_engine
from mrlc.runtime.setup import Setup, load_plan, prepare
from mrlc.schemas import Experiment

SPEC = Path(__file__).with_name("desk") / "desk.yaml"
SECRET = "s3cr3t-of-the-canary"
ATTACKED = ("/tmp", "/var/tmp", "/dev/shm", "/usr", ".")
"""Where hostile code tries to leave a file `mrlc-attack`."""


@dataclass(frozen=True)
class Workshop:
    """The parts of a run, and what its reward may be."""

    setup: Setup
    range: Range
    missing: tuple[str, ...]
    """Tools that run code and that no tier holds for on this machine."""
    inputs: Path


def load(folder: Path) -> Workshop:
    """Compile the spec into `folder` and build everything, with budgets that a megabyte fits in."""
    path = write_plan(compile_spec(SPEC), folder)
    plan = load_plan(path)
    experiment, missing = _held(plan.experiment)
    setup = prepare(plan.model_copy(update={"experiment": experiment}), path, seed=1)
    # The spec's own budget fits its model's context, in which nothing is huge.
    turns = setup.engine.turns.model_copy(update={"max_tokens": 4_000_000})
    setup = replace(setup, engine=replace(setup.engine, turns=turns))
    return Workshop(setup, reward_range(experiment.reward), missing, path / "inputs")


def _held(experiment: Experiment) -> tuple[Experiment, tuple[str, ...]]:
    """The experiment without the tools whose code cannot be isolated here."""
    missing = set()
    for tool in experiment.environment.tools:
        if tool.execute is not None and tool.execute.language != "sql":
            try:
                open_engine(tool.execute, path=tool.name)
            except PlanFault:
                missing.add(tool.name)
    kept = tuple(tool for tool in experiment.environment.tools if tool.name not in missing)
    environment = experiment.environment.model_copy(update={"tools": kept})
    return experiment.model_copy(update={"environment": environment}), tuple(sorted(missing))


class Canary:
    """A folder outside every sandbox, and the digest of all that is in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        (folder / "secret.txt").write_text(f"{SECRET}\n")
        (folder / "empty").mkdir()
        (folder / "link").symlink_to("secret.txt")
        with closing(sqlite3.connect(folder / "canary.db")) as database:
            database.execute("CREATE TABLE c (text)")
            database.execute("INSERT INTO c VALUES (?)", (SECRET,))
            database.commit()
        for path in (folder, folder / "empty"):
            path.chmod(0o777)
        for name in ("secret.txt", "canary.db"):
            (folder / name).chmod(0o666)
        self._seen = {*listing(folder), *_left()}

    def written(self) -> list[str]:
        """What has changed since it was asked last, here or where hostile code tries to write."""
        now = {*listing(self.folder), *_left()}
        changed, self._seen = sorted(now ^ self._seen), now
        return changed


def listing(folder: Path) -> set[str]:
    """Names, modes, owners, times and contents below a folder."""
    found = set()
    for path in [folder, *folder.rglob("*")]:
        status = path.lstat()
        content = hashlib.sha256(path.read_bytes() if path.is_file() else b"").hexdigest()[:12]
        about = (status.st_mode, status.st_uid, status.st_nlink, status.st_mtime_ns, content)
        found.add(f"{path.relative_to(folder)} {about}")
    return found


def _left() -> set[str]:
    return {folder for folder in ATTACKED if Path(folder, "mrlc-attack").exists()}
