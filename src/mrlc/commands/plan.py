"""`mrlc plan`: what a change of specs means, against a commit or a folder of plans."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from mrlc import specs
from mrlc.against import DEFAULT, other_side
from mrlc.compiler.diagnostics import CompileFailed
from mrlc.compiler.diff import Report, compare
from mrlc.compiler.diff.render import human, markdown
from mrlc.compiler.diff.render import json as json_format
from mrlc.compiler.diff.side import Side, sides_of
from mrlc.compiler.render import concise
from mrlc.compiler.render import json as diagnostics_json
from mrlc.error_handler import colour, show

CHANGES = 5
"""Exit code of `--exit-code` where there are changes."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "specs", nargs="*", type=Path, metavar="SPEC", help="YAML files; default: specs/*.yaml"
    )
    specs.add_override(parser)
    parser.add_argument(
        "--against",
        metavar="REF|DIR",
        help=f"a git revision, or a folder of plans such as build; default: {DEFAULT}",
    )
    parser.add_argument(
        "-f",
        "--format",
        choices=("human", "json", "markdown"),
        default="human",
        help="form of the output; markdown is for a pull request's comment",
    )
    parser.add_argument(
        "--exit-code", action="store_true", help=f"exit {CHANGES} where there are changes"
    )


def run(args: argparse.Namespace) -> int:
    """Compare and print; 1 for specs with faults."""
    chosen = specs.chosen(args)
    try:
        new = [
            side for plan in specs.compile_all(chosen, args.overrides) for side in sides_of(plan)
        ]
        with other_side(args.against, args.specs) as other:
            old = _asked_for(other.sides, new) if args.specs else other.sides
            report = compare(old, new, against=other.label, notes=other.notes)
    except CompileFailed as error:
        _show_faults(error, args.format)
        return 1
    sys.stdout.write(_rendered(report, args.format))
    return CHANGES if args.exit_code and report.specs else 0


def _asked_for(old: Sequence[Side], new: Sequence[Side]) -> list[Side]:
    """The sides of the same specs: where some are named, the others are not gone."""
    names, files = {side.name for side in new}, {side.spec for side in new}
    return [side for side in old if side.name in names or side.spec in files]


def _rendered(report: Report, form: str) -> str:
    if form == "json":
        return json_format.render(report)
    if form == "markdown":
        return markdown.render(report)
    return human.render(report, colour=colour(sys.stdout))


def _show_faults(error: CompileFailed, form: str) -> None:
    """Faults where the result would be, for programs; for a person on stderr."""
    base = Path.cwd()
    if form == "json":
        sys.stdout.write(diagnostics_json.render(error.diagnostics, base=base, specs=[]))
    elif form == "markdown":
        lines = concise.render(error.diagnostics, base=base).splitlines()
        sys.stdout.write(markdown.faults(lines))
    else:
        show(error.diagnostics)
