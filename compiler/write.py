"""A plan on disk: whole or not at all.

The folder is built beside its place under a temporary name and then renamed into it. A plan
that is already there, unchanged, is left alone. A folder that is no plan is never replaced.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mrlc.compiler.canonical import canonical
from mrlc.compiler.diagnostics import CompileFailed, Diagnostic, Span
from mrlc.compiler.files import InputFile, file_digest
from mrlc.compiler.plan import Compiled
from mrlc.compiler.targets import emit, is_emitted, lines
from mrlc.schemas.plan import Input

PLAN, PROVENANCE, INPUTS, SWEEP = "plan.json", "provenance.json", "inputs", "sweep.json"


def write_plan(compiled: Compiled, out_dir: Path) -> Path:
    """Write a plan to `out_dir/<name>`, the path that is returned.

    Raises:
        CompileFailed: something else is there, or an input changed since it was read.
        OSError: the folder cannot be written.
    """
    target = out_dir / compiled.name
    files = {
        PLAN: canonical(compiled.plan.model_dump(mode="json", by_alias=True)),
        PROVENANCE: provenance_of(compiled),
    }
    if is_current(target, files[PLAN], compiled):
        for name, content in lines(compiled.plan, files[PROVENANCE]).items():
            refresh(target / name, content)
        refresh(target / PROVENANCE, files[PROVENANCE])
        return target
    with replacing(target, compiled.name_span) as draft:
        for name, content in files.items():
            (draft / name).write_bytes(content)
        for key, file in compiled.inputs.items():
            copy_input(file, compiled.plan.inputs[key], draft / INPUTS / key, compiled.name_span)
        emit(compiled.plan, draft)
    return target


@contextmanager
def replacing(target: Path, name_span: Span) -> Iterator[Path]:
    """A new folder to fill, which then takes the place of `target`, a plan or a sweep.

    Raises:
        CompileFailed: something else is there.
        OSError: the folder cannot be written.
    """
    if os.path.lexists(target) and not (_holds(target, PLAN) or _holds(target, SWEEP)):
        message = f"`{target}` is there and is not a plan; it is left alone"
        help = "give another folder with --out, or the spec another name"
        raise CompileFailed([Diagnostic("MRLC340", message, name_span, help=help, path="name")])
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as folder:
        draft = Path(folder) / "new"
        draft.mkdir()
        yield draft
        _swap(draft, target, aside=Path(folder) / "old")


def _holds(target: Path, file: str) -> bool:
    return target.is_dir() and not target.is_symlink() and (target / file).is_file()


def provenance_of(compiled: Compiled) -> bytes:
    """`provenance.json` of a plan."""
    return canonical(compiled.provenance.model_dump(mode="json"))


def is_current(target: Path, plan: bytes, compiled: Compiled) -> bool:
    """Whether the same plan with all its inputs, untouched, is there already."""
    if not _holds(target, PLAN) or (target / PLAN).read_bytes() != plan:
        return False
    folder = target / INPUTS
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    are_inputs = present == set(compiled.inputs) and all(
        file_digest(folder / key) == expected.sha256
        for key, expected in compiled.plan.inputs.items()
    )
    return are_inputs and is_emitted(compiled.plan, target)


def refresh(path: Path, content: bytes) -> None:
    """Replace one file if it differs: lines may move without a change of the plan."""
    if path.is_file() and path.read_bytes() == content:
        return
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
    os.chmod(draft, 0o644)  # mkstemp makes it private
    os.replace(draft, path)


def copy_input(file: InputFile, expected: Input, copy: Path, name_span: Span) -> None:
    """Copy a file into a plan.

    Raises:
        CompileFailed: it has changed since it was read.
    """
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file.path, copy)
    if file_digest(copy) != expected.sha256:
        message = f"`{file.key}` changed while the spec was compiled"
        raise CompileFailed([Diagnostic("MRLC310", message, name_span, help="compile again")])


def _swap(draft: Path, target: Path, *, aside: Path) -> None:
    """Put the draft in the target's place; if that fails the old folder stays."""
    if not target.exists():
        os.rename(draft, target)
        return
    os.rename(target, aside)  # a folder that is not empty cannot be replaced in one step
    try:
        os.rename(draft, target)
    except OSError:
        os.rename(aside, target)
        raise
