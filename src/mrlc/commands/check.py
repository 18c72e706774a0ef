"""`mrlc check`: all that `compile` checks, and nothing written but, with `--fix`, the mends."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mrlc import specs
from mrlc.compiler import fix
from mrlc.compiler.diagnostics import CompileFailed, Diagnostic, Edit
from mrlc.compiler.render import FORMATS
from mrlc.compiler.render.text import shown_file, visible
from mrlc.error_handler import UsageFault


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options; in a GitHub workflow, faults become annotations by themselves."""
    specs.add_arguments(parser)
    parser.add_argument(
        "--fix", action="store_true", help="mend what can only have been meant in one way"
    )
    parser.add_argument(
        "--unsafe", action="store_true", help="with --fix: also mend by the nearest name"
    )
    if os.environ.get("GITHUB_ACTIONS") == "true":
        parser.set_defaults(format="github")


def run(args: argparse.Namespace) -> int:
    """Check; a line for each spec without faults."""
    chosen = specs.chosen(args)
    if args.unsafe and not args.fix:
        raise UsageFault("--unsafe goes with --fix")
    if args.fix:
        _mend(args, chosen)

    def work() -> list[dict[str, Any]]:
        plans = specs.compile_all(chosen, args.overrides, share_a_folder=not args.specs)
        return [specs.summary(plan, None) for plan in plans]

    return specs.report(args, work)


def _mend(args: argparse.Namespace, chosen: Sequence[Path]) -> None:
    """Mend the specs and say what was done; beside results for programs, on stderr."""

    def find() -> Sequence[Diagnostic]:
        try:
            specs.compile_all(chosen, args.overrides, share_a_folder=not args.specs)
        except CompileFailed as error:
            return error.diagnostics
        return ()

    try:
        fixed = fix.apply(find, unsafe=args.unsafe)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageFault(f"cannot write {error.filename}: {reason}") from None
    stream = sys.stdout if FORMATS[args.format].is_for_people else sys.stderr
    for line in dict.fromkeys(_line(fault, edit) for fault, edit in fixed.edits):
        print(line, file=stream)


def _line(fault: Diagnostic, edit: Edit) -> str:
    span = edit.span
    place = f"{shown_file(span.file, Path.cwd())}:{span.line}:{span.column}"
    was = visible(span.text[span.column - 1 : span.end_column - 1])
    return f"fixed {place}: `{was}` → `{visible(edit.replacement)}` ({fault.code})"
