"""`mrlc lock`: write mrlc.lock. The only command that asks the network for names."""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from mrlc import hub, specs
from mrlc.compiler.diagnostics import CompileFailed, fail_on
from mrlc.compiler.inputs import gather
from mrlc.compiler.lock import FILE, HubModel, Lock, bad_lock, held_out, hub_model, read_lock
from mrlc.compiler.resolve import Resolved
from mrlc.compiler.sweep.resolved import resolved_variants
from mrlc.error_handler import UsageFault


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "specs",
        nargs="*",
        type=Path,
        metavar="SPEC",
        help="YAML files, beside which other pins stay; default: specs/*.yaml, and no other",
    )
    parser.add_argument(
        "--upgrade", action="store_true", help="ask again for commits that are already pinned"
    )


def run(args: argparse.Namespace) -> int:
    """Lock; a line for each project whose lock was looked at."""
    projects: dict[Path, list[Resolved]] = {}
    for spec in specs.chosen(args):
        for resolved in resolved_variants(spec):
            projects.setdefault(resolved.root, []).append(resolved)
    for root, found in projects.items():
        path = root / FILE
        old = _read(path)
        lock = _locked(found, old, keep=bool(args.specs), upgrade=args.upgrade)
        if not path.is_file() or path.read_text(encoding="utf-8") != lock.text:
            _write(path, lock.text)
        models, splits = len(lock.models), len(lock.test)
        print(f"{os.path.relpath(path)}  {models} models, {splits} held-out splits")
    return 0


def _read(path: Path) -> Lock:
    try:
        return read_lock(path)
    except ValueError as error:
        raise CompileFailed([bad_lock(path, error)]) from None


def _locked(found: Iterable[Resolved], old: Lock, *, keep: bool, upgrade: bool) -> Lock:
    models, test = (dict(old.models), dict(old.test)) if keep else ({}, {})
    asked: dict[str, str] = {} if upgrade else dict(old.models)
    for resolved in found:
        inputs = gather(resolved)
        fail_on(inputs.faults)
        if (model := hub_model(inputs.tree)) is not None:
            models[model.key] = asked[model.key] = _commit(model, asked)
        if (split := held_out(inputs.tree, inputs.files)) is not None:
            test[split[0].key] = split[0].sha256
    return Lock(models=models, test=test)


def _commit(model: HubModel, known: dict[str, str]) -> str:
    return known.get(model.key) or hub.commit(model)


def _write(path: Path, text: str) -> None:
    """Whole or not at all: a lock cut short would stop every compile."""
    try:
        with tempfile.NamedTemporaryFile(
            "w", dir=path.parent, prefix=f".{path.name}-", delete=False, encoding="utf-8"
        ) as draft:
            draft.write(text)
        os.chmod(draft.name, 0o644)  # a temporary file is private
        os.replace(draft.name, path)
    except OSError as error:
        raise UsageFault(f"cannot write {path}: {(error.strerror or str(error)).lower()}") from None
