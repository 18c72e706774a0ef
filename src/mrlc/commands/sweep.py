"""`mrlc sweep`: the variants of a spec with their digests, and what is left out and why."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mrlc import specs
from mrlc.compiler import CompileFailed, Swept
from mrlc.compiler.render.text import visible
from mrlc.compiler.sweep.expand import Left
from mrlc.error_handler import UsageFault

SCHEMA = "mrlc.sweep/1"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("spec", type=Path, metavar="SPEC", help="a YAML file with a sweep")
    specs.add_override(parser)
    parser.add_argument(
        "-f", "--format", choices=("human", "json"), default="human", help="form of the output"
    )


def run(args: argparse.Namespace) -> int:
    """List; a line for each variant."""
    try:
        (plan,) = specs.compile_all([args.spec], args.overrides)
    except CompileFailed as error:
        specs.show_faults(args.format, error.diagnostics, variants=[], left_out=[])
        return 1
    if not isinstance(plan, Swept):
        raise UsageFault(f"{args.spec} has no `sweep`; mrlc compile writes its one plan")
    if args.format == "json":
        print(json.dumps(_record(plan), ensure_ascii=False))
    else:
        sys.stdout.writelines(f"{visible(line)}\n" for line in _lines(plan))
    return 0


def _record(swept: Swept) -> dict[str, Any]:
    variants = [specs.variant_summary(one, None) for one in swept.variants]
    left = [{"count": one.count, "reason": one.reason, "at": _place(one)} for one in swept.left]
    return {"schema": SCHEMA, "name": swept.name, "variants": variants, "left_out": left}


def _lines(swept: Swept) -> Iterator[str]:
    digits = len(str(len(swept.variants)))
    width = max(len(one.variant.label) for one in swept.variants)
    for one in swept.variants:
        variant = one.variant
        number, label = f"{variant.number:>{digits}}", f"{variant.label:<{width}}"
        yield f"{number}  {label}  {one.digests.semantic[:10]}  {variant.slug}"
    for left in swept.left:
        place = _place(left)
        yield f"left out: {left.count:,} {left.reason}" + (f"  ({place})" if place else "")


def _place(left: Left) -> str | None:
    span = left.span
    return f"{os.path.relpath(span.file)}:{span.line}:{span.column}" if span else None
