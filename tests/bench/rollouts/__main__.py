"""The command line."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

from mrlc.runtime.run import quiet_libraries

from .cells import measure_cells
from .stage import SHAPES
from .table import as_json, lines


def main(arguments: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="rollouts", description="Rollouts of three loops.")
    parser.add_argument("--full", action="store_true", help="measure every cell, estimate none")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--model", choices=SHAPES, default=next(iter(SHAPES)), help="its weights")
    given = parser.parse_args(arguments)
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    quiet_libraries()
    with tempfile.TemporaryDirectory() as folder:
        table = measure_cells(
            Path(folder).resolve(),
            SHAPES[given.model],
            full=given.full,
            tell=lambda line: print(line, file=sys.stderr),
        )
    print(json.dumps(as_json(table)) if given.json else "\n".join(lines(table)))


if __name__ == "__main__":
    main()
