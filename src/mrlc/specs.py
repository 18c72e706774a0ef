"""What `compile` and `check` share: which specs, and how faults are shown."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mrlc.compiler.diagnostics import CompileFailed, Diagnostic, ordered
from mrlc.compiler.plan import Compiled, same_name
from mrlc.compiler.render import FORMATS, render
from mrlc.compiler.render import json as json_format
from mrlc.compiler.sweep.compile import CompiledVariant, Swept, compile_variants
from mrlc.error_handler import UsageFault, show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of both commands."""
    parser.add_argument(
        "specs",
        nargs="*",
        type=Path,
        metavar="SPEC",
        help="YAML files or folders of them; default: specs/*.yaml",
    )
    add_override(parser)
    parser.add_argument(
        "-f", "--format", choices=FORMATS, default="human", help="form of the output"
    )


def add_override(parser: argparse.ArgumentParser) -> None:
    """The option `--set`."""
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        dest="overrides",
        metavar="PATH=YAML",
        help="override one value, as in algorithm.steps=20; of the same path the last one holds",
    )


def chosen(args: argparse.Namespace) -> list[Path]:
    """The specs to work on; of a folder, every one below it but in lib/ and hidden folders.

    Raises:
        UsageFault: none is given and there is none under specs/, or none in a folder.
    """
    if not args.specs:
        found = sorted(Path("specs").glob("*.yaml"))
        if not found:
            raise UsageFault("no spec: there is no specs/*.yaml here; name a file or a folder")
        return found
    return [spec for given in args.specs for spec in (_below(given) if given.is_dir() else [given])]


def _below(folder: Path) -> list[Path]:
    found = [path for path in folder.rglob("*.y*ml") if path.suffix in (".yaml", ".yml")]
    specs = sorted(path for path in found if not _is_aside(path.relative_to(folder)))
    if not specs:
        raise UsageFault(f"no spec: there is no .yaml file in {folder}")
    return specs


def _is_aside(path: Path) -> bool:
    return any(part == "lib" or part.startswith(".") for part in path.parts)


def compile_all(
    specs: Sequence[Path], overrides: Sequence[str], *, share_a_folder: bool = True
) -> list[Compiled | Swept]:
    """All plans, those of a sweep together; in one folder no two may have the same name.

    Raises:
        CompileFailed: with the faults of all specs; one in a shared base is there once.
    """
    plans, faults = list[Compiled | Swept](), list[Diagnostic]()
    for spec in specs:
        try:
            plans.append(compile_variants(spec, overrides=overrides))
        except CompileFailed as error:
            faults += error.diagnostics
    if share_a_folder:
        faults += same_name(plans)
    if faults:
        raise CompileFailed(faults)
    return plans


def report(args: argparse.Namespace, work: Callable[[], list[dict[str, Any]]]) -> int:
    """Do the work and show its results, or the faults that stopped it, as `--format` says.

    A format for programs goes to stdout whatever happens; otherwise faults go to stderr.
    Warnings are shown and change no exit code.
    """
    try:
        results = work()
    except CompileFailed as error:
        show_faults(args.format, error.diagnostics, plans=[])
        return 1
    warnings = ordered(found for result in results for found in result.pop("warnings"))
    if args.format == "json":
        sys.stdout.write(json_format.render(warnings, base=Path.cwd(), plans=results))
    elif FORMATS[args.format].is_for_people:
        if warnings:
            show_faults(args.format, warnings)
        for result in results:
            print(_line(result))
    else:
        sys.stdout.write(render(args.format, warnings, cwd=Path.cwd()))
    return 0


def summary(plan: Compiled | Swept, folder: Path | None) -> dict[str, Any]:
    """What is said of one spec, and of a sweep's variants; `report` takes the warnings out."""
    said: dict[str, Any] = {
        "name": plan.name,
        "semantic": plan.plan.digests.semantic if isinstance(plan, Compiled) else None,
        "folder": str(folder) if folder else None,
        "tasks": plan.tasks,
        "warnings": plan.warnings,
    }
    if isinstance(plan, Swept):
        said["variants"] = [variant_summary(one, folder) for one in plan.variants]
    return said


def variant_summary(one: CompiledVariant, folder: Path | None) -> dict[str, Any]:
    """What is said of one variant of a sweep that lies in `folder`."""
    variant = one.variant
    return {
        "number": variant.number,
        "label": variant.label,
        "name": variant.name,
        "slug": variant.slug,
        "semantic": one.digests.semantic,
        "folder": str(folder / variant.slug) if folder else None,
    }


def _line(result: dict[str, Any]) -> str:
    tasks = ", ".join(f"{count} {split}" for split, count in result["tasks"].items())
    place = f"  {result['folder']}" if result["folder"] else ""
    count = len(result.get("variants", ()))
    what = f"{count} variant{'' if count == 1 else 's'}" if count else result["semantic"][:10]
    return f"{result['name']}  {what}{place}  {tasks}"


def show_faults(form: str, faults: Sequence[Diagnostic], **more: Any) -> None:
    """Show faults in one of the formats; `more` stands beside them in JSON."""
    if form == "json":
        sys.stdout.write(json_format.render(faults, base=Path.cwd(), **more))
    elif form == "human":
        show(faults)
    else:
        stream = sys.stderr if FORMATS[form].is_for_people else sys.stdout
        stream.write(render(form, faults, cwd=Path.cwd()))
