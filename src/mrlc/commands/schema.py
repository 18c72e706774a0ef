"""`mrlc schema`: the JSON Schema of a spec, from the same models that validate it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mrlc.error_handler import UsageFault
from mrlc.schemas import json_schema


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--check",
        nargs="?",
        type=Path,
        const=json_schema.COMMITTED,
        metavar="FILE",
        help="print nothing; exit 1 unless FILE, a copy that editors use, is current",
    )


def run(args: argparse.Namespace) -> int:
    """Print it, or compare a copy with it."""
    text = json_schema.text()
    if args.check is None:
        sys.stdout.write(text)
        return 0
    try:
        is_current = args.check.read_bytes() == text.encode()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageFault(f"cannot read {args.check}: {reason}") from None
    if not is_current:
        print(f"{args.check} is not current: mrlc schema > {args.check}", file=sys.stderr)
    return 0 if is_current else 1
