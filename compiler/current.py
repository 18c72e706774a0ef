"""Whether a plan on disk is the one that its spec gives, and where it is not.

`plan.json`, the inputs and a target's files are compared; `provenance.json` is not, as it holds
the folder of the machine that compiled.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mrlc.compiler.canonical import canonical
from mrlc.compiler.diagnostics import CompileFailed, Diagnostic, Span
from mrlc.compiler.diff.changes import Change, changes
from mrlc.compiler.diff.render import words
from mrlc.compiler.diff.side import of_compiled, read_plans
from mrlc.compiler.fault import placed
from mrlc.compiler.files import file_digest
from mrlc.compiler.plan import Compiled
from mrlc.compiler.sweep.compile import Swept
from mrlc.compiler.sweep.write import is_current as is_current_sweep
from mrlc.compiler.sweep.write import manifest
from mrlc.compiler.write import INPUTS, PLAN, is_current

_HELP = "run `mrlc compile` and commit what it writes"


def outdated(plan: Compiled | Swept, out_dir: Path) -> list[Diagnostic]:
    """What of `out_dir/<name>` a compile would write otherwise."""
    return _sweep(plan, out_dir) if isinstance(plan, Swept) else _plan(plan, out_dir)


def _sweep(swept: Swept, out_dir: Path) -> list[Diagnostic]:
    """One fault for a sweep whose folder differs anywhere."""
    target = out_dir / swept.name
    if is_current_sweep(target, canonical(manifest(swept)), swept):
        return []
    return [_fault(f"`{target}` does not hold the variants that its spec gives", swept.name_span)]


def _plan(compiled: Compiled, out_dir: Path) -> list[Diagnostic]:
    """A fault for each value or file that differs."""
    target = out_dir / compiled.name
    written = canonical(compiled.plan.model_dump(mode="json", by_alias=True))
    if is_current(target, written, compiled):
        return []
    if not (target / PLAN).is_file():
        return [_fault(f"`{target}` is not there", compiled.name_span)]
    return [*_values(compiled, target), *_inputs(compiled, target)] or [
        _fault(
            f"`{target}` was written by another version of mrlc, or from other lines of the spec",
            compiled.name_span,
        )
    ]


def _values(compiled: Compiled, target: Path) -> Iterator[Diagnostic]:
    try:
        (old,) = read_plans(target)
    except CompileFailed as error:
        yield from error.diagnostics
        return
    for change in changes(old, of_compiled(compiled)):
        before, after = words.values(change)
        message = f"`{target}` has {change.path} {before}, its spec gives {after}"
        yield _fault(message, _span(change, compiled), change.path)


def _span(change: Change, compiled: Compiled) -> Span:
    """Where the spec gives the value; for a default or a part that is gone, the spec's name."""
    if change.new_at is None:
        return compiled.name_span
    return placed(change.new_at, Path(compiled.provenance.root))


def _inputs(compiled: Compiled, target: Path) -> Iterator[Diagnostic]:
    """Files that are not those that the plan beside them names, or that no plan names."""
    folder = target / INPUTS
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    for key, expected in compiled.plan.inputs.items():
        if key not in present or file_digest(folder / key) != expected.sha256:
            yield _fault(f"`{folder / key}` is not the file `{key}`", compiled.name_span)
    for key in sorted(present - set(compiled.inputs)):
        yield _fault(f"`{folder / key}` is no input of the plan", compiled.name_span)


def _fault(message: str, span: Span, path: str = "name") -> Diagnostic:
    return Diagnostic("MRLC601", message, span, help=_HELP, path=path)
