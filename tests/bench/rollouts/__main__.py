"""The command line."""

from __future__ import annotations

import argparse
import json
import sys

from . import SMALL, run
from .stage import SHAPES
from .table import as_json


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="rollouts", description="Rollouts of three loops.")
    parser.add_argument("--full", action="store_true", help="measure every cell, estimate none")
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object; the table goes to stderr"
    )
    parser.add_argument("--model", choices=SHAPES, default=SMALL, help="its weights")
    given = parser.parse_args(arguments)
    out = sys.stderr if given.json else sys.stdout
    table = run(given.model, full=given.full, tell=lambda line: print(line, file=out, flush=True))
    if given.json:
        print(json.dumps(as_json(table)))


if __name__ == "__main__":
    main()
